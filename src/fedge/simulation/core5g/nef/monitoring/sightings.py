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
    """``_latest``: all of the last measurement, ``_latest_s``; ``_gone``: who is in an earlier one only."""

    def __init__(self) -> None:
        self._latest: dict[UeId, UeMeasured] = {}
        self._latest_s = 0.0
        self._gone: dict[UeId, Seen] = {}

    def get(self, ue: UeId) -> Seen | None:
        was = self._latest.get(ue)
        return Seen(self._latest_s, was) if was is not None else self._gone.get(ue)

    def measured(self, event: RadioMeasured, now_s: float) -> News:
        before, before_s = self._latest, self._latest_s
        latest = {one.ue: one for one in event.ues}
        elsewhere = {ue for ue, one in latest.items() if ue in before and before[ue].cell != one.cell}
        back = set(latest) if now_s - before_s > FRESH_S else latest.keys() - before.keys()
        for ue in latest.keys() & self._gone.keys():
            seen = self._gone.pop(ue)
            if seen.fresh(now_s):
                back.discard(ue)
            if seen.was.cell != latest[ue].cell:
                elsewhere.add(ue)
        self._gone |= {ue: Seen(before_s, before[ue]) for ue in before.keys() - latest.keys()}
        self._latest, self._latest_s = latest, now_s
        return News(frozenset(back), frozenset(elsewhere), frozenset(latest))

    def cell_changed(self, event: CellChanged) -> News:
        """Its place is what was measured last, so it counts as seen then."""
        before = self.get(event.ue)
        if before is None or before.was.cell == event.cell:
            return News()
        was = replace(before.was, cell=event.cell, kind=event.kind)
        if event.ue in self._latest:
            self._latest[event.ue] = was
        else:
            self._gone[event.ue] = Seen(before.at_s, was)
        return News(elsewhere=frozenset({event.ue}))
