"""Which cell each UE is attached to, and when it changes: event A3 with hysteresis and time to trigger (3GPP TS 38.331, 5.5.4.4).

Pure: ``step`` takes signals and returns the handovers that they trigger, each with its whole timetable. A measurement report
precedes execution by 80 to 110 ms (median report-to-command of the SIGCOMM'22 5G mobility artifact plus the time to act on
it), so that an edge which hears the report can prepare; then the radio is silent for the gap. All UEs are stepped at once.
Draws depend on (seed, ue, step).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fedge.core.messages import Cell
from fedge.core.model import MS
from fedge.simulation.profiles import handover_gap
from fedge.simulation.radio import CARRIERS
from fedge.simulation.ues import STEP_S

HYSTERESIS_DB = 4.0
TIME_TO_TRIGGER_S = 0.2
LEAD_MS = (80.0, 110.0)
STEP_NS = int(STEP_S * 1e9)
BARRED_DB = np.float32(500.0)
"""More than any two signals differ: such a cell is chosen only where there is no other."""
NOBODY: Mapping[int, str] = {}


class Handover(NamedTuple):
    """UE ``ue`` goes from cell index ``source`` to ``target``. Instants are ns since the start of simulated time.

    Reported at ``reported_ns``; the radio is silent from ``starts_ns`` for ``gap_ns``.
    """

    ue: int
    source: int
    target: int
    reported_ns: int
    starts_ns: int
    gap_ns: int


class Ran:
    """Attachment of all UEs. ``serving``: cell index of each UE; ``signal_dbm``: that cell's signal at the last step."""

    def __init__(self, cells: Sequence[Cell], seed: int, wifi_capable: NDArray[np.bool_]) -> None:
        self._seed = seed
        self._kinds = [cell.kind for cell in cells]
        preference = np.array([CARRIERS[kind].preference_db for kind in self._kinds], np.float32)
        self._of_kind = {kind: np.array([each == kind for each in self._kinds], bool) for kind in CARRIERS}
        # A phone in a vehicle stays off hotspots: it would leave them at once.
        barred = (~wifi_capable)[:, None] & self._of_kind["wifi"][None, :]
        self._offset = preference[None, :] - np.where(barred, BARRED_DB, np.float32(0.0))
        count = len(wifi_capable)
        self._row = np.arange(count)
        self._candidate = np.full(count, -1)
        self._held = np.zeros(count, np.int64)
        self._busy_until_ns = np.zeros(count, np.int64)
        self._attached = False
        self.serving: NDArray[Any] = np.zeros(count, np.int64)
        self.signal_dbm: NDArray[Any] = np.zeros(count, np.float32)

    def step(
        self, number: int, signals_dbm: NDArray[np.float32], held_to: Mapping[int, str] = NOBODY
    ) -> list[Handover]:
        """Step ``number`` (they follow each other, ten a second) with signals of shape (UEs, cells).

        ``held_to``: UEs that use one kind of cell only, as their trace says.
        """
        worth = signals_dbm + self._offset
        for ue, kind in held_to.items():
            worth[ue] -= np.where(self._of_kind[kind], np.float32(0.0), BARRED_DB)
        best = worth.argmax(1)
        if not self._attached:
            self.serving, self._attached = best.copy(), True
        own = worth[self._row, self.serving]
        better = worth[self._row, best] > own + HYSTERESIS_DB
        better &= self._busy_until_ns <= number * STEP_NS
        self._held = np.where(better, np.where(best == self._candidate, self._held + 1, 0), -1)
        self._candidate = np.where(better, best, -1)
        due = np.nonzero(self._held * STEP_S >= TIME_TO_TRIGGER_S - 1e-9)[0]
        handovers = [self._plan(int(ue), int(best[ue]), number) for ue in due if better[ue]]
        self.signal_dbm = signals_dbm[self._row, self.serving]
        return handovers

    def _plan(self, ue: int, target: int, number: int) -> Handover:
        rng = Random(f"handover/{self._seed}/{ue}/{number}")
        source = int(self.serving[ue])
        gap = handover_gap(self._kinds[source], self._kinds[target])
        gap_ns = int(gap.median_ms * math.exp(gap.sigma * rng.gauss(0.0, 1.0)) * MS)
        reported_ns = number * STEP_NS
        starts_ns = reported_ns + int(rng.uniform(*LEAD_MS) * MS)
        self.serving[ue] = target
        self._candidate[ue], self._held[ue] = -1, -1
        self._busy_until_ns[ue] = starts_ns + gap_ns + STEP_NS
        return Handover(ue, source, target, reported_ns, starts_ns, gap_ns)
