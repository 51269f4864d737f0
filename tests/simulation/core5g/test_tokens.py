"""OAuth2 client credentials as RFC 6749, 4.4 and 5.2 have them."""

from __future__ import annotations

import base64

import pytest

from fedge.simulation.core5g.exposed import APIS
from fedge.simulation.core5g.nef.tokens import LIFETIME_S, Tokens
from tests.simulation.core5g.nef import BASE, SECRETS, Exposure

GRANT = {"grant_type": "client_credentials"}
IN_BODY = GRANT | {"client_id": "fedge", "client_secret": SECRETS["fedge"]}


def basic(pair: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def test_a_token_by_either_way_of_authentication(nef: Exposure) -> None:
    for answer, scope in (
        (nef.token(IN_BODY | {"scope": "3gpp-traffic-influence"}), "3gpp-traffic-influence"),
        (nef.token(GRANT, headers=basic("fedge:fedge%27s+secret")), " ".join(APIS)),
    ):
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert (said["token_type"], said["expires_in"], said["scope"]) == ("Bearer", LIFETIME_S, scope)
        assert answer.headers["cache-control"] == "no-store"
        bearer = {"authorization": f"Bearer {said['access_token']}"}
        assert nef.http.get(f"{BASE}/fedge/subscriptions", headers=bearer).status_code == 200


@pytest.mark.parametrize(
    ("form", "headers", "status", "error"),
    [
        ({}, {}, 400, "invalid_request"),
        (IN_BODY | {"grant_type": "password"}, {}, 400, "unsupported_grant_type"),
        (IN_BODY | {"scope": "everything"}, {}, 400, "invalid_scope"),
        (IN_BODY | {"client_secret": "guessed"}, {}, 401, "invalid_client"),
        (IN_BODY | {"client_id": "nobody"}, {}, 401, "invalid_client"),
        (GRANT, {}, 401, "invalid_client"),
        (GRANT, basic("fedge"), 401, "invalid_client"),
        (GRANT, basic("fedge:wrong"), 401, "invalid_client"),
        (GRANT, {"authorization": "Basic !!!"}, 401, "invalid_client"),
        (GRANT, {"authorization": "Bearer x"}, 401, "invalid_client"),
        (IN_BODY, basic("fedge:fedge's secret"), 400, "invalid_request"),
    ],
)
def test_no_token(
    nef: Exposure, form: dict[str, str], headers: dict[str, str], status: int, error: str
) -> None:
    answer = nef.token(form, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_a_token_for_other_apis_opens_none_but_them(nef: Exposure) -> None:
    granted = nef.token(IN_BODY | {"scope": "rni 3gpp-monitoring-event"}).json()
    assert granted["scope"] == "3gpp-monitoring-event rni"
    bearer = {"authorization": f"Bearer {granted['access_token']}"}
    answer = nef.http.get(f"{BASE}/fedge/subscriptions", headers=bearer)
    assert (answer.status_code, answer.json()["cause"]) == (403, "REQUEST_NOT_AUTHORIZED")
    assert "insufficient_scope" in answer.headers["www-authenticate"]


def test_a_token_request_in_another_form(nef: Exposure) -> None:
    assert nef.token("{}", headers={"content-type": "application/json"}).status_code == 415
    assert nef.token("%ff%fe&&&==;").status_code == 400


def test_a_token_is_good_for_its_client_its_time_and_its_key_only() -> None:
    tokens = Tokens(SECRETS, b"k" * 32)
    token = str(tokens.grant(None, IN_BODY, 1000)["access_token"])
    said = tokens.read(token, 1000 + LIFETIME_S - 1)
    assert said is not None
    assert said.sub == "fedge"
    assert tokens.read(token, 1000 + LIFETIME_S) is None
    assert Tokens(SECRETS, b"x" * 32).read(token, 1000) is None
    assert Tokens({"another": "s"}, b"k" * 32).read(token, 1000) is None, "the client is no longer known"
    head, body, mac = token.split(".")
    forged = base64.urlsafe_b64encode(base64.urlsafe_b64decode(body + "==").replace(b"fedge", b"other"))
    assert tokens.read(f"{head}.{forged.decode().rstrip('=')}.{mac}", 1000) is None
    assert tokens.read(f"{head}.{body}.", 1000) is None
