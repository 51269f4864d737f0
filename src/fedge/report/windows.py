"""Interruptions: how long a player's stream of new ticks stood still around a move, and in as many windows without one.

A window reaches from 250 ms before FROZEN to 1 s after ACTIVATED. Its interruption is the longest stretch in it without a new
tick, less one tick period, never below 0; the window's own ends close a stretch, so silence that reaches beyond it counts up to
there. A *new* tick has a number above all before it in that session, from an epoch of the surviving history. *platform* looks
at the UE's downlink radio, before the radio adds anything; *combined* at the client's socket. Windows *without a move* have the
same lengths, lie with the same player where it has room for one, and overlap no move of that player from PLANNED to its end.

A tick is lost if no frame of its number entered the downlink radio within one period of its due time. Due times are anchored at
the source's clock: the median of (instant of tick k at the instance − k periods) over its last second before FROZEN. Path delay
to the radio therefore counts against the platform.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fedge.report.moves import MoveStory
from fedge.report.timeline import LineTicks, Visit
from fedge.report.traces import Ints, Records
from fedge_sdk.game import TICK_HZ, TICK_NS

SECOND_NS = 1_000_000_000
BEFORE_NS = 250_000_000
AFTER_NS = 1_000_000_000


@dataclass(frozen=True)
class Stream:
    """One session's frames at one place: the new ticks and when each came, in the order of both."""

    tick: Ints
    t_ns: Ints


@dataclass(frozen=True)
class Window:
    """A stretch of one session's time: around ``story``, or as long as one around a move when ``story`` is None."""

    key: int
    start_ns: int
    end_ns: int
    story: MoveStory | None = None


def new_ticks(frames: Records, believed: frozenset[int]) -> Stream:
    """The first frame of every number that is above all before it; frames of void epochs are no news.

    ``frames``: DOWN or GOT records of one session in time order. ``believed``: the epochs of its surviving line; none: all.
    """
    frames = _believed(frames, believed)
    ticks, t_ns = frames["b"], frames["t_ns"]
    if not len(ticks):
        return Stream(ticks, t_ns)
    highest = np.maximum.accumulate(ticks)
    new = np.concatenate(([True], highest[1:] > highest[:-1]))
    return Stream(ticks[new], t_ns[new])


