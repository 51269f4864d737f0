"""The authorization code flow with PKCE: what a browser on the device and the client behind it may do, and each misuse."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from fedge.adapters.embedded.addresses import ue
from fedge.api.admin.callers import digest_of
from fedge.api.camara.authorization import LIFETIME_S
from fedge.api.camara.code_flow import CODE_FOR_S
from fedge.api.pace import paced
from fedge.core.control import State
from fedge.core.control.events.asking import SubscriberAsked
from fedge.core.control.events.objects import ObjectsChanged
from fedge.core.control.events.tokens import TokenIssued
from fedge.core.location import NETWORK_OPERATION
from fedge.core.location.asking import MOST_CODES_OF_A_DEVICE, MOST_OF_A_CLIENT, MOST_OF_A_DEVICE
from fedge.core.model import SECOND, UeId
from fedge.core.pace import Limits
from tests.api.camara.studio import (
    NET,
    ORIGIN,
    RIVAL,
    STUDIO,
    StudioCentre,
    application,
    bearing,
    three_legged,
    token_of,
)
from tests.api.centre import TOKEN

READ, RETRIEVE = "simple-edge-discovery:read", "location-retrieval:read"
ZONE = "/simple-edge-discovery/v2/retrieve-closest-edge-cloud-zone"
BACK, ELSEWHERE = "https://studio.example/back?from=fedge", "https://studio.example/else"
VERIFIER = "a-verifier-of-at-least-forty-three-characters"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ASKED = {
    "response_type": "code",
    "client_id": "studio",
    "redirect_uri": BACK,
    "scope": f"openid {READ}",
    "state": "a state & more",
    "nonce": "n-1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


@pytest.fixture
def centre() -> StudioCentre:
    made = StudioCentre()
    made.say(TokenIssued("studio", digest_of(STUDIO), redirect_uris=(BACK, ELSEWHERE)))
    made.say(TokenIssued("rival", digest_of(RIVAL), redirect_uris=("https://rival.example/",)))
    return made


@pytest.fixture
def client(centre: StudioCentre) -> Iterator[TestClient]:
    """A browser on player-1's device, and (at the token endpoint) the studio's server."""
    with TestClient(application(centre), client=(ue(NET, 0), 50000), follow_redirects=False) as found:
        yield found


def authorize(client: TestClient, **more: str | None) -> Any:
    asked = {name: value for name, value in {**ASKED, **more}.items() if value is not None}
    return client.get("/oauth2/authorize", params=asked)


def sent_back(answer: Any) -> dict[str, str]:
    """The parameters that the browser brings to the client."""
    assert answer.status_code in (302, 303), answer.text
    to = urlsplit(answer.headers["location"])
    assert f"{to.scheme}://{to.netloc}{to.path}" == "https://studio.example/back"
    said = {name: values[0] for name, values in parse_qs(to.query).items()}
    assert said.pop("from") == "fedge", "what the registered URI says is kept"
    assert said.pop("iss") == ORIGIN
    assert said.pop("state", None) in ("a state & more", None)
    return said


def code_of(client: TestClient, **more: str | None) -> str:
    return sent_back(authorize(client, **more))["code"]


def redeem(client: TestClient, code: str, name: str = "studio", secret: str = STUDIO, **more: str) -> Any:
    form = {"code": code, "redirect_uri": BACK, "code_verifier": VERIFIER, **more}
    return token_of(client, name, secret, grant_type="authorization_code", **form)


def zone(client: TestClient, token: str) -> int:
    return client.post(ZONE, json={}, headers=bearing(token)).status_code


def test_a_subscribers_yes_comes_back_as_a_code_for_a_token_that_is_the_device(
    client: TestClient, centre: StudioCentre
) -> None:
    answer = authorize(client)
    assert "a+state+%26+more" in answer.headers["location"]
    found = redeem(client, sent_back(answer)["code"])
    assert found.status_code == 200, found.text
    told = found.json()
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("Bearer", 600, f"{READ} openid")
    assert zone(client, told["access_token"]) == 200
    claims = json.loads(base64.urlsafe_b64decode(told["id_token"].split(".")[1] + "=="))
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (ORIGIN, "studio", "n-1")
    assert "player" not in json.dumps(claims)
    [given] = centre.plane.state.consents.given.values()
    assert (given.client, given.ue, given.scopes) == ("studio", "player-1", frozenset({READ}))
    written = [one for one in centre.audit.newest() if one["api"].startswith(("GET /oauth2", "POST /oauth2"))]
    assert [(one["api"], one["decision"], one["client"], one["ue"]) for one in written] == [
        ("GET /oauth2/authorize", "granted", "studio", "player-1"),
        ("POST /oauth2/token", "granted", "studio", "player-1"),
    ]
    client.delete(f"/api/v1/consents/{given.id}", headers=bearing(TOKEN))
    assert zone(client, told["access_token"]) == 401, "it rests on the consent"


def test_by_post_too(client: TestClient) -> None:
    answer = client.post("/oauth2/authorize", data=ASKED)
    assert answer.status_code == 303
    assert redeem(client, sent_back(answer)["code"]).status_code == 200


def test_a_code_is_good_once_and_its_replay_ends_the_token(client: TestClient) -> None:
    code = code_of(client)
    token = redeem(client, code).json()["access_token"]
    other = redeem(client, code_of(client)).json()["access_token"]
    assert zone(client, token) == 200
    assert redeem(client, code, "rival", RIVAL).json()["error"] == "invalid_grant"
    assert zone(client, token) == 200, "to another client it is no code at all"
    again = redeem(client, code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert zone(client, token) == 401
    assert zone(client, other) == 200, "that of another code lives on"


def test_a_replay_is_noticed_after_a_restart(client: TestClient, centre: StudioCentre) -> None:
    unused, code = code_of(client), code_of(client)
    token = redeem(client, code).json()["access_token"]
    snapshot = msgspec.msgpack.encode(centre.plane.state)
    assert code.encode() not in snapshot
    centre.plane.state = msgspec.msgpack.decode(snapshot, type=State)
    assert redeem(client, code).status_code == 400
    assert zone(client, token) == 401
    assert redeem(client, unused).status_code == 200, "and one that was not used is good still"


@pytest.mark.parametrize(
    "wrong",
    [
        {"redirect_uri": ELSEWHERE},
        {"redirect_uri": BACK + "x"},
        {"code_verifier": VERIFIER + "x"},
        {"code_verifier": "short"},
        {"code_verifier": CHALLENGE},
        {"code": "another"},
    ],
)
def test_a_code_is_bound_to_its_redirect_uri_and_challenge(client: TestClient, wrong: dict[str, str]) -> None:
    code = code_of(client)
    answer = redeem(client, **{"code": code, **wrong})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert redeem(client, code).status_code == 200, "it was not used by that"


def test_a_code_is_bound_to_its_client(client: TestClient) -> None:
    code = code_of(client)
    answer = redeem(client, code, "rival", RIVAL)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert redeem(client, code, "studio", "wrong").status_code == 401


@pytest.mark.parametrize("missing", ["code", "redirect_uri", "code_verifier"])
def test_what_is_missing_at_the_token_endpoint(client: TestClient, missing: str) -> None:
    answer = redeem(client, **{"code": code_of(client), missing: ""})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_code_lives_a_minute_and_no_longer_than_its_consent(
    client: TestClient, centre: StudioCentre
) -> None:
    late, ended = code_of(client), code_of(client)
    [consent] = centre.plane.state.consents.given
    client.delete(f"/api/v1/consents/{consent}", headers=bearing(TOKEN))
    assert "consent" in redeem(client, ended).json()["error_description"]
    centre.ahead += CODE_FOR_S * SECOND
    assert "expired" in redeem(client, late).json()["error_description"]
    code_of(client)
    assert len(centre.plane.state.askings.codes) == 1, "what is over is forgotten"


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "nobody"},
        {"client_id": "OPERATOR"},
        {"client_id": "rival"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": "https://studio.example/back"},
        {"redirect_uri": BACK + "&more=1"},
        {"redirect_uri": BACK.upper()},
        {"redirect_uri": "https://evil.example/"},
    ],
)
def test_to_no_other_place_a_browser_is_sent(client: TestClient, wrong: dict[str, str | None]) -> None:
    answer = authorize(client, **wrong)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": READ}, "invalid_scope"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"scope": "openid nothing"}, "invalid_scope"),
        ({"scope": f"openid {READ} dpv:One dpv:Two"}, "invalid_scope"),
        ({"scope": f"openid {READ} {NETWORK_OPERATION}"}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "other"}, "invalid_request"),
        ({"nonce": "n" * 2001}, "invalid_request"),
        ({"request": "a.b.c"}, "request_not_supported"),
        ({"request_uri": "urn:x"}, "request_uri_not_supported"),
    ],
)
def test_what_is_wrong_is_brought_back_to_the_client(
    client: TestClient, centre: StudioCentre, wrong: dict[str, str | None], error: str
) -> None:
    said = sent_back(authorize(client, **wrong))
    assert said["error"] == error
    assert said["error_description"]
    assert "code" not in said
    [written] = centre.audit.newest()
    assert (written["decision"], written["reason"]) == ("refused", error)
    assert written["because"].startswith("studio: ")
    assert not centre.plane.state.consents.given


def test_a_browser_pushes_none_of_a_clients_own_lines_out(client: TestClient, centre: StudioCentre) -> None:
    """Anybody's does who knows a client and its redirect URI, which every link of its shows."""
    assert token_of(client, "studio", STUDIO).status_code == 200
    wrong = [{"response_type": "token"}, {"scope": "openid"}, {"code_challenge": None}, {"prompt": "none"}]
    with TestClient(application(centre), client=("127.0.0.1", 1), follow_redirects=False) as elsewhere:
        errors = {sent_back(authorize(one, **why))["error"] for one in (client, elsewhere) for why in wrong}
    centre.screen.says = "no"
    errors.add(sent_back(authorize(client))["error"])
    assert len(errors) == 6
    [own] = centre.audit.newest(client="studio")
    assert own["decision"] == "granted"
    refused = [one for one in centre.audit.newest() if one["decision"] == "refused"]
    assert len(refused) == 9
    assert not any("client" in one for one in refused), "nobody that is known"
    assert all(one["because"].startswith("studio: ") for one in refused), "for the operator"


