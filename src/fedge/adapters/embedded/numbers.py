"""Which number, and so which loopback address, each instance of a site has: of all applications together, kept over restarts.

An instance outlives its agent and keeps the address that it was started with; so the next agent must know it.
"""

from __future__ import annotations

import json
from pathlib import Path

MOST = 240
"""Host parts of a site's loopback net that are left for instances."""


class NoNumber(Exception):
    """All are taken."""


class Numbers:
    """By name, from 1. ``file``: where they are kept."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self._of: dict[str, int] = json.loads(file.read_text())
        except (OSError, ValueError):
            self._of = {}

    def of(self, name: str, wanted: int) -> int:
        """The number that it has, or from now on: ``wanted``, or the lowest that is free. Raises ``NoNumber``."""
        if name not in self._of:
            taken = set(self._of.values())
            free = [number for number in (wanted, *range(1, MOST + 1)) if number not in taken]
            if not free:
                raise NoNumber(f"no address is left for {name}: {MOST} instances run here")
            self._of[name] = free[0]
            self._keep()
        return self._of[name]

    def forget(self, name: str) -> None:
        if self._of.pop(name, None) is not None:
            self._keep()

    def _keep(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(self._of))
        fresh.replace(self._file)
