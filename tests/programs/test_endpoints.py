"""What whoever tries a run's APIs is given: the operator's token, and beside it a studio's client that needs consent."""

from __future__ import annotations

from fedge.core.location import OPERATOR
from fedge.programs.endpoints import CAMARA, REDIRECT_URI, TELL_SINKS, platform_endpoints

BASE = "http://127.0.0.1:7001"


def test_camara_apis_have_two_clients_and_the_others_one() -> None:
    sinks = {"ca": "trusted.crt"}
    found = platform_endpoints(BASE, "the operator's", sinks, ("default", "the studio's"))
    for name, api in found.items():
        assert api["url"].startswith(BASE)
        assert api["token"] == ("" if name == "metrics" else "the operator's")
        assert ("ca" in api) == (name in TELL_SINKS)
        if name not in CAMARA:
            assert "studio_token" not in api
            continue
        assert (api["client_id"], api["client_secret"]) == (OPERATOR, "the operator's")
        assert (api["studio_client_id"], api["studio_client_secret"]) == ("default", "the studio's")
        assert api["studio_token"] == "the studio's"
        assert api["studio_redirect_uri"] == REDIRECT_URI
        assert api["backchannel_url"] == f"{BASE}/oauth2/bc-authorize"
        assert api["authorization_url"] == f"{BASE}/oauth2/authorize"
        assert api["token_url"] == f"{BASE}/oauth2/token"
