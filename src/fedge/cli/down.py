"""``fedge down``: stop the running platform, and all of it."""

from __future__ import annotations

import os
import signal
import time

import click

from fedge.cli.platform import run_directory
from fedge.programs.run_folder import watcher_of

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
    watcher = watcher_of(run)
    if watcher is None:
        click.echo("Nothing runs.")
        return
    os.kill(watcher.pid, signal.SIGTERM)
    deadline = time.monotonic() + patience_s
    while watcher.lives:  # its file is gone before it is: a demo's report comes last
        if time.monotonic() > deadline:
            raise click.ClickException(
                f"Process {watcher.pid} still stops after {patience_s:g} s; its logs are in {run / 'logs'}."
            )
        time.sleep(_EVERY_S)
    click.echo("Stopped.")
