"""Subscriptions to what happens in CAPIF (TS 29.222, 8.3), and whom each happening is told.

Without HTTP. An invoker is told of itself only, and of the APIs; provider functions are told of every invoker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from msgspec import UNSET, Struct
from msgspec.structs import replace

from fedge.simulation.core5g.capif import negotiation
from fedge.simulation.core5g.capif.data_types import (
    CAPIFEventDetail,
    CAPIFEventFilter,
    EventNotification,
    EventSubscription,
    ReportingInformation,
)
from fedge.simulation.core5g.capif.published import ServiceAPIDescription, profiles
from fedge.simulation.core5g.nef import reading
from fedge.simulation.core5g.nef.operator import common_features, refuse
from fedge.simulation.core5g.nef.problem import InvalidParam, Problem, incorrect
from fedge.simulation.core5g.shelf import Disk, Shelf

MOST_PER_SUBSCRIBER = 100
AVAILABLE, UNAVAILABLE, UPDATED = "SERVICE_API_AVAILABLE", "SERVICE_API_UNAVAILABLE", "SERVICE_API_UPDATE"
ONBOARDED, CHANGED, OFFBOARDED = "API_INVOKER_ONBOARDED", "API_INVOKER_UPDATED", "API_INVOKER_OFFBOARDED"
REVOKED = "API_INVOKER_AUTHORIZATION_REVOKED"
HAPPENING = frozenset({AVAILABLE, UNAVAILABLE, UPDATED, ONBOARDED, CHANGED, OFFBOARDED, REVOKED})
NEVER = frozenset(
    {
        "SERVICE_API_INVOCATION_SUCCESS", "SERVICE_API_INVOCATION_FAILURE",
        "ACCESS_CONTROL_POLICY_UPDATE", "ACCESS_CONTROL_POLICY_UNAVAILABLE",
        "API_TOPOLOGY_HIDING_CREATED", "API_TOPOLOGY_HIDING_REVOKED",
    }
)  # fmt: skip
"""Events of APIs that this core does not have: logging, access control policies, routing."""
_NOT_OFFERED = ("immRep", "repPeriod", "sampRatio", "partitionCriteria", "grpRepTime", "notifFlag")


class Happening(Struct, frozen=True):
    """``api``: what was published, changed or withdrawn; ``invoker``: who; ``apis``, ``aefs``: what was revoked, and where."""

    event: str
    api: ServiceAPIDescription | None = None
    invoker: str = ""
    apis: tuple[str, ...] = ()
    aefs: tuple[str, ...] = ()


class EventsWanted(Struct, frozen=True):
    """One resource. ``is_invoker``: the subscriber is one; ``sent``: notifications so far."""

    id: str
    subscriber: str
    is_invoker: bool
    says: EventSubscription
    sent: int = 0


class Told(Struct, frozen=True):
    """A notification for a subscription's destination."""

    subscription: str
    url: str
    what: EventNotification


