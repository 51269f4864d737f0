"""Where and when each UE was seen last. Pure, in memory: a restarted core network sees everybody anew."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from fedge.core.messages import CellChanged
from fedge.core.messages.user_plane import RadioMeasured, UeMeasured
from fedge.core.model import UeId

FRESH_S = 2.0
"""A UE that was seen so recently is there: reachable, and at its current location. Assumed."""


class Seen(Struct, frozen=True):
    """``at_s``: Unix seconds."""

    at_s: float
    was: UeMeasured

    def fresh(self, now_s: float) -> bool:
        return now_s - self.at_s <= FRESH_S


class News(Struct, frozen=True):
    """What one event brought: who is there again, who is in another cell, who was seen at all."""

    back: frozenset[UeId] = frozenset()
    elsewhere: frozenset[UeId] = frozenset()
    seen: frozenset[UeId] = frozenset()


class Sightings:
    def __init__(self) -> None:
        self._of: dict[UeId, Seen] = {}

    def get(self, ue: UeId) -> Seen | None:
        return self._of.get(ue)

    def measured(self, event: RadioMeasured, now_s: float) -> News:
        back, elsewhere = [], []
        for one in event.ues:
            before = self._of.get(one.ue)
            self._of[one.ue] = Seen(now_s, one)
            if before is None or not before.fresh(now_s):
                back.append(one.ue)
            if before is not None and before.was.cell != one.cell:
                elsewhere.append(one.ue)
        return News(frozenset(back), frozenset(elsewhere), frozenset(one.ue for one in event.ues))

    def cell_changed(self, event: CellChanged, now_s: float) -> News:
        """Its place is what was measured last, so it counts as seen then."""
        before = self._of.get(event.ue)
        if before is None or before.was.cell == event.cell:
            return News()
        self._of[event.ue] = replace(before, was=replace(before.was, cell=event.cell, kind=event.kind))
        return News(elsewhere=frozenset({event.ue}))
