"""Inbox → core → journal → effects: the shell around the pure control plane.

Events are handled in batches. A decided event is handed to the core and put in the batch's transaction; proposals are decided at
once, in order. Nothing that leaves the program, no order, no reply, no line of the story, goes out before the transaction is on
disk. A crash before that is a crash before the batch.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import msgspec
import structlog

from fedge.core.control import (
    DECIDED,
    ClientGone,
    ControlPlane,
    ControlSettings,
    Effect,
    Notify,
    Propose,
    Reply,
    State,
    Story,
    ToAccess,
    ToOperator,
    ToSink,
    ToSite,
    Untold,
)
from fedge.core.messages import Message
from fedge.ports import AccessNetwork, Journal, Operator, Sites
from fedge.runtime.failpoints import Failpoints
from fedge.wire import codec

log = structlog.get_logger("control")
WAKE_S = 0.05
SNAPSHOT_EVERY = 4000
MOST_FAULTS = 1000
"""So many different ones are written to the log."""

HELD_AT = {"WarmTarget": "PLANNED", "ReleaseSource": "CONFIRMED"}
"""Failpoints: the order that a held state waits with."""


def restored(journal: Journal, settings: ControlSettings) -> ControlPlane:
    """The control plane as the journal has it. Effects of the replay go nowhere: their receivers are asked afresh."""
    snapshot, entries = journal.read()
    state = msgspec.msgpack.decode(snapshot, type=State) if snapshot is not None else State()
    plane = ControlPlane(settings, state)
    for at, event in entries:
        plane.handle(codec.decode(event), at)
    plane.sites.clear()
    plane.quality_said.clear()
    return plane


class ControlLoop:
    def __init__(
        self,
        plane: ControlPlane,
        journal: Journal,
        sites: Sites,
        access: AccessNetwork,
        reply: Callable[[Reply], None],
        tell: Callable[[Story], None],
        notify: Callable[[Notify], None],
        now: Callable[[], int] = time.monotonic_ns,
        operator: Operator | None = None,
        tell_sink: Callable[[ToSink | Untold | ClientGone], None] = lambda told: None,
    ) -> None:
        self.plane = plane
        self._journal, self._sites, self._access = journal, sites, access
        self._operator, self._tell_sink = operator, tell_sink
        self._reply, self._tell, self._notify, self._now = reply, tell, notify, now
        self._inbox: asyncio.Queue[Message | None] = asyncio.Queue()
        self._failpoints = Failpoints()
        self._held: list[tuple[str, Effect]] = []
        self._faults: set[str] = set()

    def post(self, event: Message) -> None:
        self._inbox.put_nowait(event)

    async def run(self) -> None:
        """Until cancelled. Raises what the journal raises: without a journal there are no decisions.

        What clients' sinks had not taken when an earlier program died is sent again.
        """
        for told in self.plane.state.outbox.under_way():
            self._tell_sink(told)
        ticking = asyncio.get_running_loop().create_task(self._tick())
        try:
            while True:
                batch = [await self._inbox.get()]
                while not self._inbox.empty():
                    batch.append(self._inbox.get_nowait())
                await self._handle(batch)
        finally:
            ticking.cancel()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(WAKE_S)
            self._inbox.put_nowait(None)

    async def _handle(self, batch: list[Message | None]) -> None:
        entries: list[tuple[int, bytes]] = []
        out: list[Effect] = []
        for event in batch:
            now = self._now()
            effects = self.plane.wake(now, self._faulty) if event is None else self._one(event, now, entries)
            while effects:
                effect = effects.pop(0)
                if isinstance(effect, Propose):
                    effects = self._one(effect.event, now, entries) + effects
                else:
                    out.append(effect)
        if entries:
            await asyncio.get_running_loop().run_in_executor(None, self._journal.append, entries)
            if self._journal.since_snapshot >= SNAPSHOT_EVERY:
                self._journal.snapshot(msgspec.msgpack.encode(self.plane.state))
        held, self._held = self._held, []
        for _, effect in held:
            self._pass(effect)
        for effect in out:
            self._pass(effect)

    def _faulty(self, what: str, error: Exception) -> None:
        """Each is written once: it will raise again at the next look."""
        if what not in self._faults and len(self._faults) < MOST_FAULTS:
            self._faults.add(what)
            log.error("cannot be looked at", what=what, exc_info=error)

    def _one(self, event: Message, now: int, entries: list[tuple[int, bytes]]) -> list[Effect]:
        if isinstance(event, DECIDED):
            entries.append((now, codec.encode(event)))
        return self.plane.handle(event, now)

    def _pass(self, effect: Effect) -> None:
        if self._failpoints.active and isinstance(effect, ToSite):
            point = HELD_AT.get(type(effect.message).__name__)
            if point is not None and self._failpoints.holds(point):
                self._held.append((point, effect))
                return
        match effect:
            case ToSite(site, message):
                self._sites.send(site, message)
            case ToAccess(message):
                self._access.send(message)
            case ToOperator(message):
                if self._operator is not None:
                    self._operator.send(message)
            case ToSink() | Untold() | ClientGone():
                self._tell_sink(effect)
            case Reply():
                self._reply(effect)
            case Story():
                self._tell(effect)
            case Notify():
                self._notify(effect)
