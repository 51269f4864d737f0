"""``fedge up``: the platform alone, for whoever brings manifests, players or test suites."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from fedge.cli.run_options import common_options
from fedge.cli.run_settings import checked_settings
from fedge.programs.settings import fedge_home

_EVERY_S = 0.1


@click.command(short_help="Start the platform alone.")
@common_options
@click.option(
    "-d", "--detach", is_flag=True, help="Return once everything answers; stop it with `fedge down`."
)
@click.option(
    "--wait",
    "patience_s",
    type=click.FloatRange(min=1),
    default=60.0,
    show_default=True,
    metavar="S",
    help="How long --detach waits.",
)
def up(detach: bool, patience_s: float, **options: Any) -> None:
    """Start the platform alone: control plane, sites and the simulated network, with nothing deployed and nobody playing.

    \b
    Examples:
      fedge up                                   # until Ctrl-C
      fedge up --detach && fedge apply -f examples/arena/
      fedge up --headless --endpoints apis.json  # the file appears once everything answers
    """
    settings = checked_settings(demo=False, **options)
    if detach:
        start_detached(options, patience_s)
        return
    from fedge.programs.demo import play  # late: --help and wrong options should not wait for it

    raise SystemExit(play(settings))


def start_detached(options: Mapping[str, Any], patience_s: float) -> None:
    """Start the same again in a session of its own, and wait for its endpoints file."""
    told = options["endpoints"]
    home = fedge_home(os.environ)
    home.mkdir(parents=True, exist_ok=True)
    answers = told.absolute() if told is not None else home / f"up-{os.getpid()}.json"
    answers.unlink(missing_ok=True)
    output = home / "up.log"
    command = [sys.executable, "-m", "fedge.cli.main", "up", *arguments(options, answers)]
    with output.open("wb") as log:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    deadline = time.monotonic() + patience_s
    while not answers.exists():
        if child.poll() is not None:
            raise click.ClickException(f"It ended with status {child.returncode}:\n{_tail(output)}")
        if time.monotonic() > deadline:
            raise click.ClickException(
                f"It does not answer after {patience_s:g} s, and goes on trying; see {output}."
            )
        time.sleep(_EVERY_S)
    if told is None:
        answers.unlink(missing_ok=True)
    click.echo(_tail(output) or "The platform is up.")


def arguments(options: Mapping[str, Any], endpoints: Path) -> list[str]:
    """The command line that says all of ``options`` again, but for how to start."""
    words = [f"--endpoints={endpoints}"]
    for option in up.params:
        value = options.get(option.name or "")
        if option.name == "endpoints" or value is None or not isinstance(option, click.Option):
            continue
        if option.is_flag:
            words += option.opts[-1:] if value else []
        else:
            words += [f"{option.opts[-1]}={each}" for each in (value if option.multiple else [value])]
    return words


def _tail(file: Path, lines: int = 20) -> str:
    return "\n".join(file.read_text(errors="replace").splitlines()[-lines:])
