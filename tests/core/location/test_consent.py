"""Who may locate whom: a consent's client, device, scope, purpose and time all have to fit."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from fedge.core.location import NETWORK_OPERATION, OPERATOR, Consent, Consents, allowed_by
from fedge.core.location.consent import LOOKED_THROUGH_EVERY, MOST, MOST_OF_A_CLIENT
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
    assert allowed(replace(GIVEN, purpose=""), purpose="") == "consent-1"
    assert allowed(replace(GIVEN, purpose=""), purpose="dpv:Marketing") == "consent-1"
    assert allowed(replace(GIVEN, until=0), now=10**18) == "consent-1"


@pytest.mark.parametrize(
    "other",
    [
        {"client": "rival"},
        {"ue": "player-2"},
        {"scope": "location-verification:verify"},
        {"purpose": "dpv:Marketing"},
        {"purpose": ""},
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
    assert allowed_by([longer, GIVEN], "studio", UE, scope, "dpv:Gaming", NOW) == "consent-2"
    assert allowed_by([longer, endless, GIVEN], "studio", UE, scope, "dpv:Gaming", NOW) == "consent-3"


def filled(client: str, number: int, until: int = 0) -> Consents:
    held = Consents()
    more(held, client, number, until)
    return held


def more(held: Consents, client: str, number: int, until: int = 0) -> None:
    for _ in range(number):
        n = held.next_id
        held.keep(replace(GIVEN, client=client, ue=UeId(f"player-{n}"), until=until, id=f"consent-{n}"))


def test_one_client_cannot_fill_the_place_of_the_others() -> None:
    held = filled("rival", MOST_OF_A_CLIENT)
    assert held.full("rival", NOW)
    assert not held.full("studio", NOW)
    for number in range(1, MOST // MOST_OF_A_CLIENT):
        assert not held.full("studio", NOW)
        more(held, f"client-{number}", MOST_OF_A_CLIENT)
    assert held.full("studio", NOW), "nor more than there is place for"


def test_those_that_have_ended_take_no_place_and_are_forgotten_in_time() -> None:
    held = filled("rival", MOST_OF_A_CLIENT, until=10)
    assert held.full("rival", 9)
    assert not held.full("rival", 10)
    for _ in range(LOOKED_THROUGH_EVERY):
        n = held.next_id
        held.keep(replace(GIVEN, given_at=10, id=f"consent-{n}"))
    assert len(held.given) <= LOOKED_THROUGH_EVERY
    assert set(held.by_device) == {"studio"}


def test_they_are_found_by_device_whatever_became_of_them() -> None:
    held = Consents({GIVEN.id: GIVEN}, 2)
    other = replace(GIVEN, scopes=frozenset({"x"}), id="consent-2")
    held.keep(other)
    held.keep(replace(GIVEN, until=5000))
    assert held.next_id == 3
    assert held.of_device("studio", UE) == [replace(GIVEN, until=5000), other]
    assert held.same(replace(other, until=7)) == other
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(held), type=Consents) == held
    held.drop("consent-1")
    held.drop("consent-1")
    assert (held.of_device("studio", UE), held.of_device("rival", UE)) == ([other], [])
    held.drop_client("studio")
    assert (held.given, held.by_device) == ({}, {})
