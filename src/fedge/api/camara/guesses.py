"""Wrong secrets at the token endpoint: so many in a minute, and then none is looked at. Volatile."""

from __future__ import annotations

WRONG_SECRETS, WRONG_WITHIN_S, MOST_GUESSERS = 10, 60.0, 10_000
"""So many wrong secrets are heard of one client from one address in that time; then none is looked at, right or wrong."""


class Guesses:
    """Wrong secrets, by (address, client)."""

    def __init__(self) -> None:
        self._wrong: dict[tuple[str, str], list[float]] = {}

    def refuse(self, who: tuple[str, str], now_s: float) -> bool:
        recent = [at for at in self._wrong.get(who, []) if now_s - at < WRONG_WITHIN_S]
        return len(recent) >= WRONG_SECRETS

    def wrong(self, who: tuple[str, str], now_s: float) -> None:
        recent = [at for at in self._wrong.pop(who, []) if now_s - at < WRONG_WITHIN_S]
        self._wrong[who] = [*recent, now_s]
        if len(self._wrong) > MOST_GUESSERS:
            del self._wrong[next(iter(self._wrong))]
