"""MonitoringEvent as Fedge uses it (3GPP TS 29.122, 5.3): the places of a group, once a period; who of it is lost, and back; and
one UE's place at once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from fedge.adapters.core5g import words
from fedge.adapters.core5g.door import FAULTS, JSON, Caller
from fedge.adapters.core5g.parties import GPSI_MSISDN, Clock, Map, Subscribers, in_seconds
from fedge.adapters.core5g.subscribing import NotSayable, Subscribing, plain, unanswered
from fedge.adapters.core5g.words import Identity, Invalid
from fedge.core.exposure import (
    Answer,
    Call,
    Create,
    Locate,
    Losses,
    Notice,
    Place,
    Places,
    PlacesTold,
    Reach,
    ReachTold,
    Replace,
    Returns,
    Strange,
)
from fedge.core.location import MOST_RADIUS_M
from fedge.core.model import UeId

LOCATION_REPORTING, CURRENT, EITHER = (
    "LOCATION_REPORTING", "CURRENT_LOCATION", "CURRENT_OR_LAST_KNOWN_LOCATION",
)  # fmt: skip
LOSS, REACHABILITY = "LOSS_OF_CONNECTIVITY", "UE_REACHABILITY"
FEATURES, FEATURES_AGED, FEATURES_LOSS, FEATURES_REACHABILITY = "4", "20004", "1", "2"
"""``supportedFeatures``: Location_notification (3); with eLCS (18), without which ``maxAgeOfLocEst`` has no meaning;
Loss_of_connectivity_notification (1); Ue-reachability_notification (2).
"""
LEFT = (0, 1, 4, 5)
"""Loss-Of-Connectivity-Reason (TS 29.336, 8.4.58): detached or purged. Others: nothing was heard of it for too long."""


class Coordinates(Struct, frozen=True):
    lat: float
    lon: float


class Ellipse(Struct, frozen=True, rename="camel"):
    semi_major: float = 0.0


class GeographicArea(Struct, frozen=True, rename="camel"):
    """The shapes of TS 29.572 that are a point, with or without an uncertainty; a polygon is taken for its middle."""

    point: Coordinates | None = None
    uncertainty: float = 0.0
    uncertainty_ellipse: Ellipse = Ellipse()
    point_list: tuple[Coordinates, ...] = ()


class LocationInfo(Struct, frozen=True, rename="camel"):
    cell_id: str = ""
    twan_id: str = ""
    geographic_area: GeographicArea | None = None


class Report(Struct, frozen=True, rename="camel"):
    monitoring_type: str = LOCATION_REPORTING
    msisdn: str = ""
    external_id: str = ""
    location_info: LocationInfo | None = None
    loss_of_connect_reason: int | None = None
    event_time: datetime | None = None


class Notification(Struct, frozen=True, rename="camel"):
    subscription: str
    monitoring_event_reports: tuple[Report, ...] = ()
    cancel_ind: bool = False


class OneTime(Report, frozen=True, rename="camel"):
    """The answer to a one-time request: a report, several, or the subscription with a report in it."""

    monitoring_event_reports: tuple[Report, ...] = ()
    monitoring_event_report: Report | None = None

    def report(self) -> Report | None:
        if self.monitoring_event_reports:
            return self.monitoring_event_reports[0]
        return self.monitoring_event_report or (self if self.location_info is not None else None)


_NOTIFICATION, _ONE_TIME = msgspec.json.Decoder(Notification), msgspec.json.Decoder(OneTime)


class Monitoring:
    """``groups``: what else than the account's own terms is asked stands in each call."""

    def __init__(
        self, caller: Caller, af: str, identity: Identity, subscribers: Subscribers, where: Map, clock: Clock
    ) -> None:
        self._identity, self._subscribers, self._map, self._clock = identity, subscribers, where, clock
        self._subscribing = Subscribing(caller, af, identity, self, clock)

    async def carry_out(self, call: Call) -> Answer:
        """Never raises."""
        if not isinstance(call, Locate):
            return await self._subscribing.carry_out(call)
        try:
            return await self._locate(call)
        except FAULTS as error:
            return unanswered(call.number, error)

    async def _locate(self, call: Locate) -> Answer:
        gpsi = self._subscribers.gpsi(call.ue)
        if gpsi is None:
            return Answer(call.number, 404, "USER_NOT_FOUND", f"{call.ue} has no GPSI")
        said: dict[str, Any] = {
            **self._whom(gpsi),
            "monitoringType": LOCATION_REPORTING,
            "locationType": EITHER if call.max_age_s else CURRENT,
            "accuracy": "GEO_AREA",
            "maximumNumberOfReports": 1,
            "immediateRep": True,
            "notificationDestination": self._identity.destination("once"),
            "supportedFeatures": FEATURES_AGED if call.max_age_s else FEATURES,
        }
        if call.max_age_s:
            said["maxAgeOfLocEst"] = int(call.max_age_s)
        answer = await self._subscribing.call("POST", self._subscribing.all, said)
        if not answer.is_success:
            return plain(call.number, answer)
        report = _ONE_TIME.decode(answer.content).report()
        place = self._place(report, call.ue) if report is not None else None
        return Answer(call.number, answer.status_code, place=place)

    def new(self, call: Create | Replace) -> dict[str, Any]:
        match call.asks:
            case Places(group, period_s):
                said = _event(group, LOCATION_REPORTING, FEATURES)
                said |= {"locationType": CURRENT, "accuracy": "GEO_AREA", "repPeriod": period_s}
            case Losses(group, within_s):
                said = _event(group, LOSS, FEATURES_LOSS) | {"maximumDetectionTime": within_s}
            case Returns(group):
                said = _event(group, REACHABILITY, FEATURES_REACHABILITY) | {"reachabilityType": "DATA"}
            case _:
                raise NotSayable(f"{type(call.asks).__name__} is nothing that MonitoringEvent tells")
        said["monitorExpireTime"] = in_seconds(call.lasts_s)
        said["notificationDestination"] = self._identity.destination(call.token)
        return said

    def change(self, call: Replace) -> tuple[str, dict[str, Any], str]:
        """By PUT: a patch of this API may change a group's members, and nothing else."""
        return "PUT", self.new(call), JSON

    def heard(self, token: str, body: bytes) -> Notice | None:
        """A notification; None for a test. Raises ``Invalid``."""
        try:
            said = _NOTIFICATION.decode(body)
        except words.UNREADABLE as error:
            raise Invalid(str(error)) from None
        places, changes = list[Place](), list[Reach]()
        for report in said.monitoring_event_reports:
            ue = self._subscribers.of_report(report.msisdn, report.external_id)
            if ue is None:
                continue
            if report.monitoring_type in (LOSS, REACHABILITY):
                changes.append(self._reach(report, ue))
            elif (place := self._place(report, ue)) is not None:
                places.append(place)
        if changes:
            return ReachTold(token, tuple(changes), said.cancel_ind)
        if not said.monitoring_event_reports and not said.cancel_ind:
            return None  # TestNotification: TS 29.122, 5.2.1.2.9
        if not places and not said.cancel_ind:
            return Strange(token, "about nobody known")
        return PlacesTold(token, tuple(places), said.cancel_ind)

    def _reach(self, report: Report, ue: UeId) -> Reach:
        at = self._clock.of(report.event_time)
        if report.monitoring_type == REACHABILITY:
            return Reach(ue, at, True)
        return Reach(ue, at, False, report.loss_of_connect_reason in LEFT)

    def _place(self, report: Report, ue: UeId) -> Place | None:
        info = report.location_info
        area = info.geographic_area if info is not None else None
        if info is None or area is None:
            return None
        points = (area.point,) if area.point is not None else area.point_list
        if not points:
            return None
        latitude = sum(point.lat for point in points) / len(points)
        longitude = sum(point.lon for point in points) / len(points)
        if not (abs(latitude) <= 90.0 and abs(longitude) <= 180.0):
            return None
        x_m, y_m = self._map.metres(latitude, longitude)
        said_m = area.uncertainty or area.uncertainty_ellipse.semi_major
        uncertain_m = min(max(0.0, said_m), MOST_RADIUS_M)
        cell = self._map.cell(info.cell_id or info.twan_id)
        return Place(ue, self._clock.of(report.event_time), round(x_m, 1), round(y_m, 1), uncertain_m, cell)

    def _whom(self, gpsi: str) -> dict[str, str]:
        if gpsi.startswith(GPSI_MSISDN):
            return {"msisdn": gpsi.removeprefix(GPSI_MSISDN)}
        return {"externalId": gpsi.removeprefix("extid-")}


def _event(group: str, kind: str, features: str) -> dict[str, Any]:
    """What every subscription of a group says."""
    return {"externalGroupId": group, "monitoringType": kind, "supportedFeatures": features}
