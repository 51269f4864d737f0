"""An asyncio loop whose timers fire to the tens of microseconds.

The default loop waits in epoll, whose timeout asyncio rounds up to a millisecond; ``select`` takes microseconds, but knows file
descriptors below 1024 only. So the sockets stand in an epoll, and ``select`` waits for that alone. The kernel may delay a sleeper
by its timer slack (50 µs by default, prctl(2) PR_SET_TIMERSLACK), so that is lowered as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import select
import selectors
import sys
from collections.abc import Coroutine
from time import monotonic, sleep
from typing import Any, TypeVar

T = TypeVar("T")

TIMER_SLACK_NS = 1_000
_PR_SET_TIMERSLACK = 29
QUIET_COLLECTION_S = 5.0


class PreciseSelector(selectors.EpollSelector):
    """Any number of descriptors, and a timeout to the microsecond. Its own descriptor is below 1024: a loop is made early."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)  # where there is something already, the wait is not begun
        if not found and (timeout is None or timeout > 0):
            select.select((self.fileno(),), (), (), timeout)
            found = super().select(0)
        return found


class PacedSelector(PreciseSelector):
    """Comes back at most once every ``pace_s``: under load one awakening then serves many packets.

    An idle loop feels nothing of it; a busy one hears of a packet or a timer up to ``pace_s`` later.
    """

    def __init__(self, pace_s: float) -> None:
        super().__init__()
        self._pace_s = pace_s
        self._back_at = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        early_s = self._back_at + self._pace_s - monotonic()
        if early_s > 0 and (timeout is None or timeout > 0):
            sleep(early_s)
            if timeout is not None:
                timeout = max(0.0, timeout - early_s)
        found = super().select(timeout)
        self._back_at = monotonic()
        return found


def pace_for(players: int) -> float:
    """How often a relay looks for packets, in s: the more there are the less often, 0.24 ms for 24 players, at most 1 ms.

    An awakening costs some 30 µs on a small virtual machine, part of it paid by whoever sends to a sleeper: three times what
    a packet costs. What pacing adds is in the relays' own error that every report states (ADR 0009).
    """
    return min(1e-3, players * 1e-5)


def site_pace(players: int) -> float:
    """The same for what runs at every site, in s: as `pace_for` up to 50 players, then with their square, 2 ms for 100 at most.

    Each site has its part of the packets and awakenings of its own: one of them serves a fraction of what the access network's
    do. Where a machine is nearly full the CPU is worth more than the millisecond (ADR 0009).
    """
    return min(2e-3, max(pace_for(players), players * players * 2e-7))


def precise_loop(pace_s: float = 0.0) -> asyncio.AbstractEventLoop:
    """A new event loop, with the calling thread's timer slack lowered. ``pace_s``: see ``PacedSelector``."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # an odd libc costs precision, nothing else
            ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0)
    return asyncio.SelectorEventLoop(PacedSelector(pace_s) if pace_s else PreciseSelector())


def run(main: Coroutine[Any, Any, T], pace_s: float = 0.0) -> T:
    """``asyncio.run`` on a precise loop."""
    with asyncio.Runner(loop_factory=lambda: precise_loop(pace_s)) as runner:
        return runner.run(main)


def quiet_gc(loop: asyncio.AbstractEventLoop) -> None:
    """No collector pauses on the packet path: what exists is set aside, and only young garbage is looked at, now and then."""
    gc.collect()
    gc.freeze()
    gc.disable()

    def collect_young() -> None:
        gc.collect(0)
        loop.call_later(QUIET_COLLECTION_S, collect_young)

    loop.call_later(QUIET_COLLECTION_S, collect_young)
