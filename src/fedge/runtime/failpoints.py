"""Named points at which a test can hold a program, to kill it there.

Active only where FEDGE_FAILPOINTS names a directory: while ``<name>`` exists in it, effects that pass that point wait;
``<name>.reached`` says that one does. A point is named after the state of a move that it keeps from being left. A file
``cut.<from>--<to>`` cuts the backhaul between two sites in that direction; ``down.<program>`` keeps a dead program dead.
"""

from __future__ import annotations

import os
from pathlib import Path


class Failpoints:
    def __init__(self) -> None:
        folder = os.environ.get("FEDGE_FAILPOINTS")
        self._folder = Path(folder) if folder else None

    @property
    def active(self) -> bool:
        return self._folder is not None

    def cut(self, sender: str, receiver: str) -> bool:
        """Shall nothing of ``sender`` reach ``receiver``?"""
        return self._folder is not None and (self._folder / f"cut.{sender}--{receiver}").exists()

    def holds(self, name: str) -> bool:
        """Is this point held now? Marks it as reached if so."""
        if self._folder is None or not (self._folder / name).exists():
            return False
        (self._folder / f"{name}.reached").touch()
        return True
