"""``fedge locate``, ``fedge consent`` and ``fedge audit``: what is asked, and what is said."""

from __future__ import annotations

from collections.abc import Callable

from click.testing import Result

from fedge.cli.locate import RETRIEVE, VERIFY
from tests.cli.conftest import FakePlatform

Fedge = Callable[..., Result]
API = "/api/v1"
AT = "2026-11-26T01:12:40.310Z"


def test_a_player_is_found_by_name_number_and_address(fedge: Fedge, platform: FakePlatform) -> None:
    platform.answers["GET", f"{API}/devices/player-7"] = {"identifiers": {"phoneNumber": "+99901000007"}}
    area = {"areaType": "CIRCLE", "center": {"latitude": 45.5, "longitude": -29.25}, "radius": 49.6}
    platform.answers["POST", RETRIEVE] = {"area": area, "lastLocationTime": AT}
    assert fedge("locate", "player-7").output == f"player-7: 45.500000,-29.250000 ± 50 m, as of {AT}\n"
    assert platform.asked[-1][2] == {"device": {"phoneNumber": "+99901000007"}}
    fedge("locate", "+99901000008", "--max-age", "10")
    assert platform.asked[-1][2] == {"device": {"phoneNumber": "+99901000008"}, "maxAge": 10}
    fedge("locate", "127.9.200.7")
    address = {"publicAddress": "127.9.200.7", "privateAddress": "127.9.200.7"}
    assert platform.asked[-1][2] == {"device": {"ipv4Address": address}}


def test_a_tenant_is_told_what_a_name_would_need(fedge: Fedge, platform: FakePlatform) -> None:
    platform.answers["GET", f"{API}/devices/player-7"] = {"identifiers": {}}
    answer = fedge("locate", "player-7")
    assert answer.exit_code != 0
    assert "phone number" in answer.stderr


def test_verify(fedge: Fedge, platform: FakePlatform) -> None:
    said = {"verificationResult": "PARTIAL", "matchRate": 40, "lastLocationTime": AT}
    platform.answers["POST", VERIFY] = said
    answer = fedge("locate", "+99901000007", "--verify", "45.5,-29.25,300")
    assert answer.output == f"+99901000007: PARTIAL (40 %), as of {AT}\n"
    assert platform.asked[-1][2]["area"] == {
        "areaType": "CIRCLE",
        "center": {"latitude": 45.5, "longitude": -29.25},
        "radius": 300.0,
    }
    for wrong in ("45.5,-29.25", "here", "1,2,3,4"):
        assert "three numbers" in fedge("locate", "+99901000007", "--verify", wrong).stderr


def test_consents(fedge: Fedge, platform: FakePlatform) -> None:
    platform.answers["POST", f"{API}/consents"] = (201, {"id": "consent-3"})
    assert fedge("consent", "grant", "studio", "player-7", "--days", "7").output == "consent-3\n"
    asked = {"client": "studio", "device": "player-7", "purpose": "", "days": 7.0}
    assert platform.asked[-1][2] == asked
    fedge("consent", "grant", "studio", "player-7", "--scope", "location-retrieval:read")
    assert platform.asked[-1][2]["scopes"] == ["location-retrieval:read"]
    platform.answers["GET", f"{API}/consents"] = {
        "items": [
            {
                "id": "consent-3",
                "client": "studio",
                "device": "player-7",
                "scopes": ["location-retrieval:read"],
                "purpose": "",
                "by": "the operator",
                "left_s": 172800.0,
            }
        ]
    }
    lines = fedge("consent", "list").output.splitlines()
    assert lines[1].split() == [
        "consent-3", "studio", "player-7", "location-retrieval:read", "any", "2.0", "d", "the", "operator",
    ]  # fmt: skip
    platform.answers["DELETE", f"{API}/consents/consent-3"] = {"id": "consent-3"}
    assert fedge("consent", "revoke", "consent-3").output == "consent-3 has ended\n"


def test_audit(fedge: Fedge, platform: FakePlatform) -> None:
    refused = {
        "at": AT,
        "client": "studio",
        "api": "POST /x",
        "subject": "+999",
        "decision": "refused",
        "reason": "PERMISSION_DENIED",
        "because": "no consent",
    }
    granted = {"at": AT, "api": "POST /y", "decision": "granted"}
    platform.answers["GET", f"{API}/audit?limit=50"] = {"items": [refused, granted]}
    both = fedge("audit").output
    assert "studio" in both
    assert "PERMISSION_DENIED · no consent" in both
    assert "nobody" in both
    assert "granted" not in fedge("audit", "--refused").output
    assert fedge("audit", "--json").output.count('"decision"') == 2
