"""One API of the exposure function on an event loop: requests, events and time in; kept, notified and told to the radio.

The same for every API whose decisions are pure (``Decisions``): ``quality.sessions``, ``monitoring.monitors``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from fedge.core.messages import Message
from fedge.simulation.core5g.nef.effects import Forget, Keep, NefEffect, Post
from fedge.simulation.core5g.nef.outbox import Letter, Outbox
from fedge.simulation.core5g.nef.resources import Made
from fedge.simulation.core5g.shelf import Shelf
from fedge.simulation.core5g.words import Event, ToRan


class Decisions(Protocol):
    """Pure. ``now_s``: Unix seconds. Operations raise ``Problem``, and have then changed nothing."""

    def list(self, af: str, query: Mapping[str, str]) -> Sequence[object]: ...
    def read(self, af: str, id: str) -> object: ...
    def create(self, af: str, id: str, body: bytes, now_s: float) -> Made: ...
    def replace(self, af: str, id: str, body: bytes, now_s: float) -> object: ...
    def patch(self, af: str, id: str, body: bytes, now_s: float) -> object | None: ...
    def delete(self, af: str, id: str, now_s: float) -> object | None: ...
    def handle(self, event: Event, now_s: float) -> None: ...

    def wake(self, now_s: float) -> None:
        """What the passing of time means; called several times a second."""

    def take(self) -> Sequence[NefEffect]:
        """What is to be done since the last time."""


class ExposedApi:
    """Implements ``resources.Resources``. ``name``: the API's; ``life``: which start of the program this is.

    Ids are an API's own, and those of one life never return.
    """

    def __init__(
        self,
        name: str,
        decisions: Decisions,
        shelf: Shelf[Any],
        outbox: Outbox,
        to_ran: Callable[[Message], object],
        now_s: Callable[[], float],
        life: int,
    ) -> None:
        self._name = name
        self._decisions, self._shelf, self._outbox = decisions, shelf, outbox
        self._to_ran, self._now_s, self._life = to_ran, now_s, life
        self._created = 0

    def handle(self, event: Event) -> None:
        self._decisions.handle(event, self._now_s())
        self._carry_out()

    def wake(self) -> None:
        self._decisions.wake(self._now_s())
        self._carry_out()

    def list(self, af: str, query: Mapping[str, str]) -> Sequence[object]:
        return self._decisions.list(af, query)

    def read(self, af: str, id: str) -> object:
        return self._decisions.read(af, id)

    def create(self, af: str, body: bytes) -> Made:
        self._created += 1
        made = self._decisions.create(af, f"{self._life:x}-{self._created:x}", body, self._now_s())
        self._carry_out()
        return made

    def replace(self, af: str, id: str, body: bytes) -> object:
        replaced = self._decisions.replace(af, id, body, self._now_s())
        self._carry_out()
        return replaced

    def patch(self, af: str, id: str, body: bytes) -> object | None:
        patched = self._decisions.patch(af, id, body, self._now_s())
        self._carry_out()
        return patched

    def delete(self, af: str, id: str) -> object | None:
        last_words = self._decisions.delete(af, id, self._now_s())
        self._carry_out()
        return last_words

    def _carry_out(self) -> None:
        for effect in self._decisions.take():
            match effect:
                case Keep(thing):
                    self._shelf.put(thing.id, thing)
                case Forget(id):
                    self._shelf.drop(id)
                case Post(id, to, body):
                    self._outbox.post(Letter((self._name, id), to, msgspec.json.encode(body)))
                case ToRan(message):
                    self._to_ran(message)
