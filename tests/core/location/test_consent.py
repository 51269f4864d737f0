"""Who may locate whom: a consent's client, device, scope, purpose and time all have to fit."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from fedge.core.location import NETWORK_OPERATION, OPERATOR, Consent, allowed_by
from fedge.core.model import UeId

NOW = 1000
UE = UeId("player-1")
GIVEN = Consent("studio", UE, frozenset({"location-retrieval:read"}), "dpv:Gaming", 2000, id="consent-1")


def allowed(
    given: Consent = GIVEN,
    client: str = "studio",
    ue: str = "player-1",
    scope: str = "location-retrieval:read",
    purpose: str = "dpv:Gaming",
    now: int = NOW,
) -> str:
    return allowed_by([given], client, UeId(ue), scope, purpose, now)


def test_a_consent_allows_what_it_says() -> None:
    assert allowed() == "consent-1"
    assert allowed(purpose="") == "consent-1", "who names no purpose is within any"
    assert allowed(replace(GIVEN, purpose=""), purpose="dpv:Marketing") == "consent-1"
    assert allowed(replace(GIVEN, until=0), now=10**18) == "consent-1"


@pytest.mark.parametrize(
    "other",
    [
        {"client": "rival"},
        {"ue": "player-2"},
        {"scope": "location-verification:verify"},
        {"purpose": "dpv:Marketing"},
        {"now": 2000},
    ],
)
def test_and_nothing_else(other: dict[str, str]) -> None:
    assert not allowed(**other)  # type: ignore[arg-type]


def test_the_operator_needs_none_to_run_its_network_and_one_for_all_else() -> None:
    assert allowed(client=OPERATOR, purpose="") == "network operation"
    assert allowed(client=OPERATOR, purpose=NETWORK_OPERATION) == "network operation"
    assert not allowed(client=OPERATOR, purpose="dpv:Marketing")
    assert allowed(replace(GIVEN, client=OPERATOR), client=OPERATOR, purpose="dpv:Gaming") == "consent-1"


def test_the_longest_of_several_is_named() -> None:
    longer = replace(GIVEN, until=3000, id="consent-2")
    endless = replace(GIVEN, until=0, id="consent-3")
    scope = "location-retrieval:read"
    assert allowed_by([longer, GIVEN], "studio", UE, scope, "", NOW) == "consent-2"
    assert allowed_by([longer, endless, GIVEN], "studio", UE, scope, "", NOW) == "consent-3"
