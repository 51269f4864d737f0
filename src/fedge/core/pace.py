"""How often one client may ask: so many requests a second with a burst and, if it is agreed, so many a day. Pure.

A token bucket each client, and a count of its day. The one limiter of every API: each puts a `Wait` in its own form of an error
(`api/camara`, `api/mec`, the simulated operator's `core5g`). Volatile: a restart begins anew.
"""

from __future__ import annotations

from math import ceil

from msgspec import Struct

DAY_S = 24 * 3600.0


class Limits(Struct, frozen=True):
    """``per_second`` on average, ``burst`` at once; ``per_day`` 0: as many as that allows."""

    per_second: float
    burst: float
    per_day: int = 0


class Wait(Struct, frozen=True):
    """Not answered; the first that may be is ``seconds`` from now. ``of_the_day``: the day's requests are used."""

    seconds: int
    because: str
    of_the_day: bool = False


class _Client(Struct):
    tokens: float
    at_s: float
    day_began_s: float
    today: int = 0


class Pace:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._clients: dict[str, _Client] = {}

    def wait(self, client: str, now_s: float) -> Wait | None:
        """None: this request may pass, and is counted. ``now_s``: of any clock, the same each time."""
        limits = self._limits
        seen = self._clients.get(client)
        if seen is None:
            seen = self._clients[client] = _Client(float(limits.burst), now_s, now_s)
        seen.tokens = min(limits.burst, seen.tokens + max(0.0, now_s - seen.at_s) * limits.per_second)
        seen.at_s = now_s
        if now_s - seen.day_began_s >= DAY_S:
            seen.day_began_s, seen.today = now_s, 0
        if limits.per_day and seen.today >= limits.per_day:
            wait_s = max(1, ceil(seen.day_began_s + DAY_S - now_s))
            return Wait(wait_s, f"{limits.per_day} requests a day are agreed; ask again in {wait_s} s", True)
        if seen.tokens < 1:
            wait_s = max(1, ceil((1 - seen.tokens) / limits.per_second))
            at_once = f"{limits.per_second:g} requests a second are answered, {limits.burst:g} at once"
            return Wait(wait_s, f"{at_once}; ask again in {wait_s} s")
        seen.tokens -= 1
        seen.today += 1
        return None
