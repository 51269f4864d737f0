"""Sessions with a quality: the operations on them, what is asked of the radio, and what is told of its answers. Pure.

A session is ``asked`` until the access network has answered; then it is ``granted`` or ``failed``. A change is asked for in the
same way, and what the radio held before it keeps until it has room. Of several references the first that finds room holds. When
a UE is gone, its session is ``ended``; its resource stays until the application function deletes it (TS 29.514, 4.2.4).
A restarted access network knows nothing, and is told everything again. Driven by ``exposed_api``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import UNSET
from msgspec.structs import replace

from fedge.core.messages.user_plane import QosFulfilled, QosInstalled, QosRefused, Quality, RanHello
from fedge.core.model import UeId
from fedge.simulation.core5g.nef import queries, reading
from fedge.simulation.core5g.nef.data_types import TestNotification
from fedge.simulation.core5g.nef.due import Due
from fedge.simulation.core5g.nef.effects import Forget, Keep, NefEffect, Post
from fedge.simulation.core5g.nef.operator import Operator
from fedge.simulation.core5g.nef.patches import merge
from fedge.simulation.core5g.nef.problem import no_such_subscription, refuse_changes, too_many
from fedge.simulation.core5g.nef.quality.checks import Wanted, checked, negotiated
from fedge.simulation.core5g.nef.quality.data_types import (
    AsSessionWithQoSSubscription,
    AsSessionWithQoSSubscriptionPatch,
    UserPlaneEventReport,
    UserPlaneNotificationData,
)
from fedge.simulation.core5g.nef.quality.radio import Radio
from fedge.simulation.core5g.nef.quality.said import event_report, notification
from fedge.simulation.core5g.nef.quality.session import Held, Session, plain
from fedge.simulation.core5g.nef.resources import Made
from fedge.simulation.core5g.words import Event, RanLost

MOST_PER_AF = 10_000
_FIXED = ("dnn", "snssai", "ueIpv4Addr", "ipDomain", "ueIpv6Addr", "macAddr")
_PATCHABLE = AsSessionWithQoSSubscriptionPatch.__struct_encode_fields__
_UNPATCHABLE = [
    name for name in AsSessionWithQoSSubscription.__struct_encode_fields__ if name not in _PATCHABLE
]


class Sessions:
    """``catalogue``: the operator's references. ``base_url``: the API's root; ``known``: what earlier lives kept."""

    def __init__(
        self,
        operator: Operator,
        catalogue: Mapping[str, Quality],
        base_url: str,
        known: Iterable[Session] = (),
    ) -> None:
        self._operator, self._catalogue, self._base_url = operator, catalogue, base_url
        self._all = {one.id: one for one in known}
        self._radio = Radio(catalogue)
        self._out: list[NefEffect] = []
        self._due = Due()
        for one in self._all.values():
            self._await_usage(one)

    def take(self) -> list[NefEffect]:
        out, self._out = [*self._out, *self._radio.out], []
        self._radio.out = []
        return out

    def all(self) -> Iterable[Session]:
        return self._all.values()

    # --- operations ---------------------------------------------------------------------------------------------------------

    def list(self, af: str, query: Mapping[str, str]) -> list[AsSessionWithQoSSubscription]:
        asked = queries.asked(query)
        found = [one.says for one in self._all.values() if one.af == af]
        if asked.addresses is None:
            return found
        if asked.ip_domain not in (None, self._operator.ip_domain):
            return []
        return [says for says in found if says.ue_ipv4_addr in asked.addresses]

    def read(self, af: str, id: str) -> AsSessionWithQoSSubscription:
        return self._own(af, id).says

    def create(self, af: str, id: str, body: bytes, now_s: float) -> Made:
        says = reading.read(body, AsSessionWithQoSSubscription)
        if sum(one.af == af for one in self._all.values()) >= MOST_PER_AF:
            raise too_many(MOST_PER_AF)
        says, wanted = self._checked(af, id, says)
        session = self._keep(Session(id, af, says, wanted))
        assert says.self_ is not UNSET
        if says.request_test_notification is True:
            self._post(session, TestNotification(says.self_))
        self._ask(session, wanted.references[0])
        return Made(says, says.self_)

    def replace(self, af: str, id: str, body: bytes, now_s: float) -> AsSessionWithQoSSubscription:
        before = self._own(af, id)
        return self._change(before, reading.read(body, AsSessionWithQoSSubscription), now_s)

    def patch(self, af: str, id: str, body: bytes, now_s: float) -> AsSessionWithQoSSubscription:
        before = self._own(af, id)
        patch = reading.read_object(body)
        reading.convert(patch, AsSessionWithQoSSubscriptionPatch)
        known = {name: value for name, value in patch.items() if name in _PATCHABLE}
        refuse_changes(name for name in _UNPATCHABLE if name in patch)
        for one, other in (("flowInfo", "exterAppId"), ("exterAppId", "flowInfo")):
            if one in known and other not in known:
                known[other] = None  # the flow is said in one way only: the new one
        merged = merge(plain(before.says), known)
        return self._change(before, reading.convert(merged, AsSessionWithQoSSubscription), now_s)

    def delete(self, af: str, id: str, now_s: float) -> UserPlaneNotificationData | None:
        """A last usage report, where usage was to be reported and there was some."""
        gone = self._own(af, id)
        del self._all[id]
        self._due.drop(id)
        self._radio.remove(gone)
        self._out.append(Forget(id))
        if gone.says.usage_threshold is UNSET or not gone.used_from_s or gone.state == "ended":
            return None
        return notification(gone.uri, event_report("USAGE_REPORT", used_s=now_s - gone.used_from_s))

    # --- events -------------------------------------------------------------------------------------------------------------

    def handle(self, event: Event, now_s: float) -> None:
        match event:
            case RanHello(subscribers=subscribers):
                self._ran_hello(frozenset(one.ue for one in subscribers))
            case RanLost():
                self._radio.attached = None
                self._radio.forget_questions()
            case QosInstalled(flow=flow) if flow in self._all:
                self._installed(self._all[flow], now_s)
            case QosRefused(flow=flow) if flow in self._all:
                self._refused(self._all[flow])
            case QosFulfilled(flow=flow, fulfilled=fulfilled) if flow in self._all:
                if self._all[flow].state != "ended":
                    self._fulfilled(self._all[flow], fulfilled)

    def wake(self, now_s: float) -> None:
        for id in self._due.now(now_s):
            session = self._all[id]
            used_s = now_s - session.used_from_s
            self._keep(replace(session, used_from_s=now_s, reported=True))
            self._report(session, event_report("USAGE_REPORT", used_s=used_s))

    def _ran_hello(self, attached: frozenset[UeId]) -> None:
        self._radio.attached = attached
        self._radio.forget_questions()
        for session in list(self._all.values()):
            if session.held is not None and session.wanted.ue not in attached:
                session = self._keep(replace(session, state="ended", held=None))
                self._due.drop(session.id)
                self._report(session, event_report("SESSION_TERMINATION"))
            if session.held is not None:
                self._radio.install(session, session.held)
            if session.state == "asked":
                self._ask(session, session.wanted.references[0])

    def _installed(self, session: Session, now_s: float) -> None:
        held = self._radio.answered(session)
        if session.state == "ended" or held is None:
            return
        if session.state != "asked" and session.held == held:
            # said again after a restart; if the rate is not kept, the radio says so next
            self._fulfilled(session, True)
            return
        state = "asked" if self._radio.waits(session) else "granted"
        used_from_s = session.used_from_s or now_s
        session = self._keep(replace(session, state=state, held=held, kept=True, used_from_s=used_from_s))
        self._await_usage(session)
        if state == "granted":
            self._report(session, event_report("SUCCESSFUL_RESOURCES_ALLOCATION", applied=held.reference))

    def _refused(self, session: Session) -> None:
        refused, wanted = self._radio.answered(session), session.wanted
        if session.state == "ended" or refused is None:
            return
        if refused == session.held:
            session = self._keep(replace(session, held=None))
        if self._radio.waits(session):
            return  # it was asked for something else since
        if session.state != "failed" and refused.reference in wanted.references:
            later = wanted.references[wanted.references.index(refused.reference) + 1 :]
            if later:
                session = self._keep(replace(session, state="asked"))
                self._ask(session, later[0])
                return
        session = self._keep(replace(session, state="failed"))
        self._report(session, event_report("FAILED_RESOURCES_ALLOCATION"))

    def _fulfilled(self, session: Session, fulfilled: bool) -> None:
        if session.kept != fulfilled:
            session = self._keep(replace(session, kept=fulfilled))
            self._report(session, event_report("QOS_GUARANTEED" if fulfilled else "QOS_NOT_GUARANTEED"))

    # --- parts --------------------------------------------------------------------------------------------------------------

    def _own(self, af: str, id: str) -> Session:
        """Raises ``Problem`` 404."""
        found = self._all.get(id)
        if found is None or found.af != af:
            raise no_such_subscription(id)
        return found

    def _checked(
        self, af: str, id: str, says: AsSessionWithQoSSubscription
    ) -> tuple[AsSessionWithQoSSubscription, Wanted]:
        says = negotiated(says)
        wanted = checked(says, self._operator, self._catalogue)
        return replace(says, self_=f"{self._base_url}/{af}/subscriptions/{id}"), wanted

    def _change(
        self, before: Session, says: AsSessionWithQoSSubscription, now_s: float
    ) -> AsSessionWithQoSSubscription:
        """Raises ``Problem``. What the radio has nothing to do with is changed at once."""
        was, shall = plain(before.says), plain(says)
        refuse_changes(name for name in _FIXED if was.get(name) != shall.get(name))
        says, wanted = self._checked(before.af, before.id, says)
        session = replace(before, says=says, wanted=wanted)
        if says.usage_threshold != before.says.usage_threshold:
            session = replace(session, used_from_s=now_s if session.used_from_s else 0.0, reported=False)
        asks = session.state != "ended" and (wanted != before.wanted or before.state == "failed")
        session = self._keep(replace(session, state="asked") if asks else session)
        self._await_usage(session)
        if asks:
            self._ask(session, wanted.references[0])
        return says

    def _ask(self, session: Session, reference: str) -> None:
        self._radio.install(session, Held(session.wanted.filters, reference))

    def _await_usage(self, session: Session) -> None:
        at_s = session.report_at_s
        if at_s is None or session.state == "ended":
            self._due.drop(session.id)
        else:
            self._due.put(session.id, at_s)

    def _report(self, session: Session, report: UserPlaneEventReport) -> None:
        if session.says.events is UNSET or report.event in session.says.events:
            self._post(session, notification(session.uri, report))

    def _post(self, session: Session, body: object) -> None:
        self._out.append(Post(session.id, session.says.notification_destination, body))

    def _keep(self, session: Session) -> Session:
        self._all[session.id] = session
        self._out.append(Keep(session))
        return session
