"""What an application function is told of a UE: ``MonitoringEventReport`` (TS 29.122, 5.3.2.3.2). Pure.

The simulated network knows each place exactly. A real one does not: the circle is as wide as its positioning would be good, and
wider by what the UE can have moved since. The UE is in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

from msgspec import UNSET, Struct, UnsetType

from fedge.core.access.cell_numbers import MCC, MNC, CellNumbers, eutra_cell_id, nr_cell_id
from fedge.core.location import Earth
from fedge.core.messages.user_plane import UeMeasured
from fedge.core.model import CellId, UeId
from fedge.simulation.core5g.nef.monitoring import attributes as of
from fedge.simulation.core5g.nef.monitoring.data_types import (
    GeographicalCoordinates,
    LocationInfo,
    MonitoringEventReport,
    MonitoringEventSubscription,
    Point,
)
from fedge.simulation.core5g.nef.monitoring.sightings import Seen
from fedge.simulation.core5g.nef.operator import Operator

UNCERTAINTY_M = {"nr": 10.0, "nsa": 10.0, "wifi": 20.0, "lte": 50.0}
"""Assumed: what positioning is worth on each kind of access."""
LEAST_EXACT_M = 50.0
FASTEST_M_S = 35.0
"""Assumed of a UE that was not seen since: a car out of town."""
DETACHED, DETECTED = 0, 2
"""Loss-Of-Connectivity-Reason (TS 29.336, 8.4.58): UE_DETACHED_MME, MAX_DETECTION_TIME_EXPIRED_MME."""


class Ground(Struct, frozen=True):
    """Where the map lies on the earth, and all its cells, in the order that numbers them."""

    earth: Earth
    cells: tuple[CellId, ...]


class Reports:
    """``operator`` says by which number or id a UE is named."""

    def __init__(self, operator: Operator, ground: Ground) -> None:
        self._ground = ground
        numbers = CellNumbers(ground.cells)
        self._nr = {cell: MCC + MNC + nr_cell_id(numbers.number(cell)) for cell in ground.cells}
        self._eutra = {cell: MCC + MNC + eutra_cell_id(numbers.number(cell)) for cell in ground.cells}
        self._msisdns = {ue: gpsi.removeprefix("msisdn-") for gpsi, ue in operator.subscribers.items()}
        self._external_ids = {ue: id for id, ue in operator.external_ids.items()}

    def place(
        self, says: MonitoringEventSubscription, ue: UeId, seen: Seen, now_s: float
    ) -> MonitoringEventReport:
        """Where the UE was seen last, as exactly as is asked for."""
        return self._report(
            says, ue, seen.at_s, place=self._location(says, seen, max(0.0, now_s - seen.at_s))
        )

    def reachable(self, says: MonitoringEventSubscription, ue: UeId, at_s: float) -> MonitoringEventReport:
        return self._report(says, ue, at_s, reachability="DATA")

    def lost(
        self, says: MonitoringEventSubscription, ue: UeId, at_s: float, detached: bool
    ) -> MonitoringEventReport:
        return self._report(says, ue, at_s, loss=DETACHED if detached else DETECTED)

    def _report(
        self,
        says: MonitoringEventSubscription,
        ue: UeId,
        at_s: float,
        place: LocationInfo | UnsetType = UNSET,
        loss: int | UnsetType = UNSET,
        reachability: str | UnsetType = UNSET,
    ) -> MonitoringEventReport:
        """Named as the subscription names it. A group's members by number; who is named by an address: by the external id."""
        by_number = says.msisdn is not UNSET or says.external_group_id is not UNSET
        number, external_id = self._msisdns.get(ue, UNSET), self._external_ids.get(ue, UNSET)
        return MonitoringEventReport(
            msisdn=number if by_number or external_id is UNSET else UNSET,
            external_id=UNSET if by_number and number is not UNSET else external_id,
            monitoring_type=says.monitoring_type,
            event_time=date_time(at_s),
            location_info=place,
            loss_of_connect_reason=loss,
            reachability_type=reachability,
            af_service_id=says.af_service_id,
        )

    def _location(self, says: MonitoringEventSubscription, seen: Seen, age_s: float) -> LocationInfo:
        age_minutes = int(age_s // 60)
        if says.accuracy == "PLMN":
            return LocationInfo(age_minutes, plmn_id=MCC + MNC)
        cell_id, twan_id = self._cell(seen.was)
        if says.accuracy == "CGI_ECGI":
            return LocationInfo(age_minutes, cell_id=cell_id, twan_id=twan_id)
        latitude, longitude = self._ground.earth.degrees(seen.was.x_m, seen.was.y_m)
        uncertainty_m = round(UNCERTAINTY_M.get(seen.was.kind, LEAST_EXACT_M) + age_s * FASTEST_M_S, 1)
        point = GeographicalCoordinates(round(longitude, 7), round(latitude, 7))
        circle = says.supported_gad_shapes is UNSET or of.SHAPES[0] in says.supported_gad_shapes
        return LocationInfo(
            age_minutes,
            cell_id=cell_id,
            twan_id=twan_id,
            geographic_area=Point(of.SHAPES[0], point, uncertainty_m) if circle else Point("POINT", point),
            position_method="NETWORK_SPECIFIC",
            qos_fulfil_ind=_fulfilled(says, uncertainty_m),
            ldr_type=says.ldr_type,
        )

    def _cell(self, was: UeMeasured) -> tuple[str | UnsetType, str | UnsetType]:
        """Cell identity (with its PLMN), or the name of a Wi-Fi cell."""
        if was.kind == "wifi":
            return UNSET, was.cell
        return (self._nr if was.kind == "nr" else self._eutra).get(was.cell, UNSET), UNSET


@lru_cache(maxsize=64)
def date_time(at_s: float) -> str:
    """RFC 3339, to the millisecond. Remembered: all who were seen at once have the same."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def only(reports: Iterable[MonitoringEventReport]) -> MonitoringEventReport | None:
    """The report, if there is exactly one."""
    found = list(reports)
    return found[0] if len(found) == 1 else None


def _fulfilled(says: MonitoringEventSubscription, uncertainty_m: float) -> str | UnsetType:
    if says.loc_qos is UNSET or says.loc_qos.h_accuracy is UNSET:
        return UNSET
    kept = uncertainty_m <= says.loc_qos.h_accuracy
    return "REQUESTED_ACCURACY_FULFILLED" if kept else "REQUESTED_ACCURACY_NOT_FULFILLED"
