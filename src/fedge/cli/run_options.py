"""The options that ``fedge demo``, ``fedge up`` and ``fedge access`` share. What they make together is ``run_settings``'s."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from fedge.cli.run_values import FILE, TARGET, read_state_size
from fedge.programs.terms_options import terms_options
from fedge.simulation.limits import (
    FASTEST,
    LARGEST_SEED,
    LONGEST_BACKHAUL_MS,
    MOST_PLAYERS,
    MOST_SITES,
    SLOWEST,
)

Command = TypeVar("Command", bound=Callable[..., Any])

KARMADA_HOME = Path(".fedge", "karmada")
"""where `make karmada-up` puts what it starts"""

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
    for option in reversed((*_ENGINE, *_CITY, *_GAME, *_SERVED, terms_options, *_TOLD)):
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


def scenario_options(command: Command) -> Command:
    """Options that say city, people and events."""
    for option in reversed(_SCENARIO):
        command = option(command)
    return command
