"""A fence: on which side its device is, which crossings are told, and when it ends by itself."""

from __future__ import annotations

from msgspec.structs import replace

from fedge.core.location import Circle, Fence, side
from fedge.core.location.fences import TOKEN_MARGIN
from fedge.core.messages import Sink
from fedge.core.model import UeId

AREA = Circle(0, 0, 200)
FENCE = Fence("f-1", "studio", UeId("player-1"), AREA, "entered", Sink("https://127.0.0.1/"), {}, "scope")


def told(fence: Fence, *sides: bool) -> list[bool]:
    found = []
    for inside in sides:
        fence, tells = fence.crossed(inside)
        found.append(tells)
    return found


def test_a_device_on_the_border_is_on_neither_side() -> None:
    assert side(Circle(0, 0, 50), AREA) is True
    assert side(Circle(400, 0, 50), AREA) is False
    assert side(Circle(200, 0, 50), AREA) is None


def test_an_area_smaller_than_the_device_s_place_can_be_entered() -> None:
    assert side(Circle(10, 0, 500), AREA) is True
    assert side(Circle(700, 0, 500), AREA) is False


def test_entering_is_told_at_each_crossing_and_the_first_look_only_if_wanted() -> None:
    assert told(FENCE, False, True, False, True) == [False, True, False, True]
    assert told(FENCE, True, False, True) == [False, False, True]
    assert told(replace(FENCE, initial=True), True, False, True) == [True, False, True]
    assert told(replace(FENCE, initial=True), False, True) == [False, True]


def test_leaving_is_the_mirror_of_it() -> None:
    leaving = replace(FENCE, crossing="left")
    assert told(leaving, True, False, True, False) == [False, True, False, True]
    assert told(replace(leaving, initial=True), False, True, False) == [True, False, True]


def test_it_counts_what_it_told_and_ends_with_the_last() -> None:
    fence = replace(FENCE, max_events=1)
    fence, _ = fence.crossed(False)
    assert fence.ending(0) is None
    fence, _ = fence.crossed(True)
    assert fence.ending(0) == "MAX_EVENTS_REACHED"


def test_it_ends_in_time_and_before_its_client_can_be_told_no_more() -> None:
    expiring = replace(FENCE, expires_at=100)
    assert (expiring.ending(99), expiring.ending(100)) == (None, "SUBSCRIPTION_EXPIRED")
    lapsing = replace(FENCE, token_until=2 * TOKEN_MARGIN)
    assert lapsing.ending(TOKEN_MARGIN - 1) is None
    assert lapsing.ending(TOKEN_MARGIN) == "ACCESS_TOKEN_EXPIRED"
