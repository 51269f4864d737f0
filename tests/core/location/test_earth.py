"""A map on the earth: there and back is exact, and a metre is a metre."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedge.core.location import earth_of
from fedge.core.location.earth import INVENTED, M_PER_DEGREE

METRES = st.floats(-30_000, 30_000)


@given(x=METRES, y=METRES, latitude=st.floats(-80, 80), longitude=st.floats(-180, 180))
def test_there_and_back_is_the_same_place(x: float, y: float, latitude: float, longitude: float) -> None:
    earth = earth_of((latitude, longitude), 2000.0)
    assert earth.metres(*earth.degrees(x, y)) == pytest.approx((x, y), abs=1e-3)


def test_a_degree_north_is_its_length_and_one_east_shrinks_with_the_parallel() -> None:
    earth = earth_of((60.0, 10.0), 0.0)
    assert earth.metres(61.0, 10.0) == pytest.approx((0.0, M_PER_DEGREE))
    assert earth.metres(60.0, 11.0) == pytest.approx((M_PER_DEGREE / 2, 0.0))


def test_far_away_is_the_short_way_round() -> None:
    x_m, _ = earth_of((0.0, 179.0), 0.0).metres(0.0, -179.0)
    assert x_m == pytest.approx(2 * M_PER_DEGREE)


def test_a_drawn_city_lies_where_nobody_lives() -> None:
    earth = earth_of(None, 1000.0)
    assert earth.degrees(0.0, 0.0) == INVENTED
    assert all(map(math.isfinite, earth.degrees(1000.0, 1000.0)))
