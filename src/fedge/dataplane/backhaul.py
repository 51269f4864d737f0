"""The wire between two sites, emulated at one of its ends: one-way delay with jitter, a rate, and order kept per line.

Simulated: on a real network this module is not used. Bulk state has a line of its own beside prompt messages, so that a move's
last words never queue behind somebody's image; forwarded packets take the same one-way delay. What goes through a door of a
gateway waits there, both ways: datagrams on a line (``plain_udp.py``), connections in ``delayed.py``.
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
    """Between two sites, as one of them sees it. ``line`` gives an ordered, rate-limited, delayed way to call ``deliver``."""

    def __init__(self, one_way_s: float, rng: random.Random) -> None:
        self._one_way_s, self._rng = one_way_s, rng
        self.cut = False

    def delay_s(self) -> float:
        return max(0.0, self._rng.gauss(self._one_way_s, JITTER_SHARE * self._one_way_s))

    def line(self, deliver: Callable[..., object]) -> Line:
        return Line(self, deliver)


WireTo = Callable[[str], Backhaul | None]
"""The emulated wire to the site whose gateway has this address; None: there is none, or it is a real one."""


def no_wire(host: str) -> Backhaul | None:
    return None


class Order:
    """When what is sent on one line arrives: at the line's rate, after the wire's delay, and behind what was sent before."""

    def __init__(self, backhaul: Backhaul) -> None:
        self._backhaul = backhaul
        self._sent_at = self._last = 0.0

    def arrival(self, size: int, now: float) -> float:
        self._sent_at = max(now, self._sent_at) + size / RATE_BYTES_PER_S
        self._last = max(self._last, self._sent_at + self._backhaul.delay_s())
        return self._last


class Line:
    def __init__(self, backhaul: Backhaul, deliver: Callable[..., object]) -> None:
        self._backhaul, self._deliver = backhaul, deliver
        self._order = Order(backhaul)
        self._queue: deque[tuple[float, bytes, tuple[object, ...]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def send(self, data: bytes, *where: object) -> None:
        """Call ``deliver(data, *where)`` after its time on the wire; lost if the wire is cut when it arrives."""
        loop = asyncio.get_running_loop()
        due = self._order.arrival(len(data), loop.time())
        self._queue.append((due, data, where))
        if self._timer is None:
            self._timer = loop.call_at(due, self._release)

    def _release(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        while self._queue and self._queue[0][0] <= loop.time():
            _, data, where = self._queue.popleft()
            if not self._backhaul.cut:
                self._deliver(data, *where)
        if self._queue:
            self._timer = loop.call_at(self._queue[0][0], self._release)
