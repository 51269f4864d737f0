"""Answers, back-off and circuit, as values: what an answer means, how long to wait before a call is made again, and when to stop
calling altogether.

Of whoever calls a network function: ``steering`` and ``exposure``. A wait is drawn between nothing and its full length (full
jitter: callers that failed together do not come again together); the draw is an argument, and without one the wait is the full.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from fedge.core.model import MS, SECOND, Nanoseconds

FIRST_WAIT = 100 * MS
LONGEST_WAIT = 5 * SECOND
PROBED_EVERY = SECOND
"""The longest wait between two looks at a function that does not answer: a move's deadline is a few seconds."""
TRIPS_AT = 4
"""So many calls in a row without an answer open the circuit."""
WHOLE = 1.0


class Answered(Struct, frozen=True):
    """``status``: of HTTP; 0: none came, and whether the call was carried out is not known. ``cause``: of ProblemDetails."""

    number: int
    status: int
    cause: str = ""
    detail: str = ""

    @property
    def doubtful(self) -> bool:
        """Nothing is known, or nothing was decided: to be said again."""
        return self.status == 0 or self.status >= 500 or self.status in (401, 408, 429)

    @property
    def done(self) -> bool:
        return 200 <= self.status < 300

    @property
    def reason(self) -> str:
        said = ": ".join(word for word in (self.cause, self.detail) if word)
        return said or (f"status {self.status}" if self.status else "no answer")


def wait_after(failures: int) -> Nanoseconds:
    """100 ms, 200 ms, 400 ms, … at most 5 s."""
    return min(FIRST_WAIT << min(failures - 1, 10), LONGEST_WAIT) if failures else 0


class Backoff(Struct, frozen=True):
    """Of one purpose: nothing is tried before ``until``."""

    failures: int = 0
    until: Nanoseconds = 0

    def failed(self, now: Nanoseconds, draw: float = WHOLE) -> Backoff:
        """``draw``: the share of the wait, 0 to 1."""
        return Backoff(self.failures + 1, now + int(wait_after(self.failures + 1) * draw))

    def due(self, now: Nanoseconds) -> bool:
        return now >= self.until


class Circuit(Struct, frozen=True):
    """Of a function as a whole. Closed, every call goes out; open, none; half open, one may try, and its answer closes it."""

    failures: int = 0
    until: Nanoseconds = 0

    def failed(self, now: Nanoseconds, draw: float = WHOLE) -> Circuit:
        failures = self.failures + 1
        wait = min(wait_after(max(0, failures - TRIPS_AT + 1)), PROBED_EVERY)
        return Circuit(failures, now + int(wait * draw) if failures >= TRIPS_AT else 0)

    @property
    def open(self) -> bool:
        return self.failures >= TRIPS_AT

    def state(self, now: Nanoseconds) -> Literal["closed", "open", "half-open"]:
        if not self.open:
            return "closed"
        return "half-open" if now >= self.until else "open"
