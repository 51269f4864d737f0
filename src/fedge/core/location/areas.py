"""Is a device in a circle? Its place is itself a circle: where the operator says that it is, and how far that may be wrong.

CAMARA Location Verification 3.0.0: TRUE if the network's circle lies within the asked one, FALSE if the two do not overlap, else
PARTIAL with the share of the network's circle that they have in common. All in metres of the map.
"""

from __future__ import annotations

import math
from typing import Literal

from msgspec import Struct

LEAST_UNCERTAINTY_M = 10.0
"""Nobody is told a place more exactly: no network knows better, and an exact point says more than an area."""
ASSUMED_UNCERTAINTY_M = 200.0
"""Where the operator does not say how exact a place is: the width of a small cell."""

MOST_RADIUS_M = 20_040_000.0
"""Half way round the earth: a circle that is no smaller is everywhere. No request and no report names a larger one."""

Verdict = Literal["TRUE", "FALSE", "PARTIAL"]


class Circle(Struct, frozen=True):
    x_m: float
    y_m: float
    radius_m: float

    @property
    def surface_m2(self) -> float:
        return math.pi * self.radius_m * self.radius_m  # a power raises where a product is inf


def estimate(x_m: float, y_m: float, uncertainty_m: float) -> Circle:
    """Where a device is said to be. ``uncertainty_m`` 0: the operator did not say."""
    return Circle(x_m, y_m, max(LEAST_UNCERTAINTY_M, uncertainty_m or ASSUMED_UNCERTAINTY_M))


def verified(place: Circle, area: Circle) -> tuple[Verdict, int]:
    """(verdict, match rate in percent: 100, 0, or 1 to 99 where it is PARTIAL)."""
    apart_m = math.hypot(place.x_m - area.x_m, place.y_m - area.y_m)
    if apart_m + place.radius_m <= area.radius_m:
        return "TRUE", 100
    if apart_m >= place.radius_m + area.radius_m:
        return "FALSE", 0
    share = common_m2(place, area) / place.surface_m2
    return "PARTIAL", min(99, max(1, round(100 * share)))


def common_m2(one: Circle, other: Circle) -> float:
    """The surface that two circles have in common."""
    d, r, s = math.hypot(one.x_m - other.x_m, one.y_m - other.y_m), one.radius_m, other.radius_m
    if d >= r + s:
        return 0.0
    if d <= abs(r - s):
        return min(one.surface_m2, other.surface_m2)
    a = math.acos(max(-1.0, min(1.0, (d * d + r * r - s * s) / (2 * d * r))))
    b = math.acos(max(-1.0, min(1.0, (d * d + s * s - r * r) / (2 * d * s))))
    return r * r * (a - math.sin(2 * a) / 2) + s * s * (b - math.sin(2 * b) / 2)


def covers(width_m: float, height_m: float, area: Circle) -> bool:
    """Does the circle touch the map? What lies wholly outside is no part of the operator's network."""
    outside_x = max(0.0, -area.x_m, area.x_m - width_m)
    outside_y = max(0.0, -area.y_m, area.y_m - height_m)
    return math.hypot(outside_x, outside_y) <= area.radius_m
