"""Subscriptions of the two APIs of TS 29.122 that Fedge uses: made, replaced, deleted and listed in the same way.

What differs is the body, and how it is replaced: ``Api``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

import httpx2
import msgspec
from msgspec import Struct

from fedge.adapters.core5g import words
from fedge.adapters.core5g.door import FAULTS, Caller
from fedge.adapters.core5g.parties import Clock
from fedge.adapters.core5g.words import Identity
from fedge.core.exposure import Answer, Call, Create, Delete, Held, List, Replace


class Resource(Struct, frozen=True, rename="camel"):
    """Of a subscription: what is needed to find it again, and when it ends."""

    self_: str = msgspec.field(default="", name="self")
    notification_destination: str = ""
    monitor_expire_time: datetime | None = None


class Body(Protocol):
    """``new(call)``: what a subscription says; ``change(call)``: (method, body, media type) that brings it in line.

    Each raises ``NotSayable``.
    """

    def new(self, call: Create | Replace) -> dict[str, Any]: ...
    def change(self, call: Replace) -> tuple[str, dict[str, Any], str]: ...


class NotSayable(Exception):
    """It cannot be asked for: ``str`` says why."""


class Subscribing:
    """``af``: the identifier of the application function in the API's paths (``scsAsId``)."""

    def __init__(self, caller: Caller, af: str, identity: Identity, body: Body, clock: Clock) -> None:
        self.call = caller
        self.all = f"/{af}/subscriptions"
        self._identity, self._body, self._clock = identity, body, clock

    async def carry_out(self, call: Call) -> Answer:
        """Never raises: what went wrong is in the answer."""
        try:
            return await self._carry_out(call)
        except NotSayable as why:
            return Answer(call.number, 404, "USER_NOT_FOUND", str(why))
        except FAULTS as error:
            return unanswered(call.number, error)

    async def _carry_out(self, call: Call) -> Answer:
        match call:
            case List(number):
                answer = await self.call("GET", self.all)
                if not answer.is_success:
                    return plain(number, answer)
                found = msgspec.json.decode(answer.content, type=list[Resource])
                return Answer(number, 200, held=tuple(self._held(one) for one in found))
            case Delete(number, _, subscription):
                return plain(number, await self.call("DELETE", f"{self.all}/{subscription}"))
            case Create():
                return self._made(call.number, await self.call("POST", self.all, self._body.new(call)))
            case Replace():
                method, said, kind = self._body.change(call)
                answer = await self.call(method, f"{self.all}/{call.subscription}", said, kind)
                return self._made(call.number, answer, call.subscription)
        raise AssertionError(call)

    def _made(self, number: int, answer: httpx2.Response, subscription: str = "") -> Answer:
        """A body that is missing or unreadable means what was sent; without a name for it nothing is known."""
        if not answer.is_success:
            return plain(number, answer)
        try:
            said = msgspec.json.decode(answer.content, type=Resource)
        except words.UNREADABLE:
            said = Resource()
        uri = said.self_ or answer.headers.get("location", "")
        name = subscription or words.name_of(uri)
        if not name:
            return Answer(number, 0, detail="created without a name")
        return Answer(number, answer.status_code, held=(self._held(said, name),))

    def _held(self, said: Resource, name: str = "") -> Held:
        until = said.monitor_expire_time
        name = name or words.name_of(said.self_)
        token = self._identity.token_of(said.notification_destination) if name else ""
        return Held(name, token, lasts_s=self._clock.lasts_s(until) if until is not None else None)


def plain(number: int, answer: httpx2.Response) -> Answer:
    """An answer of which only the status counts, or the problem."""
    if answer.is_success:
        return Answer(number, answer.status_code)
    said = words.problem(answer.content)
    return Answer(number, answer.status_code, said.cause, said.detail or said.title)


def unanswered(number: int, error: Exception) -> Answer:
    return Answer(number, 0, detail=f"{type(error).__name__}: {error}")