def test_a_parameter_that_is_given_twice_and_one_too_long(client: TestClient) -> None:
    answer = client.get("/oauth2/authorize?client_id=studio&client_id=rival")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert client.get("/oauth2/authorize?state=" + "x" * 20_000).status_code == 400
    assert client.get("/oauth2/authorize?state=%ff").status_code == 400
    assert sent_back(authorize(client, state="x" * 2001))["error"] == "invalid_request"
    assert client.put("/oauth2/authorize").status_code == 405
    assert client.head("/oauth2/authorize", params=ASKED).status_code == 405
    odd = sent_back(authorize(client, scope='openid "é\\'))
    assert odd["error_description"] == "unknown: ???", "RFC 6749, 4.1.2.1"


def test_a_subscriber_who_says_no(client: TestClient, centre: StudioCentre) -> None:
    centre.screen.says = "no"
    assert sent_back(authorize(client))["error"] == "access_denied"
    assert not centre.plane.state.askings.asked


def test_the_device_is_the_one_that_the_browser_is_on(centre: StudioCentre) -> None:
    with TestClient(application(centre), client=("127.0.0.1", 50000), follow_redirects=False) as elsewhere:
        assert sent_back(authorize(elsewhere, login_hint="tel:+99901000001"))["error"] == "access_denied"
        assert sent_back(authorize(elsewhere, prompt="none"))["error"] == "login_required"


