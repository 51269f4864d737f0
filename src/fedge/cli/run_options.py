"""The options that ``fedge demo`` and ``fedge up`` share, and how they become one checked `Settings`.

Whatever can be known to be wrong is said here, before anything starts: ranges (click's), files and their
columns, the machine.
"""

from __future__ import annotations

import csv
import platform as machine
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from fedge.core.applications.quantity import NotAQuantity, memory_bytes
from fedge.programs.fleet import BadFleet, Fleet, read_fleet
from fedge.programs.settings import Settings
from fedge.simulation.limits import (
    FASTEST,
    LARGEST_SEED,
    LARGEST_STATE,
    LONGEST_BACKHAUL_MS,
    MOST_PLAYERS,
    MOST_SITES,
    SLOWEST,
    SMALLEST_STATE,
)

Command = TypeVar("Command", bound=Callable[..., Any])

KARMADA_HOME = Path(".fedge", "karmada")
"""where `make karmada-up` puts what it starts"""
COMPARED_S = 30.0
"""how long each policy plays where --compare is given without --duration"""
_LATITUDE, _LONGITUDE = ("latitude", "lat"), ("longitude", "lon", "lng")


def read_state_size(_ctx: click.Context, _param: click.Parameter, value: str) -> int:
    """Bytes: 1048576, 512Ki, 1MiB."""
    try:
        size = memory_bytes(value.removesuffix("B"))
    except NotAQuantity:
        raise click.BadParameter(f"{value!r} is no size such as 1048576, 512KiB or 1MiB") from None
    if not SMALLEST_STATE <= size <= LARGEST_STATE:
        raise click.BadParameter(f"{value} is not between {SMALLEST_STATE} bytes and 1GiB")
    return size


FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
TARGET = click.Path(dir_okay=False, path_type=Path)

_NUMBER: dict[str, Any] = {"metavar": "N"}
_USUAL: dict[str, Any] = {"show_default": True}

_ENGINE = (
    click.option(
        "--engine",
        type=click.Choice(["embedded", "karmada"]),
        default="embedded",
        envvar="ENGINE",
        help="What runs the instances: this program itself, or Kubernetes clusters under Karmada.",
        **_USUAL,
    ),
    click.option(
        "--karmada",
        "karmada",
        type=click.Path(path_type=Path),
        default=KARMADA_HOME,
        metavar="PATH",
        help="With --engine karmada: the file (or its folder) that names Karmada and its members.",
        **_USUAL,
    ),
)
_CITY = (
    click.option(
        "--sites",
        type=click.IntRange(1, MOST_SITES),
        help="Edge sites.  [default: 4, all of --sites-csv, or one a member cluster]",
        **_NUMBER,
    ),
    click.option(
        "--players", type=click.IntRange(1, MOST_PLAYERS), help="Players' devices.  [default: 24]", **_NUMBER
    ),
    click.option(
        "--seed",
        type=click.IntRange(0, LARGEST_SEED),
        default=7,
        help="Fixes movements and radio draws (not scheduling).",
        **_NUMBER,
        **_USUAL,
    ),
    click.option(
        "--backhaul-rtt",
        "backhaul_rtt_ms",
        type=click.FloatRange(0, LONGEST_BACKHAUL_MS),
        default=5.0,
        metavar="MS",
        help="Round trip between sites (emulated).",
        **_USUAL,
    ),
    click.option(
        "--time-scale",
        type=click.FloatRange(SLOWEST, FASTEST),
        default=3.0,
        metavar="X",
        help="People move so many times faster than life.",
        **_USUAL,
    ),
    click.option(
        "--sites-csv",
        type=FILE,
        metavar="FILE",
        help="A real topology: columns LATITUDE and LONGITUDE, as in the EUA data set.",
    ),
    click.option(
        "--users-csv", type=FILE, metavar="FILE", help="Where players start, with the same columns."
    ),
)
_GAME = (
    click.option(
        "--policy",
        type=click.Choice(["follow", "stay"]),
        default="follow",
        help="Whether sessions follow their players.",
        **_USUAL,
    ),
    click.option(
        "--state-size",
        "state_bytes",
        callback=read_state_size,
        default="1MiB",
        metavar="BYTES",
        help="State of a session.",
        **_USUAL,
    ),
)
_SERVED = (
    click.option(
        "--headless", is_flag=True, help="No browser is expected: print no invitation to the dashboard."
    ),
    click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=0,
        help="Of the dashboard and the API.  [default: any free one]",
        **_NUMBER,
    ),
)
_STUDIOS = (
    click.option(
        "--sink-ca",
        type=FILE,
        metavar="FILE",
        help="Send events to studios' sinks that show a certificate of this CA, too.",
    ),
    click.option(
        "--client-rate",
        type=click.FloatRange(0.1, 100_000),
        default=50.0,
        help="Requests a second to CAMARA's APIs that one client may make on average; of four seconds at once.",
        **_NUMBER,
        **_USUAL,
    ),
    click.option(
        "--client-quota",
        type=click.IntRange(0, 10**9),
        default=0,
        help="Such requests a day.  [default: any number]",
        **_NUMBER,
    ),
    click.option(
        "--mec-rate",
        type=click.FloatRange(0.1, 100_000),
        default=200.0,
        help="Requests a second to ETSI MEC's APIs that one caller may make on average; of four seconds at once.",
        **_NUMBER,
        **_USUAL,
    ),
)
_TOLD = (
    click.option(
        "--endpoints",
        type=TARGET,
        metavar="FILE",
        help="Write the addresses of every API there once all answers.",
    ),
    click.option(
        "--test-switch", "test_switches", multiple=True, hidden=True, help="Break something on purpose."
    ),
)


