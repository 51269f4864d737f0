"""Where each UE is and in which cell, put together from what the operator tells, each fact by the instant of which it is.

Places, handovers and measurement reports come on ways of their own: late, twice, out of order, or not at all. Of each kind a
UE's facts only go forward: one that is older than the last is dropped, and counted. A handover whose notification was lost is
noticed by the cell that reports go on naming; a return to the network by whatever is reported of a UE that it had lost.
"""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from fedge.core.exposure.notices import CellTold, Place, RadioTold, Reach
from fedge.core.exposure.topology import Topology
from fedge.core.messages import (
    Cell,
    CellChanged,
    HandoverPredicted,
    Message,
    ReachabilityChanged,
    UeSighting,
    UesSighted,
)
from fedge.core.model import MS, SECOND, CellId, Nanoseconds, UeId

AHEAD = 2 * SECOND
"""Clocks differ; a fact from further in the future is wrong, and would shut out all that follow it."""
HEALED_AFTER = SECOND // 2
"""Reports that name another cell for so long mean a handover that nobody told. During one, they already name the target."""
TOGETHER = 100 * MS
"""Facts of instants that near are told as one sighting."""


class Known(Struct):
    """Of one UE. ``…_at``: of when the last taken fact of that kind is. ``doubt``: another cell than ``cell``, named since.

    ``reachable``: for all that is known.
    """

    x_m: float = 0.0
    y_m: float = 0.0
    uncertainty_m: float = 0.0
    place_at: Nanoseconds = 0
    cell: CellId | None = None
    cell_at: Nanoseconds = 0
    prepared_at: Nanoseconds = 0
    signal_dbm: float | None = None
    radio_at: Nanoseconds = 0
    doubt: CellId | None = None
    doubt_since: Nanoseconds = 0
    reachable: bool = True
    reach_at: Nanoseconds = 0

    @property
    def seen_at(self) -> Nanoseconds:
        """When anything last showed that the network has it."""
        return max(self.place_at, self.cell_at, self.prepared_at, self.radio_at)


