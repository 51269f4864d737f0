"""Who may call the CAMARA APIs: tokens two-legged and three-legged, and how they end. Every refusal is in its standard's form."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from fedge.api.camara.asking import Questions
from fedge.api.camara.ciba import Ciba
from fedge.api.camara.scopes import AskedScopes
from fedge.api.pace import paced
from fedge.core.control import State
from fedge.core.control.consenting import MOST_ENDED_TOKENS
from fedge.core.control.events.objects import ObjectsChanged
from fedge.core.control.events.sessions import SessionPlaced
from fedge.core.control.events.tokens import AccessTokenEnded, TokenIssued, TokensRevoked
from fedge.core.location import NETWORK_OPERATION
from fedge.core.location.asking import MOST_OF_A_CLIENT
from fedge.core.location.consent import LOOKED_THROUGH_EVERY
from fedge.core.model import SECOND, AppId, SessionId, SessionKey, SiteId, UeId
from fedge.core.pace import Limits
from fedge.wire import jwt
from fedge.wire.oauth import OAuthError
from tests.api.camara.studio import (
    NOBODYS,
    NUMBER,
    OTHER,
    PLAYERS,
    RIVAL,
    STUDIO,
    StudioCentre,
    application,
    bearing,
    three_legged,
    token_of,
)
from tests.api.centre import TOKEN
from tests.core.applications.objects import deployment, propagation, service, tenant

ZONE = "/simple-edge-discovery/v2/retrieve-closest-edge-cloud-zone"
READ, RETRIEVE = "simple-edge-discovery:read", "location-retrieval:read"
CIBA = "urn:openid:params:grant-type:ciba"
FORM = {"client_id": "studio", "client_secret": STUDIO}


@pytest.fixture
def centre() -> StudioCentre:
    return StudioCentre()


@pytest.fixture
def client(centre: StudioCentre) -> Iterator[TestClient]:
    with TestClient(application(centre)) as found:
        yield found


def zone(client: TestClient, token: str, body: Any = None) -> tuple[int, str]:
    asked = {"device": {"phoneNumber": NUMBER}} if body is None else body
    answer = client.post(ZONE, json=asked, headers=bearing(token))
    return answer.status_code, answer.json().get("code", "")


def test_own_tokens_are_two_legged_with_every_scope_and_players_have_none(client: TestClient) -> None:
    assert zone(client, TOKEN) == (200, "")
    assert zone(client, STUDIO) == (200, "")
    assert zone(client, RIVAL) == (404, "IDENTIFIER_NOT_FOUND")
    assert zone(client, PLAYERS) == (403, "PERMISSION_DENIED")
    assert zone(client, "other") == (401, "UNAUTHENTICATED")
    assert client.post(ZONE, json={}).status_code == 401


def test_client_credentials_give_a_token_for_the_scopes_that_were_asked(client: TestClient) -> None:
    answer = token_of(client, "studio", STUDIO, scope=READ)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert {**answer.json(), "access_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 600,
        "scope": READ,
    }
    assert zone(client, answer.json()["access_token"]) == (200, "")
    other = token_of(client, "studio", STUDIO, scope=RETRIEVE).json()["access_token"]
    assert zone(client, other) == (403, "PERMISSION_DENIED")
    every = token_of(client, "OPERATOR", TOKEN).json()
    assert READ in every["scope"]
    assert RETRIEVE in every["scope"]
    assert zone(client, every["access_token"]) == (200, "")


def test_basic_authentication_does_as_well(client: TestClient) -> None:
    pair = base64.b64encode(f"studio:{STUDIO}".encode()).decode()
    answer = client.post(
        "/oauth2/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": f"Basic {pair}"},
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_id": "studio", "client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "rival", "client_secret": STUDIO}, 401, "invalid_client"),
        ({"client_id": "studio", "client_secret": PLAYERS}, 401, "invalid_client"),
        ({"client_id": "OPERATOR", "client_secret": STUDIO}, 401, "invalid_client"),
        ({"client_id": "studio"}, 401, "invalid_client"),
        ({**FORM, "grant_type": ""}, 400, "invalid_request"),
        ({**FORM, "grant_type": "password"}, 400, "unsupported_grant_type"),
        ({**FORM, "scope": "everything"}, 400, "invalid_scope"),
        ({**FORM, "scope": f"{READ} dpv:A dpv:B"}, 400, "invalid_scope"),
        ({**FORM, "scope": f"{READ} {NETWORK_OPERATION}"}, 400, "invalid_scope"),
        ({**FORM, "grant_type": CIBA}, 400, "invalid_request"),
        ({**FORM, "grant_type": CIBA, "auth_req_id": "none"}, 400, "invalid_grant"),
    ],
)
def test_refusals_of_the_token_endpoint(
    client: TestClient, form: dict[str, str], status: int, error: str
) -> None:
    answer = client.post("/oauth2/token", data={"grant_type": "client_credentials", **form})
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_description"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{}", "application/json"),
        (b"grant_type=client_credentials&grant_type=x", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"a=1&" * 60, "application/x-www-form-urlencoded"),
        (b"a=" + b"x" * 20_000, "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_is_no_form(client: TestClient, body: bytes, kind: str) -> None:
    for path in ("token", "bc-authorize", "revoke"):
        answer = client.post(f"/oauth2/{path}", content=body, headers={"content-type": kind})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert client.get("/oauth2/token").status_code == 405
    assert client.post("/oauth2/other").status_code == 404


def test_a_token_ends_with_time_by_revocation_and_with_its_secret(
    client: TestClient, centre: StudioCentre
) -> None:
    def fresh() -> str:
        return str(token_of(client, "studio", STUDIO).json()["access_token"])

    expiring = fresh()
    assert zone(client, expiring) == (200, "")
    centre.pass_time(600)
    assert zone(client, expiring) == (401, "UNAUTHENTICATED")

    revoked, other = fresh(), fresh()
    foreign = {"client_id": "rival", "client_secret": RIVAL, "token": revoked}
    assert client.post("/oauth2/revoke", data=foreign).status_code == 200
    assert zone(client, revoked) == (200, ""), "another client's word does not end it"
    assert client.post("/oauth2/revoke", data={**FORM, "token": revoked}).status_code == 200
    assert client.post("/oauth2/revoke", data={**FORM, "token": "none"}).status_code == 200
    assert zone(client, revoked) == (401, "UNAUTHENTICATED")
    assert zone(client, other) == (200, "")

    centre.say(TokenIssued("studio", "0" * 64))
    assert zone(client, other) == (401, "UNAUTHENTICATED"), "the secret that it was got with is no more"


def test_forged_and_foreign_tokens_are_none(client: TestClient, centre: StudioCentre) -> None:
    good = token_of(client, "studio", STUDIO).json()["access_token"]
    claims = centre.authorization.claims_of(good)
    assert claims is not None
    head, said, mac = good.split(".")
    grander = json.loads(base64.urlsafe_b64decode(said + "=="))
    grander["sub"] = "OPERATOR"
    altered = base64.urlsafe_b64encode(json.dumps(grander).encode()).decode().rstrip("=")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    for forged in (
        jwt.signed(claims, b"x" * 32),
        f"{head}.{altered}.{mac}",
        f"{none}.{said}.",
        f"{head}.{said}",
        good[:-2],
    ):
        assert zone(client, forged) == (401, "UNAUTHENTICATED")


def test_the_tokens_of_a_tenant_that_is_gone_are_too(client: TestClient, centre: StudioCentre) -> None:
    ciba = three_legged(client, READ)
    centre.say(ObjectsChanged((), (("Tenant", "", "studio"),)))
    assert zone(client, ciba, {}) == (401, "UNAUTHENTICATED")
    assert not centre.plane.state.consents.given


def test_a_subscriber_s_yes_gives_a_token_that_is_the_device(
    client: TestClient, centre: StudioCentre
) -> None:
    token = three_legged(client, READ, f"tel:{OTHER}")
    assert zone(client, token, {}) == (200, ""), "though it plays none of the studio's games"
    assert zone(client, token) == (422, "UNNECESSARY_IDENTIFIER")
    claims = centre.authorization.claims_of(token)
    assert claims is not None
    assert "player" not in str(claims), "the token does not say whose it is"
    centre.say(TokensRevoked("studio"))
    assert zone(client, token, {}) == (401, "UNAUTHENTICATED")


def test_withdrawing_the_consent_ends_the_token(client: TestClient, centre: StudioCentre) -> None:
    token = three_legged(client, READ)
    (given,) = centre.plane.state.consents.given.values()
    assert (given.client, given.ue, given.scopes) == ("studio", "player-1", frozenset({READ}))
    ended = client.delete(f"/api/v1/consents/{given.id}", headers=bearing(TOKEN))
    assert ended.status_code == 200
    assert zone(client, token, {}) == (401, "UNAUTHENTICATED")


def polled(client: TestClient, id: str, secret: str = STUDIO, name: str = "studio") -> tuple[int, str]:
    answer = token_of(client, name, secret, grant_type=CIBA, auth_req_id=id)
    return answer.status_code, answer.json().get("error", "")


def asked(client: TestClient, hint: str = f"tel:{NUMBER}", **more: str) -> Any:
    form = {**FORM, "scope": f"openid {READ}", "login_hint": hint, **more}
    return client.post("/oauth2/bc-authorize", data=form)


def test_polling_before_and_after_the_answer(client: TestClient, centre: StudioCentre) -> None:
    centre.screen.says = "silent"
    answer = asked(client)
    assert answer.json() == {"auth_req_id": "asked-0", "expires_in": 120, "interval": 1}
    assert polled(client, "asked-0") == (400, "authorization_pending")
    assert polled(client, "asked-0") == (400, "slow_down")
    centre.ahead += 2 * 10**9
    assert polled(client, "asked-0") == (400, "authorization_pending")
    assert polled(client, "asked-0", RIVAL, "rival") == (400, "invalid_grant")
    centre.screen.says = "yes"
    assert polled(client, "asked-0") == (200, "")
    assert polled(client, "asked-0") == (400, "invalid_grant"), "it is answered once"


def test_nobody_and_a_subscriber_who_says_no_are_one_answer(client: TestClient, centre: StudioCentre) -> None:
    centre.screen.says = "no"
    no = asked(client, f"tel:{OTHER}")
    centre.screen.says = "yes"
    nobody = asked(client, f"tel:{NOBODYS}")
    assert {**no.json(), "auth_req_id": ""} == {**nobody.json(), "auth_req_id": ""}
    assert polled(client, nobody.json()["auth_req_id"]) == (400, "access_denied")
    centre.screen.says = "no"
    assert polled(client, no.json()["auth_req_id"]) == (400, "access_denied")
    assert not centre.plane.state.consents.given


def test_requests_under_way_survive_a_restart(client: TestClient, centre: StudioCentre) -> None:
    """A snapshot is all that a new program has: of the secret that names a request it has the digest alone."""
    centre.screen.says = "silent"
    id = asked(client).json()["auth_req_id"]
    late = asked(client, requested_expiry="5").json()["auth_req_id"]
    snapshot = msgspec.msgpack.encode(centre.plane.state)
    assert id.encode() not in snapshot
    centre.plane.state = msgspec.msgpack.decode(snapshot, type=State)
    assert polled(client, id) == (400, "authorization_pending")
    centre.ahead += 6 * SECOND
    centre.screen.says = "yes"
    assert polled(client, id) == (200, "")
    assert polled(client, late) == (400, "expired_token")
    assert polled(client, late) == (400, "invalid_grant")
    assert not centre.plane.state.askings.asked


def test_an_answer_that_does_not_come(client: TestClient, centre: StudioCentre) -> None:
    centre.screen.says = "silent"
    id = asked(client, requested_expiry="5").json()["auth_req_id"]
    centre.ahead += 5 * 10**9
    centre.screen.says = "yes"
    assert polled(client, id) == (400, "expired_token")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"login_hint": "player-1"}, "invalid_request"),
        ({"login_hint": ""}, "invalid_request"),
        ({"scope": READ}, "invalid_scope"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"scope": "openid nothing"}, "invalid_scope"),
        ({"requested_expiry": "-1"}, "invalid_request"),
        ({"requested_expiry": "0"}, "invalid_request"),
        ({"requested_expiry": "9" * 30}, "invalid_request"),
        ({"client_secret": "wrong"}, "invalid_client"),
    ],
)
def test_refusals_of_the_backchannel(client: TestClient, form: dict[str, str], error: str) -> None:
    assert asked(client, **{"hint": form.pop("login_hint", f"tel:{NUMBER}"), **form}).json()["error"] == error


def test_a_number_whose_plus_was_not_escaped_is_that_number(client: TestClient) -> None:
    body = f"client_id=studio&client_secret={STUDIO}&scope=openid%20{READ}&login_hint=tel:{NUMBER}"
    kind = {"content-type": "application/x-www-form-urlencoded"}
    id = client.post("/oauth2/bc-authorize", content=body, headers=kind).json()["auth_req_id"]
    assert polled(client, id) == (200, "")


def test_an_address_names_a_device_too(client: TestClient) -> None:
    token = three_legged(client, READ, "ipport:127.77.200.1:40000")
    assert zone(client, token, {}) == (200, "")


def test_guesses_are_bounded_and_a_right_one_is_not_heard_among_them(client: TestClient) -> None:
    for _ in range(10):
        assert token_of(client, "studio", "wrong").status_code == 401
    answer = token_of(client, "studio", STUDIO)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert token_of(client, "rival", RIVAL).status_code == 200, "another client is not held up"


def test_requests_for_tokens_count_with_the_others(client: TestClient, centre: StudioCentre) -> None:
    centre.server._asked = paced(Limits(per_second=1, burst=2), centre.now)
    assert [token_of(client, "studio", STUDIO).status_code for _ in range(3)] == [200, 200, 429]
    assert token_of(client, "rival", RIVAL).status_code == 200


def test_what_an_openid_client_finds(client: TestClient) -> None:
    found = client.get("/.well-known/openid-configuration").json()
    assert found["token_endpoint"] == "http://127.0.0.1:7001/oauth2/token"
    assert "poll" in found["backchannel_token_delivery_modes_supported"]
    assert RETRIEVE in found["scopes_supported"]


def test_the_id_token_names_the_subscriber_differently_to_each_client(client: TestClient) -> None:
    subjects = set()
    for name, secret in (("studio", STUDIO), ("rival", RIVAL)):
        form = {"client_id": name, "client_secret": secret}
        id = client.post(
            "/oauth2/bc-authorize",
            data={**form, "scope": f"openid {READ}", "login_hint": f"tel:{NUMBER}"},
        ).json()["auth_req_id"]
        token = token_of(client, name, secret, grant_type=CIBA, auth_req_id=id).json()["id_token"]
        said = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        assert (said["aud"], said["urn:openid:params:jwt:claim:auth_req_id"]) == (name, id)
        subjects.add(said["sub"])
    assert len(subjects) == 2


def test_refusals_are_written_down_without_any_token(client: TestClient, centre: StudioCentre) -> None:
    zone(client, "some-secret-guess")
    zone(client, PLAYERS)
    token_of(client, "studio", "another-guess")
    written = centre.audit.newest()
    assert [one["decision"] for one in written] == ["refused"] * 3
    assert written[1]["client"] == "studio"
    assert "guess" not in json.dumps(written)
    assert PLAYERS not in json.dumps(written)


def test_a_tenant_may_want_a_proof_of_the_device_from_who_attaches(
    client: TestClient, centre: StudioCentre
) -> None:
    raw = tenant("studio")
    raw["spec"]["attach"] = "proof"
    game = (deployment(), service(), propagation(clusterAffinity={}))
    mine = tuple({**one, "metadata": {**one["metadata"], "namespace": "studio"}} for one in game)
    centre.say(ObjectsChanged((raw, *mine)))

    def attached(token: str = PLAYERS, device: str = "player-1", **more: Any) -> int:
        body = {"application": "studio:arena", "device": device, **more}
        return client.post("/api/v1/attach", json=body, headers=bearing(token)).status_code

    proof = three_legged(client, "fedge:attach")
    assert attached(proof=proof) in (200, 503)
    assert attached(TOKEN) in (200, 503), "the operator's word needs none"
    for wrong in (
        {},
        {"proof": ""},
        {"proof": 7},
        {"proof": STUDIO},
        {"proof": proof, "device": "player-3"},
        {"proof": three_legged(client, READ)},
        {"proof": three_legged(client, "fedge:attach", secret=RIVAL)},
        {"proof": token_of(client, "studio", STUDIO, scope="fedge:attach").json()["access_token"]},
    ):
        assert attached(**wrong) == 403, wrong  # type: ignore[arg-type]
        assert attached(STUDIO, **wrong) == 403, wrong  # type: ignore[arg-type]
    centre.pass_time(600)
    assert attached(proof=proof) == 403, "it has expired"
    told = [one["decision"] for one in centre.audit.newest() if one["api"] == "POST /api/v1/attach"]
    assert told == ["granted", *["refused"] * 17]
    assert proof not in json.dumps(centre.audit.newest())


def test_where_no_subscriber_can_be_asked_nobody_is(centre: StudioCentre) -> None:
    ciba = Ciba(Questions(centre, centre.subscribers, None, lambda: "drawn"))
    asking = ciba.ask("studio", AskedScopes(frozenset({RETRIEVE}), openid=True), f"tel:{NUMBER}", "")
    with pytest.raises(OAuthError) as refused:
        asyncio.run(asking)  # type: ignore[arg-type]
    assert (refused.value.status, refused.value.error) == (400, "unauthorized_client")


def test_refusals_count_among_a_clients_requests_and_push_out_nobody_elses_entries(
    centre: StudioCentre,
) -> None:
    path = "/location-retrieval/v0.5/retrieve"
    centre.asked = paced(Limits(per_second=1, burst=3), centre.now)
    with TestClient(application(centre)) as client:
        body = {"device": {"phoneNumber": NUMBER}}
        assert client.post(path, json=body, headers=bearing(RIVAL)).status_code == 403
        weak = token_of(client, "studio", STUDIO, scope="qos-profiles:read").json()["access_token"]
        statuses = [client.post(path, json={}, headers=bearing(weak)).status_code for _ in range(300)]
    assert statuses[0] == 403
    assert statuses.count(429) > 200
    assert len(centre.audit.newest(client="studio")) == 1 + statuses.count(403)
    assert [one["reason"] for one in centre.audit.newest(client="rival")] == ["PERMISSION_DENIED"]


def test_a_client_cannot_fill_what_is_everybodys(client: TestClient, centre: StudioCentre) -> None:
    """Subscribers who are being asked, and tokens that are revoked: so many of each client."""
    centre.screen.says = "silent"
    body = {"scope": f"openid {RETRIEVE}", "login_hint": f"tel:{NUMBER}"}
    studio, rival = (
        {"client_id": name, "client_secret": secret}
        for name, secret in (("studio", STUDIO), ("rival", RIVAL))
    )
    asked = [
        client.post("/oauth2/bc-authorize", data={**studio, **body}) for _ in range(MOST_OF_A_CLIENT + 1)
    ]
    assert [one.status_code for one in asked] == [*MOST_OF_A_CLIENT * [200], 429]
    assert asked[-1].json()["error"] == "temporarily_unavailable"
    assert 0 < int(asked[-1].headers["retry-after"]) <= 420
    assert client.post("/oauth2/bc-authorize", data={**rival, **body}).status_code == 200
    centre.ahead += 421 * SECOND
    assert client.post("/oauth2/bc-authorize", data={**studio, **body}).status_code == 200

    ends = centre.now() + SECOND
    for number in range(MOST_ENDED_TOKENS):
        centre.say(AccessTokenEnded("studio", f"token-{number}", ends))
    token, theirs = (
        token_of(client, name, secret, scope=READ).json()["access_token"]
        for name, secret in (("studio", STUDIO), ("rival", RIVAL))
    )
    assert client.post("/oauth2/revoke", data={**studio, "token": token}).status_code == 503
    assert client.post("/oauth2/revoke", data={**rival, "token": theirs}).status_code == 200
    assert centre.authorization.holder(theirs) is None
    centre.ahead += SECOND
    assert client.post("/oauth2/revoke", data={**studio, "token": token}).status_code == 200
    assert centre.authorization.holder(token) is None
    for number in range(LOOKED_THROUGH_EVERY):
        centre.say(AccessTokenEnded("studio", f"later-{number}", ends + 10**15))
    assert len(centre.plane.state.ended_tokens["studio"]) <= LOOKED_THROUGH_EVERY + 1
    centre.say(ObjectsChanged((), (("Tenant", "", "studio"),)))
    assert "studio" not in centre.plane.state.ended_tokens


def test_a_purpose_is_no_longer_than_one_that_is_recorded(client: TestClient) -> None:
    long, short = (f"dpv:{'x' * length}" for length in (97, 96))
    refused = token_of(client, "studio", STUDIO, scope=f"{READ} {long}")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    assert token_of(client, "studio", STUDIO, scope=f"{READ} {short}").status_code == 200


def test_the_operators_own_namespace_has_a_client_too(client: TestClient, centre: StudioCentre) -> None:
    """It is one like any studio: it finds who plays there, and locates nobody without consent."""
    placed = SessionPlaced(
        SessionId("s3"), SessionKey(3), AppId("arena"), UeId("player-3"), SiteId("harbour"), ""
    )
    centre.say(placed)
    issued = client.post("/api/v1/tenants/default/token", json={}, headers=bearing(TOKEN))
    assert issued.status_code == 201
    own = str(issued.json()["token"])
    assert zone(client, own, {"device": {"phoneNumber": OTHER}}) == (200, "")
    assert zone(client, own)[0] == 404, "it plays a tenant's game"
    body = {"device": {"phoneNumber": OTHER}}
    path = "/location-retrieval/v0.5/retrieve"
    assert client.post(path, json=body, headers=bearing(own)).status_code == 403
    given = {"client": "default", "device": "player-3"}
    assert client.post("/api/v1/consents", json=given, headers=bearing(TOKEN)).status_code == 201
    assert client.post(path, json=body, headers=bearing(own)).status_code == 200
    attach = {"application": "arena", "device": "player-3"}
    assert client.post("/api/v1/attach", json=attach, headers=bearing(own)).status_code == 404
    assert client.post("/api/v1/tenants/other/token", json={}, headers=bearing(TOKEN)).status_code == 404