def test_without_a_prompt_only_a_consent_that_is_there_counts(
    client: TestClient, centre: StudioCentre
) -> None:
    assert sent_back(authorize(client, prompt="none"))["error"] == "consent_required"
    three_legged(client, READ)
    centre.screen.says = "no"
    assert redeem(client, code_of(client, prompt="none")).status_code == 200
    more = f"openid {READ} {RETRIEVE}"
    assert sent_back(authorize(client, prompt="none", scope=more))["error"] == "consent_required"


def test_no_device_takes_the_codes_of_a_clients_others(client: TestClient, centre: StudioCentre) -> None:
    three_legged(client, READ)
    three_legged(client, READ, "tel:+99901000002")
    codes = [code_of(client, prompt="none") for _ in range(MOST_OF_A_DEVICE)]
    again = sent_back(authorize(client, prompt="none"))
    assert again["error"] == "temporarily_unavailable"
    assert len(centre.plane.state.askings.codes) == MOST_OF_A_DEVICE
    with TestClient(application(centre), client=(ue(NET, 1), 1), follow_redirects=False) as other:
        assert code_of(other, prompt="none")
    for code in codes:
        assert redeem(client, code).status_code == 200
    for _ in range(MOST_CODES_OF_A_DEVICE - MOST_OF_A_DEVICE):
        assert redeem(client, code_of(client, prompt="none")).status_code == 200
    assert "code" not in sent_back(authorize(client, prompt="none")), (
        "nor those that are used, and remembered"
    )
    given = dict(centre.plane.state.consents.given)
    assert "code" not in sent_back(authorize(client))
    assert centre.plane.state.consents.given == given, "nor is its subscriber asked for one"
    centre.ahead += LIFETIME_S * SECOND
    assert code_of(client, prompt="none")


