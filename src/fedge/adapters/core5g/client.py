"""Calls of NEF Traffic Influence over HTTPS: one call in, one ``Answer`` out, whatever happens."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import msgspec

from fedge.adapters.core5g import words
from fedge.adapters.core5g.door import FAULTS, MERGE_PATCH, Caller
from fedge.adapters.core5g.words import Identity, Subscription
from fedge.core.model import UeId
from fedge.core.steering import Acknowledge, Answer, Create, Delete, Held, List, N6Route, Patch

Call = Create | Patch | Delete | List | Acknowledge


class NefClient:
    """``gpsi_of(ue)``: the subscriber's public identifier (TS 29.571), None if there is none. ``af``: the afId in the paths."""

    def __init__(
        self, caller: Caller, af: str, identity: Identity, gpsi_of: Callable[[UeId], str | None]
    ) -> None:
        self.caller = caller
        self._all = f"/{af}/subscriptions"
        self._identity, self._gpsi_of = identity, gpsi_of

    @property
    def here(self) -> str:
        """Where the NEF is: acknowledgements go nowhere else."""
        return self.caller.door.here

    async def carry_out(self, call: Call) -> Answer:
        """Never raises: what went wrong is in the answer."""
        try:
            return await self._carry_out(call)
        except FAULTS as error:
            return Answer(call.number, 0, detail=f"{type(error).__name__}: {error}")

    async def close(self) -> None:
        await self.caller.close()

    async def _carry_out(self, call: Call) -> Answer:
        match call:
            case List():
                return self._listed(call, await self.caller("GET", self._all))
            case Delete():
                return _plain(call.number, await self.caller("DELETE", self._one(call.subscription)))
            case Patch():
                said = {"trafficRoutes": [words.route(one) for one in call.routes]}
                url = self._one(call.subscription)
                answer = await self.caller("PATCH", url, said, MERGE_PATCH)
                return self._held(call.number, answer, call.routes, call.subscription)
        gpsi = self._gpsi_of(call.ue)
        if gpsi is None:
            return Answer(call.number, 404, "USER_NOT_FOUND", f"{call.ue} has no GPSI")
        if isinstance(call, Acknowledge):
            said = words.acknowledgement(call, gpsi)
            return _plain(call.number, await self.caller("POST", call.uri, said))
        said = words.subscription(call, gpsi, self._identity)
        return self._held(call.number, await self.caller("POST", self._all, said), call.routes)

    def _one(self, subscription: str) -> str:
        return f"{self._all}/{subscription}"

    def _listed(self, call: List, answer: httpx2.Response) -> Answer:
        if not answer.is_success:
            return _plain(call.number, answer)
        try:
            found = msgspec.json.decode(answer.content, type=list[Subscription])
        except words.UNREADABLE as error:
            return Answer(call.number, 0, detail=f"the list cannot be read: {error}")
        return Answer(call.number, 200, held=tuple(words.held(one, self._identity) for one in found))

    def _held(
        self, number: int, answer: httpx2.Response, sent: tuple[N6Route, ...], subscription: str = ""
    ) -> Answer:
        """A body that is missing or unreadable means what was sent; without a name for it nothing is known."""
        if not answer.is_success:
            return _plain(number, answer)
        try:
            said = msgspec.json.decode(answer.content, type=Subscription)
        except words.UNREADABLE:
            said = Subscription()
        if not said.self_:
            said = msgspec.structs.replace(said, self_=answer.headers.get("location", ""))
        found = words.held(said, self._identity)
        name = subscription or found.subscription
        if not name:
            return Answer(number, 0, detail="created without a name")
        dnais = found.dnais or tuple(one.dnai for one in sent)
        return Answer(number, answer.status_code, held=(Held(name, found.token, dnais),))


def _plain(number: int, answer: httpx2.Response) -> Answer:
    if answer.is_success:
        return Answer(number, answer.status_code)
    said = words.problem(answer.content)
    return Answer(number, answer.status_code, said.cause, said.detail or said.title)
