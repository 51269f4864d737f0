"""What a run's logs tell of what people did to it, as events; and how that joins what a scenario had done."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from fedge.programs.happenings import asked, faults_set, instances_killed, loads_set, seen
from fedge.simulation.core5g.faults import Faults
from fedge.simulation.scenario_events import (
    Congest,
    CoreFaults,
    Drain,
    End,
    Event,
    Kill,
    Move,
    Undrain,
    happened,
)

STORY = [
    {"at_s": 3.0, "says": "harbour joined the federation", "site": "harbour", "mark": "ready"},
    {"at_s": 9.1, "says": "…", "site": "harbour", "mark": "draining", "reason": "asked by hand"},
    {"at_s": 9.5, "says": "…", "state": "PLANNED", "cause": "drain", "session": "player-1", "to": "market"},
    {
        "at_s": 12.2,
        "says": "…",
        "state": "PLANNED",
        "cause": "ordered",
        "session": "player-2",
        "to": "market",
    },
    {
        "at_s": 12.3,
        "says": "…",
        "state": "WARMING",
        "cause": "ordered",
        "session": "player-2",
        "to": "market",
    },
    {"at_s": 14.0, "says": "…", "site": "old-town", "mark": "lost", "reason": "not heard for 12 s"},
    {"at_s": 15.0, "says": "…", "site": "harbour", "mark": "ready", "reason": "asked by hand"},
]


def test_what_somebody_asked_for() -> None:
    assert list(asked(STORY)) == [
        Drain(at_s=9.1, site="harbour"),
        Move(at_s=12.2, session="player-2", to="market"),
        Undrain(at_s=15.0, site="harbour"),
    ]


def test_instances_whose_process_was_gone() -> None:
    log = [
        {"event": "site is up", "timestamp": "2026-11-25T22:00:00Z"},
        {"event": "instance down", "instance": "arena-1", "reason": "process 7 ended", "timestamp": "2026-11-25T22:00:08Z"},
        {"event": "instance down", "instance": "x-1", "reason": "cannot start 'x'", "timestamp": "2026-11-25T22:00:09Z"},
    ]  # fmt: skip
    began_s = 1795644000.5  # 22:00:00.5
    assert list(instances_killed("harbour", log, began_s)) == [Kill(at_s=7.5, program="harbour/arena-1")]


def test_faults_that_somebody_switched_on() -> None:
    none = {**msgspec.to_builtins(Faults()), "event": "faults", "timestamp": "2026-11-25T22:00:01Z"}
    some = none | {"drop": 0.5, "timestamp": "2026-11-25T22:00:09Z"}
    found = list(faults_set([none, some, some, none | {"timestamp": "2026-11-25T22:00:20Z"}], 1795644000.0))
    assert found == [CoreFaults(at_s=9, faults=Faults(drop=0.5)), CoreFaults(at_s=20, faults=Faults())]


def test_cells_that_somebody_loaded() -> None:
    def line(second: int, *loads: dict[str, object]) -> dict[str, object]:
        return {"event": "cells' load", "loads": loads, "timestamp": f"2026-11-25T22:00:{second:02}Z"}

    everywhere, harbour = {"load": 0.5}, {"load": 1.2, "site": "harbour"}
    log = [line(2, everywhere), line(9, everywhere, harbour), line(9, everywhere, harbour), line(20)]
    assert list(loads_set(log, 1795644000.0)) == [
        Congest(at_s=2, load=0.5),
        Congest(at_s=9, load=1.2, site="harbour"),
        Congest(at_s=20, load=0.0),
    ]


def test_a_run_is_read_from_its_folder_even_if_a_line_was_cut(tmp_path: Path) -> None:
    (tmp_path / "story.log").write_text(
        "".join(json.dumps(line) + "\n" for line in STORY) + '{"at_s": 16.0, "sa'
    )
    found = seen(tmp_path, 0, [(4.25, "control-plane")])
    assert found == [Kill(at_s=4.25, program="control-plane"), *asked(STORY)]


def test_what_the_scenario_did_is_not_told_twice() -> None:
    done: list[Event] = [Drain(at_s=9.0, site="harbour"), End(at_s=20)]
    by_hand: list[Event] = [
        Drain(at_s=9.1, site="harbour"),
        Drain(at_s=9.1, site="market"),
        Drain(at_s=15, site="harbour"),
    ]
    assert happened(done, by_hand) == [done[0], by_hand[1], by_hand[2], done[1]]
