"""Cells and UEs in the words of MEC 012, each encoded once. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw

from fedge.core.access.cell_numbers import MCC, MNC, CellNumbers, eutra_cell_id, nr_cell_id
from fedge.core.messages import Cell
from fedge.core.messages.user_plane import Quality
from fedge.core.model import SECOND, CellId, Nanoseconds
from fedge.simulation.rnis.data_types import UE_IPV4_ADDRESS, TimeStamp

PLMN = {"mcc": MCC, "mnc": MNC}


class CellWords:
    """``ecgi``, ``nrcgi``: of each cell. Every cell has a number of 28 bits, because the standard knows no other in cell changes
    and bearers; an NR cell has the same number in 36 bits, too. ``nr_cell_info``: as neighbours of LTE cells are told (6.4.6).
    """

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.numbers = CellNumbers(cell.cell for cell in cells)
        self.ecgi: dict[CellId, Raw] = {}
        self.nrcgi: dict[CellId, Raw] = {}
        self.nr_cell_info: dict[CellId, Raw] = {}
        for number, cell in enumerate(cells, 1):
            nr = nr_cell_id(number)
            self.ecgi[cell.cell] = raw({"plmn": PLMN, "cellId": eutra_cell_id(number)})
            self.nrcgi[cell.cell] = raw({"plmn": PLMN, "nrCellId": nr})
            self.nr_cell_info[cell.cell] = raw([{"nrNCellPlmn": [PLMN], "nrNCellGId": nr}])


def raw(value: Any) -> Raw:
    return Raw(msgspec.json.encode(value))


def associate_id(ipv4: str) -> dict[str, Any]:
    return {"type": UE_IPV4_ADDRESS, "value": ipv4}


def time_stamp(unix_ns: Nanoseconds) -> TimeStamp:
    return TimeStamp(*divmod(unix_ns, SECOND))


def rates(quality: Quality) -> dict[str, int]:
    """QosInformation in bit/s (TS 36.413, 9.2.1.18); empty for a bearer without guaranteed rate, which has none."""
    if not quality.guaranteed_down_kbit_s and not quality.guaranteed_up_kbit_s:
        return {}
    return {
        "erabMbrDl": 1000 * max(quality.most_down_kbit_s, quality.guaranteed_down_kbit_s),
        "erabMbrUl": 1000 * max(quality.most_up_kbit_s, quality.guaranteed_up_kbit_s),
        "erabGbrDl": 1000 * quality.guaranteed_down_kbit_s,
        "erabGbrUl": 1000 * quality.guaranteed_up_kbit_s,
    }
