"""How full cells are, and what packets wait for in them: layer 2 measurements (ETSI GS MEC 012, 7.5), asked for once a second.

A packet's delay as layer 2 measures it has the usual of the access in it, which the topology knows; what is beyond that is the
queue of a cell that is full. Of a cell without a UE that has measurements no queue is known.
"""

from __future__ import annotations

from fedge.core.exposure.advance import REFUSED_AGAIN
from fedge.core.exposure.calls import Answer, Effect, MeasureCells, Tell
from fedge.core.exposure.desk import Desk
from fedge.core.exposure.topology import Topology
from fedge.core.messages import CellFigures, CellsMeasured
from fedge.core.model import SECOND, Nanoseconds

EVERY = SECOND
ANSWERED_WITHIN = 10 * SECOND
"""A question without an answer is asked again then: one at a time is under way."""


class CellLoads:
    """``_under_way``: the number of the question that waits for its answer, 0: none."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._kinds = {cell.cell: cell.kind for cell in topology.cells}
        self._under_way = 0
        self._next_at: Nanoseconds = 0

    def __contains__(self, number: int) -> bool:
        return number == self._under_way

    def due(self, desk: Desk, now: Nanoseconds) -> bool:
        """Is it time to ask?"""
        return desk.open and now >= self._next_at

    def ask(self, number: int, now: Nanoseconds) -> MeasureCells:
        self._under_way, self._next_at = number, now + ANSWERED_WITHIN
        return MeasureCells(number)

    def answered(self, answer: Answer, now: Nanoseconds) -> list[Effect]:
        """An operator that has no such measurements is asked again a minute later."""
        refused = not (answer.done or answer.doubtful)
        self._under_way, self._next_at = 0, now + (REFUSED_AGAIN if refused else EVERY)
        if not answer.done:
            return []
        known = [one for one in answer.cells if one.cell in self._kinds]
        figures = tuple(
            CellFigures(one.cell, one.used_up, one.used_down, self._queue_ms(self._kinds[one.cell], one.delay_ms))
            for one in known
        )  # fmt: skip
        return [Tell(CellsMeasured(now, figures))]

    def _queue_ms(self, kind: str, delay_ms: float | None) -> float | None:
        if delay_ms is None:
            return None
        return round(max(0.0, delay_ms - self._topology.expected_rtt_ms(kind, None)), 3)
