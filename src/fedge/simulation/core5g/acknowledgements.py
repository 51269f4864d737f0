"""Which notifications wait for an acknowledgement, and what was answered to those that no longer do.

A repeated acknowledgement gets its first answer, a late one is told so, a contradiction changes nothing. Bounded: the oldest are
forgotten, and then unknown. In memory only; a restarted core knows none.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from fedge.core.model import Address, UeId
from fedge.simulation.core5g.words import Stage

MOST = 65_536
State = Literal["open", "accepted", "declined", "over"]


class Asked(Struct):
    """``over``: the change was dropped before anybody answered."""

    ue: UeId
    service: Address
    stage: Stage
    state: State = "open"


class OpenQuestions:
    def __init__(self) -> None:
        self._asked: dict[str, Asked] = {}

    def open(self, transaction: str, asked: Asked) -> None:
        self._asked[transaction] = asked
        if len(self._asked) > MOST:
            del self._asked[next(iter(self._asked))]

    def find(self, transaction: str) -> Asked | None:
        return self._asked.get(transaction)

    def close(self, transaction: str, state: str) -> None:
        """Only an open question can be closed; its first answer stays."""
        asked = self._asked.get(transaction)
        if asked is not None and asked.state == "open":
            asked.state = state  # type: ignore[assignment]
