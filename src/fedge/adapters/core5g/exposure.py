"""The port ``Operator``, kept by a 5G core's exposure functions: the shell around ``core.exposure``.

Messages of the control plane and notifications of the operator go in; calls of its APIs and messages to the control plane come
out. Calls run side by side; the pure machine sees to it that each subscription has one at a time.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from fedge.adapters.core5g.channels import Channels
from fedge.core.exposure import (
    Answer,
    Api,
    Call,
    Channelled,
    Delete,
    Effect,
    Exposure,
    Found,
    Hush,
    Listen,
    Missing,
    Notice,
    Tell,
)
from fedge.core.messages import AccessHello, Message, QualityForgotten
from fedge.core.model import Nanoseconds

log = structlog.get_logger("core5g")
WAKE_S = 0.05


class ApiClient(Protocol):
    """Of one API: makes its calls and reads its notifications. ``heard`` raises ``words.Invalid``."""

    async def carry_out(self, call: Call) -> Answer: ...
    def heard(self, token: str, body: bytes) -> Notice | None: ...


class ExposedOperator:
    """``post``: to the control plane. ``missing(api)``: why an API cannot be entered now (empty: it can), and is that settled?

    ``channels(heard, changed)`` makes the websockets' side.
    """

    def __init__(
        self,
        exposure: Exposure,
        clients: Mapping[Api, ApiClient],
        missing: Callable[[Api], tuple[str, bool]],
        channels: Callable[[Callable[[str, bytes], None], Callable[[str, bool], None]], Channels],
        hello: AccessHello,
        post: Callable[[Message], None],
        now: Callable[[], Nanoseconds],
    ) -> None:
        self.exposure = exposure
        self._clients, self._missing, self._hello, self._post, self._now = clients, missing, hello, post, now
        self._channels = channels(self.receive, lambda token, up: self._feed(Channelled(token, up)))
        self._told: dict[Api, tuple[str, bool]] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._ended = False

    def send(self, message: Message) -> bool:
        """A message of the control plane."""
        self._feed(message)
        return True

    def knows(self, token: str) -> bool:
        return self.exposure.knows(token)

    def receive(self, token: str, body: bytes) -> None:
        """A notification as it arrived, by HTTP or on a websocket. Raises ``words.Invalid``."""
        api = self.exposure.api_of(token)
        if api is None:
            return
        notice = self._clients[api].heard(token, body)
        if notice is not None:
            self._feed(notice)

    async def run(self) -> None:
        """Until cancelled. The map is told and every quality asked for; then what the operator holds is held against it."""
        self._post(self._hello)
        self._post(QualityForgotten())
        try:
            while True:
                self._look()
                self._carry_out(self.exposure.wake(self._now()))
                await asyncio.sleep(WAKE_S)
        finally:
            self._ended = True
            for call in tuple(self._calls):
                call.cancel()
            await asyncio.gather(*self._calls, return_exceptions=True)
            await self._channels.close()

    def _look(self) -> None:
        """Which APIs are there."""
        for api in self._clients:
            now = why, settled = self._missing(api)
            if self._told.get(api) != now:
                self._told[api] = now
                self._feed(Missing(api, why, settled) if why else Found(api))

    def _feed(self, event: Message | Notice | Answer | Found | Missing) -> None:
        self._carry_out(self.exposure.handle(event, self._now(), random.random()))

    def _carry_out(self, effects: list[Effect]) -> None:
        if self._ended:
            return
        for effect in effects:
            match effect:
                case Tell(message):
                    self._post(message)
                case Listen(token, uri):
                    self._channels.listen(token, uri)
                case Hush(token):
                    self._channels.hush(token)
                case _:
                    task = asyncio.get_running_loop().create_task(self._call(effect))
                    self._calls.add(task)
                    task.add_done_callback(self._calls.discard)

    async def _call(self, call: Call) -> None:
        """Answered whatever happens: a call without an answer would keep its subscription, or the whole API, waiting."""
        api = call.api
        answer = Answer(call.number, 0, detail="the call ended without an answer")
        try:
            answer = await self._clients[api].carry_out(call)
        finally:
            if not self._ended:
                self._heard(call, api, answer)

    def _heard(self, call: Call, api: Api, answer: Answer) -> None:
        if not answer.done and not (isinstance(call, Delete) and answer.status == 404):
            said = "the operator refuses" if answer.status else "no answer of the operator"
            log.warning(said, api=api, call=type(call).__name__, reason=answer.reason[:300])
        self._feed(answer)
