"""Where the players are and how far each site is from there, and when such a picture is new enough to decide anew.

**The rule.** A picture that decided stands until a tenth of the players are elsewhere, a round trip has changed by more than
``FURTHER_MS``, or cells or sites came or went; and it stands for ``AT_LEAST`` whatever happens. So noise moves nothing: the
same picture gives the same placement.
"""

from __future__ import annotations

from math import fsum

from msgspec import Struct

from fedge.core.model import SECOND, Nanoseconds

MOVED = 0.1
"""share of the players that must be elsewhere"""
FURTHER_MS = 5.0
AT_LEAST = 30 * SECOND


class CellDemand(Struct, frozen=True):
    """``players``: how many are there, only proportions matter. ``nearest``: cluster; ``rtt_ms``: by cluster, radio included."""

    cell: str
    nearest: str
    players: float
    rtt_ms: dict[str, float]


class Picture(Struct, frozen=True):
    """All cells, in the order of their names."""

    cells: tuple[CellDemand, ...] = ()

    @property
    def players(self) -> float:
        return fsum(cell.players for cell in self.cells)


def differs(before: Picture, now: Picture) -> bool:
    """Is ``now`` so different that placements are to be held against it?"""
    had, has = {cell.cell: cell for cell in before.cells}, {cell.cell: cell for cell in now.cells}
    if had.keys() != has.keys() or (before.players > 0) != (now.players > 0):
        return True
    for name, cell in has.items():
        known = had[name].rtt_ms
        if known.keys() != cell.rtt_ms.keys():
            return True
        if any(abs(known[site] - value_ms) > FURTHER_MS for site, value_ms in cell.rtt_ms.items()):
            return True
    if not now.players:
        return False
    shares = [cell.players / now.players - had[name].players / before.players for name, cell in has.items()]
    return fsum(abs(each) for each in shares) / 2 > MOVED


def settled(before: Picture | None, since: Nanoseconds, now_is: Picture, now: Nanoseconds) -> Picture:
    """The picture to decide by: ``before``, taken at ``since``, or what is seen at ``now``."""
    if before is None:
        return now_is
    young = now - since < AT_LEAST and before.players > 0
    return before if young or not differs(before, now_is) else now_is
