"""Reference signal received quality, worked out of what the model has: signals and loads. Pure.

RSRQ is N · RSRP / RSSI over N resource blocks (3GPP TS 36.214, 5.1.3), and RSSI is what all cells of the carrier send in the same
symbols, and noise. The simulation has no RSRQ of its own; this is a derived figure, not a measured one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from fedge.core.messages import Cell
from fedge.core.messages.user_plane import CellLoad, UeMeasured
from fedge.core.model import CellId

SUBCARRIERS = 12
IDLE = 2 / 12
"""Share of the subcarriers that carry reference signals in an empty cell's symbols."""
NOISE_DBM = -174 + 10 * math.log10(15_000) + 7
"""Thermal noise in one subcarrier of 15 kHz, and a receiver that adds 7 dB (assumed)."""


def rsrq_db(measured: UeMeasured, cells: Mapping[CellId, Cell], loads: Mapping[CellId, CellLoad]) -> float:
    """Between -3 dB (alone in an empty cell) and below -20 dB."""
    serving_mw = _milliwatts(measured.rsrp_dbm)
    heard_mw = _milliwatts(NOISE_DBM) + serving_mw * _busy(loads.get(measured.cell))
    for neighbour in measured.neighbours:
        cell = cells.get(neighbour.cell)
        if cell is not None and cell.kind == measured.kind:
            heard_mw += _milliwatts(neighbour.rsrp_dbm) * _busy(loads.get(neighbour.cell))
    return 10 * math.log10(serving_mw / (SUBCARRIERS * heard_mw))


def _busy(load: CellLoad | None) -> float:
    """The share of subcarriers that carry something; a cell of which nothing was told is taken as empty."""
    return max(IDLE, min(1.0, load.used_down)) if load is not None else IDLE


def _milliwatts(dbm: float) -> float:
    return float(10 ** (dbm / 10))
