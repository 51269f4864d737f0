"""A place held against an area: CAMARA's three verdicts, and the share that two circles have in common."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedge.core.location import Circle, covers, estimate, side, verified
from fedge.core.location.areas import ASSUMED_UNCERTAINTY_M, LEAST_UNCERTAINTY_M, common_m2

CIRCLES = st.builds(Circle, st.floats(-500, 500), st.floats(-500, 500), st.floats(1, 400))


@pytest.mark.parametrize(
    ("area", "verdict", "rate"),
    [
        (Circle(0, 0, 200), "TRUE", 100),
        (Circle(0, 0, 100), "TRUE", 100),
        (Circle(100, 0, 200), "TRUE", 100),
        (Circle(300, 0, 200), "FALSE", 0),
        (Circle(1000, 0, 200), "FALSE", 0),
        (Circle(0, 0, 50), "PARTIAL", 25),
        (Circle(0, 0, 1), "PARTIAL", 1),
        (Circle(101, 0, 200), "PARTIAL", 99),
    ],
)
def test_verdicts_on_a_device_within_100_m_of_the_middle(area: Circle, verdict: str, rate: int) -> None:
    assert verified(Circle(0, 0, 100), area) == (verdict, rate)


@given(one=CIRCLES, other=CIRCLES)
def test_the_common_surface_is_that_of_a_grid(one: Circle, other: Circle) -> None:
    """Counted over the smaller circle's square; the grid is as exact as its cells along the border."""
    small, big = sorted((one, other), key=lambda circle: circle.radius_m)
    steps = np.linspace(-small.radius_m, small.radius_m, 201)
    x, y = np.meshgrid(small.x_m + steps, small.y_m + steps)
    inside = ((x - small.x_m) ** 2 + (y - small.y_m) ** 2 <= small.radius_m**2) & (
        (x - big.x_m) ** 2 + (y - big.y_m) ** 2 <= big.radius_m**2
    )
    counted = float(inside.sum()) * (steps[1] - steps[0]) ** 2
    assert common_m2(one, other) == pytest.approx(counted, abs=0.05 * math.pi * small.radius_m**2)
    assert common_m2(one, other) == pytest.approx(common_m2(other, one))


@given(place=CIRCLES, area=CIRCLES)
def test_a_partial_match_has_a_rate_between_1_and_99(place: Circle, area: Circle) -> None:
    verdict, rate = verified(place, area)
    assert (1 <= rate <= 99) == (verdict == "PARTIAL")


def test_nobody_is_told_a_place_more_exactly_than_it_is_known() -> None:
    assert estimate(1.0, 2.0, 0.0).radius_m == ASSUMED_UNCERTAINTY_M
    assert estimate(1.0, 2.0, 0.5).radius_m == LEAST_UNCERTAINTY_M
    assert estimate(1.0, 2.0, 80.0).radius_m == 80.0


def test_what_touches_the_map_is_covered() -> None:
    assert covers(1000, 500, Circle(500, 250, 1))
    assert covers(1000, 500, Circle(1100, 250, 100))
    assert not covers(1000, 500, Circle(1101, 250, 100))
    assert not covers(1000, 500, Circle(-80, -80, 100))


@pytest.mark.parametrize("radius_m", [1e150, 1e200, 1.7e308])
def test_no_circle_is_too_large_to_be_held_against_another(radius_m: float) -> None:
    """One of a journal that an earlier Fedge wrote, say: its surface is no number that can be written."""
    huge, small = Circle(0, 0, radius_m), Circle(500, 500, 100)
    assert verified(small, huge) == ("TRUE", 100)
    assert verified(huge, small)[0] == "PARTIAL"
    assert common_m2(huge, small) == common_m2(small, huge) == small.surface_m2
    assert side(small, huge) is True
