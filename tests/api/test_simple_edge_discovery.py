"""CAMARA Simple Edge Discovery 2.0.1: its one operation, its error codes, and its schema where the definition is at hand."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.testclient import TestClient

from fedge.adapters.embedded.addresses import SimulatedSubscribers, ue
from fedge.api.admin import admin_app
from fedge.api.admin.callers import seen_of
from fedge.api.camara import simple_edge_discovery
from fedge.core.control.events import SessionPlaced, SiteMarked
from fedge.core.model import AppId, SessionId, SessionKey, SiteId, UeId
from tests.api.centre import TOKEN, PlainCentre
from tests.core.applications.objects import tenant

PATH = "/simple-edge-discovery/v2/retrieve-closest-edge-cloud-zone"
DEFINITION = (
    Path(__file__).resolve().parents[3] / "shared" / "specs" / "camara" / "simple-edge-discovery.yaml"
)
NET = 77
ADDRESS = {"ipv4Address": {"publicAddress": ue(NET, 0), "publicPort": 40000}}


@pytest.fixture
def centre() -> PlainCentre:
    made = PlainCentre()
    made.join("harbour", "market")
    return made


@pytest.fixture
def client(centre: PlainCentre) -> Iterator[TestClient]:
    subscribers = SimulatedSubscribers(NET, 3)
    names = {SiteId("harbour"): "Harbour"}
    routes = simple_edge_discovery(
        lambda request: seen_of(request, centre.plane), names, subscribers, centre.now
    )
    with TestClient(admin_app(centre, routes), headers={"Authorization": f"Bearer {TOKEN}"}) as found:
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


def test_a_drained_zone_is_not_named(client: TestClient, centre: PlainCentre) -> None:
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
            {"device": {"ipv4Address": {"publicAddress": ue(NET, 0), "publicPort": 80}}},
            400,
            "INVALID_ARGUMENT",
        ),
        ({"device": {"phoneNumber": "+99901000003"}}, 404, "IDENTIFIER_NOT_FOUND"),
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
        (b" " * (5 << 20), 413, "OUT_OF_RANGE"),
    ],
    ids=["cut", "no text", "deep", "long"],
)
def test_a_body_that_cannot_be_read(client: TestClient, body: bytes, status: int, code: str) -> None:
    answer = client.post(PATH, content=(body[n : n + 65536] for n in range(0, len(body), 65536)))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_tenant_finds_only_who_plays_its_games(client: TestClient, centre: PlainCentre) -> None:
    applied = client.post("/api/v1/apply", json={"objects": [tenant("studio")]})
    token = client.post("/api/v1/tenants/studio/token", json={}).json()["token"]
    assert applied.status_code == 200

    def asked(number: str) -> tuple[int, dict[str, Any]]:
        answer = client.post(
            PATH,
            json={"device": {"phoneNumber": number}},
            headers={"Authorization": f"Bearer {token}"},
        )
        return answer.status_code, answer.json()

    there, nobody = asked("+99901000001"), asked("+99901999999")
    assert there == nobody, "not even that the number exists"
    assert there[0] == 404
    game, where = AppId("studio:arena"), SiteId("harbour")
    centre.say(SessionPlaced(SessionId("s-1"), SessionKey(7), game, UeId("player-1"), where, "nearest"))
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


def test_every_code_is_one_that_the_definition_knows(client: TestClient) -> None:
    if not DEFINITION.is_file():
        pytest.skip("CAMARA's definition files are not beside this checkout")
    responses = yaml.safe_load(DEFINITION.read_text())["components"]["responses"]
    known = {}
    for name, response in responses.items():
        if name.startswith("Generic"):
            parts = response["content"]["application/json"]["schema"]["allOf"]
            known[int(name[7:])] = set(parts[1]["properties"]["code"]["enum"])
    for body in ({}, {"device": {"phoneNumber": "1"}}, {"device": {"phoneNumber": "+99901999999"}}):
        answer = client.post(PATH, json=body).json()
        assert answer["code"] in known[answer["status"]]
