"""When a session ticks: 60 times a second, in one of four phases, the one in which its player's inputs wait least.

Neighbours tick in few phases so that their frames leave together: on a small machine waking up costs more than a packet
(ADR 0009). Which phase is learnt from arrivals: a tick right behind an input answers it at once, one just before it lets it wait
a whole period. A session moves to an earlier phase by one short period; no tick is ever left out or late for it.
"""

from __future__ import annotations

from zlib import crc32

from fedge_sdk.game import TICK_NS

PHASES = 4
PHASE_NS = TICK_NS // PHASES
SAMPLES = 64
SPARE_NS = 700_000
"""An input should arrive so long before its tick; nine of ten do."""
SETTLE_NS = 2_000_000_000
"""After opening or taking over a session its phase stays as it is for so long: first its new path shows itself."""


def first_due(session: str, now: int) -> int:
    """The first instant after ``now`` in the phase that the session's name gives it to begin with."""
    phase = crc32(session.encode()) % PHASES * PHASE_NS
    return ((now - phase) // TICK_NS + 1) * TICK_NS + phase


def shift_of(waits: list[int]) -> int:
    """By how many ns the tick should come earlier, given how long inputs waited for it (0 to one period each); 0 or more."""
    middle = sorted(waits)[len(waits) // 2]
    half = TICK_NS // 2
    # waits live on a circle: the one that just missed its tick shows nearly a period and is really a little late
    unrolled = sorted((wait - middle + half) % TICK_NS - half + middle for wait in waits)
    spare = unrolled[len(unrolled) // 10] - SPARE_NS
    return max(0, spare // PHASE_NS) * PHASE_NS


class Cadence:
    """``due``: when the next tick runs, monotonic ns."""

    __slots__ = ("_settled_at", "_waits", "due")

    def __init__(self) -> None:
        self.due = 0
        self._settled_at = 0
        self._waits: list[int] = []

    def start(self, due: int, now: int) -> None:
        self.due, self._settled_at = due, now + SETTLE_NS
        self._waits.clear()

    def arrived(self, now: int) -> None:
        """A new input is here; after enough of them the phase may change."""
        if now < self._settled_at:
            return
        self._waits.append((self.due - now) % TICK_NS)
        if len(self._waits) < SAMPLES:
            return
        shift = shift_of(self._waits)
        if shift and self.due - shift <= now:
            self._waits.pop(0)  # its time has passed in this period: with the next input
            return
        self.due -= shift
        self._waits.clear()
