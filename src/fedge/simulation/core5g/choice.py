"""Where a flow should go, and so when a change of its path begins or is dropped. Pure; part of ``smf``.

What the application function asks for comes before what the network sees for itself: another place is nearer to the UE's cell.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from fedge.core.messages import Cell, CellChanged, HandoverPredicted
from fedge.core.model import CellId, Nanoseconds, SiteId, UeId
from fedge.simulation.core5g.influences import Influences
from fedge.simulation.core5g.path_change import Flow
from fedge.simulation.core5g.steps import Steps
from fedge.simulation.core5g.user_plane import UserPlane
from fedge.simulation.core5g.words import Influence, Route

STEERED = "nr"
"""Traffic Influence exists for 5G standalone sessions only (TS 23.501, 5.6.7)."""


class Choice:
    def __init__(
        self, cells: Mapping[CellId, Cell], plane: UserPlane, influences: Influences, steps: Steps
    ) -> None:
        self._cells, self._plane, self._influences, self._steps = cells, plane, influences, steps
        self._cell_of: dict[UeId, CellId] = {}

    def _steerable(self, ue: UeId) -> bool:
        known = self._plane.subscribers.get(ue)
        return known is not None and known.kind == STEERED

    def _nearest(self, influence: Influence, cell: CellId | None) -> Route | None:
        """Of the routes whose user plane function is there: the one nearest to ``cell``; the first named if that is unknown."""
        routes = [route for route in influence.routes if route.site in self._plane.upfs]
        rtts: Mapping[SiteId, float] = {}
        if cell is not None and cell in self._cells:
            rtts = self._cells[cell].path_rtt_ms
        return min(routes, key=lambda route: rtts.get(route.site, float("inf")), default=None)

    def reconsider(self, flow: Flow, now: Nanoseconds) -> None:
        """Begin a change where the flow has no path, or is where the application function does not want it."""
        influence = self._influences.get(flow.influence)
        if influence is None or not influence.routes:
            return
        wanted = {route.site for route in influence.routes}
        fits = flow.path is not None and flow.path.site in wanted and not flow.unheard
        change = flow.change
        if change is not None and change.target.site in wanted:
            if change.cause == "handover" and not fits:
                change.cause = "asked"  # what the network foresaw is now asked for: no handover is waited for
                self._steps.arrived(flow, now)
            return
        self._steps.drop(flow, "withdrawn", now)
        if flow.change is not None or flow.settled or fits or not self._steerable(flow.ue):
            return
        here = [route for route in influence.routes if flow.path is not None and route.site == flow.path.site]
        target = here[0] if here else self._nearest(influence, self._cell_of.get(flow.ue))
        if target is not None:
            first = flow.path is None or flow.unheard
            self._steps.begin(flow, target, "first" if first else "asked", now)

    def predicted(self, flows: list[Flow], event: HandoverPredicted, now: Nanoseconds) -> None:
        """A measurement report: where another place is nearer to the coming cell, the change begins before the handover."""
        cell = self._cells.get(event.cell)
        steered = cell is not None and cell.kind == STEERED and self._steerable(event.ue)
        for flow in flows:
            if flow.path is not None:
                self._want(flow, event.cell if steered else None, now, arrived=False)

    def cell_changed(self, flows: list[Flow], event: CellChanged, now: Nanoseconds) -> None:
        self._cell_of[event.ue] = event.cell
        known = self._plane.subscribers.get(event.ue)
        if known is not None:
            self._plane.subscribers[event.ue] = replace(known, kind=event.kind)
        for flow in flows:
            if not self._steerable(event.ue):
                self._steps.drop(flow, "withdrawn", now)
            elif flow.path is None:
                self.reconsider(flow, now)
            else:
                self._want(flow, event.cell, now, arrived=True)

    def _want(self, flow: Flow, cell: CellId | None, now: Nanoseconds, arrived: bool) -> None:
        """The network wants the place nearest to ``cell`` for the flow (None: the present one). What is asked for comes first."""
        influence, change, path = self._influences.get(flow.influence), flow.change, flow.path
        if influence is None or path is None or (change is not None and change.cause != "handover"):
            return
        nearest = self._nearest(influence, cell) if cell is not None and influence.relocatable else None
        wanted = nearest if nearest is not None and nearest.site != path.site else None
        if change is not None and wanted is not None and change.target.site == wanted.site:
            if arrived:
                self._steps.arrived(flow, now)
            return
        self._steps.drop(flow, "withdrawn", now)
        if wanted is not None and flow.change is None:
            self._steps.begin(flow, wanted, "handover", now, arrived)
