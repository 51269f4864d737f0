"""How often one client may ask the CAMARA APIs: so many requests a second with a burst and, if the operator says so, a day.

A token bucket each client (429 TOO_MANY_REQUESTS says when to ask again) and a count of the last day's requests (429
QUOTA_EXCEEDED). Volatile: a restart of the control plane begins anew.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from msgspec import Struct

from fedge.api.camara.errors import CamaraError
from fedge.core.model import SECOND, Nanoseconds

DAY = 24 * 3600 * SECOND


class Limits(Struct, frozen=True):
    """``per_second`` on average, ``burst`` at once; ``per_day`` 0: as many as that allows."""

    per_second: float = 50.0
    burst: int = 200
    per_day: int = 0


class _Client(Struct):
    tokens: float
    at: Nanoseconds
    day_began: Nanoseconds
    today: int = 0


class Pace:
    def __init__(self, limits: Limits, now: Callable[[], Nanoseconds]) -> None:
        self._limits, self._now = limits, now
        self._clients: dict[str, _Client] = {}

    def ask(self, client: str) -> None:
        """Count one request. Raises ``CamaraError`` 429."""
        limits, now = self._limits, self._now()
        seen = self._clients.get(client)
        if seen is None:
            seen = self._clients[client] = _Client(float(limits.burst), now, now)
        seen.tokens = min(limits.burst, seen.tokens + (now - seen.at) / SECOND * limits.per_second)
        seen.at = now
        if now - seen.day_began >= DAY:
            seen.day_began, seen.today = now, 0
        if limits.per_day and seen.today >= limits.per_day:
            wait_s = ceil((seen.day_began + DAY - now) / SECOND)
            said = f"{limits.per_day} requests a day are agreed; ask again in {wait_s} s"
            raise CamaraError(429, "QUOTA_EXCEEDED", said, {"Retry-After": str(wait_s)})
        if seen.tokens < 1:
            wait_s = ceil((1 - seen.tokens) / limits.per_second)
            said = f"{limits.per_second:g} requests a second are answered, {limits.burst} at once; ask again in {wait_s} s"
            raise CamaraError(429, "TOO_MANY_REQUESTS", said, {"Retry-After": str(wait_s)})
        seen.tokens -= 1
        seen.today += 1
