"""Who watched which session when, and the surviving line of each session as arrays.

A *visit* is one stretch in which a player was there: from attaching to leaving, to attaching again, or to the end of the run.
Frames in ``fleet.bin`` and ``access.bin`` name the UE, not the session; the visits say which session it was.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from fedge.report.session_logs import SessionLog
from fedge.report.traces import Ints, Records, by_ue, of_kind, ue_index
from fedge.wire.records import ACCEPTED, ATTACHED, GOT, LEFT

GRACE_NS = 50_000_000
"""An attach may be recorded a moment before the first frame arrives; so far do openings and attaches belong together."""


@dataclass(frozen=True)
class Visit:
    """``key`` is -1 where no session log matches; ``left`` says that the player went, rather than that the run ended."""

    ue: int
    key: int
    from_ns: int
    to_ns: int
    epoch_floor: int
    left: bool


@dataclass(frozen=True)
class LineTicks:
    """The surviving line of one session, a row a tick: number, epoch, instant, stable_seq after it.

    ``seq`` and ``applied_ns``: every input number applied, and when.
    """

    tick: Ints
    epoch: Ints
    t_ns: Ints
    stable: Ints
    seq: Ints
    applied_ns: Ints
    epochs: frozenset[int]


def line_ticks(log: SessionLog) -> LineTicks:
    rows = []
    stable = 0
    for segment in log.line:
        if segment.opened:  # a second opening begins the numbers anew
            stable = int(segment.meta.get("stable_seq", 0))
        for record in segment.ticks:
            if record.inputs:
                stable = max(stable, record.first_seq + len(record.inputs) - 1)
            rows.append(
                (record.tick, segment.epoch, record.t_ns, record.first_seq, len(record.inputs), stable)
            )
    table: Ints = np.array(rows, dtype=np.int64).reshape(-1, 6)
    count = table[:, 4]
    within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    return LineTicks(
        tick=table[:, 0],
        epoch=table[:, 1],
        t_ns=table[:, 2],
        stable=table[:, 5],
        seq=np.repeat(table[:, 3], count) + within,
        applied_ns=np.repeat(table[:, 2], count),
        epochs=frozenset(segment.epoch for segment in log.line),
    )


def _nothing() -> Ints:
    return np.zeros(0, dtype=np.int64)


NO_LINE = LineTicks(_nothing(), _nothing(), _nothing(), _nothing(), _nothing(), _nothing(), frozenset())
"""The line of a session that left no log."""


def find_visits(fleet: Records, logs: dict[int, SessionLog], end_ns: int) -> list[Visit]:
    """Every visit of the run in the order of UE and time."""
    sessions: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for log in logs.values():
        sessions[ue_index(log.ue)].append((log.begun_ns, log.key))
    found = []
    for ue, records in by_ue(fleet).items():
        begun = sorted(sessions.get(ue, []))
        for attached, from_ns, to_ns, left in _stretches(records, end_ns):
            here = records[(records["t_ns"] >= from_ns) & (records["t_ns"] <= to_ns)]
            got = here[(here["kind"] == GOT) & ((here["flags"] & ACCEPTED) > 0)]
            known_ns = int(got["t_ns"][0]) if len(got) else from_ns + GRACE_NS
            at = bisect_right(begun, (known_ns, 1 << 64)) - 1
            key = begun[max(at, 0)][1] if begun else -1
            found.append(Visit(ue, key, from_ns, to_ns, attached, left))
    return found


def _stretches(records: Records, end_ns: int) -> list[tuple[int, int, int, bool]]:
    """(epoch floor, from, to, left) of one UE's visits; without an ATTACHED it was there from its first record on."""
    marks = records[(records["kind"] == ATTACHED) | (records["kind"] == LEFT)]
    if not len(of_kind(marks, ATTACHED)):
        return [(0, int(records["t_ns"][0]), end_ns, False)]
    found = []
    for n, mark in enumerate(marks):
        if mark["kind"] != ATTACHED:
            continue
        until = marks[n + 1] if n + 1 < len(marks) else None
        to_ns = end_ns if until is None else int(until["t_ns"])
        found.append((int(mark["a"]), int(mark["t_ns"]), to_ns, until is not None and until["kind"] == LEFT))
    return found


def by_session(visits: list[Visit]) -> dict[int, list[Visit]]:
    grouped: dict[int, list[Visit]] = defaultdict(list)
    for visit in visits:
        grouped[visit.key].append(visit)
    return dict(grouped)


def during(records: Records, visits: list[Visit]) -> Records:
    """Those of one UE's ``records`` (in time order) that fall into ``visits``; an instant that two share belongs to the first."""
    parts = []
    after = -1
    for visit in sorted(visits, key=lambda visit: visit.from_ns):
        low = int(np.searchsorted(records["t_ns"], max(visit.from_ns, after + 1), side="left"))
        high = int(np.searchsorted(records["t_ns"], visit.to_ns, side="right"))
        parts.append(records[low:high])
        after = max(after, visit.to_ns)
    return np.concatenate(parts) if parts else records[:0]
