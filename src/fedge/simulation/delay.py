"""Packets that wait for their instant: one heap for all relays of a process.

Pure. Packets due at the same instant leave in the order in which they came. The caller looks at ``next_due``, sleeps until
then and takes; how much later it took than it should have is the relay's own error, which every figure of the platform
carries with it.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any

Waiting = tuple[Any, ...]
"""due (ns), order of arrival, then whatever was put in"""


class DelayQueue:
    """A priority queue by due time."""

    __slots__ = ("_count", "_heap")

    def __init__(self) -> None:
        self._heap: list[Waiting] = []
        self._count = 0

    def put(self, due: int, *what: Any) -> None:
        """Keep ``what`` until ``due``."""
        self._count += 1
        heappush(self._heap, (due, self._count, *what))

    def take(self, now: int) -> Waiting | None:
        """The first that is due by ``now``, or None."""
        if self._heap and self._heap[0][0] <= now:
            return heappop(self._heap)
        return None

    @property
    def next_due(self) -> int | None:
        """When there is something to take, or None."""
        return self._heap[0][0] if self._heap else None

    def clear(self) -> None:
        """Forget all that waits."""
        self._heap.clear()

    def __len__(self) -> int:
        return len(self._heap)
