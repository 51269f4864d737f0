"""Which load the cells carry beside the simulated UEs: a list that says who is loaded how much.

Pure. Of two entries about the same cell the later one holds. The list is the file ``radio-load.json`` of the run folder, which
the access network looks at while it runs; scenarios write it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from fedge.core.messages import Cell

FILE = "radio-load.json"
HEAVIEST = 10.0
Share = Annotated[float, Meta(ge=0, le=HEAVIEST)]


class Load(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """``load``: what the background asks for, as a share of a cell's capacity each way; 1 and more: more than there is.

    ``cell``, or ``site``: all cells whose nearest site it is; neither: every cell.
    """

    load: Share
    cell: str = ""
    site: str = ""

    @property
    def whom(self) -> tuple[str, str]:
        return self.cell, self.site


def added(loads: Sequence[Load], new: Load) -> tuple[Load, ...]:
    """``loads`` once ``new`` holds too; what it makes void is left out."""
    stay = () if new.whom == ("", "") else tuple(one for one in loads if one.whom != new.whom)
    return (*stay, new)


def news(before: Sequence[Load], now: Sequence[Load]) -> list[Load]:
    """What somebody who changed the list from ``before`` to ``now`` did."""
    whom = {one.whom for one in now}
    everywhere = ("", "") in whom
    void = [] if everywhere else [one for one in before if one.whom not in whom and one.load]
    ended = [Load(0.0)] if before and not now else [Load(0.0, *one.whom) for one in void]
    return ended + [one for one in now if one not in before]


def load_of_cells(loads: Sequence[Load], cells: Sequence[Cell]) -> list[float]:
    """The background of each cell."""
    found = [0.0] * len(cells)
    for one in loads:
        for number, cell in enumerate(cells):
            if (not one.cell or one.cell == cell.cell) and (not one.site or one.site == cell.site):
                found[number] = one.load
    return found
