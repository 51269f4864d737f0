"""What waits to leave over one websocket. Pure.

Events leave in order, before any report. A UE's measurement report is made when its turn comes, so a slow reader gets fewer, and
never an old one: what waits is bounded by the number of UEs, and of events.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from fedge.core.model import UeId

MOST_EVENTS = 10_000


class Stream:
    """``report(ue)``: the newest report of it, None where there is none to make. ``lost``: events for which there was no room."""

    def __init__(self, report: Callable[[UeId], bytes | None]) -> None:
        self._report = report
        self._events: deque[bytes] = deque()
        self._due: deque[UeId] = deque()
        self._marked: set[UeId] = set()
        self.lost = 0

    def tell(self, event: bytes) -> None:
        """The oldest gives way where there are too many."""
        if len(self._events) >= MOST_EVENTS:
            self._events.popleft()
            self.lost += 1
        self._events.append(event)

    def mark(self, ues: Iterable[UeId]) -> None:
        """There is a new report of these."""
        for ue in ues:
            if ue not in self._marked:
                self._marked.add(ue)
                self._due.append(ue)

    def forget(self) -> None:
        """Nothing that waits may leave."""
        self._events.clear()
        self._due.clear()
        self._marked.clear()

    def take(self) -> bytes | None:
        """The next notification; None: nothing waits."""
        if self._events:
            return self._events.popleft()
        while self._due:
            ue = self._due.popleft()
            self._marked.discard(ue)
            body = self._report(ue)
            if body is not None:
                return body
        return None
