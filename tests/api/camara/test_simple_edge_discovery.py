"""CAMARA Simple Edge Discovery 2.0.1: its one operation and its error codes. Generated input: with the location APIs."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from fedge.adapters.embedded.addresses import ue
from fedge.core.control.events.sites import SiteMarked
from fedge.core.model import SiteId, UeId
from tests.api.camara.studio import ADDRESS, NET, NOBODYS, STUDIO, StudioCentre, application, bearing
from tests.api.centre import TOKEN

PATH = "/simple-edge-discovery/v2/retrieve-closest-edge-cloud-zone"


@pytest.fixture
def centre() -> StudioCentre:
    return StudioCentre()


@pytest.fixture
def client(centre: StudioCentre) -> Iterator[TestClient]:
    with TestClient(application(centre), headers=bearing(TOKEN)) as found:
        yield found


@pytest.mark.parametrize(
    "device", [ADDRESS, {"phoneNumber": "+99901000001"}, {**ADDRESS, "phoneNumber": "+99901000002"}]
)
def test_the_closest_zone_of_a_device(client: TestClient, device: dict[str, Any]) -> None:
    answer = client.post(PATH, json={"device": device}, headers={"x-correlator": "b4333c46"})
    zone = answer.json()
    assert answer.status_code == 200
    assert answer.headers["x-correlator"] == "b4333c46"
    assert zone["edgeCloudZoneName"] == "Harbour"
    assert uuid.UUID(zone["edgeCloudZoneId"])
    assert len(zone["device"]) == 1, "exactly the identifier that was used"


def test_a_drained_zone_is_not_named(client: TestClient, centre: StudioCentre) -> None:
    centre.say(SiteMarked(SiteId("harbour"), "draining"))
    assert client.post(PATH, json={"device": ADDRESS}).json()["edgeCloudZoneName"] == "market"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "MISSING_IDENTIFIER"),
        ({"device": {}}, 422, "MISSING_IDENTIFIER"),
        ({"device": {"ipv6Address": "2001:db8::1"}}, 422, "UNSUPPORTED_IDENTIFIER"),
        ({"device": {"networkAccessIdentifier": "1@example.com"}}, 422, "UNSUPPORTED_IDENTIFIER"),
        ({"device": {"phoneNumber": "12345"}}, 400, "INVALID_ARGUMENT"),
        ({"device": {"phoneNumber": "+99901999999"}}, 404, "IDENTIFIER_NOT_FOUND"),
        ({"device": {"ipv4Address": {"publicAddress": "127.77.200.1"}}}, 400, "INVALID_ARGUMENT"),
        (
            {"device": {"ipv4Address": {"publicAddress": "300.1.1.1", "publicPort": 2000}}},
            400,
            "INVALID_ARGUMENT",
        ),
        (
            {"device": {"ipv4Address": {"publicAddress": ue(NET, 0), "publicPort": 70000}}},
            400,
            "INVALID_ARGUMENT",
        ),
        ([], 400, "INVALID_ARGUMENT"),
        ("device", 400, "INVALID_ARGUMENT"),
    ],
)
def test_refusals_in_camara_s_form(client: TestClient, body: Any, status: int, code: str) -> None:
    answer = client.post(PATH, json=body)
    assert (answer.status_code, answer.json()["status"], answer.json()["code"]) == (status, status, code)
    assert answer.json()["message"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "INVALID_ARGUMENT"),
        (b'"\xff"', 400, "INVALID_ARGUMENT"),
        (b"[" * 100_000, 400, "INVALID_ARGUMENT"),
        (b" " * (5 << 20), 400, "INVALID_ARGUMENT"),
    ],
    ids=["cut", "no text", "deep", "long"],
)
def test_a_body_that_cannot_be_read(client: TestClient, body: bytes, status: int, code: str) -> None:
    answer = client.post(PATH, content=(body[n : n + 65536] for n in range(0, len(body), 65536)))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_number_whose_device_is_not_attached(client: TestClient, centre: StudioCentre) -> None:
    del centre.plane.access.ues[UeId("player-3")]
    answer = client.post(PATH, json={"device": {"phoneNumber": "+99901000003"}})
    assert (answer.status_code, answer.json()["code"]) == (404, "IDENTIFIER_NOT_FOUND")


def test_a_tenant_finds_only_who_plays_its_games(client: TestClient) -> None:
    def asked(number: str) -> tuple[int, dict[str, Any]]:
        answer = client.post(PATH, json={"device": {"phoneNumber": number}}, headers=bearing(STUDIO))
        return answer.status_code, answer.json()

    there, nobody = asked("+99901000002"), asked(NOBODYS)
    assert there == nobody, "not even that the number exists"
    assert there[0] == 404
    assert asked("+99901000001")[1]["edgeCloudZoneName"] == "Harbour"


def test_without_a_token_and_with_a_wrong_correlator(client: TestClient) -> None:
    refused = client.post(PATH, json={"device": ADDRESS}, headers={"Authorization": "Bearer no"})
    assert (refused.status_code, refused.json()["status"], refused.json()["code"]) == (
        401,
        401,
        "UNAUTHENTICATED",
    )
    wrong = client.post(PATH, json={"device": ADDRESS}, headers={"x-correlator": "no spaces"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "INVALID_ARGUMENT")
