"""``fedge up``: the platform alone, for whoever brings manifests, players or test suites."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click

from fedge.cli.run_options import common_options
from fedge.cli.run_settings import checked_settings
from fedge.programs.settings import Settings, fedge_home

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
        start_detached(settings, patience_s)
        return
    from fedge.programs.supervisor import run  # late: --help and wrong options should not wait for it

    raise SystemExit(run(settings))


def start_detached(settings: Settings, patience_s: float) -> None:
    """Start the same again in a session of its own, and wait for its endpoints file."""
    home = fedge_home(os.environ)
    home.mkdir(parents=True, exist_ok=True)
    answers = settings.endpoints or home / f"up-{os.getpid()}.json"
    answers.unlink(missing_ok=True)
    output = home / "up.log"
    command = [sys.executable, "-m", "fedge.cli.main", "up", *arguments(settings, answers)]
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
    if settings.endpoints is None:
        answers.unlink(missing_ok=True)
    click.echo(_tail(output) or "The platform is up.")


def arguments(settings: Settings, endpoints: Path) -> list[str]:
    """The options that make these settings."""
    words = [
        f"--sites={settings.sites}",
        f"--players={settings.players}",
        f"--seed={settings.seed}",
        f"--policy={settings.policy}",
        f"--state-size={settings.state_bytes}",
        f"--backhaul-rtt={settings.backhaul_rtt_ms}",
        f"--time-scale={settings.time_scale}",
        f"--port={settings.port}",
        f"--endpoints={endpoints}",
        *(f"--test-switch={switch}" for switch in settings.test_switches),
    ]
    for option, file in (("--sites-csv", settings.sites_csv), ("--users-csv", settings.users_csv)):
        words += [f"{option}={file}"] if file else []
    return [*words, "--headless"] if settings.headless else words


def _tail(file: Path, lines: int = 20) -> str:
    return "\n".join(file.read_text(errors="replace").splitlines()[-lines:])
