"""What falls due when, without walking all of it: a heap, in which what was put off or given up is passed over. Pure."""

from __future__ import annotations

from heapq import heappop, heappush

MOST_STALE = 1000


class Due:
    """At most one instant for each name, in Unix seconds."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, str]] = []
        self._at: dict[str, float] = {}

    def put(self, name: str, at_s: float) -> None:
        """``name`` falls due then, and not before."""
        if self._at.get(name) != at_s:
            self._at[name] = at_s
            heappush(self._heap, (at_s, name))
        if len(self._heap) > 2 * len(self._at) + MOST_STALE:
            self._heap = sorted((at_s, name) for name, at_s in self._at.items())

    def drop(self, name: str) -> None:
        self._at.pop(name, None)

    def now(self, now_s: float) -> list[str]:
        """What is due, the oldest first; it is no longer in here."""
        found = []
        while self._heap and self._heap[0][0] <= now_s:
            at_s, name = heappop(self._heap)
            if self._at.get(name) == at_s:
                del self._at[name]
                found.append(name)
        return found