def due_ticks(line: LineTicks, frozen_ns: int, start_ns: int, end_ns: int) -> tuple[Ints, Ints] | None:
    """(numbers, due times) of the ticks due in a window, anchored before ``frozen_ns``; None where no tick is logged there."""
    recent = (line.t_ns <= frozen_ns) & (line.t_ns > frozen_ns - SECOND_NS)
    if not recent.any():
        return None
    phase = int(np.median(line.t_ns[recent] - line.tick[recent] * SECOND_NS // TICK_HZ))
    first = -(-(start_ns - phase) * TICK_HZ // SECOND_NS)
    last = (end_ns - TICK_NS - phase) * TICK_HZ // SECOND_NS
    ticks = np.arange(max(first, 1), last + 1, dtype=np.int64)
    return ticks, phase + ticks * SECOND_NS // TICK_HZ


def ticks_lost(entered: Stream, line: LineTicks, window: Window, frozen_ns: int) -> int | None:
    """How many of the ticks due in ``window`` came to the radio later than one period after their due time, or never.

    ``entered``: every tick's first entry. None where the source logged nothing in the second before ``frozen_ns``.
    """
    due = due_ticks(line, frozen_ns, window.start_ns, window.end_ns)
    if due is None:
        return None
    ticks, due_ns = due
    at = np.searchsorted(entered.tick, ticks)
    there = at < len(entered.tick)
    there[there] = entered.tick[at[there]] == ticks[there]
    in_time = np.zeros(len(ticks), dtype=bool)
    in_time[there] = entered.t_ns[at[there]] <= due_ns[there] + TICK_NS
    return int((~in_time).sum())


def first_entries(frames: Records, believed: frozenset[int]) -> Stream:
    """Every tick number that came and when it came first, in the order of the numbers. Arguments as in ``new_ticks``."""
    frames = _believed(frames, believed)
    numbers, first = np.unique(frames["b"], return_index=True)
    return Stream(numbers, frames["t_ns"][first])


def _believed(frames: Records, epochs: frozenset[int]) -> Records:
    kept: Records = frames[np.isin(frames["a"], list(epochs))] if epochs else frames
    return kept


def interruption_ms(stream: Stream, window: Window) -> float:
    """The longest stretch of ``window`` without a new tick, less one tick period (ms)."""
    low, high = np.searchsorted(stream.t_ns, (window.start_ns, window.end_ns), side="left")
    edges = np.concatenate(([window.start_ns], stream.t_ns[low:high], [window.end_ns]))
    return max(0.0, (int(np.diff(edges).max()) - TICK_NS) / 1e6)


def move_windows(
    stories: list[MoveStory], visits: dict[int, list[Visit]], first_frame_ns: dict[int, int]
) -> tuple[list[Window], dict[str, int]]:
    """One window a move that got as far as ACTIVATED, and how many were left out because of what.

    Left out: the UE was not there for all of it (``ue_left``), or the run ended first (``run_ended``). A window never begins
    before the session's first frame.
    """
    windows, left_out = [], {"ue_left": 0, "run_ended": 0}
    for story in stories:
        if not (story.frozen_ns and story.activated_ns):
            continue
        start, end = story.frozen_ns - BEFORE_NS, story.activated_ns + AFTER_NS
        around = [v for v in visits.get(story.key, []) if v.from_ns <= story.frozen_ns <= v.to_ns]
        if not around or story.key not in first_frame_ns or (end > around[-1].to_ns and around[-1].left):
            left_out["ue_left"] += 1
        elif end > around[-1].to_ns:
            left_out["run_ended"] += 1
        else:
            start = max(start, around[-1].from_ns, first_frame_ns[story.key])
            windows.append(Window(story.key, min(start, story.frozen_ns), end, story))
    return windows, left_out


def free_stretches(
    visits: dict[int, list[Visit]], first_frame_ns: dict[int, int], stories: list[MoveStory], end_ns: int
) -> dict[int, list[tuple[int, int]]]:
    """Per session: the stretches of its visits that no move of it touches, moves taken with their whole window."""
    free: dict[int, list[tuple[int, int]]] = {}
    for key, stays in visits.items():
        if key not in first_frame_ns:
            continue
        stretches = [(max(v.from_ns, first_frame_ns[key]), v.to_ns) for v in stays]
        for story in stories:
            if story.key != key:
                continue
            since, until = story.life(end_ns)
            if story.frozen_ns:
                since = min(since, story.frozen_ns - BEFORE_NS)
                until = max(until, (story.activated_ns or story.frozen_ns) + AFTER_NS)
            stretches = [
                part
                for a, b in stretches
                for part in ((a, min(b, since)), (max(a, until), b))
                if part[0] < part[1]
            ]
        free[key] = stretches
    return free


def quiet_windows(
    windows: list[Window], free: dict[int, list[tuple[int, int]]], rng: np.random.Generator
) -> list[Window]:
    """As many windows of the same lengths without a move, placed evenly at random over what is free.

    With the same session where it has room, else with any other; fewer only if nobody has room.
    """
    found = []
    for window in windows:
        length = window.end_ns - window.start_ns
        for keys in ([window.key], sorted(free)):
            rooms = [(key, a, b - length) for key in keys for a, b in free.get(key, []) if b - a >= length]
            if rooms:
                widths = np.array([b - a + 1 for _, a, b in rooms], dtype=float)
                key, a, b = rooms[int(rng.choice(len(rooms), p=widths / widths.sum()))]
                start = int(rng.integers(a, b + 1))
                found.append(Window(key, start, start + length))
                break
    return found