class EventSubscriptions:
    """``networks``: where notifications may go. ``now_s()``: Unix seconds."""

    def __init__(
        self,
        disk: Disk,
        new_id: Callable[[str], str],
        networks: Sequence[str],
        now_s: Callable[[], float],
    ) -> None:
        self._held = Shelf(disk, "capif-subscription", EventsWanted)
        self._new_id, self._networks, self._now_s = new_id, networks, now_s

    def __iter__(self) -> Iterator[EventsWanted]:
        return iter(self._held)

    def create(self, subscriber: str, is_invoker: bool, body: bytes) -> EventsWanted:
        says = reading.read(body, EventSubscription)
        invalid = negotiation.notified_at(
            says.notification_destination, says.websock_notif_config, self._networks
        )
        unknown = [one for one in says.events if one not in HAPPENING | NEVER]
        if unknown:
            invalid.append(InvalidParam("/events", f"{unknown[0][:64]!r} is no event of CAPIF"))
        invalid += _reporting(says.event_req) if says.event_req is not UNSET else []
        if invalid:
            raise incorrect(True, *invalid)
        self._refuse(says)
        if sum(one.subscriber == subscriber for one in self._held) >= MOST_PER_SUBSCRIBER:
            raise Problem(403, "OPERATION_PROHIBITED", f"at most {MOST_PER_SUBSCRIBER} subscriptions")
        features = negotiation.told(says.supported_features, negotiation.EVENTS)
        id = self._new_id("events")
        says = replace(says, supported_features=features)
        return self._held.put(id, EventsWanted(id, subscriber, is_invoker, says))

    def delete(self, subscriber: str, id: str) -> None:
        """Raises ``Problem`` 404. Another's is as unknown as one that never was."""
        found = self._held.get(id)
        if found is None or found.subscriber != subscriber:
            raise Problem(404, "SUBSCRIPTION_NOT_FOUND", "there is no such subscription here")
        self._held.drop(id)

    def drop(self, subscriber: str) -> None:
        """Who is no longer there is told nothing more."""
        for one in self._held:
            if one.subscriber == subscriber:
                self._held.drop(one.id)

    def told(self, happening: Happening) -> list[Told]:
        """Who is told, and what. Counts it: a subscription ends with its last report, or when its time is over."""
        found = []
        for one in self._held:
            if _over(one.says.event_req, one.sent, self._now_s()):
                self._held.drop(one.id)
                continue
            if happening.event not in one.says.events or not _concerns(one, happening):
                continue
            enhanced = common_features(one.says.supported_features, negotiation.EVENTS)
            detail = _detail(happening) if enhanced & negotiation.ENHANCED_EVENTS else UNSET
            notification = EventNotification(one.id, happening.event, detail)
            found.append(Told(one.id, one.says.notification_destination, notification))
            counted = replace(one, sent=one.sent + 1)
            if _over(one.says.event_req, counted.sent, self._now_s()):
                self._held.drop(one.id)
            elif one.says.event_req is not UNSET:
                self._held.put(one.id, counted)
        return found

    def _refuse(self, says: EventSubscription) -> None:
        """Raises ``Problem`` 403 for what this core does not offer."""
        refused = [
            InvalidParam("/events", f"{one} never happens here") for one in says.events if one in NEVER
        ]
        if says.event_req is not UNSET:
            asked = says.event_req
            for name, attribute in zip(asked.__struct_encode_fields__, asked.__struct_fields__, strict=True):
                if name in _NOT_OFFERED and getattr(asked, attribute) not in (UNSET, False):
                    refused.append(InvalidParam(f"/eventReq/{name}", "not offered by this network"))
            if asked.notif_method == "PERIODIC":
                refused.append(InvalidParam("/eventReq/notifMethod", "events are told as they happen"))
        refuse(refused)


def _reporting(asked: ReportingInformation) -> list[InvalidParam]:
    found = []
    if asked.notif_method not in (UNSET, "PERIODIC", "ONE_TIME", "ON_EVENT_DETECTION"):
        reason = "must be ONE_TIME or ON_EVENT_DETECTION"
        found.append(InvalidParam("/eventReq/notifMethod", reason))
    if asked.mon_dur is not UNSET and _until_s(asked.mon_dur) is None:
        found.append(InvalidParam("/eventReq/monDur", "is no date-time of RFC 3339"))
    if asked.max_report_nbr == 0:
        found.append(InvalidParam("/eventReq/maxReportNbr", "must be at least 1"))
    return found


def _over(asked: object, sent: int, now_s: float) -> bool:
    """Has a subscription had its last report?"""
    if not isinstance(asked, ReportingInformation):
        return False
    most = 1 if asked.notif_method == "ONE_TIME" else asked.max_report_nbr
    until_s = _until_s(asked.mon_dur) if asked.mon_dur is not UNSET else None
    return (most is not UNSET and sent >= most) or (until_s is not None and now_s >= until_s)


def _until_s(text: str) -> float | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.timestamp() if found.tzinfo is not None else None


def _concerns(one: EventsWanted, happening: Happening) -> bool:
    if one.is_invoker and happening.invoker not in ("", one.subscriber):
        return False
    filters = one.says.event_filters
    return filters is UNSET or any(_passes(each, happening) for each in filters)


def _passes(wanted: CAPIFEventFilter, happening: Happening) -> bool:
    apis, aefs = set(happening.apis), set(happening.aefs)
    if happening.api is not None:
        apis.add(str(happening.api.api_id))
        aefs |= {profile.aef_id for profile in profiles(happening.api)}
    return (
        (wanted.api_ids is UNSET or bool(apis & set(wanted.api_ids)))
        and (wanted.aef_ids is UNSET or bool(aefs & set(wanted.aef_ids)))
        and (wanted.api_invoker_ids is UNSET or happening.invoker in wanted.api_invoker_ids)
    )


def _detail(happening: Happening) -> CAPIFEventDetail:
    api = happening.api
    apis = [*happening.apis, *([str(api.api_id)] if api is not None else [])]
    described = [api] if api is not None and happening.event != UNAVAILABLE else []
    return CAPIFEventDetail(
        service_api_descriptions=described or UNSET,
        api_ids=apis or UNSET,
        api_invoker_ids=[happening.invoker] if happening.invoker else UNSET,
    )
