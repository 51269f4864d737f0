"""How an operator's interfaces name a cell, and which cell of the map that is. Pure.

ETSI GS MEC 012 (6.5.6, 6.5.7) and 3GPP TS 29.122 name a cell by its PLMN and a cell identity: 28 bits in E-UTRAN, 36 bits in NR,
written here as TS 29.571 writes them, with 7 and 9 hexadecimal digits. In the simulated network the bits are the cell's number:
1 for the first cell of the city, 2 for the second. So whoever has the list of cells can read an identity back; for a real network
the list is the operator's, in the order of whatever numbers it uses. Neighbours: ``simulation.rnis`` writes them,
``adapters.core5g`` reads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from fedge.core.model import CellId

MCC, MNC = "999", "01"
"""The simulated operator's PLMN: mobile country code 999 is for internal use (ITU-T E.212, annex A), and nobody's network."""
_DIGITS = re.compile(r"^(?:[0-9A-Fa-f]{7}|[0-9A-Fa-f]{9})$")


def eutra_cell_id(number: int) -> str:
    """28 bits: ``"000001f"``."""
    return f"{number:07x}"


def nr_cell_id(number: int) -> str:
    """36 bits: ``"00000001f"``."""
    return f"{number:09x}"


def cell_number(identity: str) -> int | None:
    """The number that an identity of either length says; None where it is neither."""
    return int(identity, 16) if _DIGITS.match(identity) else None


class CellNumbers:
    """``cells``: all of the network's, in the order that numbers them."""

    def __init__(self, cells: Iterable[CellId]) -> None:
        self._cells = tuple(cells)
        self._numbers = {cell: number for number, cell in enumerate(self._cells, 1)}

    def number(self, cell: CellId) -> int:
        """Raises ``KeyError`` for a cell that the network has not."""
        return self._numbers[cell]

    def cell(self, identity: str) -> CellId | None:
        """The cell that ``identity`` names; None where it names none of this network."""
        number = cell_number(identity)
        return self._cells[number - 1] if number is not None and 0 < number <= len(self._cells) else None