def test_a_purpose_is_kept_in_consent_and_token(client: TestClient, centre: StudioCentre) -> None:
    told = redeem(client, code_of(client, scope=f"openid {READ} dpv:FraudPrevention")).json()
    assert told["scope"] == f"{READ} dpv:FraudPrevention openid"
    claims = centre.authorization.claims_of(told["access_token"])
    assert claims is not None
    assert claims.purpose == "dpv:FraudPrevention"
    [given] = centre.plane.state.consents.given.values()
    assert given.purpose == "dpv:FraudPrevention"
    assert sent_back(authorize(client, prompt="none"))["error"] == "consent_required", "for another purpose"


def test_while_the_subscriber_has_not_answered_there_is_a_page(
    client: TestClient, centre: StudioCentre
) -> None:
    centre.screen.says = "silent"
    page = authorize(client)
    assert page.status_code == 200
    assert "Simulated" in page.text
    assert READ in page.text
    seconds, _, again = page.headers["refresh"].partition("; url=")
    assert (seconds, again.partition("?")[0]) == ("1", f"{ORIGIN}/oauth2/decision")
    assert client.get(again).status_code == 200
    with TestClient(application(centre), client=(ue(NET, 1), 1), follow_redirects=False) as other:
        centre.screen.says = "yes"
        assert other.get(again).status_code == 400, "it is not its device that is asked"
    centre.plane.state = msgspec.msgpack.decode(msgspec.msgpack.encode(centre.plane.state), type=State)
    code = sent_back(client.get(again))["code"]
    assert redeem(client, code).status_code == 200
    assert client.get(again).status_code == 400, "it was answered"
    assert client.get("/oauth2/decision").status_code == 400


def test_a_page_that_nobody_answers(client: TestClient, centre: StudioCentre) -> None:
    centre.screen.says = "silent"
    again = authorize(client).headers["refresh"].partition("url=")[2]
    assert [authorize(client).status_code for _ in range(MOST_OF_A_DEVICE - 1)] == [200] * 4
    assert sent_back(authorize(client))["error"] == "temporarily_unavailable"
    centre.ahead += 120 * SECOND
    centre.screen.says = "yes"
    assert sent_back(client.get(again))["error"] == "access_denied"
    assert not centre.plane.state.consents.given


def test_pages_that_nobody_answered_hold_up_no_other_subscriber(
    client: TestClient, centre: StudioCentre
) -> None:
    centre.screen.says = "silent"
    again = authorize(client).headers["refresh"].partition("url=")[2]
    [asked] = centre.plane.state.askings.asked.values()
    for number in range(1, MOST_OF_A_CLIENT):
        centre.say(SubscriberAsked(replace(asked, id=f"of-{number}", ue=UeId(f"subscriber-{number}"))))
    who = {"client_id": "studio", "client_secret": STUDIO, "login_hint": "tel:+99901000002"}

    def ciba() -> int:
        return int(client.post("/oauth2/bc-authorize", data={**who, "scope": f"openid {READ}"}).status_code)

    centre.ahead = asked.until - centre.now() - SECOND
    assert ciba() == 429
    centre.ahead += SECOND
    assert ciba() == 200, "nobody is asked in a browser any more"
    assert sent_back(client.get(again))["error"] == "access_denied", "and yet its client hears"


