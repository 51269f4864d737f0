"""City metres ↔ latitude and longitude (WGS 84). The one place where a map lies on the earth, for Fedge and for the simulation.

Equirectangular: a degree of latitude is ``M_PER_DEGREE`` metres, one of longitude that times the cosine of the map's middle
parallel. Within 15 km of that parallel distances are right to 0.3 %, and there and back is exact. A drawn city has no place on
the earth: it is said to lie in the middle of the Atlantic, where nobody takes it for a real one.
"""

from __future__ import annotations

import math

from msgspec import Struct

M_PER_DEGREE = 111_320.0
INVENTED = (45.0, -30.0)
"""Latitude and longitude of (0, 0) of a city that was drawn."""


class Earth(Struct, frozen=True):
    """Where a map lies: ``latitude`` and ``longitude`` of its (0, 0); ``parallel``: the latitude in its middle.

    x goes east and y north, in metres.
    """

    latitude: float
    longitude: float
    parallel: float

    def degrees(self, x_m: float, y_m: float) -> tuple[float, float]:
        """Latitude and longitude of a point of the map."""
        return self.latitude + y_m / M_PER_DEGREE, self.longitude + x_m / self._m_per_degree_east

    def metres(self, latitude: float, longitude: float) -> tuple[float, float]:
        """(x, y) of a place, which may lie far outside the map; the short way round the earth."""
        east = (longitude - self.longitude + 180.0) % 360.0 - 180.0
        return east * self._m_per_degree_east, (latitude - self.latitude) * M_PER_DEGREE

    @property
    def _m_per_degree_east(self) -> float:
        return M_PER_DEGREE * math.cos(math.radians(self.parallel))


def earth_of(origin: tuple[float, float] | None, height_m: float) -> Earth:
    """Of a map whose (0, 0) is at ``origin`` (latitude, longitude); None: it is drawn, and has none."""
    latitude, longitude = origin if origin is not None else INVENTED
    return Earth(latitude, longitude, latitude + height_m / 2 / M_PER_DEGREE)
