"""CAMARA QoS Profiles 1.1.0 by hand: what is offered, to which device, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from fedge.api.camara.qos_profiles import rate
from fedge.core.control.events.quality import AskedProfileMark
from fedge.core.messages import OperatorOffers
from tests.api.camara.platform import DEVICE, REFERENCES, CamaraCentre

FIND, ONE = "/qos-profiles/v1/retrieve-qos-profiles", "/qos-profiles/v1/qos-profiles"


def names(client: TestClient, **body: Any) -> list[str]:
    answer = client.post(FIND, json=body)
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json()]


def test_the_usual_profiles_are_offered_while_the_operator_serves_them(
    client: TestClient, centre: CamaraCentre
) -> None:
    assert sorted(names(client, status="ACTIVE")) == ["QOS_E", "QOS_L", "QOS_M", "QOS_S"]
    centre.say(OperatorOffers(("QOS_E", "gold"), location=True, radio=True, quality=True))
    assert names(client, status="ACTIVE") == ["QOS_E", "gold"]
    assert names(client, status="INACTIVE") == ["QOS_S", "QOS_M", "QOS_L"]
    centre.say(OperatorOffers(REFERENCES, location=True, radio=True, quality=False))
    assert names(client, status="ACTIVE") == []


def test_a_profile_says_its_figures_and_no_others(client: TestClient, centre: CamaraCentre) -> None:
    said = client.get(f"{ONE}/QOS_E").json()
    assert said["status"] == "ACTIVE"
    assert said["packetDelayBudget"]["unit"] == "Milliseconds"
    assert said["maxDuration"] == {"value": 86400, "unit": "Seconds"}
    assert "jitter" not in said
    centre.say(OperatorOffers(("gold",), location=True, radio=True, quality=True))
    gold = client.get(f"{ONE}/gold").json()
    assert gold.keys() == {"name", "description", "status", "minDuration", "maxDuration"}


def test_a_profile_that_was_taken_back_is_found_as_deprecated(
    client: TestClient, centre: CamaraCentre
) -> None:
    centre.say(AskedProfileMark(0, "QOS_M", "DEPRECATED"))
    assert names(client, status="DEPRECATED") == ["QOS_M"]
    assert client.get(f"{ONE}/QOS_M").json()["status"] == "DEPRECATED"


def test_by_name_and_by_device(client: TestClient, centre: CamaraCentre) -> None:
    assert names(client, name="QOS_S") == ["QOS_S"]
    assert names(client, name="QOS_S", status="DEPRECATED") == []
    assert names(client, name="nothing") == []
    assert "QOS_E" in names(client, device=DEVICE)
    centre.see("player-1", "wifi")
    assert names(client, device=DEVICE) == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"status": "GONE"}, 400, "INVALID_ARGUMENT"),
        ({"name": "x"}, 400, "INVALID_ARGUMENT"),
        ({"device": {"phoneNumber": "+99901999999"}}, 404, "IDENTIFIER_NOT_FOUND"),
        ({"device": {"networkAccessIdentifier": "a@b.c"}}, 422, "UNSUPPORTED_IDENTIFIER"),
        ({"device": {}}, 400, "INVALID_ARGUMENT"),
    ],
)
def test_refusals_of_a_search(client: TestClient, body: dict[str, Any], status: int, code: str) -> None:
    answer = client.post(FIND, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [("nothing", 404, "NOT_FOUND"), ("ab", 400, "INVALID_ARGUMENT"), ("a%20b", 400, "INVALID_ARGUMENT")],
)
def test_refusals_of_a_name(client: TestClient, name: str, status: int, code: str) -> None:
    answer = client.get(f"{ONE}/{name}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_rate_is_said_in_a_unit_that_holds_it_and_never_rounded_up() -> None:
    assert rate(0) is None
    assert rate(1024) == {"value": 1024, "unit": "kbps"}
    assert rate(2500) == {"value": 2, "unit": "Mbps"}
