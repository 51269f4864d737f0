"""What instances wrote about each session copy, and the line of history that survives among them.

A *copy* is one directory ``<key>.<epoch>`` of one site. A copy that handed over and was resumed wrote under two epochs, so its
log falls into *segments*, each under one epoch. The *line* of a session is the chain of segments that its commit points chose
(ADR 0002): from the copy that was opened, past each HANDED_OVER either to the same copy's next segment (RESUMED) or to the copy
of the epoch that it was handed to. Segments beside the line are void: nobody may have believed them. No judgement here;
``history.py`` and ``replay.py`` judge.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fedge_sdk.store import TickRecord, read_log

Note = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """One recorded answer to the hand-over of ``epoch``, and where it was found."""

    epoch: int
    verdict: str
    where: str


@dataclass(eq=False)
class Segment:
    """What one copy wrote under one epoch: ticks and notes in the order written.

    ``start`` is the place in history (tick, stable_seq, chain in hex) that the copy says it started from, where it says so.
    ``handed_over`` is its note of that name; ticks behind it are kept in ``after_hand_over`` and belong to no history.
    """

    site: str
    folder: Path
    meta: dict[str, Any]
    epoch: int
    first_of_copy: bool
    records: list[TickRecord | Note] = field(default_factory=list)
    ticks: list[TickRecord] = field(default_factory=list)
    handed_over: Note | None = None
    after_hand_over: list[TickRecord] = field(default_factory=list)
    next_in_copy: Segment | None = None
    activated: bool = False
    unreadable: str = ""

    @property
    def opened(self) -> bool:
        return self.first_of_copy and self.meta.get("origin") == "opened"

    @property
    def handed_to(self) -> int:
        """The epoch that this segment was handed over to; 0 if it was not."""
        if self.handed_over is None:
            return 0
        order = self.handed_over.get("order") or {}
        named = int(order.get("epoch") or self.handed_over.get("epoch") or 0)
        return named if named > self.epoch else self.epoch + 1


@dataclass(eq=False)
class SessionLog:
    """All that the sites know of one session key. ``line`` survives, ``void`` does not (only segments with ticks)."""

    key: int
    session: str
    ue: str
    app: str
    segments: list[Segment]
    answers: list[Answer]
    line: list[Segment]
    void: list[Segment]

    @property
    def begun_ns(self) -> int:
        """When the session was opened, as far as its log tells."""
        for segment in self.line or self.segments:
            for record in segment.records:
                return record.t_ns if isinstance(record, TickRecord) else int(record.get("t_ns", 0))
        return 0

    def in_order(self) -> Iterator[tuple[Segment, TickRecord]]:
        """Every tick of the surviving line."""
        for segment in self.line:
            for tick in segment.ticks:
                yield segment, tick


def read_session_logs(run_dir: Path) -> dict[int, SessionLog]:
    """The sessions of all sites (live and archived copies) by key."""
    segments: dict[int, list[Segment]] = {}
    answers: dict[int, list[Answer]] = {}
    for site in sorted(path for path in run_dir.glob("sites/*") if path.is_dir()):
        for folder in [*sorted(site.glob("sessions/*.*")), *sorted(site.glob("archive/*.*"))]:
            key, epoch = _named(folder)
            if key < 0:
                continue
            segments.setdefault(key, []).extend(_segments(site.name, folder))
            answers.setdefault(key, []).extend(
                _answers(epoch, folder / "answer", f"{site.name}/{folder.name}")
            )
        for path in sorted(site.glob("answers/*.*")):
            key, epoch = _named(path)
            if key >= 0:
                answers.setdefault(key, []).extend(_answers(epoch, path, site.name))
    return {key: _session(key, found, answers.get(key, [])) for key, found in segments.items() if found}


def _named(path: Path) -> tuple[int, int]:
    parts = path.name.split(".")
    try:
        return int(parts[0], 16), int(parts[1])
    except (ValueError, IndexError):
        return -1, 0


def _answers(epoch: int, path: Path, where: str) -> Iterator[Answer]:
    try:
        said = json.loads(path.read_text())
    except (OSError, ValueError):
        return
    yield Answer(int(said.get("epoch", epoch)), str(said.get("verdict", "")), where)


def _segments(site: str, folder: Path) -> list[Segment]:
    """The segments of one copy; none where its ``meta.json`` was never written: such a copy never became truth."""
    try:
        meta = json.loads((folder / "meta.json").read_text())
    except (OSError, ValueError):
        return []
    segment = Segment(site, folder, meta, int(meta["epoch"]), first_of_copy=True)
    segment.activated = segment.opened
    found = [segment]
    path = folder / "log"
    try:
        for record in read_log(path.read_bytes() if path.exists() else b""):
            if isinstance(record, TickRecord):
                segment.records.append(record)
                (segment.ticks if segment.handed_over is None else segment.after_hand_over).append(record)
                continue
            event = record.get("event")
            if event == "resumed":
                epoch = int(record.get("epoch", segment.epoch + 2))
                later = Segment(site, folder, meta, epoch, first_of_copy=False, activated=True)
                segment.next_in_copy = later
                segment = later
                found.append(later)
            elif event == "handed_over" and segment.handed_over is None:
                segment.handed_over = record
            elif event == "activated":
                segment.activated = True
            segment.records.append(record)
    except (struct.error, IndexError, ValueError) as error:
        segment.unreadable = f"{type(error).__name__}: {error}"
    return found


def _session(key: int, segments: list[Segment], answers: list[Answer]) -> SessionLog:
    segments = sorted(segments, key=lambda segment: segment.epoch)
    yes = {answer.epoch for answer in answers if answer.verdict == "ACTIVATED"}
    for segment in segments:
        # killed between its answer and its note, a copy was recovered and served: the answer is what counts
        segment.activated = (
            segment.activated or bool(segment.ticks) or (segment.first_of_copy and segment.epoch in yes)
        )
    line = surviving_line(segments)
    on_line = {id(segment) for segment in line}
    void = [segment for segment in segments if segment.ticks and id(segment) not in on_line]
    meta = segments[0].meta
    names = [str(meta.get(name, "")) for name in ("session", "ue", "app")]
    return SessionLog(key, names[0], names[1], names[2], segments, answers, line, void)


def surviving_line(segments: list[Segment]) -> list[Segment]:
    """Follow the commit points from each opened copy on (more than one only where a session was restarted from nothing)."""
    line: list[Segment] = []
    seen: set[int] = set()
    for root in (segment for segment in segments if segment.opened):
        at: Segment | None = root
        while at is not None and id(at) not in seen:
            seen.add(id(at))
            line.append(at)
            at = at.next_in_copy if at.next_in_copy is not None else _handed_to(at, segments)
    return line


def _handed_to(source: Segment, segments: list[Segment]) -> Segment | None:
    if source.handed_over is None:
        return None
    heirs = [
        s
        for s in segments
        if s.first_of_copy and s.activated and not s.opened and s.epoch == source.handed_to
    ]
    return max(heirs, key=lambda heir: len(heir.ticks), default=None)
