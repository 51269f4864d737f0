"""The centre's picture of the access network: cells, UEs, figures by hop."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from fedge.core.access.client import ClientView
from fedge.core.messages import (
    AccessHello,
    Cell,
    CellChanged,
    CellFigures,
    CellsMeasured,
    HopFigures,
    LocationTold,
    ReachabilityChanged,
    UeSighting,
    UesSighted,
)
from fedge.core.model import SECOND, CellId, Nanoseconds, SessionKey, UeId

LOADS_LAST = 5 * SECOND
"""An older figure says nothing of how full a cell is."""


class UeView(Struct):
    """The last sighting of a UE, its attachment, and its measured round trip (0 while unknown).

    ``placed_at``: of when its place is; 0: nobody has said where it is. ``lost_at``: when the network could reach it no more;
    0: it can. ``hidden``: whoever looks may not know its place.
    ``acknowledged``, ``lost``: of its inputs, as measured. ``lost_before``: by instruments that have begun anew since.
    """

    sighting: UeSighting
    seen_at: Nanoseconds
    cell_since: Nanoseconds = 0
    rtt_ms: float = 0.0
    placed_at: Nanoseconds = 0
    lost_at: Nanoseconds = 0
    hidden: bool = False
    acknowledged: int = 0
    lost: int = 0
    lost_before: int = 0


class AccessView:
    """``clients``: of sessions, as the gateways hear them."""

    def __init__(self) -> None:
        self.width_m = 0.0
        self.height_m = 0.0
        self.origin: tuple[float, float] | None = None
        self.cells: dict[CellId, Cell] = {}
        self.ues: dict[UeId, UeView] = {}
        self.clients: dict[SessionKey, ClientView] = {}
        self.loads: dict[CellId, CellFigures] = {}
        self.loads_at: Nanoseconds = 0
        self.hops: dict[int, HopFigures] = {}
        self.heard_at: Nanoseconds = 0

    def hello(self, event: AccessHello, now: Nanoseconds) -> None:
        self.width_m, self.height_m, self.origin = event.width_m, event.height_m, event.origin
        self.cells = {cell.cell: cell for cell in event.cells}
        self.heard_at = now

    def sighted(self, event: UesSighted) -> None:
        self.heard_at = event.at
        for sighting in event.ues:
            view = self.ues.get(sighting.ue)
            if view is None:
                view = self.ues[sighting.ue] = UeView(sighting, event.at, event.at)
            view.sighting, view.seen_at = sighting, event.at
            view.placed_at = sighting.place_at or event.at

    def changed_cell(self, event: CellChanged) -> None:
        view = self.ues.get(event.ue)
        if view is None:
            sighting = UeSighting(event.ue, 0.0, 0.0, event.cell, event.kind, 0.0, event.radio_rtt_ms)
            view = self.ues[event.ue] = UeView(sighting, event.at)
        view.sighting = replace(
            view.sighting, cell=event.cell, kind=event.kind, radio_rtt_ms=event.radio_rtt_ms
        )
        view.seen_at = view.cell_since = event.at

    def cells_measured(self, event: CellsMeasured) -> None:
        self.loads, self.loads_at = {one.cell: one for one in event.cells}, event.at

    def load(self, cell: CellId, now: Nanoseconds) -> CellFigures | None:
        """How full a cell is; None where nothing is known of it, or not of now."""
        return self.loads.get(cell) if now - self.loads_at <= LOADS_LAST else None

    def queue_ms(self, cell: CellId, now: Nanoseconds) -> float:
        """What packets wait in the queues of a cell; 0 where that is not known."""
        load = self.load(cell, now)
        return load.queue_ms or 0.0 if load is not None else 0.0

    def reachability(self, event: ReachabilityChanged) -> None:
        view = self.ues.get(event.ue)
        if view is not None:
            view.lost_at = 0 if event.reachable else event.at

    def client(self, key: SessionKey) -> ClientView:
        return self.clients.setdefault(key, ClientView())

    def located(self, event: LocationTold) -> None:
        """The operator was asked where a UE is. An older place than the one that is known is no news."""
        view = self.ues.get(event.ue)
        if view is not None and event.at > view.placed_at:
            view.placed_at = event.at
            view.sighting = replace(
                view.sighting,
                x_m=event.x_m,
                y_m=event.y_m,
                place_at=event.at,
                uncertainty_m=event.uncertainty_m,
            )

    def measured(self, event: HopFigures, second: int) -> None:
        self.hops[second] = event
        for old in [key for key in self.hops if key < second - 120]:
            del self.hops[old]
        for ue, rtt_ms in event.ue_rtt_ms.items():
            if ue in self.ues:
                self.ues[ue].rtt_ms = rtt_ms
        for ue, count in event.acknowledged.items():
            if ue in self.ues:
                self.ues[ue].acknowledged = max(count, self.ues[ue].acknowledged)
        for ue, view in self.ues.items():
            lost = event.lost.get(ue, 0)
            if lost < view.lost:
                view.lost_before += view.lost
            view.lost = lost
