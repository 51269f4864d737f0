"""The report's interruption figures: one row a move, and the distributions over them. Definitions: ``windows.py``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fedge.report.moves import MoveStory
from fedge.report.roundtrips import spread
from fedge.report.timeline import LineTicks, Visit
from fedge.report.traces import Records
from fedge.report.windows import (
    Stream,
    Window,
    free_stretches,
    interruption_ms,
    move_windows,
    quiet_windows,
    ticks_lost,
)


@dataclass(frozen=True)
class Watched:
    """One session as seen at the downlink radio (``radio`` new ticks, ``entered`` every tick's first entry) and by its client."""

    visits: list[Visit]
    line: LineTicks
    radio: Stream
    entered: Stream
    client: Stream


def interruptions(
    stories: list[MoveStory],
    watched: dict[int, Watched],
    handovers: Records,
    end_ns: int,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """``interruption_ms``, ``ticks_lost_per_move`` and, a row a move, ``move_windows``."""
    visits = {key: session.visits for key, session in watched.items()}
    first_frame = {key: int(s.radio.t_ns[0]) for key, s in watched.items() if key >= 0 and len(s.radio.t_ns)}
    around, left_out = move_windows(stories, visits, first_frame)
    quiet = quiet_windows(around, free_stretches(visits, first_frame, stories, end_ns), rng)
    rows = [_row(window, watched[window.key], handovers) for window in around]
    lost = [row["ticks_lost"] for row in rows if row["ticks_lost"] is not None]
    quiet_lost = [ticks_lost(watched[w.key].entered, watched[w.key].line, w, w.start_ns) for w in quiet]
    return {
        "interruption_ms": {
            "platform": _figures([row["platform_ms"] for row in rows]),
            "radio": _figures((handovers["a"] / 1e3).tolist()),
            "combined": _figures([row["combined_ms"] for row in rows]),
            "no_move": _figures([interruption_ms(watched[w.key].radio, w) for w in quiet]),
            "no_move_combined": _figures([interruption_ms(watched[w.key].client, w) for w in quiet]),
            "left_out": left_out,
        },
        "ticks_lost_per_move": {"n": len(lost), **spread(lost, p95=False, most=True)},
        "ticks_lost_per_no_move": _lost([n for n in quiet_lost if n is not None]),
        "move_windows": rows,
    }


def _figures(values: list[float]) -> dict[str, float]:
    return spread(values, n=True, most=True)


def _lost(values: list[int]) -> dict[str, float]:
    return {"n": len(values), **spread([float(value) for value in values], p95=False, most=True)}


def _row(window: Window, session: Watched, handovers: Records) -> dict[str, Any]:
    story = window.story
    assert story is not None
    own = handovers[handovers["ue"] == session.visits[0].ue]
    over_ns = own["t_ns"] + own["a"] * 1000
    return {
        "move": story.move,
        "player": f"player-{session.visits[0].ue + 1}",
        "from": story.source,
        "to": story.target,
        "cause": story.cause,
        "ordered": story.ordered,
        "access": story.access,
        "steering": story.steering,
        "handover_within": bool(((own["t_ns"] <= window.end_ns) & (over_ns >= window.start_ns)).any()),
        "platform_ms": round(interruption_ms(session.radio, window), 3),
        "combined_ms": round(interruption_ms(session.client, window), 3),
        "ticks_lost": ticks_lost(session.entered, session.line, window, story.frozen_ns),
        "freeze_to_activated_ms": round((story.activated_ns - story.frozen_ns) / 1e6, 3),
        "bytes_total": story.bytes_total,
        "bytes_after_trigger": story.bytes_after_trigger,
    }
