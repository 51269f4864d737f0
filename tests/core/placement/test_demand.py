"""Whose round trips count, and when a picture of the players is new enough to decide anew."""

from __future__ import annotations

from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from fedge.core.applications import Latency, Population, RegionWeight, Standby
from fedge.core.placement import CellDemand, Picture, settled, wanted_of
from fedge.core.placement.demand import AT_LEAST, FURTHER_MS, differs

LATENCY = Latency(objective_ms=20)
REGIONS = {"a": "eu", "b": "us"}


def picture(east: float, west: float, west_ms: float = 10.0) -> Picture:
    return Picture(
        (
            CellDemand("east", "a", east, {"a": 10.0, "b": 60.0}),
            CellDemand("west", "b", west, {"a": 60.0, "b": west_ms}),
        )
    )


def test_a_tenth_of_the_players_elsewhere_is_worth_a_look_and_less_is_not() -> None:
    assert not differs(picture(50, 50), picture(41, 59))
    assert differs(picture(50, 50), picture(38, 62))


def test_more_players_in_the_same_places_are_no_change() -> None:
    assert not differs(picture(5, 5), picture(500, 500))


def test_the_first_players_the_last_and_changed_paths_are_changes() -> None:
    assert differs(picture(0, 0), picture(1, 0))
    assert differs(picture(1, 0), picture(0, 0))
    assert not differs(picture(0, 0), picture(0, 0))
    assert not differs(picture(5, 5), picture(5, 5, 10 + FURTHER_MS))
    assert differs(picture(5, 5), picture(5, 5, 11 + FURTHER_MS))
    assert differs(picture(5, 5), Picture(picture(5, 5).cells[:1]))


def test_a_picture_stands_for_a_while_whatever_happens() -> None:
    before, now = picture(10, 0), picture(0, 10)
    assert settled(before, 0, now, AT_LEAST - 1) is before
    assert settled(before, 0, now, AT_LEAST) is now
    assert settled(None, 0, now, 0) is now
    assert settled(Picture(), 0, now, 1) is now


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=2, max_size=30))
def test_pictures_change_at_most_once_in_their_time(counts: list[tuple[int, int]]) -> None:
    held, since, changes = picture(20, 20), 0, []
    for number, (east, west) in enumerate(counts):
        now = number * AT_LEAST // 4
        chosen = settled(held, since, picture(east, west), now)
        if chosen is not held:
            changes.append((now, held.players))
            held, since = chosen, now
    gaps = [b[0] - a[0] for a, b in pairwise(changes) if b[1]]
    assert all(gap >= AT_LEAST for gap in gaps)


def test_live_demand_counts_cells_with_players() -> None:
    wanted = wanted_of(LATENCY, Standby(min_sites=2), picture(3, 0), REGIONS)
    assert wanted is not None
    assert (wanted.players, wanted.standby_sites) == ({"east": 3}, 2)
    assert wanted.rtt_ms == {"a": {"east": 10.0}, "b": {"east": 60.0}}


def test_a_region_counts_by_its_weight_wherever_players_are_now() -> None:
    regions = (RegionWeight(region="eu"), RegionWeight(region="us", weight=3))
    asked = msgspec.structs.replace(LATENCY, population=Population(regions=regions))
    wanted = wanted_of(asked, None, picture(5, 0), REGIONS)
    assert wanted is not None
    assert wanted.players == {"east": 1, "west": 3}


def test_nobody_known_is_nothing_wanted() -> None:
    assert wanted_of(LATENCY, None, picture(0, 0), REGIONS) is None
    assert wanted_of(None, None, picture(1, 1), REGIONS) is None
    elsewhere = Population(regions=(RegionWeight(region="asia"),))
    asked = msgspec.structs.replace(LATENCY, population=elsewhere)
    assert wanted_of(asked, None, picture(1, 1), REGIONS) is None
