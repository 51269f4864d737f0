"""Who decides that a client is silent: what gateways hear on N6, and what the network says of its UE. A handover's gap."""

from __future__ import annotations

import pytest

from fedge.core.control import ControlPlane, Knowledge
from fedge.core.control.effects import Propose, Reply, ToOperator
from fedge.core.control.events.location import AskedPlace
from fedge.core.control.events.moves import MovePlanned
from fedge.core.control.facts import SILENT_AFTER, silent
from fedge.core.control.knowledge import ControlSettings
from fedge.core.control.sites import SPARE_CLIENTS
from fedge.core.messages import (
    AskLocation,
    CellChanged,
    ClientPackets,
    HandoverPredicted,
    HopFigures,
    Message,
    OperatorOffers,
    ReachabilityChanged,
    SiteReport,
    UeSighting,
    UesSighted,
)
from fedge.core.model import MS, SECOND, CellId, SessionKey, SiteId, UeId
from tests.stories.federation import KEYS, SITES, beginning, instances, sighted

NOW = 1000 * SECOND
UE, KEY = UeId("ue-1"), KEYS["ue-1"]


def plane_at(now: int = NOW, default_service: str = "") -> ControlPlane:
    """UE is served at s1 and was heard there just now."""
    plane = ControlPlane(ControlSettings(default_service=default_service))
    for event in (sighted(UE, "x1", now), *beginning(now)):
        tell(plane, event, now)
    for site in SITES:
        tell(plane, SiteReport(site, 0.1, 0, instances(), {}, now), now)
    return plane


def tell(plane: ControlPlane, event: Message, now: int) -> list[object]:
    """What comes of it; what is proposed is decided."""
    effects: list[object] = []
    for effect in plane.handle(event, now):
        effects.append(effect)
        if isinstance(effect, Propose):
            effects += tell(plane, effect.event, now)
    return effects


def hear(
    plane: ControlPlane, at: int, silence_ms: float = 0.0, ended_at: int = 0, site: SiteId = SITES[0]
) -> None:
    packets = ClientPackets(KEY, at, silence_ms, ended_at)
    tell(plane, SiteReport(site, 0.1, 1, instances(), {}, at, clients=(packets,)), at)


def quiet(known: Knowledge, now: int) -> bool:
    return silent(known, UE, KEY, now)


def moves(plane: ControlPlane, now: int) -> bool:
    """Does a foretold handover to s2 make its session go ahead?"""
    effects = tell(plane, HandoverPredicted(UE, CellId("x2"), now), now)
    return any(isinstance(one, Propose) and isinstance(one.event, MovePlanned) for one in effects)


def test_a_client_is_silent_three_seconds_after_a_gateway_heard_it_last() -> None:
    plane = plane_at()
    assert not quiet(plane, NOW + SILENT_AFTER)
    assert quiet(plane, NOW + SILENT_AFTER + 1)
    hear(plane, NOW + 4 * SECOND, site=SITES[2])
    assert not quiet(plane, NOW + 5 * SECOND)


def test_a_report_that_comes_late_makes_no_client_older() -> None:
    plane = plane_at()
    hear(plane, NOW + SECOND)
    hear(plane, NOW - SECOND, site=SITES[1])
    assert not quiet(plane, NOW + SECOND + SILENT_AFTER)


def test_the_simulations_instrument_has_no_say() -> None:
    plane = plane_at()
    later = NOW + 10 * SECOND
    tell(plane, HopFigures(later, 8.0, 4.0, 0.1, 1.0, 0.1, {UE: 20.0}), later)
    assert quiet(plane, later)


def test_nothing_moves_ahead_for_a_silent_client() -> None:
    assert moves(plane_at(), NOW + SECOND)
    assert not moves(plane_at(), NOW + 4 * SECOND)


