"""Subscriptions to monitoring events: the operations on them, and their end. Pure; driven by ``exposed_api``.

``watching`` finds what is to be reported, ``delivery`` sends it. Who asks once for what is known is answered at once, and nothing
stays. What the operator offers no longer when it starts again is cancelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from fedge.core.model import UeId
from fedge.simulation.core5g.nef import queries, reading
from fedge.simulation.core5g.nef.data_types import TestNotification
from fedge.simulation.core5g.nef.due import Due
from fedge.simulation.core5g.nef.effects import Keep, NefEffect, Post
from fedge.simulation.core5g.nef.monitoring.attributes import FIXED, GROUP_CHANGES, LOSS
from fedge.simulation.core5g.nef.monitoring.checks import Watched, checked, negotiated
from fedge.simulation.core5g.nef.monitoring.data_types import (
    MonitoringEventReport,
    MonitoringEventReports,
    MonitoringEventSubscription,
)
from fedge.simulation.core5g.nef.monitoring.delivery import Delivery
from fedge.simulation.core5g.nef.monitoring.reports import Ground, Reports, only
from fedge.simulation.core5g.nef.monitoring.watch import Monitor, Watch, Watches, plain
from fedge.simulation.core5g.nef.monitoring.watching import Watching
from fedge.simulation.core5g.nef.operator import Operator
from fedge.simulation.core5g.nef.patches import Steps, patched
from fedge.simulation.core5g.nef.problem import Problem, no_such_subscription, refuse_changes, too_many
from fedge.simulation.core5g.nef.resources import Made
from fedge.simulation.core5g.words import Event

MOST_PER_AF = 10_000


class Monitors:
    """``base_url``: the API's root; ``known``: what earlier lives kept. ``now_s``: Unix seconds."""

    def __init__(
        self, operator: Operator, ground: Ground, base_url: str, known: Iterable[Monitor], now_s: float
    ) -> None:
        self._operator, self._base_url = operator, base_url
        self._watches, self._due = Watches(), Due()
        self._delivery = Delivery(self._watches, self._due)
        self._watching = Watching(self._watches, self._delivery, self._due, Reports(operator, ground))
        for monitor in known:
            self._again(monitor, now_s)

    def take(self) -> list[NefEffect]:
        out, self._delivery.out = self._delivery.out, []
        return out

    # --- operations ---------------------------------------------------------------------------------------------------------

    def list(self, af: str, query: Mapping[str, str]) -> list[MonitoringEventSubscription]:
        asked = queries.asked(query)
        found = [one for one in self._watches if one.monitor.af == af]
        if asked.addresses is not None:
            of_domain = asked.ip_domain in (None, self._operator.ip_domain)
            known = self._operator.addresses if of_domain else {}
            ues = {known[address] for address in asked.addresses if address in known}
            found = [one for one in found if one.watched.ues & ues]
        return [one.monitor.says for one in found]

    def read(self, af: str, id: str) -> MonitoringEventSubscription:
        return self._own(af, id).monitor.says

    def create(self, af: str, id: str, body: bytes, now_s: float) -> Made:
        says = reading.read(body, MonitoringEventSubscription)
        if sum(one.monitor.af == af for one in self._watches) >= MOST_PER_AF:
            raise too_many(MOST_PER_AF)
        says, watched = self._checked(af, id, says, now_s)
        watch = Watch(Monitor(id, af, says), watched, now_s)
        if watched.kind != LOSS and (watch.once or says.immediate_rep is True):
            watch.owed = set(watched.ues)
        known = self._watching.at_once(watch, watch.owed, now_s)
        if watch.once and known and len(known) == len(watched.ues):
            single = None if watched.group else only(known.values())
            return Made(single or MonitoringEventReports(list(known.values())))
        self._keep(watch)
        self._watching.begin(watch, now_s)
        assert says.self_ is not UNSET
        if says.request_test_notification is True:
            test = TestNotification(says.self_)
            self._delivery.out.append(Post(id, says.notification_destination, test))
        return Made(self._with_first_report(watch, known, now_s), says.self_)

    def replace(self, af: str, id: str, body: bytes, now_s: float) -> MonitoringEventSubscription:
        """PUT: all of it anew, but for whom and for what. Reports are counted anew."""
        before = self._own(af, id)
        says = reading.read(body, MonitoringEventSubscription)
        was, shall = plain(before.monitor.says), plain(says)
        refuse_changes(name for name in FIXED if was.get(name) != shall.get(name))
        return self._change(before, says, {}, now_s)

    def patch(self, af: str, id: str, body: bytes, now_s: float) -> None:
        """PATCH: a JSON patch (RFC 6902) that takes UEs into an active group, or out of it."""
        before = self._own(af, id)
        was = plain(before.monitor.says)
        shall = patched(was, reading.read(body, Steps))
        if not isinstance(shall, dict):
            raise Problem(403, "MODIFICATION_NOT_ALLOWED", "the subscription stays an object")
        refuse_changes(
            name
            for name in sorted(was.keys() | shall.keys())
            if name not in GROUP_CHANGES and was.get(name) != shall.get(name)
        )
        says = reading.convert(shall, MonitoringEventSubscription)
        self._change(before, says, before.monitor.told, now_s)

    def delete(self, af: str, id: str, now_s: float) -> Sequence[MonitoringEventReport] | None:
        """What was collected and not yet sent, if anything."""
        watch = self._own(af, id)
        unsent, watch.collected = watch.collected, []
        self._end(watch)
        return unsent or None

    # --- events -------------------------------------------------------------------------------------------------------------

    def handle(self, event: Event, now_s: float) -> None:
        self._watching.handle(event, now_s)

    def wake(self, now_s: float) -> None:
        for name in self._due.now(now_s):
            what, _, id = name.partition("/")
            watch = self._watches.get(id)
            if watch is None:
                continue
            match what:
                case "tick":
                    self._watching.tick(watch, now_s)
                case "late":
                    self._watching.late(watch, now_s)
                case "send":
                    self._delivery.flush(watch)
                case _:
                    self._end(watch)

    # --- parts --------------------------------------------------------------------------------------------------------------

    def _again(self, monitor: Monitor, now_s: float) -> None:
        """After a restart: whom a one-time subscription has not been told of is owed."""
        try:
            watched = checked(monitor.says, self._operator, 0.0)
        except Problem:
            watched = Watched(monitor.says.monitoring_type, frozenset(), False)
            self._delivery.end(Watch(monitor, watched, now_s), cancelled=True)
            return
        watch = Watch(monitor, watched, now_s)
        if watch.once and watched.kind != LOSS:
            watch.owed = {ue for ue in watched.ues if watch.open(ue)}
        self._watches.put(watch)
        self._watching.begin(watch, now_s)

    def _own(self, af: str, id: str) -> Watch:
        """Raises ``Problem`` 404."""
        found = self._watches.get(id)
        if found is None or found.monitor.af != af:
            raise no_such_subscription(id)
        return found

    def _checked(
        self, af: str, id: str, says: MonitoringEventSubscription, now_s: float
    ) -> tuple[MonitoringEventSubscription, Watched]:
        says = negotiated(says)
        watched = checked(says, self._operator, now_s)
        return replace(says, self_=f"{self._base_url}/{af}/subscriptions/{id}"), watched

    def _change(
        self, before: Watch, says: MonitoringEventSubscription, told: dict[UeId, int], now_s: float
    ) -> MonitoringEventSubscription:
        """Raises ``Problem``. What was collected stays collected, what was reported as lost stays so."""
        monitor = before.monitor
        says, watched = self._checked(monitor.af, monitor.id, says, now_s)
        watch = Watch(replace(monitor, says=says, told=told), watched, now_s)
        if watch.once and watched.kind != LOSS:
            watch.owed = {ue for ue in watched.ues if watch.open(ue)}
        watch.collected, watch.lost, watch.told_s = before.collected, before.lost & watched.ues, before.told_s
        for name in ("tick", "end"):
            self._due.drop(f"{name}/{monitor.id}")
        self._watching.forget(before)
        self._keep(watch)
        self._watching.begin(watch, now_s)
        if watch.done:
            self._end(watch)  # who had not been reported of is no member any more
        return says

    def _keep(self, watch: Watch) -> None:
        self._watches.put(watch)
        self._delivery.out.append(Keep(watch.monitor))

    def _end(self, watch: Watch) -> None:
        self._watching.forget(watch)
        self._delivery.end(watch)

    def _with_first_report(
        self, watch: Watch, known: Mapping[UeId, MonitoringEventReport], now_s: float
    ) -> object:
        """One UE's first report goes with the answer; a group's leave as a notification."""
        if not known:
            return watch.monitor.says
        if watch.watched.group:
            self._delivery.send(watch, known, now_s)
            return watch.monitor.says
        self._delivery.count(watch, known, now_s)
        return replace(watch.monitor.says, monitoring_event_report=msgspec.to_builtins(only(known.values())))
