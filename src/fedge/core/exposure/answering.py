"""The calls that are under way, by their number, and what becomes of their answers.

An answer is to a list of an API, to a question after a place or after the load of cells, or to what was said about one
subscription (``advance``).
"""

from __future__ import annotations

from collections.abc import Mapping

from fedge.core.exposure import advance, flows
from fedge.core.exposure.calls import Answer, Api, Effect
from fedge.core.exposure.cell_loads import CellLoads
from fedge.core.exposure.desk import Desk
from fedge.core.exposure.listing import hold_against
from fedge.core.exposure.locating import Locating
from fedge.core.exposure.wants import Wants
from fedge.core.model import Nanoseconds
from fedge.core.patience import Circuit


class Answering:
    """An answer that nobody waits for any more means nothing."""

    def __init__(self, wants: Wants, desks: Mapping[Api, Desk], locating: Locating, loads: CellLoads) -> None:
        self._wants, self._desks, self._locating, self._loads = wants, desks, locating, loads
        self._calls: dict[int, str] = {}
        self._last = 0

    def number(self, name: str) -> int:
        """Of the next call. ``name``: of the subscription that it is about; empty: of none."""
        self._last += 1
        self._calls[self._last] = name
        return self._last

    def forget(self, number: int) -> None:
        """Its answer is waited for no longer."""
        self._calls.pop(number, None)

    def answered(self, answer: Answer, now: Nanoseconds, draw: float) -> list[Effect]:
        name = self._calls.pop(answer.number, None)
        if name is None:
            return []
        listed = next((desk for desk in self._desks.values() if desk.listing == answer.number), None)
        if listed is not None:
            return self._listed(listed, answer, now, draw)
        if answer.number in self._locating:
            _met(self._desks["location"], answer, now, draw)
            return self._locating.answered(answer, now)
        if answer.number in self._loads:
            _met(self._desks["radio"], answer, now, draw)
            return self._loads.answered(answer, now)
        sub = self._wants.subs.get(name)
        if sub is None or sub.call != answer.number:
            return []
        desk = self._desks[sub.api]
        _met(desk, answer, now, draw)
        self._wants.stir(name)
        before = sub.state
        effects = advance.answered(sub, answer, desk, now, draw)
        flow = self._wants.flows.get(sub.name)
        if flow is not None and sub.state == "ABSENT" and before == "CHANGING":
            flows.lost(flow, now)
        return effects

    def _listed(self, desk: Desk, answer: Answer, now: Nanoseconds, draw: float) -> list[Effect]:
        desk.listing = 0
        if not answer.done:
            desk.stale = True
            desk.circuit = desk.circuit.failed(now, draw)
            return []
        desk.circuit, desk.stale, desk.listed_at = Circuit(), False, now
        mine = self._wants.of(desk.api)
        self._wants.stir(*mine)
        effects, gone = hold_against(desk, answer.held, mine, lambda: self.number(""), now)
        for sub in gone:
            if sub.name in self._wants.flows:
                flows.lost(self._wants.flows[sub.name], now)
        return effects


def _met(desk: Desk, answer: Answer, now: Nanoseconds, draw: float) -> None:
    """Whether the API answers is known of each call."""
    desk.circuit = desk.circuit.failed(now, draw) if answer.doubtful else Circuit()
