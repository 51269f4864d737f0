"""The wire between two sites, emulated at the sender: one-way delay with jitter, a rate, and order kept per line.

Simulated: on a real network this module is not used. Bulk state has a line of its own beside prompt messages, so that a move's
last words never queue behind somebody's image; forwarded packets take the same one-way delay.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable

RATE_BYTES_PER_S = 125_000_000
JITTER_SHARE = 0.04
"""Standard deviation of the one-way delay as a share of its median (assumed)."""


class Backhaul:
    """One direction between two sites. ``line`` gives an ordered, rate-limited, delayed way to call ``deliver``."""

    def __init__(self, one_way_s: float, rng: random.Random) -> None:
        self._one_way_s, self._rng = one_way_s, rng
        self._lines: list[Line] = []
        self.cut = False

    def delay_s(self) -> float:
        return max(0.0, self._rng.gauss(self._one_way_s, JITTER_SHARE * self._one_way_s))

    def line(self, deliver: Callable[[bytes], object]) -> Line:
        opened = Line(self, deliver)
        self._lines.append(opened)
        return opened


class Line:
    def __init__(self, backhaul: Backhaul, deliver: Callable[[bytes], object]) -> None:
        self._backhaul, self._deliver = backhaul, deliver
        self._queue: deque[tuple[float, bytes]] = deque()
        self._sent_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def send(self, data: bytes) -> None:
        """Hand ``data`` on after its time on the wire; lost if the wire is cut when it arrives."""
        loop = asyncio.get_running_loop()
        self._sent_at = max(loop.time(), self._sent_at) + len(data) / RATE_BYTES_PER_S
        due = self._sent_at + self._backhaul.delay_s()
        if self._queue:
            due = max(due, self._queue[-1][0])
        self._queue.append((due, data))
        if self._timer is None:
            self._timer = loop.call_at(due, self._release)

    def _release(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        while self._queue and self._queue[0][0] <= loop.time():
            _, data = self._queue.popleft()
            if not self._backhaul.cut:
                self._deliver(data)
        if self._queue:
            self._timer = loop.call_at(self._queue[0][0], self._release)
