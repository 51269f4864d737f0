"""``fedge qod`` against a platform that answers what it is told."""

from __future__ import annotations

from collections.abc import Callable

from click.testing import Result

from tests.cli.conftest import FakePlatform

Fedge = Callable[..., Result]
SESSIONS = "/quality-on-demand/v1/sessions"
ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"


def test_create_names_the_device_and_the_stable_address(fedge: Fedge, platform: FakePlatform) -> None:
    platform.answers["GET", "/api/v1/devices/player-7"] = {"identifiers": {"phoneNumber": "+99901000007"}}
    platform.answers["GET", "/api/v1/view"] = {"run": {"service": "127.9.1.1:7777"}}
    platform.answers["POST", SESSIONS] = (201, {"sessionId": ID})
    answer = fedge(
        "qod", "create", "player-7", "--seconds", "60", "--server-port", "7777", "--device-port", "1-9"
    )
    assert answer.output == f"{ID}\n"
    assert platform.asked[-1][2] == {
        "device": {"phoneNumber": "+99901000007"},
        "applicationServer": {"ipv4Address": "127.9.1.1"},
        "qosProfile": "QOS_E",
        "duration": 60,
        "applicationServerPorts": {"ranges": [{"from": 7777, "to": 7777}]},
        "devicePorts": {"ranges": [{"from": 1, "to": 9}]},
    }


def test_create_with_a_sink(fedge: Fedge, platform: FakePlatform) -> None:
    platform.answers["POST", SESSIONS] = (201, {"sessionId": ID})
    words = ["--server", "127.9.1.1", "--sink", "https://127.0.0.1:1/", "--sink-token", "abc"]
    answer = fedge("qod", "create", "+99901000007", *words, "--sink-token-expires", "2030-01-01T00:00:00Z")
    assert answer.exit_code == 0
    assert platform.asked[-1][2]["sinkCredential"] == {
        "credentialType": "ACCESSTOKEN",
        "accessToken": "abc",
        "accessTokenType": "bearer",
        "accessTokenExpiresUtc": "2030-01-01T00:00:00Z",
    }


def test_get_extend_and_delete(fedge: Fedge, platform: FakePlatform) -> None:
    one = f"{SESSIONS}/{ID}"
    platform.answers["GET", one] = {"sessionId": ID, "applicationServer": {"ipv4Address": "127.9.1.1"}}
    platform.answers["POST", f"{one}/extend"] = {"duration": 900, "expiresAt": "2030-01-01T00:00:00Z"}
    platform.answers["DELETE", one] = None
    assert "applicationServer: ipv4Address 127.9.1.1" in fedge("qod", "get", ID).output
    assert "lasts 900 s in all" in fedge("qod", "extend", ID, "300").output
    assert platform.asked[-1][2] == {"requestedAdditionalDuration": 300}
    assert fedge("qod", "delete", ID).output == f"{ID} has ended\n"


def test_list_profiles_and_mark(fedge: Fedge, platform: FakePlatform) -> None:
    row = {
        "quality": ID,
        "ue": "player-7",
        "profile": "QOS_E",
        "status": "AVAILABLE",
        "kept": True,
        "by": "studio",
    }
    platform.answers["GET", "/api/v1/quality"] = {"items": [row]}
    assert "QOS_E" in fedge("qod", "list").output
    profile = {"name": "QOS_E", "status": "ACTIVE", "targetMinUpstreamRate": {"value": 500, "unit": "kbps"}}
    platform.answers["POST", "/qos-profiles/v1/retrieve-qos-profiles"] = (200, [profile])
    assert "500 kbps" in fedge("qod", "profiles").output
    platform.answers["POST", "/api/v1/qos-profiles/QOS_E"] = {"status": "DEPRECATED"}
    assert fedge("qod", "mark", "QOS_E", "DEPRECATED").output == "QOS_E is DEPRECATED\n"


def test_a_refusal_is_said_as_the_platform_said_it(fedge: Fedge, platform: FakePlatform) -> None:
    platform.answers["POST", SESSIONS] = (409, {"code": "CONFLICT", "message": "the flow is taken already"})
    answer = fedge("qod", "create", "+99901000007", "--server", "127.9.1.1")
    assert answer.exit_code != 0
    assert "the flow is taken already" in answer.output
    assert fedge("qod", "create", "+99901000007", "--server-port", "x").exit_code == 2
