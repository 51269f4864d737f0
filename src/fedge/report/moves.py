"""The moves of a run, from ``moves.jsonl``: what became of each, what it cost, and whether it should have been.

A move counts as *released* only if it was ordered (by an operator, or by a drain) or promised to improve the expected round trip;
one that ended RELEASED without either is counted apart. ``planned = released + released_without_gain + aborted + overdue +
in_flight``. *Overdue* means: was reported so and had not ended when the run did; ``overdue_ever`` counts every such report.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fedge.report.traces import session_key, ue_index

ORDERED_CAUSES = frozenset({"ordered", "drain"})
SPURIOUS_NS = 5_000_000_000
"""A session that is back where it came from this soon should not have moved (issue: no session returns within 5 s)."""


@dataclass
class MoveStory:
    """One move: ``at`` holds the first instant of each state it entered (monotonic ns).

    ``access``: the kind of its UE's; ``steering``: by whom its packets were led, ``core`` or ``client``.
    """

    move: str
    key: int
    ue: int
    source: str
    target: str
    cause: str
    at: dict[str, int] = field(default_factory=dict)
    reason: str = ""
    gain_ms: float | None = None
    bytes_total: int = 0
    bytes_after_trigger: int = 0
    warmed_before_ms: float | None = None
    access: str = ""
    steering: str = ""

    @property
    def ordered(self) -> bool:
        return self.cause in ORDERED_CAUSES

    @property
    def ending(self) -> str:
        """released, released_without_gain, aborted, overdue or in_flight."""
        if "RELEASED" in self.at:
            gained = self.ordered or self.gain_ms is None or self.gain_ms > 0
            return "released" if gained else "released_without_gain"
        if "ABORTED" in self.at:
            return "aborted"
        return "overdue" if "OVERDUE" in self.at else "in_flight"

    @property
    def frozen_ns(self) -> int:
        return self.at.get("FROZEN", 0)

    @property
    def activated_ns(self) -> int:
        return self.at.get("ACTIVATED", 0)

    def life(self, end_ns: int) -> tuple[int, int]:
        """From its first record to its last; to the end of the run while it has not ended."""
        over = "RELEASED" in self.at or "ABORTED" in self.at
        return min(self.at.values()), max(self.at.values()) if over else end_ns


def read_moves(lines: Iterable[dict[str, Any]]) -> list[MoveStory]:
    """The moves in the order they were planned. Later lines of a move know more than earlier ones."""
    stories: dict[str, MoveStory] = {}
    for line in lines:
        name = str(line.get("move", ""))
        story = stories.get(name)
        if story is None:
            ends = str(line.get("from") or ""), str(line.get("to") or "")
            key, ue = session_key(line.get("key")), ue_index(str(line.get("ue") or ""))
            story = stories[name] = MoveStory(name, key, ue, *ends, str(line.get("cause") or ""))
        story.at.setdefault(str(line.get("state", "")), int(line.get("t_ns") or 0))
        story.reason = str(line.get("reason") or story.reason)
        story.access = str(line.get("access") or story.access)
        story.steering = str(line.get("steering") or story.steering)
        for figure in ("bytes_total", "bytes_after_trigger"):
            setattr(story, figure, max(getattr(story, figure), int(line.get(figure) or 0)))
        for figure in ("gain_ms", "warmed_before_ms"):
            if line.get(figure) is not None:
                setattr(story, figure, float(line[figure]))
    return list(stories.values())


def move_counts(stories: list[MoveStory]) -> dict[str, Any]:
    """The report's ``moves``."""
    endings = Counter(story.ending for story in stories)
    by_cause: dict[str, Counter[str]] = defaultdict(Counter)
    for story in stories:
        by_cause[story.cause or "unknown"]["planned"] += 1
        by_cause[story.cause or "unknown"][story.ending] += 1
    return {
        "planned": len(stories),
        **{
            name: endings[name]
            for name in ("released", "aborted", "overdue", "in_flight", "released_without_gain")
        },
        "overdue_ever": sum("OVERDUE" in story.at for story in stories),
        "spurious": spurious(stories),
        "by_cause": {cause: dict(found) for cause, found in sorted(by_cause.items())},
        "aborted_because": dict(
            Counter(story.reason or "unknown" for story in stories if story.ending == "aborted")
        ),
    }


def spurious(stories: list[MoveStory]) -> int:
    """Sessions that went back to where they had come from within 5 s, counted at ACTIVATED; moves ordered back are meant."""
    last: dict[int, MoveStory] = {}
    count = 0
    for story in sorted((s for s in stories if s.activated_ns), key=lambda s: s.activated_ns):
        before = last.get(story.key)
        if (
            before is not None
            and not story.ordered
            and before.source == story.target
            and before.target == story.source
        ):
            count += story.activated_ns - before.activated_ns < SPURIOUS_NS
        last[story.key] = story
    return count
