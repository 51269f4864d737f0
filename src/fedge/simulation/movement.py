"""Where everybody is, and which kind of cell somebody is held to: tours along the streets, and recorded paths.

Pure, and a function of people's time alone (simulated seconds times the run's ``time_scale``). A recorded path is interpolated
between its points; before the first and beyond the last its UE stands there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fedge.simulation.city_plan import City
from fedge.simulation.people import Access, Fix, Person
from fedge.simulation.ues import Floats, plan_tours


class Track:
    """One recorded path, ready to be asked."""

    def __init__(self, fixes: Sequence[Fix]) -> None:
        self._fixes = fixes
        self._times = [fix.t_s for fix in fixes]

    def at(self, at_s: float) -> tuple[float, float, Access]:
        """Place in metres, and the kind of cell to use, at second ``at_s``."""
        following = bisect_right(self._times, at_s)
        before = self._fixes[max(0, following - 1)]
        if following in (0, len(self._fixes)):
            return before.x_m, before.y_m, before.access
        after = self._fixes[following]
        share = (at_s - before.t_s) / (after.t_s - before.t_s)
        x = before.x_m + share * (after.x_m - before.x_m)
        y = before.y_m + share * (after.y_m - before.y_m)
        return x, y, before.access


class Movement:
    """Everybody of a run. ``wifi_capable``: bool, shape (UEs,): phones that use hotspots, as those in vehicles do not."""

    def __init__(self, city: City, people: Sequence[Person], seed: int) -> None:
        self._tours = plan_tours(city, len(people), seed, people)
        self._tracks = {index: Track(person.track) for index, person in enumerate(people) if person.track}
        self._held = {index: person.access for index, person in enumerate(people) if person.access}
        self.modes = self._tours.modes
        self.wifi_capable: NDArray[Any] = np.array(
            [_uses_hotspots(person, mode) for person, mode in zip(people, self.modes, strict=True)], bool
        )

    def at(self, at_s: float) -> tuple[Floats, dict[int, str]]:
        """Places at second ``at_s`` of people's time, shape (UEs, 2), metres; and who is held to which kind of cell."""
        places, held = self._tours.positions(at_s), dict[int, str](self._held)
        for index, track in self._tracks.items():
            x, y, access = track.at(at_s)
            places[index] = x, y
            if access:
                held[index] = access
        return places, held


def _uses_hotspots(person: Person, mode: str) -> bool:
    if person.access == "wifi" or any(fix.access == "wifi" for fix in person.track):
        return True
    return len(person.track) == 1 if person.track else mode == "pedestrian"
