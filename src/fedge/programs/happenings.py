"""What people did to a run while it went on, told by its logs: sites drained, moves ordered, programs and
instances killed, faults of the core network, load of cells.

The results are a scenario's events, so that a recorded run can be played again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from fedge.core.model import SECOND
from fedge.simulation.background import Load, news
from fedge.simulation.core5g.faults import NONE, Faults
from fedge.simulation.scenario_events import Congest, CoreFaults, Drain, Event, Kill, Move, Undrain

BY_HAND = "asked by hand"


def seen(folder: Path, started_ns: int, killed: Sequence[tuple[float, str]]) -> list[Event]:
    """All of a run that began at the monotonic instant ``started_ns``. ``killed``: programs, as their supervisor found them."""
    began_s = time.time() - (time.monotonic_ns() - started_ns) / SECOND
    found: list[Event] = [Kill(at_s=round(at_s, 3), program=name) for at_s, name in killed]
    found += asked(_lines(folder / "story.log"))
    found += faults_set(_lines(folder / "logs" / "core-network.log"), began_s)
    found += loads_set(_lines(folder / "logs" / "access-network.log"), began_s)
    for log in sorted((folder / "logs").glob("agent-*.log")):
        found += instances_killed(log.stem.removeprefix("agent-"), _lines(log), began_s)
    return found


def asked(story: Iterable[dict[str, Any]]) -> Iterator[Event]:
    """What the story says that somebody asked for, and the platform took."""
    for line in story:
        at_s = float(line.get("at_s", 0.0))
        if line.get("state") == "PLANNED" and line.get("cause") == "ordered":
            yield Move(at_s=at_s, session=line["session"], to=line["to"])
        elif line.get("reason") == BY_HAND and line.get("mark") == "draining":
            yield Drain(at_s=at_s, site=line["site"])
        elif line.get("reason") == BY_HAND and line.get("mark") == "ready":
            yield Undrain(at_s=at_s, site=line["site"])


def faults_set(log: Iterable[dict[str, Any]], began_s: float) -> Iterator[Event]:
    """When the core network found other faults in its file; ``began_s``: when the run began, in seconds since 1970."""
    before = NONE
    for line in log:
        if line.get("event") == "faults":
            now = Faults(**{name: line[name] for name in Faults.__struct_fields__})
            if now != before:
                yield CoreFaults(at_s=_at_s(line, began_s), faults=now)
            before = now


def loads_set(log: Iterable[dict[str, Any]], began_s: float) -> Iterator[Event]:
    """When the access network found another load of its cells in its file."""
    before: list[Load] = []
    for line in log:
        if line.get("event") == "cells' load":
            now = msgspec.convert(line["loads"], list[Load])
            for one in news(before, now):
                yield Congest(at_s=_at_s(line, began_s), load=one.load, cell=one.cell, site=one.site)
            before = now


def instances_killed(site: str, log: Iterable[dict[str, Any]], began_s: float) -> Iterator[Event]:
    """Instances whose process an agent found gone; ``began_s``: when the run began, in seconds since 1970."""
    for line in log:
        if line.get("event") == "instance down" and str(line.get("reason", "")).startswith("process "):
            yield Kill(at_s=_at_s(line, began_s), program=f"{site}/{line['instance']}")


def _at_s(line: dict[str, Any], began_s: float) -> float:
    return round(max(0.0, datetime.fromisoformat(line["timestamp"]).timestamp() - began_s), 3)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    for line in path.read_text(errors="replace").splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            continue  # a line that was being written when its program was killed
        if isinstance(told, dict):
            yield told
