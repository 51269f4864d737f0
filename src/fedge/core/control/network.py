"""What the network says of itself and of UEs: where they are, what their paths are worth, that they will change their cell.

Figures all: what is concluded from them is proposed (`deciding.py`).
"""

from __future__ import annotations

from fedge.core.control import deciding, reconcile
from fedge.core.control.dispatch import on, table
from fedge.core.control.effects import Effect
from fedge.core.control.knowledge import Knowledge
from fedge.core.messages import (
    AccessHello,
    CellChanged,
    CellsMeasured,
    HandoverPredicted,
    HopFigures,
    OperatorOffers,
    ReachabilityChanged,
    UesSighted,
    WriterChanged,
)
from fedge.core.model import SECOND, Nanoseconds


def hello(known: Knowledge, event: AccessHello, now: Nanoseconds) -> list[Effect]:
    known.access.hello(event, now)
    return reconcile.every_route(known.state)


def sighted(known: Knowledge, event: UesSighted, now: Nanoseconds) -> None:
    known.access.sighted(event)


def measured(known: Knowledge, event: HopFigures, now: Nanoseconds) -> None:
    known.access.measured(event, (now - known.settings.started_at) // SECOND)


def writer_changed(known: Knowledge, event: WriterChanged, now: Nanoseconds) -> None:
    """How long its client heard nobody."""
    known.silent_ms[event.ue, event.epoch] = event.gap_ms


def cell_changed(known: Knowledge, event: CellChanged, now: Nanoseconds) -> list[Effect]:
    known.access.changed_cell(event)
    for session in known.state.sessions.values():
        if session.ue == event.ue:
            known.access.client(session.key).handed_over(event.at)
    return deciding.cell_changed(known, event, now)


def cells_measured(known: Knowledge, event: CellsMeasured, now: Nanoseconds) -> None:
    known.access.cells_measured(event)


def reachability_changed(known: Knowledge, event: ReachabilityChanged, now: Nanoseconds) -> None:
    known.access.reachability(event)


def offered(known: Knowledge, event: OperatorOffers, now: Nanoseconds) -> None:
    known.offers = event


HEARS = table(
    on(AccessHello, hello),
    on(UesSighted, sighted),
    on(HopFigures, measured),
    on(WriterChanged, writer_changed),
    on(CellChanged, cell_changed),
    on(CellsMeasured, cells_measured),
    on(ReachabilityChanged, reachability_changed),
    on(HandoverPredicted, deciding.handover_predicted),
    on(OperatorOffers, offered),
)
