"""What the radio measures, for the core network: every UE's place, cell, signal and neighbours, and how full the cells are.

Pure; ``RadioMeasured`` of ``core/messages/user_plane``. The signals are the radio map's, as handovers are decided by; what a cell
carries is what ``cell_load`` counted. Nothing is invented for figures that the model has not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fedge.core.messages import Cell
from fedge.core.messages.user_plane import CellLoad, Neighbour, UeMeasured
from fedge.core.model import UeId
from fedge.simulation.bearers import Ue
from fedge.simulation.cell_load import CellShares
from fedge.simulation.radio import FLOOR_DBM

NEIGHBOURS = 3


def ues_measured(
    names: Sequence[UeId],
    cells: Sequence[Cell],
    attached: Sequence[int],
    positions: NDArray[np.float64],
    signals_dbm: NDArray[np.float32],
) -> tuple[UeMeasured, ...]:
    """``attached``: index of each UE's cell; ``positions``: (UEs, 2), metres; ``signals_dbm``: (UEs, cells).

    A cell that is not heard at all (at the map's floor) is nobody's neighbour.
    """
    rows = np.arange(len(names))
    own: list[float] = signals_dbm[rows, attached].round(1).tolist()
    others = signals_dbm.copy()
    others[rows, attached] = -np.inf
    most = min(NEIGHBOURS, others.shape[1] - 1)
    strongest: NDArray[Any] = np.argpartition(-others, most - 1, axis=1)[:, :most] if most else others[:, :0]
    heard = np.take_along_axis(others, strongest.astype(np.int64), 1)
    order = np.argsort(-heard, axis=1)
    numbers = np.take_along_axis(strongest, order, 1).astype(int).tolist()
    levels = np.take_along_axis(heard, order, 1).round(1).tolist()
    ids = [cell.cell for cell in cells]
    found = []
    for index, (x, y) in enumerate(positions.round(1).tolist()):
        cell = cells[attached[index]]
        around = tuple(
            Neighbour(ids[number], level)
            for number, level in zip(numbers[index], levels[index], strict=True)
            if level > FLOOR_DBM
        )
        found.append(UeMeasured(names[index], x, y, cell.cell, cell.kind, own[index], around))
    return tuple(found)


def cells_measured(
    cells: Sequence[Cell], shares: Sequence[CellShares], ues: Sequence[Ue], now: int
) -> tuple[CellLoad, ...]:
    """How full every cell was since the last time, and how many UEs are in it."""
    attached = Counter(ue.cell for ue in ues)
    found = []
    for number, (cell, own) in enumerate(zip(cells, shares, strict=True)):
        up, down = own.up.take(now), own.down.take(now)
        found.append(
            CellLoad(
                cell.cell,
                attached[number],
                round(up.used, 4),
                round(down.used, 4),
                up.bytes,
                down.bytes,
                round(up.wait_ms, 3),
                round(down.wait_ms, 3),
            )
        )
    return tuple(found)
