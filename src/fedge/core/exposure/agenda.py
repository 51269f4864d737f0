"""What is to be looked at when: so that what time brings about is found without looking at everything."""

from __future__ import annotations

import heapq

from fedge.core.model import Nanoseconds

SLACK = 64


class Agenda:
    """One instant for each name. A heap; what was put off or struck out stays in it until it is popped, or is most of it."""

    def __init__(self) -> None:
        self._at: dict[str, Nanoseconds] = {}
        self._heap: list[tuple[Nanoseconds, str]] = []

    def __len__(self) -> int:
        """Entries that are kept, dead ones included."""
        return len(self._heap)

    def put(self, name: str, at: Nanoseconds) -> None:
        """Look at it then, and not when was said before. 0: not until it is put again."""
        if at == self._at.get(name, 0):
            return
        if not at:
            del self._at[name]
            return
        self._at[name] = at
        heapq.heappush(self._heap, (at, name))
        if len(self._heap) > 2 * len(self._at) + SLACK:
            self._heap = [(at, name) for name, at in self._at.items()]
            heapq.heapify(self._heap)

    def due(self, now: Nanoseconds) -> list[str]:
        """Whatever is due by now, once."""
        found = []
        while self._heap and self._heap[0][0] <= now:
            at, name = heapq.heappop(self._heap)
            if self._at.get(name) == at:
                del self._at[name]
                found.append(name)
        return found
