"""Packets that wait for their instant: one heap for all relays of a process.

Pure. Packets due at the same instant leave in the order in which they came. The caller looks at ``next_due``, sleeps until
then and takes; how much later it took than it should have is the relay's own error, which every figure of the platform
carries with it.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import Any

Waiting = tuple[Any, ...]
"""due (ns), order of arrival, then whatever was put in"""


class DelayQueue:
    """A priority queue by due time. ``heap``, ``number``: a hot path pushes (due, number(), …) itself, and pops what is due."""

    __slots__ = ("heap", "number")

    def __init__(self) -> None:
        self.heap: list[Waiting] = []
        self.number = count(1).__next__

    def put(self, due: int, *what: Any) -> None:
        """Keep ``what`` until ``due``."""
        heappush(self.heap, (due, self.number(), *what))

    def take(self, now: int) -> Waiting | None:
        """The first that is due by ``now``, or None."""
        if self.heap and self.heap[0][0] <= now:
            return heappop(self.heap)
        return None

    @property
    def next_due(self) -> int | None:
        """When there is something to take, or None."""
        return self.heap[0][0] if self.heap else None

    def clear(self) -> None:
        """Forget all that waits."""
        self.heap.clear()

    def __len__(self) -> int:
        return len(self.heap)
