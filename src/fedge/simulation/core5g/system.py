"""The core network as one thing: session management and exposure function joined, on an event loop.

Implements ``nef.influence.api.Core``. Carries effects out in order: what must be remembered is on disk before anything that
follows from it is said. Links and HTTP are given by ``programs.core_network``.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping

import msgspec
from msgspec import UNSET

from fedge.core.messages import Message
from fedge.core.model import Address, Nanoseconds, SiteId, UeId
from fedge.simulation.core5g.faults import Faults
from fedge.simulation.core5g.nef.data_types import TestNotification
from fedge.simulation.core5g.nef.influence.api import ACKNOWLEDGEMENTS, BASE
from fedge.simulation.core5g.nef.influence.checks import n6_end
from fedge.simulation.core5g.nef.influence.data_types import RouteToLocation, TrafficInfluSub
from fedge.simulation.core5g.nef.influence.notifications import event_notification
from fedge.simulation.core5g.nef.influence.subscriptions import Subscription, Subscriptions
from fedge.simulation.core5g.nef.operator import Operator
from fedge.simulation.core5g.nef.outbox import Letter, Outbox
from fedge.simulation.core5g.nef.resources import Made
from fedge.simulation.core5g.shelf import Shelf
from fedge.simulation.core5g.smf import SessionManagement
from fedge.simulation.core5g.store import INFLUENCES, Store
from fedge.simulation.core5g.words import (
    Acknowledged,
    AnswerAck,
    Effect,
    Event,
    InfluenceEnded,
    Notify,
    Outcome,
    Remember,
    ToRan,
    ToUpf,
)

MOST_TRANSACTIONS = 65_536


class CoreNetwork:
    """``root``: the scheme and authority under which the NEF is reached. ``to_upf``, ``to_ran``: links, which may be down."""

    def __init__(
        self,
        root: str,
        operator: Operator,
        smf: SessionManagement,
        store: Store,
        outbox: Outbox,
        to_upf: Callable[[SiteId, Message], object],
        to_ran: Callable[[Message], object],
        now: Callable[[], Nanoseconds],
    ) -> None:
        self._smf, self._store, self._outbox, self._now = smf, store, outbox, now
        self._to_upf, self._to_ran, self._root = to_upf, to_ran, root
        self._operator = operator
        self._kept = Shelf(store, INFLUENCES, Subscription)
        self._subscriptions = Subscriptions(operator, root + BASE, self._attached_by, self._kept)
        self._owners: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._answers: dict[int, asyncio.Future[Outcome]] = {}
        self._requests = 0
        self._created = 0
        for one in self._subscriptions:
            self.handle(one.asks)

    # --- events -------------------------------------------------------------------------------------------------------------

    def handle(self, event: Event) -> None:
        self._carry_out(self._smf.handle(event, self._now()))

    def wake(self) -> None:
        self._carry_out(self._smf.wake(self._now()))

    def strike(self, faults: Faults) -> None:
        """These faults from now on."""
        self._smf.strike(faults)
        self._outbox.faults = faults

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Remember():
                    self._store.remember(effect)
                case ToUpf(site, message):
                    self._to_upf(site, message)
                case ToRan(message):
                    self._to_ran(message)
                case Notify():
                    self._notify(effect)
                case AnswerAck(request, outcome):
                    future = self._answers.pop(request, None)
                    if future is not None and not future.done():
                        future.set_result(outcome)

    def _notify(self, notify: Notify) -> None:
        subscription = self._subscriptions.get(notify.influence)
        subscriber = self._smf.subscriber(notify.ue)
        if subscription is None or subscriber is None or subscription.says.notification_destination is UNSET:
            return  # ended in the meantime
        if notify.transaction:
            self._owners[notify.transaction] = (notify.influence, notify.target.site)
            if len(self._owners) > MOST_TRANSACTIONS:
                self._owners.popitem(last=False)
        said = event_notification(notify, subscription, subscriber, self._root + ACKNOWLEDGEMENTS)
        lane = (subscription.id, notify.ue)
        self._outbox.post(Letter(lane, subscription.says.notification_destination, msgspec.json.encode(said)))

    def _attached_by(self, ue: UeId) -> str | None:
        found = self._smf.subscriber(ue)
        return found.kind if found is not None else None

    # --- nef.influence.api.Core ---------------------------------------------------------------------------------------------

    def list(self, af: str, query: Mapping[str, str]) -> list[TrafficInfluSub]:
        return [one.says for one in self._subscriptions.list(af)]

    def read(self, af: str, id: str) -> TrafficInfluSub:
        return self._subscriptions.read(af, id).says

    def create(self, af: str, body: bytes) -> Made:
        self._created += 1
        made = self._subscriptions.create(af, f"{self._store.life:x}-{self._created:x}", body)
        said = self._changed(made)
        if said.request_test_notification is True and said.notification_destination is not UNSET:
            assert said.self_ is not UNSET
            test = msgspec.json.encode(TestNotification(said.self_))
            self._outbox.post(Letter((made.id, ""), said.notification_destination, test))
        return Made(said, said.self_)

    def replace(self, af: str, id: str, body: bytes) -> TrafficInfluSub:
        return self._changed(self._subscriptions.replace(af, id, body))

    def patch(self, af: str, id: str, body: bytes) -> TrafficInfluSub:
        return self._changed(self._subscriptions.patch(af, id, body))

    def delete(self, af: str, id: str) -> None:
        self._subscriptions.delete(af, id)
        self.handle(InfluenceEnded(id))
        self._kept.drop(id)  # killed before this, it is there again, and can be deleted again

    def owner(self, transaction: str) -> tuple[Subscription, str] | None:
        """The subscription that a transaction belongs to, and the target that was notified."""
        id, target = self._owners.get(transaction, ("", ""))
        subscription = self._subscriptions.get(id)
        return (subscription, target) if subscription is not None else None

    def n6_end(self, route: RouteToLocation) -> Address | None:
        return n6_end(route, self._operator)

    async def acknowledge(self, transaction: str, refusal: str, n6: Address | None) -> Outcome:
        """Returns once session management has an answer; for a switch that is when the access network has made it."""
        self._requests += 1
        request = self._requests
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._answers[request] = future
        try:
            self.handle(Acknowledged(request, transaction, refusal, n6))
            return await future
        finally:
            self._answers.pop(request, None)

    def _changed(self, subscription: Subscription) -> TrafficInfluSub:
        """Kept first, then carried out."""
        self._kept.put(subscription.id, subscription)
        self.handle(subscription.asks)
        return subscription.says