def test_nor_for_a_ue_that_the_network_has_lost_until_something_of_it_is_heard() -> None:
    plane = plane_at()
    tell(plane, ReachabilityChanged(UE, False, NOW + SECOND), NOW + SECOND)
    assert quiet(plane, NOW + SECOND)
    assert not moves(plane, NOW + SECOND)
    hear(plane, NOW + 2 * SECOND)  # the network's word may be wrong, or its return not told: its packets come
    assert not quiet(plane, NOW + 2 * SECOND)
    assert moves(plane, NOW + 2 * SECOND)


def test_a_return_that_is_told_ends_it_too() -> None:
    plane = plane_at()
    tell(plane, ReachabilityChanged(UE, False, NOW + SECOND), NOW + SECOND)
    tell(plane, ReachabilityChanged(UE, True, NOW + 2 * SECOND), NOW + 2 * SECOND)
    assert not quiet(plane, NOW + 2 * SECOND)
    tell(plane, ReachabilityChanged(UeId("nobody"), False, NOW), NOW)


def test_a_lost_ue_is_not_asked_for_and_an_old_place_is_no_answer() -> None:
    plane = plane_at()
    sighting = UeSighting(UE, 5.0, 5.0, CellId("x1"), "nr", -80.0, 8.0, NOW, 10.0)
    tell(plane, UesSighted(NOW, (sighting,)), NOW)
    tell(plane, OperatorOffers((), True, True, True), NOW)
    asked = AskedPlace(7, UE, 2)
    later = NOW + 60 * SECOND
    assert [one for one in tell(plane, asked, later) if isinstance(one, ToOperator)] == [
        ToOperator(AskLocation(7, UE, 2))
    ]
    tell(plane, ReachabilityChanged(UE, False, later), later)
    (answer,) = tell(plane, asked, later)
    assert isinstance(answer, Reply)
    assert (answer.status, answer.body["code"]) == (409, "UNKNOWN")
    (answer,) = tell(plane, AskedPlace(8, UE, None), later)  # any age will do: where it was last
    assert isinstance(answer, Reply)
    assert answer.status == 200


def hand_over(plane: ControlPlane, at: int) -> None:
    tell(plane, CellChanged(UE, CellId("x2"), CellId("x1"), "nr", 8.0, 0.0, at), at)


def gap_ms(plane: ControlPlane) -> float | None:
    return plane.access.client(KEY).gap_ms


AT = NOW + 2 * SECOND


@pytest.mark.parametrize("told_first", [True, False])
def test_the_gap_of_a_handover_is_the_time_without_a_packet_around_it(told_first: bool) -> None:
    plane = plane_at()
    if told_first:
        hand_over(plane, AT)
    hear(plane, AT + 300 * MS, 51.5, AT + 8 * MS)
    if not told_first:
        hand_over(plane, AT)
    assert gap_ms(plane) == 51.5
    hear(plane, AT + 800 * MS, 17.0, AT + 700 * MS)
    assert gap_ms(plane) == 51.5


@pytest.mark.parametrize(
    ("silence_ms", "ended_ms"),
    [(51.5, 200), (51.5, -60), (2500.0, 100), (0.0, 10)],
    ids=["after it", "before it", "its client paused", "a single packet"],
)
def test_any_other_silence_is_not_its_gap(silence_ms: float, ended_ms: int) -> None:
    plane = plane_at()
    hand_over(plane, AT)
    hear(plane, AT + 300 * MS, silence_ms, AT + ended_ms * MS)
    assert gap_ms(plane) is None


def test_of_the_next_handover_nothing_is_known_at_first() -> None:
    plane = plane_at()
    hand_over(plane, AT)
    hear(plane, AT + 300 * MS, 51.5, AT + 8 * MS)
    hand_over(plane, AT + 5 * SECOND)
    assert gap_ms(plane) is None


def test_clients_whose_sessions_have_ended_are_forgotten() -> None:
    plane = plane_at()
    many = tuple(ClientPackets(SessionKey(n), NOW) for n in range(100, 102 + SPARE_CLIENTS))
    tell(plane, SiteReport(SITES[0], 0.1, 0, instances(), {}, NOW, clients=many), NOW)
    assert set(plane.access.clients) == {KEY}
