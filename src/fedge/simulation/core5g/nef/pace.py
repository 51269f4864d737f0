"""How many requests a second one client may make: a token bucket each. Pure."""

from __future__ import annotations

import math

PER_S = 1000.0
BURST = 2000.0


class Pace:
    def __init__(self, per_s: float = PER_S, burst: float = BURST) -> None:
        self._per_s, self._burst = per_s, burst
        self._left: dict[str, tuple[float, float]] = {}

    def wait_s(self, client: str, now_s: float) -> int:
        """0: this request may pass, and is counted; else whole seconds until one may."""
        left, at = self._left.get(client, (self._burst, now_s))
        left = min(self._burst, left + max(0.0, now_s - at) * self._per_s)
        if left < 1.0:
            self._left[client] = (left, now_s)
            return max(1, math.ceil((1.0 - left) / self._per_s))
        self._left[client] = (left - 1.0, now_s)
        return 0
