"""What a run of the embedded engine is told: the one frozen value that ``fedge demo`` and ``fedge up`` hand to the supervisor.

The command line parses and checks it once (`cli/run_settings.py`); nothing after that reads an option or an environment variable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fedge.programs.fleet import Fleet
from fedge.runtime.terms import USUAL, Terms

if TYPE_CHECKING:  # it needs numpy, for which no other verb shall wait
    from fedge.simulation.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Settings:
    """``duration_s`` 0: until stopped. ``port`` 0: any free one. ``backhaul_rtt_ms``: round trip between two sites.

    ``fleet``: on Karmada, the control plane and the members that the sites are.

    ``demo``: play the game too (players, story, summary); else the platform alone. ``report``: where the report goes.
    ``endpoints``: a further place for the endpoints file, written once everything answers.

    ``terms``: on which those are served who call the APIs.

    ``scenario``: city, people and events, if a file or traces say them; else they are drawn.
    """

    engine: Literal["embedded", "karmada"] = "embedded"
    fleet: Fleet | None = None
    sites: int = 4
    players: int = 24
    duration_s: float = 0.0
    seed: int = 7
    policy: Literal["follow", "stay"] = "follow"
    compare: bool = False
    state_bytes: int = 1 << 20
    backhaul_rtt_ms: float = 5.0
    time_scale: float = 3.0
    sites_csv: Path | None = None
    users_csv: Path | None = None
    headless: bool = False
    report: Path | None = None
    port: int = 0
    endpoints: Path | None = None
    demo: bool = True
    terms: Terms = USUAL
    scenario: Scenario | None = None
    test_switches: tuple[str, ...] = ()


def fedge_home(environ: Mapping[str, str]) -> Path:
    """Where runs are kept; ``current`` in it links to the run directory of the running platform."""
    told = environ.get("FEDGE_HOME")
    if told:
        return Path(told)
    state = environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path(environ.get("HOME", "/tmp"), ".local", "state")) / "fedge"
