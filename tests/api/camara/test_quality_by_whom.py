"""Who may ask for quality: three-legged tokens speak for one device, tokens have scopes, sinks' tokens end."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.testclient import TestClient

from fedge.api.camara import qos_profiles, quality_on_demand
from fedge.api.camara.authorization import Grant
from fedge.api.camara.errors import CamaraError
from fedge.api.camara.exchange import camara_app, camara_mount
from fedge.api.camara.sinks import rfc3339
from fedge.api.pace import limits_of, paced
from fedge.core.messages import QualityLost
from fedge.core.model import UeId
from tests.api.camara.platform import DEVICE, SINK, CamaraCentre
from tests.api.camara.test_quality_on_demand import RETRIEVE, SESSIONS, WISH, made

PROFILES = "/qos-profiles/v1/retrieve-qos-profiles"
ALL = frozenset({"*"})
ONE, OTHER = (
    Grant("studio", "studio", ALL, UeId("player-1")),
    Grant("studio", "studio", ALL, UeId("player-2")),
)


class Speaking:
    """The port ``Granted``: everybody has this grant."""

    def __init__(self, grant: Grant) -> None:
        self.grant = grant

    def caller(self, request: Request) -> Grant:
        return self.grant

    def hold(self, request: Request, grant: Grant, scope: str) -> None:
        if not grant.scopes & {scope, "*"}:
            raise CamaraError(403, "PERMISSION_DENIED", f"the token does not allow {scope}")


def caller(centre: CamaraCentre, grant: Grant) -> TestClient:
    asked = paced(limits_of(1000), centre.now)
    apis = (quality_on_demand, qos_profiles)
    mounts = [
        camara_mount(api.BASE, camara_app(api.operations(centre.platform), Speaking(grant), asked))
        for api in apis
    ]
    return TestClient(Starlette(routes=mounts))


def without_device() -> dict[str, object]:
    return {name: value for name, value in WISH.items() if name != "device"}


def test_a_three_legged_token_names_the_device_and_nobody_else_may(centre: CamaraCentre) -> None:
    asking = caller(centre, ONE)
    refused = asking.post(SESSIONS, json=WISH)
    assert (refused.status_code, refused.json()["code"]) == (422, "UNNECESSARY_IDENTIFIER")
    found = asking.post(SESSIONS, json=without_device())
    assert found.status_code == 201
    assert "device" not in found.json()
    name = found.json()["sessionId"]
    assert centre.plane.state.quality.sessions[name].flow.ue == "player-1"
    assert [one["sessionId"] for one in asking.post(RETRIEVE, json={}).json()] == [name]
    refused = asking.post(RETRIEVE, json={"device": DEVICE})
    assert (refused.status_code, refused.json()["code"]) == (422, "UNNECESSARY_IDENTIFIER")


def test_with_the_token_of_another_device_the_session_is_not_there(centre: CamaraCentre) -> None:
    name = caller(centre, ONE).post(SESSIONS, json=without_device()).json()["sessionId"]
    centre.see("player-2")
    centre.operator()
    other, one = caller(centre, OTHER), f"{SESSIONS}/{name}"
    assert other.get(one).status_code == 404
    assert other.delete(one).status_code == 404
    assert other.post(f"{one}/extend", json={"requestedAdditionalDuration": 1}).status_code == 404
    assert other.post(RETRIEVE, json={}).json() == []
    two_legged = caller(centre, Grant("studio", "studio", ALL))
    assert two_legged.get(one).json()["qosStatus"] == "AVAILABLE"
    assert caller(centre, ONE).delete(one).status_code == 204


def test_profiles_are_those_of_the_tokens_device(centre: CamaraCentre) -> None:
    asking = caller(centre, ONE)
    assert len(asking.post(PROFILES, json={}).json()) == 4
    refused = asking.post(PROFILES, json={"device": DEVICE})
    assert (refused.status_code, refused.json()["code"]) == (422, "UNNECESSARY_IDENTIFIER")
    centre.see("player-1", "wifi")
    assert asking.post(PROFILES, json={}).json() == []
    assert asking.get("/qos-profiles/v1/qos-profiles/QOS_E").status_code == 404


SCOPE = "quality-on-demand:sessions"


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", SESSIONS, f"{SCOPE}:create"),
        ("GET", f"{SESSIONS}/3fa85f64-5717-4562-b3fc-2c963f66afa6", f"{SCOPE}:read"),
        ("DELETE", f"{SESSIONS}/3fa85f64-5717-4562-b3fc-2c963f66afa6", f"{SCOPE}:delete"),
        ("POST", f"{SESSIONS}/3fa85f64-5717-4562-b3fc-2c963f66afa6/extend", f"{SCOPE}:update"),
        ("POST", RETRIEVE, f"{SCOPE}:retrieve-by-device"),
        ("POST", PROFILES, "qos-profiles:read"),
        ("GET", "/qos-profiles/v1/qos-profiles/QOS_E", "qos-profiles:read"),
    ],
)
def test_every_operation_needs_its_own_scope(
    centre: CamaraCentre, method: str, path: str, scope: str
) -> None:
    every = {f"{SCOPE}:{verb}" for verb in ("create", "read", "update", "delete", "retrieve-by-device")}
    others = frozenset(every | {"qos-profiles:read"}) - {scope}
    refused = caller(centre, Grant("studio", "studio", others)).request(method, path, json={})
    assert (refused.status_code, refused.json()["code"]) == (403, "PERMISSION_DENIED")
    allowed = caller(centre, Grant("studio", "studio", frozenset({scope}))).request(method, path, json={})
    assert allowed.status_code != 403


def test_a_sink_whose_token_has_expired_is_told_nothing_more(
    client: TestClient, centre: CamaraCentre
) -> None:
    token = {
        "credentialType": "ACCESSTOKEN",
        "accessToken": "abc",
        "accessTokenType": "bearer",
        "accessTokenExpiresUtc": "2199-01-01T00:00:00Z",
    }
    lasting = made(client, sinkCredential=token)
    brief = made(
        client,
        applicationServer={"ipv4Address": "198.51.100.1"},
        sinkCredential={**token, "accessTokenExpiresUtc": _soon(centre)},
    )
    assert "sinkCredential" not in lasting
    assert len(centre.told()) == 2
    centre.pass_time(120)
    for one in (lasting, brief):
        centre.say(QualityLost(one["sessionId"], "the network ended it"))
    [told] = centre.told()
    assert told["data"]["sessionId"] == lasting["sessionId"]
    assert "abc" not in client.get(f"{SESSIONS}/{lasting['sessionId']}").text
    assert lasting["sink"] == SINK


def _soon(centre: CamaraCentre) -> str:
    return rfc3339(centre.platform.now_s + 60)
