"""CAMARA Geofencing Subscriptions 0.5.0: the life of a subscription, what its sink is told, and who is told nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from fedge.core.control import DECIDED, ControlPlane, Effect, Propose, fencing
from fedge.core.control.events.location import FenceCrossed
from fedge.core.control.events.objects import ObjectsChanged
from fedge.core.control.state import State
from fedge.core.location import Circle
from fedge.core.location.fences import MOST_OF_A_CLIENT
from fedge.core.messages import Message
from fedge.wire import codec
from tests.api.camara.studio import (
    NOBODYS,
    NUMBER,
    OTHER,
    PLAYERS,
    RIVAL,
    SINK,
    STUDIO,
    StudioCentre,
    application,
    bearing,
    circle,
    three_legged,
    token_of,
)
from tests.api.centre import TOKEN

PATH = "/geofencing-subscriptions/v0.5/subscriptions"
TYPE = "org.camaraproject.geofencing-subscriptions.v0"
ENTERED, LEFT = f"{TYPE}.area-entered", f"{TYPE}.area-left"
SCOPES = f"geofencing-subscriptions:{ENTERED}:create geofencing-subscriptions:{LEFT}:create"
AREA = circle(500, 500, 200)
FAR = circle(800, 800, 100)


@pytest.fixture
def centre() -> StudioCentre:
    return StudioCentre()


@pytest.fixture
def client(centre: StudioCentre) -> Iterator[TestClient]:
    with TestClient(application(centre)) as found:
        yield found


def at(centre: StudioCentre, seconds: float) -> str:
    return datetime.fromtimestamp(centre.platform.now_s + seconds, UTC).isoformat().replace("+00:00", "Z")


def wish(type: str = ENTERED, area: Any = AREA, device: Any = None, **config: Any) -> dict[str, Any]:
    detail = {"device": {"phoneNumber": NUMBER} if device is None else device, "area": area}
    return {
        "protocol": "HTTP",
        "sink": SINK,
        "types": [type],
        "config": {"subscriptionDetail": {k: v for k, v in detail.items() if v != {}}, **config},
    }


def made(client: TestClient, body: Any, token: str = TOKEN) -> dict[str, Any]:
    answer = client.post(PATH, json=body, headers=bearing(token))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def code(client: TestClient, body: Any, token: str = TOKEN) -> tuple[int, str]:
    answer = client.post(PATH, json=body, headers=bearing(token))
    return answer.status_code, answer.json().get("code", "")


def events(centre: StudioCentre) -> list[str]:
    return [one["type"].removeprefix(f"{TYPE}.") for one in centre.told()]


def consent(client: TestClient) -> str:
    body = {"client": "studio", "device": "player-1"}
    return str(client.post("/api/v1/consents", json=body, headers=bearing(TOKEN)).json()["id"])


# --- the life of a subscription ----------------------------------------------------------------------------------------------


def test_a_subscription_is_made_read_and_deleted(client: TestClient, centre: StudioCentre) -> None:
    body = wish(subscriptionMaxEvents=3, initialEvent=False)
    found = made(client, body)
    assert found["config"] == body["config"]
    assert (found["sink"], found["types"], found["protocol"], found["status"]) == (
        SINK,
        [ENTERED],
        "HTTP",
        "ACTIVE",
    )
    one = f"{PATH}/{found['id']}"
    assert client.get(one, headers=bearing(TOKEN)).json() == found
    assert client.get(PATH, headers=bearing(TOKEN)).json() == [found]
    assert client.delete(one, headers=bearing(TOKEN)).status_code == 204
    assert client.get(one, headers=bearing(TOKEN)).json()["code"] == "NOT_FOUND"
    assert client.delete(one, headers=bearing(TOKEN)).json()["code"] == "NOT_FOUND"
    started, ended = centre.told()
    assert started["data"]["initiationReason"] == "SUBSCRIPTION_CREATED"
    assert ended["data"]["terminationReason"] == "SUBSCRIPTION_DELETED"
    assert ended["data"]["subscriptionId"] == found["id"]


def test_a_device_that_comes_and_goes(client: TestClient, centre: StudioCentre) -> None:
    entering, leaving = made(client, wish(area=FAR)), made(client, wish(LEFT, area=FAR))
    centre.sweep()
    assert events(centre) == ["subscription-started"] * 2
    centre.place("player-1", 800.0, 800.0)
    centre.sweep()
    (event,) = centre.told()
    assert event["type"] == ENTERED
    assert event["specversion"] == "1.0"
    assert event["data"] == {
        "subscriptionId": entering["id"],
        "device": {"phoneNumber": NUMBER},
        "area": FAR,
    }
    centre.sweep()
    assert events(centre) == [], "it is told once"
    centre.place("player-1", 500.0, 500.0)
    centre.sweep()
    (event,) = centre.told()
    assert (event["type"], event["data"]["subscriptionId"]) == (LEFT, leaving["id"])


def test_the_situation_at_the_beginning_is_told_if_that_is_wanted(
    client: TestClient, centre: StudioCentre
) -> None:
    for type, area, told in (
        (ENTERED, AREA, ["area-entered"]),
        (ENTERED, FAR, []),
        (LEFT, FAR, ["area-left"]),
        (LEFT, AREA, []),
    ):
        made(client, wish(type, area, initialEvent=True))
        centre.sweep()
        assert events(centre) == ["subscription-started", *told]


def test_it_ends_with_its_last_event_its_time_and_its_credential(
    client: TestClient, centre: StudioCentre
) -> None:
    made(client, wish(initialEvent=True, subscriptionMaxEvents=1))
    centre.sweep()
    assert events(centre) == ["subscription-started", "area-entered", "subscription-ended"]

    until = at(centre, 60)
    found = made(client, wish(subscriptionExpireTime=until))
    told, asked = (datetime.fromisoformat(one) for one in (found["expiresAt"], until))
    assert abs((told - asked).total_seconds()) < 0.01
    centre.pass_time(30)
    centre.told()
    centre.pass_time(31)
    (event,) = centre.told()
    assert event["data"]["terminationReason"] == "SUBSCRIPTION_EXPIRED"

    credential = {
        "credentialType": "ACCESSTOKEN",
        "accessToken": "the-sinks-secret",
        "accessTokenExpiresUtc": at(centre, 60),
        "accessTokenType": "bearer",
    }
    kept = made(client, {**wish(), "sinkCredential": credential})
    assert "the-sinks-secret" not in str(kept)
    centre.told()
    centre.pass_time(56)
    (event,) = centre.told()
    assert event["data"]["terminationReason"] == "ACCESS_TOKEN_EXPIRED", "while it can still be told"
    assert client.get(PATH, headers=bearing(TOKEN)).json() == []


def test_the_sink_s_token_goes_with_each_event(client: TestClient, centre: StudioCentre) -> None:
    credential = {
        "credentialType": "ACCESSTOKEN",
        "accessToken": "the-sinks-secret",
        "accessTokenExpiresUtc": at(centre, 600),
        "accessTokenType": "bearer",
    }
    made(client, {**wish(), "sinkCredential": credential})
    sent = centre.written.posted
    centre.told()
    assert sent[0][2]["authorization"] == "Bearer the-sinks-secret"
    assert sent[0][2]["content-type"] == "application/cloudevents+json"


def test_an_old_report_says_nothing_of_now(client: TestClient, centre: StudioCentre) -> None:
    made(client, wish(initialEvent=True))
    centre.ahead += 60 * 10**9
    centre.sweep()
    assert events(centre) == ["subscription-started"]
    centre.pass_time(1)
    assert events(centre) == ["area-entered"]


def test_a_restart_keeps_it_and_tells_nothing_twice(client: TestClient, centre: StudioCentre) -> None:
    journal: list[bytes] = []
    handle = centre.plane.handle

    def written(event: Message, now: int) -> Any:
        if isinstance(event, DECIDED):
            journal.append(codec.encode(event))
        return handle(event, now)

    centre.plane.handle = written  # type: ignore[method-assign]
    found = made(client, wish(initialEvent=True, subscriptionMaxEvents=2))
    centre.sweep()
    again = ControlPlane(centre.plane.settings, State())
    for entry in journal:
        assert not any(isinstance(one, Propose) for one in again.handle(codec.decode(entry), 1))
    assert again.state.fences == centre.plane.state.fences
    assert again.state.fences.held[found["id"]].events == 1
    snapshot = msgspec.msgpack.decode(msgspec.msgpack.encode(centre.plane.state), type=State)
    assert snapshot.fences == centre.plane.state.fences


# --- who is told nothing -----------------------------------------------------------------------------------------------------


def test_without_consent_there_is_no_subscription_and_nobody_exists(client: TestClient) -> None:
    answers = [
        client.post(PATH, json=wish(device={"phoneNumber": number}), headers=bearing(STUDIO))
        for number in (NUMBER, OTHER, NOBODYS)
    ]
    assert {(one.status_code, one.json()["code"]) for one in answers} == {(403, "PERMISSION_DENIED")}
    assert len({one.content for one in answers}) == 1


def test_a_consent_that_ends_ends_its_subscriptions(client: TestClient, centre: StudioCentre) -> None:
    id = consent(client)
    made(client, wish(area=FAR), STUDIO)
    centre.sweep()
    client.delete(f"/api/v1/consents/{id}", headers=bearing(TOKEN))
    centre.place("player-1", 800.0, 800.0)
    centre.sweep()
    assert [one["data"].get("terminationReason") for one in centre.told()] == [None, "NETWORK_TERMINATED"]
    assert client.get(PATH, headers=bearing(STUDIO)).json() == []


@pytest.mark.parametrize("radius_m", [20_040_001.0, 1e200, 1e308])
def test_no_area_is_larger_than_the_earth(client: TestClient, centre: StudioCentre, radius_m: float) -> None:
    before = msgspec.msgpack.encode(centre.plane.state)
    area = {**AREA, "radius": radius_m}
    assert code(client, wish(area=area)) == (422, "GEOFENCING_SUBSCRIPTIONS.INVALID_AREA")
    asked = {"device": {"phoneNumber": NUMBER}, "area": area}
    answer = client.post("/location-verification/v3/verify", json=asked, headers=bearing(TOKEN))
    assert (answer.status_code, answer.json()["code"]) == (422, "LOCATION_VERIFICATION.INVALID_AREA")
    assert msgspec.msgpack.encode(centre.plane.state) == before
    centre.sweep()


def test_a_fence_that_cannot_be_looked_at_is_written_down_and_the_others_are_looked_at(
    client: TestClient, centre: StudioCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = (made(client, wish(initialEvent=True))["id"] for _ in range(2))
    held, faults = centre.plane.state.fences.held, []
    held[broken] = replace(held[broken], area=Circle(-1.0, 0.0, 1.0))
    real = fencing.side

    def side(place: Circle, area: Circle) -> bool | None:
        if area.x_m < 0:
            raise OverflowError("too large")
        return real(place, area)

    monkeypatch.setattr(fencing, "side", side)
    effects: list[Effect] = []
    for _ in range(fencing.TURNS):
        effects += centre.plane.wake(centre.now(), lambda what, error: faults.append((what, str(error))))
    assert faults == [(f"fence {broken}", "too large")]
    assert [one.event for one in effects if isinstance(one, Propose)] == [FenceCrossed(whole, True)]
    with pytest.raises(OverflowError):
        centre.sweep()


def test_a_three_legged_subscription_is_of_its_device_and_names_none(
    client: TestClient, centre: StudioCentre
) -> None:
    reading = "geofencing-subscriptions:read geofencing-subscriptions:delete"
    token = three_legged(client, f"{SCOPES} {reading}", f"tel:{OTHER}")
    assert code(client, wish(device={"phoneNumber": OTHER}), token) == (422, "UNNECESSARY_IDENTIFIER")
    found = made(client, wish(device={}), token)
    assert "device" not in found["config"]["subscriptionDetail"]
    (event,) = centre.told()
    assert "device" not in event["data"]
    consent(client)
    other = made(client, wish(), STUDIO)
    assert [one["id"] for one in client.get(PATH, headers=bearing(token)).json()] == [found["id"]]
    assert client.delete(f"{PATH}/{other['id']}", headers=bearing(token)).status_code == 404


def test_another_s_subscription_is_not_there(client: TestClient, centre: StudioCentre) -> None:
    consent(client)
    found = made(client, wish(), STUDIO)
    one = f"{PATH}/{found['id']}"
    for token in (RIVAL, TOKEN):
        assert client.get(PATH, headers=bearing(token)).json() == []
        assert client.get(one, headers=bearing(token)).json()["code"] == "NOT_FOUND"
        assert client.delete(one, headers=bearing(token)).json()["code"] == "NOT_FOUND"
        last = centre.audit.newest()[-1]
        assert (last["subject"], last["because"]) == (
            f"subscription {found['id']}",
            "a subscription of studio",
        )
        assert (last["decision"], last["ue"]) == ("refused", "player-1")
    assert client.get(one, headers=bearing(PLAYERS)).json()["code"] == "PERMISSION_DENIED"
    assert client.get(one, headers=bearing(STUDIO)).status_code == 200


def test_each_kind_of_event_has_its_scope(client: TestClient) -> None:
    scope = f"geofencing-subscriptions:{ENTERED}:create"
    token = token_of(client, "OPERATOR", TOKEN, scope=scope).json()["access_token"]
    assert made(client, wish(), token)
    assert code(client, wish(LEFT), token) == (403, "PERMISSION_DENIED")
    assert client.get(PATH, headers=bearing(token)).json()["code"] == "PERMISSION_DENIED"


def test_a_tenant_that_is_gone_is_told_nothing_more(client: TestClient, centre: StudioCentre) -> None:
    consent(client)
    made(client, wish(area=FAR), STUDIO)
    centre.told()
    centre.say(ObjectsChanged((), (("Tenant", "", "studio"),)))
    centre.place("player-1", 800.0, 800.0)
    centre.sweep()
    assert events(centre) == []
    assert not centre.plane.state.fences.held


def test_as_many_as_will_be_kept(client: TestClient, centre: StudioCentre) -> None:
    one = made(client, wish())
    fence = centre.plane.state.fences.held[one["id"]]
    held = centre.plane.state.fences.held
    held.update({f"f-{n}": fence for n in range(MOST_OF_A_CLIENT)})
    assert code(client, wish()) == (429, "QUOTA_EXCEEDED")


# --- what is refused ---------------------------------------------------------------------------------------------------------

CREDENTIAL = {
    "credentialType": "ACCESSTOKEN",
    "accessToken": "abc",
    "accessTokenExpiresUtc": "2199-01-01T00:00:00Z",
    "accessTokenType": "bearer",
}


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"protocol": "MQTT5"}, 400, "INVALID_PROTOCOL"),
        ({"protocol": "SMTP"}, 400, "INVALID_ARGUMENT"),
        ({"types": []}, 400, "INVALID_ARGUMENT"),
        ({"types": [f"{TYPE}.subscription-ended"]}, 400, "INVALID_ARGUMENT"),
        ({"types": [ENTERED, LEFT]}, 422, "MULTIEVENT_SUBSCRIPTION_NOT_SUPPORTED"),
        ({"sink": "http://127.0.0.1:9/"}, 400, "INVALID_SINK"),
        ({"sink": "https://192.0.2.1/"}, 400, "INVALID_SINK"),
        ({"sink": "https://games.example.com/"}, 400, "INVALID_SINK"),
        ({"sink": "https://127.0.0.1:9/\ud800"}, 400, "INVALID_ARGUMENT"),
        ({"sinkCredential": {**CREDENTIAL, "credentialType": "PLAIN"}}, 400, "INVALID_CREDENTIAL"),
        ({"sinkCredential": {**CREDENTIAL, "accessToken": "a b"}}, 400, "INVALID_TOKEN"),
        (
            {"sinkCredential": {**CREDENTIAL, "accessTokenExpiresUtc": "2001-01-01T00:00:00Z"}},
            400,
            "INVALID_TOKEN",
        ),
        (wish(device={"phoneNumber": NOBODYS}), 422, "SERVICE_NOT_APPLICABLE"),
        (wish(device={}), 422, "MISSING_IDENTIFIER"),
        (wish(device={"ipv6Address": "2001:db8::1"}), 422, "UNSUPPORTED_IDENTIFIER"),
        (wish(area=circle(500, 500, 49)), 422, "GEOFENCING_SUBSCRIPTIONS.INVALID_AREA"),
        (wish(area=circle(-5000, 500, 100)), 422, "GEOFENCING_SUBSCRIPTIONS.AREA_NOT_COVERED"),
        (wish(area={**AREA, "areaType": "POLYGON"}), 400, "INVALID_ARGUMENT"),
        (wish(subscriptionMaxEvents=0), 400, "INVALID_ARGUMENT"),
        (wish(subscriptionExpireTime="2001-01-01T00:00:00Z"), 400, "INVALID_ARGUMENT"),
        (wish(subscriptionExpireTime="2199-01-01T00:00:00"), 400, "INVALID_ARGUMENT"),
    ],
)
def test_refusals(client: TestClient, centre: StudioCentre, change: Any, status: int, error: str) -> None:
    body = json.dumps({**wish(), **change})  # a lone surrogate is an escape in it
    answer = client.post(PATH, content=body, headers={**bearing(TOKEN), "content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, error)
    assert not centre.plane.state.fences.held


def test_a_time_in_the_last_hour_of_the_calendar_is_a_long_time(client: TestClient) -> None:
    found = made(client, wish(subscriptionExpireTime="9999-12-31T23:59:59-12:00"))
    assert found["config"]["subscriptionExpireTime"].startswith("9999-12-31T23:59:59")
