"""A gateway that is talked to by hand: what it says is a list of effects, each answer is the test's own."""

from __future__ import annotations

from typing import TypeVar

from fedge.core.exposure import (
    Answer,
    Call,
    Create,
    Effect,
    Exposure,
    Found,
    Held,
    List,
    Missing,
    Notice,
    Replace,
    Tell,
)
from fedge.core.exposure.calls import APIS
from fedge.core.messages import Message, QualityTold
from fedge.core.model import MS, SECOND
from tests.core.exposure.worlds import SETTINGS, TOPOLOGY

Said = TypeVar("Said")
DRAW = 1.0


class Talk:
    def __init__(self) -> None:
        self.gateway = Exposure(SETTINGS, TOPOLOGY)
        self.now = 1000 * SECOND
        self.said: list[Effect] = []

    def hear(self, event: Message | Notice | Answer | Found | Missing) -> list[Effect]:
        found = self.gateway.handle(event, self.now, DRAW)
        self.said += found
        return found

    def later(self, ms: int) -> None:
        """Time passes, in the steps in which the gateway is woken."""
        end = self.now + ms * MS
        while self.now < end:
            self.now = min(end, self.now + 50 * MS)
            self.said += self.gateway.wake(self.now)

    def take(self, kind: type[Said]) -> list[Said]:
        """What was said of that kind and not taken yet."""
        found = [one for one in self.said if isinstance(one, kind)]
        self.said = [one for one in self.said if not isinstance(one, kind)]
        return found

    def told(self, kind: type[Said]) -> list[Said]:
        found = [
            tell.message for tell in self.said if isinstance(tell, Tell) and isinstance(tell.message, kind)
        ]
        self.said = [
            one for one in self.said if not (isinstance(one, Tell) and isinstance(one.message, kind))
        ]
        return found

    def agree(self, call: Create | Replace, id: str, lasts_s: float | None = None, uri: str = "") -> None:
        self.hear(Answer(call.number, 200, held=(Held(id, call.token, uri=uri, lasts_s=lasts_s),)))

    def refuse(self, call: Call, status: int, cause: str = "") -> None:
        self.hear(Answer(call.number, status, cause))

    def lists(self, *held: Held) -> None:
        """Every list that is asked for has these, each at the API that has such subscriptions."""
        for call in self.take(List):
            api = call.api
            self.hear(Answer(call.number, 200, held=held if api == "quality" else ()))

    def begun(self) -> Talk:
        """Everything is there, empty lists are read, and the standing wants are agreed, without websockets."""
        for api in APIS:
            self.hear(Found(api))
        self.hear(QualityTold())
        self.later(50)
        self.lists()
        for call in self.take(Create):
            self.agree(call, f"standing-{call.number}", lasts_s=600.0)
        return self