def test_a_ticket_of_the_page_is_no_request_of_ciba_and_the_other_way_round(
    client: TestClient, centre: StudioCentre
) -> None:
    centre.screen.says = "silent"
    ticket = authorize(client).headers["refresh"].partition("ticket=")[2]
    kind = "urn:openid:params:grant-type:ciba"
    assert token_of(client, "studio", STUDIO, grant_type=kind, auth_req_id=ticket).status_code == 400
    who = {"client_id": "studio", "client_secret": STUDIO}
    form = {**who, "scope": f"openid {READ}", "login_hint": "tel:+99901000001"}
    asked = client.post("/oauth2/bc-authorize", data=form).json()["auth_req_id"]
    assert client.get("/oauth2/decision", params={"ticket": asked}).status_code == 400


def test_browsers_have_a_rate_of_their_own(client: TestClient, centre: StudioCentre) -> None:
    centre.server.codes._asked = paced(Limits(per_second=1, burst=2), centre.now)
    assert [authorize(client).status_code for _ in range(3)] == [302, 302, 429]
    assert client.get("/oauth2/decision?ticket=none").status_code == 429
    assert token_of(client, "studio", STUDIO).status_code == 200


def test_a_page_that_asks_too_often_asks_later(client: TestClient, centre: StudioCentre) -> None:
    centre.screen.says = "silent"
    centre.server.codes._asked = paced(Limits(per_second=0.1, burst=1), centre.now)
    again = authorize(client).headers["refresh"].partition("url=")[2]
    centre.screen.says = "yes"
    page = client.get(again)
    assert (page.status_code, page.headers["refresh"]) == (200, f"10; url={again}")
    centre.ahead += 10 * SECOND
    assert sent_back(client.get(again))["code"]


def test_with_the_tenant_its_codes_and_questions_end(client: TestClient, centre: StudioCentre) -> None:
    code = code_of(client)
    centre.screen.says = "silent"
    authorize(client)
    centre.say(ObjectsChanged((), (("Tenant", "", "studio"),)))
    assert not centre.plane.state.askings.asked
    assert not centre.plane.state.askings.codes
    centre.say(TokenIssued("studio", digest_of(STUDIO)))
    assert redeem(client, code).status_code == 400
    assert authorize(client).status_code == 400, "nor has the later one its redirect URIs"


def test_redirect_uris_are_registered_with_the_clients_secret(
    client: TestClient, centre: StudioCentre
) -> None:
    def issued(**body: Any) -> Any:
        return client.post("/api/v1/tenants/studio/token", json=body, headers=bearing(TOKEN))

    for wrong in (
        "x",
        [7],
        ["ftp://studio.example/"],
        ["http://studio.example/"],
        ["https://studio.example/#part"],
        ["https://user@studio.example/"],
        ["https:///path"],
        ["/relative"],
        ["https://studio.example/ "],
        ["https://studio.example/" + "x" * 2000],
        [f"https://studio.example/{n}" for n in range(21)],
    ):
        assert issued(redirect_uris=wrong).status_code == 400, wrong
    assert issued(players=True, redirect_uris=[BACK]).status_code == 400
    fresh = issued(redirect_uris=["http://127.0.0.1:8765/back"]).json()
    assert fresh["redirect_uris"] == ["http://127.0.0.1:8765/back"]
    assert authorize(client).status_code == 400, "the others are gone"
    assert issued().json()["redirect_uris"] == ["http://127.0.0.1:8765/back"], "a new secret keeps them"
    assert authorize(client, redirect_uri="http://127.0.0.1:8765/back").status_code == 302


def test_what_an_openid_client_finds_of_it(client: TestClient) -> None:
    found = client.get("/.well-known/openid-configuration").json()
    assert found["authorization_endpoint"] == f"{ORIGIN}/oauth2/authorize"
    assert found["response_types_supported"] == ["code"]
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert "authorization_code" in found["grant_types_supported"]
