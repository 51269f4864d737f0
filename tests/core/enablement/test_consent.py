"""The strictest word of those who registered a UE where it is served counts, and nobody else's."""

from __future__ import annotations

import pytest

from fedge.core.enablement import Device, Enablement, MobilityRegistration, consent_of
from fedge.core.model import AppId, SiteId, UeId

UE, ARENA, HARBOUR = UeId("player-1"), AppId("arena"), SiteId("harbour")


def registered(
    *levels: tuple[int, bool], site: str = "harbour", app: str = "arena", ue: str = "player-1"
) -> list[MobilityRegistration]:
    return [
        MobilityRegistration(
            id=f"ams-{number}",
            site=SiteId(site),
            app=AppId(app),
            devices=(Device("msisdn-1", UeId(ue), level, transferred),),
        )
        for number, (level, transferred) in enumerate(levels)
    ]


@pytest.mark.parametrize(
    ("registrations", "said"),
    [
        ([], "yes"),
        (registered((3, False)), "yes"),
        (registered((2, False)), "ask"),
        (registered((2, True)), "yes"),
        (registered((1, True)), "no"),
        (registered((2, True), (2, False)), "ask"),
        (registered((2, False), (1, False), (3, False)), "no"),
        (registered((1, False), site="market"), "yes"),
        (registered((1, False), app="chess"), "yes"),
        (registered((1, False), app=""), "no"),
        (registered((1, False), ue="player-2"), "yes"),
    ],
)
def test_who_lets_a_session_go(registrations: list[MobilityRegistration], said: str) -> None:
    assert consent_of(registrations, UE, ARENA, HARBOUR) == said


def test_what_was_confirmed_holds_for_one_move() -> None:
    held = Enablement({one.id: one for one in registered((2, True))})
    held.settle(UE, SiteId("market"), ARENA)
    assert consent_of(held.registrations(), UE, ARENA, HARBOUR) == "yes", (
        "another site's move is no business of it"
    )
    held.settle(UE, HARBOUR, ARENA)
    assert consent_of(held.registrations(), UE, ARENA, HARBOUR) == "ask"