def common_options(command: Command) -> Command:
    """All options that a run of the platform has, played upon or not."""
    for option in reversed((*_ENGINE, *_CITY, *_GAME, *_SERVED, *_STUDIOS, *_TOLD)):
        command = option(command)
    return command


def network_options(command: Command) -> Command:
    """Those of a run of the simulated mobile network alone."""
    for option in reversed((*_CITY, *_TOLD)):
        command = option(command)
    return command


_SCENARIO = (
    click.option(
        "--scenario",
        type=FILE,
        metavar="FILE",
        help="City, people and events from a file (docs/scenarios.md), or from an earlier run's scenario.yaml.",
    ),
    click.option(
        "--traces",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        metavar="DIR",
        help="Recorded paths to follow, a file a UE: CSV with t_s,x_m,y_m and maybe access.",
    ),
)
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


def scenario_options(command: Command) -> Command:
    """Options that say city, people and events."""
    for option in reversed(_SCENARIO):
        command = option(command)
    return command


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
    if given.get("sink_ca") is not None:
        given["sink_ca"] = given["sink_ca"].absolute()
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


def positions_in(file: Path) -> int:
    """How many rows of positions a CSV file has. A usage error where it has no such columns, or a row is no
    position.
    """
    with file.open(newline="", encoding="utf-8-sig") as lines:
        reader = csv.DictReader(lines)
        columns = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
        latitude = next((columns[name] for name in _LATITUDE if name in columns), None)
        longitude = next((columns[name] for name in _LONGITUDE if name in columns), None)
        if latitude is None or longitude is None:
            raise click.UsageError(
                f"{file} has no columns Latitude and Longitude; its first line is {list(columns)}."
            )
        rows = 0
        for row in reader:
            rows += 1
            if not _within(row[latitude], 90) or not _within(row[longitude], 180):
                where = f"{row[latitude]!r}, {row[longitude]!r}"
                raise click.UsageError(
                    f"{file}, line {reader.line_num}: {where} is no latitude and longitude."
                )
    if not rows:
        raise click.UsageError(f"{file} has no rows.")
    return rows


def _within(text: str | None, bound: float) -> bool:
    try:
        return abs(float(text or "")) <= bound
    except ValueError:
        return False