class Picture:
    """``counts``: what became of facts."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._cells: dict[CellId, Cell] = {one.cell: one for one in topology.cells}
        self.ues: dict[UeId, Known] = {}
        self.counts: Counter[str] = Counter()
        self._new: dict[UeId, Nanoseconds] = {}

    def placed(self, place: Place, now: Nanoseconds) -> list[Message]:
        known = self._known(place.ue)
        if not self._forward(known.place_at, place.at, now):
            return []
        known.place_at = place.at
        known.x_m, known.y_m, known.uncertainty_m = place.x_m, place.y_m, place.uncertainty_m
        self._new[place.ue] = place.at
        named = self._named(place.ue, known, place.cell, place.at) if place.cell is not None else []
        return [*self._back(place.ue, known), *named]

    def reported(self, told: RadioTold, now: Nanoseconds) -> list[Message]:
        known = self._known(told.ue)
        if not self._forward(known.radio_at, told.at, now):
            return []
        known.radio_at = told.at
        if told.signal_dbm is not None:
            known.signal_dbm = told.signal_dbm
        self._new[told.ue] = told.at
        return [*self._back(told.ue, known), *self._named(told.ue, known, told.cell, told.at)]

    def handed_over(self, told: CellTold, now: Nanoseconds) -> list[Message]:
        """Prepared: the cell to come is told ahead. Done: it is the UE's cell."""
        known = self._known(told.ue)
        last = known.cell_at if told.done else max(known.cell_at, known.prepared_at)
        if not self._forward(last, told.at, now):
            return []
        if told.target not in self._cells:
            self.counts["unknown cell"] += 1
            return []
        if told.done:
            changed = self._changed(told.ue, known, told.target, told.at)
            return [*self._back(told.ue, known), *changed]
        known.prepared_at = told.at
        ahead = [HandoverPredicted(told.ue, told.target, told.at)] if told.target != known.cell else []
        return [*self._back(told.ue, known), *ahead]

    def reached(self, told: Reach, now: Nanoseconds) -> list[Message]:
        """Lost, or there again. A loss is no news of a UE that was seen since."""
        known = self._known(told.ue)
        if not self._forward(
            known.reach_at if told.reachable else max(known.reach_at, known.seen_at), told.at, now
        ):
            return []
        known.reach_at = told.at
        if known.reachable == told.reachable:
            return []
        known.reachable = told.reachable
        return [ReachabilityChanged(told.ue, told.reachable, told.at, told.left)]

    def holds(self, told: Reach) -> bool:
        """Is this what is known of the UE now? Not where another word came since, or this one was not taken."""
        known = self._known(told.ue)
        return (known.reachable, known.reach_at) == (told.reachable, told.at)

    def sightings(self) -> list[UesSighted]:
        """What is new since the last call, of UEs whose cell is known."""
        batches: dict[Nanoseconds, list[UeSighting]] = {}
        for ue, at in self._new.items():
            sighting = self.sighting(ue)
            if sighting is not None:
                batches.setdefault(at // TOGETHER, []).append(sighting)
        newest = {at // TOGETHER: at for at in sorted(self._new.values())}
        self._new.clear()
        return [UesSighted(newest[each], tuple(batches[each])) for each in sorted(batches)]

    def sighting(self, ue: UeId) -> UeSighting | None:
        """A UE whose place was never told is where its cell is."""
        known = self.ues.get(ue)
        cell = self._cells.get(known.cell) if known is not None and known.cell is not None else None
        if known is None or cell is None:
            return None
        x_m, y_m, uncertainty_m = known.x_m, known.y_m, known.uncertainty_m
        if not known.place_at:
            x_m, y_m, uncertainty_m = cell.x_m, cell.y_m, cell.radius_m
        signal = known.signal_dbm if known.signal_dbm is not None else 0.0
        rtt_ms = self._topology.expected_rtt_ms(cell.kind, known.signal_dbm)
        return UeSighting(
            ue, x_m, y_m, cell.cell, cell.kind, signal, rtt_ms, known.place_at, uncertainty_m
        )  # fmt: skip

    def _known(self, ue: UeId) -> Known:
        return self.ues.setdefault(ue, Known())

    def _back(self, ue: UeId, known: Known) -> list[Message]:
        """A UE that was lost is seen, whether or not its return was told."""
        if known.reachable or known.seen_at <= known.reach_at:
            return []
        self.counts["seen again"] += 1
        known.reachable, known.reach_at = True, known.seen_at
        return [ReachabilityChanged(ue, True, known.seen_at)]

    def _forward(self, last: Nanoseconds, at: Nanoseconds, now: Nanoseconds) -> bool:
        if at > now + AHEAD:
            self.counts["from the future"] += 1
        elif at == last:
            self.counts["twice"] += 1
        elif at < last:
            self.counts["too late"] += 1
        else:
            self.counts["taken"] += 1
            return True
        return False

    def _named(self, ue: UeId, known: Known, cell: CellId, at: Nanoseconds) -> list[Message]:
        """A place or a report names a cell, beside what it is about."""
        if cell not in self._cells or at <= known.cell_at:
            return []
        if known.cell is None:
            return self._changed(ue, known, cell, at)
        if cell == known.cell:
            known.doubt = None
        elif cell != known.doubt:
            known.doubt, known.doubt_since = cell, at
        elif at - known.doubt_since >= HEALED_AFTER:
            self.counts["healed"] += 1
            return self._changed(ue, known, cell, at)
        return []

    def _changed(self, ue: UeId, known: Known, cell: CellId, at: Nanoseconds) -> list[Message]:
        previous, known.cell, known.cell_at, known.doubt = known.cell, cell, at, None
        if previous is not None and self._cells[previous].kind != self._cells[cell].kind:
            known.signal_dbm = None  # another carrier's signal says nothing of this one
        self._new[ue] = max(self._new.get(ue, 0), at)
        kind = self._cells[cell].kind
        rtt_ms = self._topology.expected_rtt_ms(kind, known.signal_dbm)
        if previous == cell:
            return []
        return [CellChanged(ue, cell, previous, kind, rtt_ms, 0.0, at)]
