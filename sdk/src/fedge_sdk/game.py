"""What a game is to the platform: two functions over a session's memory.

A game is deterministic in its inputs: the same memory, tick number and inputs give the same memory and frame, on any site. It
keeps nothing about a session outside ``memory``; then the platform can log, move, restart and check it without its help.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from fedge_sdk.memory import Memory

TICK_HZ = 60
TICK_NS = 1_000_000_000 // TICK_HZ


class Game(Protocol):
    """``schema`` names the layout of the memory: a session moves only between instances of the same schema."""

    schema: str

    def open(self, memory: Memory, session: str) -> None:
        """Lay out a new session's state in ``memory`` (all zero)."""

    def tick(self, memory: Memory, tick: int, inputs: Sequence[bytes]) -> bytes:
        """Advance by one tick and return the frame's payload (at most ``wire.MAX_FRAME_PAYLOAD`` bytes)."""
