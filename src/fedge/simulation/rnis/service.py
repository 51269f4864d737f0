"""The radio network information service as one thing, on an event loop: picture, queries, subscriptions and their channels.

``hear`` takes what access network and session management say to each other; ``api`` calls the operations. Subscriptions are
kept on disk, as the NEF's are, so that a restart of the core network does not end them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random

import msgspec

from fedge.core.messages import Cell, CellChanged, HandoverPredicted, Message, RadioMeasured
from fedge.core.model import SECOND, Nanoseconds, UeId
from fedge.simulation.core5g.faults import NONE, Faults
from fedge.simulation.core5g.nef.outbox import MOST_WAITING, Letter, Outbox
from fedge.simulation.core5g.store import RADIOS, Store
from fedge.simulation.rnis.data_types import Json
from fedge.simulation.rnis.picture import RadioPicture
from fedge.simulation.rnis.queries import Queries
from fedge.simulation.rnis.reports import Notice, Reports, periodical, report_kind
from fedge.simulation.rnis.stream import Stream
from fedge.simulation.rnis.subscriptions import Subscription, Subscriptions
from fedge.simulation.rnis.words import CellWords

MOST_REPORTS_WAITING = MOST_WAITING // 8
"""Measurement reports are posted while no more letters wait; what a receiver does not take in time it is not told."""


class Socket:
    """One open websocket of a subscription. ``news`` is set when something waits, or ``ended`` says why it closes."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.news = asyncio.Event()
        self.ended = ""

    def tell(self, event: bytes) -> None:
        self.stream.tell(event)
        self.news.set()

    def end(self, why: str, at_once: bool = False) -> None:
        """What waits leaves first, unless it is ``at_once``."""
        if at_once:
            self.stream.forget()
        self.ended = why
        self.news.set()


class RadioInformation:
    """``root``: scheme and authority of the server. ``outbox``: this service's own. ``unix_ns``: the time of day at instant 0."""

    def __init__(
        self,
        cells: Sequence[Cell],
        root: str,
        store: Store,
        outbox: Outbox,
        unix_ns: Nanoseconds,
        rng: Random,
    ) -> None:
        self._store, self.outbox = store, outbox
        words = CellWords(cells)
        self.picture = RadioPicture(cells)
        self.queries = Queries(self.picture, words)
        held = [msgspec.json.decode(body, type=Subscription) for _, body in store.rows(RADIOS)]
        self.subscriptions = Subscriptions(root, words, outbox.objection, held)
        self._reports = Reports(self.picture, words, self.subscriptions, unix_ns)
        self._sockets: dict[str, Socket] = {}
        self._created = 0
        self._next_reported = 0
        self._faults, self._rng = NONE, rng

    # --- what is said between access network and core network ---------------------------------------------------------------

    def hear(self, message: object) -> None:
        """In either direction; what this service has no use for is ignored."""
        if not isinstance(message, Message):
            return
        if isinstance(message, HandoverPredicted):
            self._tell(*self._reports.predicted(message))
        if isinstance(message, CellChanged):
            self._tell(*self._reports.changed(message))
        for change in self.picture.hear(message):
            self._tell(*self._reports.bearer(change, self.picture.measured_at))
        if isinstance(message, RadioMeasured):
            self._measured(message)

    def strike(self, faults: Faults) -> None:
        """These faults from now on."""
        self._faults = self.outbox.faults = faults

    def wake(self, now_s: float) -> None:
        """What the passing of time means; to be called every second or more often. ``now_s``: Unix time."""
        warn, gone = self.subscriptions.due(now_s)
        for one in warn:
            self._tell(self._reports.expiry(one, int(now_s * SECOND)))
        for one in gone:
            self._gone(one.id)

    # --- operations ---------------------------------------------------------------------------------------------------------

    def create(self, owner: str, body: Json, now_s: float) -> Subscription:
        self._created += 1
        made = self.subscriptions.create(owner, f"{self._store.life:x}-{self._created:x}", body, now_s)
        self._keep(made)
        return made

    def replace(self, owner: str, id: str, body: Json, now_s: float) -> Subscription:
        made = self.subscriptions.replace(owner, id, body, now_s)
        if made.callback and id in self._sockets:
            self._sockets.pop(id).end("notifications are posted now")
        self._keep(made)
        return made

    def delete(self, owner: str, id: str) -> None:
        self.subscriptions.delete(owner, id)
        self._gone(id)

    def open(self, one: Subscription) -> Socket:
        """A websocket for its notifications; an earlier one is closed, as its reader has come again."""
        if one.id in self._sockets:
            self._sockets[one.id].end("another connection has taken over")
        socket = Socket(Stream(lambda ue: self._report(one.id, ue)))
        self._sockets[one.id] = socket
        if one.test:
            self._tell(self._reports.test(one))
        return socket

    def closed(self, id: str, socket: Socket) -> None:
        if self._sockets.get(id) is socket:
            del self._sockets[id]

    # --- channels -----------------------------------------------------------------------------------------------------------

    def _tell(self, *notices: Notice) -> None:
        """Over a websocket that nobody has opened, nothing is told."""
        for one, ue, body in notices:
            if one.callback:
                self.outbox.post(Letter((one.id, ue), one.callback, body))
            elif (socket := self._sockets.get(one.id)) is not None:
                self._send(socket, body)

    def _send(self, socket: Socket, event: bytes) -> None:
        """Faults strike here as they strike what is posted."""
        faults, rng = self._faults, self._rng
        if faults.drop and rng.random() < faults.drop:
            return
        if faults.reorder and rng.random() < faults.reorder:
            self._send_late(socket, event)
            return
        socket.tell(event)
        if faults.duplicate and rng.random() < faults.duplicate:
            self._send_late(socket, event)

    def _send_late(self, socket: Socket, event: bytes) -> None:
        delay_s = self._rng.random() * self._faults.delay_ms / 1000
        asyncio.get_running_loop().call_later(delay_s, socket.tell, event)

    def _measured(self, message: RadioMeasured) -> None:
        by_kind: dict[str, list[UeId]] = {}
        for ue in message.ues:
            by_kind.setdefault(report_kind(ue.kind), []).append(ue.ue)
        for one in self.subscriptions:
            ues = by_kind.get(one.kind)
            if ues is None or not periodical(one):
                continue
            if one.callback:
                self._post_reports(one, ues)
            elif (socket := self._sockets.get(one.id)) is not None:
                socket.stream.mark(ues)
                socket.news.set()

    def _post_reports(self, one: Subscription, ues: list[UeId]) -> None:
        """As many as are taken in time, beginning behind those of the last round; none whose UE's last one has not left."""
        first = self._next_reported % len(ues)
        for number, ue in enumerate(ues[first:] + ues[:first]):
            if self.outbox.waiting >= MOST_REPORTS_WAITING:
                self._next_reported = first + number
                return
            if self.outbox.waits((one.id, ue)):
                continue
            body = self._reports.periodical(one, ue)
            if body is not None:
                self.outbox.post(Letter((one.id, ue), one.callback, body))

    def _report(self, id: str, ue: UeId) -> bytes | None:
        if self._faults.drop and self._rng.random() < self._faults.drop:
            return None
        one = self.subscriptions.get(id)
        return self._reports.periodical(one, ue) if one is not None else None

    def _keep(self, one: Subscription) -> None:
        self._store.put(RADIOS, one.id, msgspec.json.encode(one))
        if one.test and one.callback:
            self._tell(self._reports.test(one))

    def _gone(self, id: str) -> None:
        self._store.drop(RADIOS, id)
        if id in self._sockets:
            self._sockets.pop(id).end("the subscription has ended")
