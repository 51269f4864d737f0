"""``fedge down``: stop the running platform, and all of it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import click

from fedge.cli.platform import run_directory

_EVERY_S = 0.1


@click.command(short_help="Stop the platform.")
@click.option(
    "--wait",
    "patience_s",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    metavar="S",
    help="How long to wait for its end.",
)
def down(patience_s: float) -> None:
    """Stop the platform that `fedge up` or `fedge demo` started, with every process of it. It is no error if nothing runs.

    \b
    Example:
      fedge down
    """
    try:
        run = run_directory()
    except click.ClickException:
        click.echo("Nothing runs.")
        return
    supervisor = supervisor_of(run)
    if supervisor is None:
        click.echo("Nothing runs.")
        return
    os.kill(supervisor, signal.SIGTERM)
    deadline = time.monotonic() + patience_s
    while lives(supervisor):  # its file is gone before it is: a demo's report comes last
        if time.monotonic() > deadline:
            raise click.ClickException(
                f"Process {supervisor} still stops after {patience_s:g} s; its logs are in {run / 'logs'}."
            )
        time.sleep(_EVERY_S)
    click.echo("Stopped.")


def supervisor_of(run: Path) -> int | None:
    """The process that watches over this run, if it lives: ``supervisor.pid`` names it."""
    try:
        pid = int((run / "supervisor.pid").read_text())
    except (OSError, ValueError):
        return None
    return pid if lives(pid) else None


def lives(pid: int) -> bool:
    """Whether this process runs and is Fedge's. A number that the system gave to another program since is not ours to stop."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z" and any(b"fedge" in word for word in words)
