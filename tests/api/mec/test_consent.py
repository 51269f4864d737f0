"""What MEC 021's service levels do to a session's moves, and what its application is told on the way."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from fedge.core.control import State
from fedge.core.control.events.moves import MoveExpired
from fedge.core.control.events.sites import SiteMarked
from fedge.core.messages import (
    MoveActivated,
    MoveFrozen,
    RouteActivated,
    RouteInstalled,
    SourceReleased,
    TargetWarmed,
    UplinkSeen,
)
from fedge.core.mobility import Move
from fedge.core.model import SessionId, SiteId
from tests.api.mec.platform import SINK, MecCentre

PATH = "/amsi/v1/app_mobility_services"
GPSI = "msisdn-99901000001"


@pytest.fixture
def playing(client: TestClient, centre: MecCentre) -> TestClient:
    """Player 1 plays at harbour, and somebody wants to hear of every step of its moves."""
    attached = client.post("/api/v1/attach", json={"application": "arena", "device": "player-1"})
    assert attached.json()["site"] == "harbour"
    subscription = {
        "subscriptionType": "MobilityProcedureSubscription",
        "callbackReference": SINK,
        "filterCriteria": {"mobilityStatus": [1, 2, 3], "appInstanceId": "harbour.arena-1"},
    }
    assert client.post("/amsi/v1/subscriptions", json=subscription).status_code == 201
    return client


def register(client: TestClient, level: int | None, instance: str = "harbour.arena-1") -> str:
    device: dict[str, Any] = {"associateId": GPSI}
    if level is not None:
        device["appMobilityServiceLevel"] = level
    made = client.post(
        PATH, json={"serviceConsumerId": {"appInstanceId": instance}, "deviceInformation": [device]}
    )
    assert made.status_code == 201, made.text
    return str(made.headers["location"].rpartition("/")[2])


def confirm(client: TestClient, registration: str) -> None:
    info = client.get(f"{PATH}/{registration}").json()
    info["RegistrationInfo"]["deviceInformation"][0]["contextTransferState"] = 1
    assert client.put(f"{PATH}/{registration}", json=info).status_code == 200


def under_way(centre: MecCentre) -> list[Move]:
    return list(centre.plane.state.under_way())


def carried_through(centre: MecCentre, move: Move) -> None:
    """What agents and user plane would say of a move that succeeds."""
    order, at = move.order, centre.now()
    centre.say(TargetWarmed(order.target, move.id, at))
    centre.say(RouteInstalled(order.session, order.generation))
    centre.say(MoveFrozen(order.source, move.id, at, 7, 100))
    centre.say(MoveActivated(order.target, move.id, at, 7, "d"))
    centre.say(RouteActivated(order.session, order.generation, at))
    centre.say(UplinkSeen(order.target, order.session, order.generation, at))
    centre.say(SourceReleased(order.source, move.id))


def statuses(centre: MecCentre) -> list[int]:
    told = centre.told()
    for notice in told:
        assert notice["notificationType"] == "MobilityProcedureNotification"
        assert notice["targetAppInfo"]["appInstanceId"] == "market.arena-1"
    return [notice["mobilityStatus"] for notice in told]


@pytest.mark.parametrize("level", [None, 3])
def test_without_confirmation_the_application_is_told(
    playing: TestClient, centre: MecCentre, level: int | None
) -> None:
    register(playing, level)
    centre.walk_to_market()
    (move,) = under_way(centre)
    carried_through(centre, move)
    assert move.state == "RELEASED"
    assert statuses(centre) == [1, 2]


def test_a_subscriber_hears_of_the_ues_that_it_named(playing: TestClient, centre: MecCentre) -> None:
    for named in ([GPSI], ["msisdn-99901000002"]):
        subscription = {
            "subscriptionType": "MobilityProcedureSubscription",
            "callbackReference": SINK,
            "filterCriteria": {"associateId": named},
        }
        assert playing.post("/amsi/v1/subscriptions", json=subscription).status_code == 201
    centre.walk_to_market()
    (move,) = under_way(centre)
    carried_through(centre, move)
    heard = [(notice["associateId"], notice["mobilityStatus"]) for notice in centre.told()]
    assert heard == [(["player-1"], 1), ([GPSI], 1), (["player-1"], 2)]


def test_with_confirmation_the_move_waits_for_the_context(playing: TestClient, centre: MecCentre) -> None:
    registration = register(playing, 2)
    centre.walk_to_market()
    centre.pass_time(2.0)
    assert (under_way(centre), statuses(centre)) == ([], [1]), "asked once, however often it is considered"
    confirm(playing, registration)
    centre.pass_time(1.0)
    (move,) = under_way(centre)
    carried_through(centre, move)
    assert statuses(centre) == [2], "it knew of the target"
    info = playing.get(f"{PATH}/{registration}").json()["RegistrationInfo"]
    assert info["deviceInformation"][0]["contextTransferState"] == 0, "the next move is to be confirmed anew"


def test_a_move_that_fails_is_told_and_has_to_be_confirmed_again(
    playing: TestClient, centre: MecCentre
) -> None:
    registration = register(playing, 2)
    centre.walk_to_market()
    confirm(playing, registration)
    centre.pass_time(1.0)
    (move,) = under_way(centre)
    centre.say(MoveExpired(move.id, "no reason"))
    assert statuses(centre) == [1, 3]
    centre.pass_time(4.0)
    assert (under_way(centre), statuses(centre)) == ([], [1])


def test_a_move_that_is_not_allowed_does_not_begin(playing: TestClient, centre: MecCentre) -> None:
    register(playing, 1)
    centre.walk_to_market()
    centre.pass_time(2.0)
    assert (under_way(centre), statuses(centre)) == ([], [])
    ordered = playing.post("/api/v1/sessions/player-1/move", json={"to": "market"})
    assert ordered.status_code == 409
    assert "MEC 021" in ordered.json()["message"]


@pytest.mark.parametrize(("level", "waits"), [(1, False), (2, True)])
def test_a_drained_site_has_the_last_word(
    playing: TestClient, centre: MecCentre, level: int, waits: bool
) -> None:
    register(playing, level)
    centre.say(SiteMarked(SiteId("harbour"), "draining"))
    centre.pass_time(2.0)
    moves = centre.plane.state.moves
    assert (not moves) == waits
    centre.pass_time(6.0)
    assert {move.order.cause for move in moves.values()} == {"drain"}


def test_who_forbids_counts_only_where_it_serves(playing: TestClient, centre: MecCentre) -> None:
    register(playing, 1, "market.arena-1")
    centre.walk_to_market()
    assert len(under_way(centre)) == 1


def test_a_registration_that_expired_or_was_withdrawn_holds_nothing(
    playing: TestClient, centre: MecCentre
) -> None:
    registration = register(playing, 1)
    centre.walk_to_market()
    centre.pass_time(1.0)
    assert under_way(centre) == []
    assert playing.delete(f"{PATH}/{registration}").status_code == 204
    centre.pass_time(1.0)
    assert len(under_way(centre)) == 1


def test_the_words_of_an_application_survive_the_journal(playing: TestClient, centre: MecCentre) -> None:
    register(playing, 2)
    centre.walk_to_market()
    assert SessionId("player-1") in centre.plane.state.enablement.asked
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(centre.plane.state), type=State)
    assert again == centre.plane.state
