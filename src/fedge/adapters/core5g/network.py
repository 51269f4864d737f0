"""The port ``AccessNetwork`` for routes, kept by a 5G core: the shell around ``core.steering``.

Route messages of the control plane and notifications of the core go in; calls to the NEF and messages to the control plane come
out. Calls run side by side; the pure machine sees to it that each path has one at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from fedge.adapters.core5g import words
from fedge.adapters.core5g.client import Call
from fedge.core.messages import Message, RoutesForgotten
from fedge.core.model import Address, SiteId, UeId
from fedge.core.steering import Acknowledge, Answer, Create, Effect, Patch, PathNotified, Steering, Tell

log = structlog.get_logger("core5g")
WAKE_S = 0.05


class Nef(Protocol):
    """What makes the calls (``NefClient``). ``here``: where the NEF is; acknowledgements may go nowhere else."""

    @property
    def here(self) -> str: ...
    async def carry_out(self, call: Call) -> Answer: ...
    async def close(self) -> None: ...


class SteeredNetwork:
    """``post``: to the control plane. ``offers()``: the sites that the core network may choose, and the end of N6 at each.

    ``ue_of(gpsi)``: whose identifier it is.
    """

    def __init__(
        self,
        steering: Steering,
        nef: Nef,
        ue_of: Callable[[str], UeId | None],
        offers: Callable[[], Mapping[SiteId, Address]],
        post: Callable[[Message], None],
    ) -> None:
        self.steering = steering
        self._nef, self._ue_of, self._offers, self._post = nef, ue_of, offers, post
        self._calls: set[asyncio.Task[None]] = set()
        self._ended = False

    def send(self, message: Message) -> bool:
        """A route message of the control plane."""
        self._feed(message)
        return True

    def knows(self, token: str) -> bool:
        return self.steering.knows(token)

    def receive(self, token: str, body: bytes) -> None:
        """A notification as it arrived. Raises ``words.Invalid``."""
        heard = words.path_notified(token, body, self._nef.here, self._ue_of)
        if heard is not None:
            self._feed(heard)

    async def run(self) -> None:
        """Until cancelled. First every route is asked for; then what the NEF holds is held against them."""
        self._post(RoutesForgotten())
        try:
            while True:
                self.steering.offer(self._offers())
                self._carry_out(self.steering.wake(time.monotonic_ns()))
                await asyncio.sleep(WAKE_S)
        finally:
            self._ended = True
            for call in tuple(self._calls):
                call.cancel()
            await asyncio.gather(*self._calls, return_exceptions=True)
            with contextlib.suppress(OSError):
                await self._nef.close()

    def _feed(self, event: Message | PathNotified | Answer) -> None:
        self._carry_out(self.steering.handle(event, time.monotonic_ns()))

    def _carry_out(self, effects: list[Effect]) -> None:
        if self._ended:
            return
        for effect in effects:
            if isinstance(effect, Tell):
                self._post(effect.message)
            else:
                task = asyncio.get_running_loop().create_task(self._call(effect))
                self._calls.add(task)
                task.add_done_callback(self._calls.discard)

    async def _call(self, call: Call) -> None:
        answer = await self._nef.carry_out(call)
        if not answer.done:
            about = call.ue if isinstance(call, Create | Acknowledge) else getattr(call, "subscription", "")
            said = type(call).__name__
            log.warning(
                "the core network refuses" if answer.status else "no answer",
                call=said,
                about=about,
                reason=answer.reason,
            )
        elif isinstance(call, Patch | Create):
            log.info("routes", call=type(call).__name__, dnais=[one.dnai for one in call.routes])
        self._feed(answer)
