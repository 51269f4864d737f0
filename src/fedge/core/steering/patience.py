"""Back-off and circuit, as values: how long to wait before a call is made again, and when to stop calling altogether."""

from __future__ import annotations

from msgspec import Struct

from fedge.core.model import MS, SECOND, Nanoseconds

FIRST_WAIT = 100 * MS
LONGEST_WAIT = 5 * SECOND
PROBED_EVERY = SECOND
"""The longest wait between two looks at a NEF that does not answer: a move's deadline is a few seconds."""
TRIPS_AT = 4
"""So many calls in a row without an answer open the circuit."""


def wait_after(failures: int) -> Nanoseconds:
    """100 ms, 200 ms, 400 ms, … at most 5 s."""
    return min(FIRST_WAIT << min(failures - 1, 10), LONGEST_WAIT) if failures else 0


class Backoff(Struct, frozen=True):
    """Of one purpose: nothing is tried before ``until``."""

    failures: int = 0
    until: Nanoseconds = 0

    def failed(self, now: Nanoseconds) -> Backoff:
        return Backoff(self.failures + 1, now + wait_after(self.failures + 1))

    def due(self, now: Nanoseconds) -> bool:
        return now >= self.until


class Circuit(Struct, frozen=True):
    """Of the NEF as a whole. Open, it lets only a listing through, now and then; the listing's answer closes it."""

    failures: int = 0
    until: Nanoseconds = 0

    def failed(self, now: Nanoseconds) -> Circuit:
        failures = self.failures + 1
        wait = min(wait_after(max(0, failures - TRIPS_AT + 1)), PROBED_EVERY)
        return Circuit(failures, now + wait if failures >= TRIPS_AT else 0)

    @property
    def open(self) -> bool:
        return self.failures >= TRIPS_AT
