"""How the northbound APIs of a control plane are put together: what its terms agree, and with whom."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from fedge.adapters.embedded.addresses import ue
from fedge.api.admin import admin_app
from fedge.api.admin.callers import digest_of
from fedge.api.camara import BASES
from fedge.core.control.events.tokens import TokenIssued
from fedge.programs.control_config import ControlConfig
from fedge.programs.northbound import Northbound
from fedge.runtime.terms import Terms
from tests.api.camara.studio import NET, ORIGIN, STUDIO, StudioCentre, token_of
from tests.api.centre import TOKEN, simulated_subscribers

BACK, QUOTA = "https://studio.example/back", 5
ASKED = {
    "response_type": "code",
    "client_id": "studio",
    "redirect_uri": BACK,
    "scope": "openid simple-edge-discovery:read",
    "code_challenge": 43 * "c",
    "code_challenge_method": "S256",
}


@pytest.fixture
def centre() -> StudioCentre:
    made = StudioCentre()
    made.say(TokenIssued("studio", digest_of(STUDIO), redirect_uris=(BACK,)))
    return made


def test_a_quota_of_the_day_is_agreed_with_clients_and_ends_no_subscribers_login(
    centre: StudioCentre, tmp_path: Path
) -> None:
    (tmp_path / "consents.json").write_text('{"usually": "silent"}')
    terms = Terms(client_quota=QUOTA)
    config = ControlConfig(tmp_path, TOKEN, "", ("", 0), "", {}, simulated=("subscribers",), terms=terms)
    north = Northbound(centre, config, simulated_subscribers(NET, 3), centre.written, ORIGIN, {})
    app = admin_app(centre, north.routes(), own=BASES)
    with TestClient(app, client=(ue(NET, 0), 50000), follow_redirects=False) as browser:
        again = browser.get("/oauth2/authorize", params=ASKED).headers["refresh"].partition("url=")[2]
        assert {browser.get(again).status_code for _ in range(2 * QUOTA)} == {200}
        (tmp_path / "consents.json").write_text('{"usually": "yes"}')
        assert "code=" in browser.get(again).headers["location"]
        answers = [token_of(browser, "studio", STUDIO).status_code for _ in range(QUOTA + 1)]
    assert answers == [*QUOTA * [200], 429]
