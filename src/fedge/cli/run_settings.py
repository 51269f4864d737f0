"""How the options of a run become one checked `Settings`: what must not be said together, and what follows from what.

Whatever can be known to be wrong is said here, before anything starts: options that contradict each other, files and their
columns, the machine. Which options there are is ``run_options``'s.
"""

from __future__ import annotations

import platform as machine
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from fedge.cli.run_values import positions_in
from fedge.programs.fleet import BadFleet, Fleet, read_fleet
from fedge.programs.settings import Settings
from fedge.programs.terms_options import take_terms
from fedge.simulation.limits import MOST_PLAYERS, MOST_SITES

COMPARED_S = 30.0
"""how long each policy plays where --compare is given without --duration"""
SAID_BY_SCENARIO = {
    "sites": "--sites",
    "players": "--players",
    "seed": "--seed",
    "policy": "--policy",
    "state_bytes": "--state-size",
    "backhaul_rtt_ms": "--backhaul-rtt",
    "time_scale": "--time-scale",
    "sites_csv": "--sites-csv",
    "users_csv": "--users-csv",
    "traces": "--traces",
    "compare": "--compare",
}


def checked_settings(demo: bool, **given: Any) -> Settings:
    """The run's settings from the options, or a usage error that names the option. Exit status 2."""
    require_linux()
    scenario, traces, players = given.pop("scenario", None), given.pop("traces", None), given.get("players")
    if scenario is not None:
        _alone(scenario, given["engine"])
    given["fleet"] = fleet = _fleet(given["engine"], given.pop("karmada"))
    sites_csv, users_csv = given.get("sites_csv"), given.get("users_csv")
    usual = len(fleet.with_nodes) if fleet is not None else 4
    given["sites"] = _count(
        "--sites", given.get("sites"), usual, sites_csv, MOST_SITES, all_rows=fleet is None
    )
    if fleet is not None and given["sites"] > usual:
        raise click.UsageError(
            f"--sites {given['sites']}: a site is a member cluster, and there are {usual} with a node."
        )
    given["players"] = _count("--players", given.get("players"), 24, users_csv, MOST_PLAYERS, all_rows=False)
    if bool(users_csv) != bool(sites_csv):
        raise click.UsageError("--sites-csv and --users-csv belong together: sites and users share a map.")
    if given.get("compare") and not given.get("duration_s"):
        given["duration_s"] = COMPARED_S
    given["terms"] = take_terms(given)
    for option in ("report", "endpoints"):
        file = given.get(option)
        if file is not None:
            given[option] = file.absolute()
            if not file.absolute().parent.is_dir():
                raise click.UsageError(f"--{option}: there is no folder {file.parent}.")
    settings = Settings(demo=demo, **given)
    if scenario is None and traces is None:
        return settings
    from fedge.programs.scenarios import settings_by_file, settings_by_traces  # late: they need numpy

    try:
        if scenario is not None:
            return settings_by_file(settings, scenario)
        return settings_by_traces(settings, traces, players)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _alone(scenario: Path, engine: str) -> None:
    """A scenario says what it says: an option that says it too is a mistake."""
    if engine != "embedded":
        raise click.UsageError(
            "--scenario: its sites are processes of this machine; it needs --engine embedded."
        )
    context = click.get_current_context()
    for name, option in SAID_BY_SCENARIO.items():
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option}: that is for the scenario to say; change it in {scenario}.")


def _fleet(engine: str, where: Path) -> Fleet | None:
    """The clusters of a run on Karmada. A usage error where the file is not there or names no member with a node."""
    if engine != "karmada":
        return None
    try:
        fleet = read_fleet(where)
    except BadFleet as error:
        raise click.UsageError(f"--engine karmada: {error}") from None
    if not fleet.with_nodes:
        raise click.UsageError(
            f"--engine karmada: no member in {where} has a node that a site agent could be."
        )
    return fleet


def _count(option: str, asked: int | None, usual: int, file: Path | None, most: int, all_rows: bool) -> int:
    """How many sites or players: what was asked for, as far as a file has as many."""
    if file is None:
        return usual if asked is None else asked
    rows = positions_in(file)
    if asked is None:
        asked = rows if all_rows else min(usual, rows)
        if asked > most:
            raise click.UsageError(
                f"{file} has {rows} rows and {most} is the most: say how many with {option}."
            )
    if asked > rows:
        raise click.UsageError(f"{option} {asked}: {file} has {rows} rows.")
    return asked


class NeedsLinux(click.ClickException):
    exit_code = 2


def require_linux() -> None:
    """The embedded engine gives every UE and instance a loopback address of its own: only Linux has all of
    127/8.
    """
    if machine.system() == "Linux":
        return
    raise NeedsLinux(
        "The embedded engine needs Linux: it gives each player and each instance a loopback address of its own (127.x.y.z).\n"
        "macOS has 127.0.0.1 alone, and one `sudo ifconfig lo0 alias` for each of a /16 is no way out.\n"
        "Run it in a Linux virtual machine or container instead, for example:\n"
        '  docker run --rm -it --network host -v "$PWD":/fedge -w /fedge python:3.12 make demo'
    )
