"""Location through real processes: consent, CAMARA's APIs, CAPIF, the NEF and a geofence, with programs killed meanwhile.

Player 1 stands still, player 2 walks past it. The studio asks as a tenant; subscribers' answers are simulated.
"""

from __future__ import annotations

import json
import math
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import ProxyHandler, build_opener

import pytest

from bench.harness.https_sink import HttpsSink, https_sink
from fedge.adapters.embedded.addresses import ue
from fedge_sdk.attach import NotYet, Refused
from fedge_sdk.camara import Sink
from fedge_sdk.location import LOCATION, Location, ask_consent
from tests.system.platform import Platform, until

STANDS, WALKS = "+99901000001", "+99901000002"
AREA = "geofencing-subscriptions:org.camaraproject.geofencing-subscriptions.v0.area"
FENCES = (
    f"{AREA}-entered:create", f"{AREA}-left:create", "geofencing-subscriptions:read", "geofencing-subscriptions:delete",
)  # fmt: skip
SCENARIO = """
seed: 5
time_scale: 1
policy: stay
state_bytes: 65536
city:
  sites: [{name: Harbour, x_m: 250, y_m: 300}, {name: Market, x_m: 950, y_m: 300}]
  width_m: 1200
  height_m: 600
  cells: [{kind: nr, x_m: 300, y_m: 300}, {kind: nr, x_m: 900, y_m: 300}]
ues: [{trace: one.csv}, {trace: two.csv}]
players: {join_within_s: 0.5, pauses: false}
"""
WAY = "".join(f"{t},{200 if t % 30 < 15 else 1000},310\n" for t in range(0, 2000, 15))
"""Player 2 drives between x 200 m and 1000 m all the time, 15 s each way."""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("location")
    (folder / "one.csv").write_text("t_s,x_m,y_m\n0,300,310\n")
    (folder / "two.csv").write_text(f"t_s,x_m,y_m\n{WAY}")
    (folder / "s.yaml").write_text(SCENARIO)
    made = Platform(folder / "home", "demo", "--headless", f"--scenario={folder / 's.yaml'}")
    try:
        until("both play", lambda: len(made.serving()) == 2)
        (made.run / "consents.json").write_text('{"usually": "yes", "answers": {"player-3": "no"}}')
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def secret(platform: Platform) -> str:
    tenant = {"apiVersion": "fedge.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": "studio"}}
    platform.ask("POST", "apply", {"objects": [{**tenant, "spec": {}}]})
    return str(platform.ask("POST", "tenants/studio/token", {})["token"])


@pytest.fixture
def sink(platform: Platform) -> Iterator[HttpsSink]:
    named = json.loads((platform.run / "endpoints.json").read_text())["apis"]["geofencing-subscriptions"]
    with https_sink(Path(named["sink_certificate"]), Path(named["sink_key"])) as made:
        yield made


def fresh(location: Location, device: str = "") -> Any:
    """A place as of now; None while somebody on the way is away."""
    try:
        return location.place(device, max_age_s=0)
    except (NotYet, Refused):
        return None


def kinds(sink: HttpsSink) -> list[str]:
    return [event["type"].rpartition(".")[2] for event in sink.events()]


def test_a_place_is_right_and_outlives_every_program_that_tells_it(platform: Platform, secret: str) -> None:
    with pytest.raises(Refused) as refused:
        Location(platform.api, secret).place(STANDS)
    assert (refused.value.status, refused.value.code) == (403, "PERMISSION_DENIED")
    location = Location(platform.api, ask_consent(platform.api, "studio", secret, STANDS))
    for program in ("", "control-plane", "core-network", "access-network"):
        if program:
            platform.kill(program)
        place = until(f"a fresh place after {program or 'nothing'} was killed", lambda: fresh(location))
        north_m = (place.latitude - 45.0) * 111_320.0
        east_m = (place.longitude + 30.0) * 111_320.0 * math.cos(math.radians(45.0))
        assert math.hypot(east_m - 300.0, north_m - 310.0) <= place.radius_m + 1.0
        assert location.verify(place.latitude, place.longitude, place.radius_m + 200.0).result == "TRUE"
    told = platform.ask("GET", "audit?limit=2000")["items"]
    assert any(one["decision"] == "refused" and one["subject"] == STANDS for one in told), (
        "from before the kill"
    )
    assert any(one.get("reason", "").startswith("consent-") for one in told)


def browse(platform: Platform, address: str, path: str, query: dict[str, str]) -> dict[str, str]:
    """What a browser at ``address`` brings back to the client."""
    port = urlsplit(platform.api).port
    connection = HTTPConnection("127.0.0.1", port, timeout=15, source_address=(address, 0))
    forged = {"X-Forwarded-For": ue(platform.config()["net"], 0)}
    connection.request("GET", f"{path}?{urlencode(query)}", headers=forged)
    answer = connection.getresponse()
    assert answer.status == 302, answer.read()
    back = urlsplit(answer.headers["location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == query["redirect_uri"]
    return dict(parse_qsl(back.query))


def test_a_browser_on_the_device_brings_the_studio_a_code(platform: Platform) -> None:
    """With the studio's credentials of the endpoints file; the control plane is killed between code and token."""
    api = json.loads((platform.run / "endpoints.json").read_text())["apis"]["location-retrieval"]
    with pytest.raises(Refused) as refused:
        Location(platform.api, api["studio_token"]).place(STANDS)
    assert refused.value.code == "PERMISSION_DENIED", "without consent it locates nobody"
    verifier = "v" * 43
    asked = {
        "response_type": "code",
        "client_id": api["studio_client_id"],
        "redirect_uri": api["studio_redirect_uri"],
        "scope": "openid location-retrieval:read",
        "code_challenge": urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    path = urlsplit(api["authorization_url"]).path
    assert browse(platform, "127.0.0.1", path, asked)["error"] == "access_denied", "nobody's device"
    code = browse(platform, ue(platform.config()["net"], 0), path, asked)["code"]
    platform.kill("control-plane")
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": api["studio_redirect_uri"],
        "client_id": api["studio_client_id"],
        "client_secret": api["studio_client_secret"],
    }
    until("the control plane is back", lambda: platform.ask("GET", "view")["ues"])
    with build_opener(ProxyHandler({})).open(
        api["token_url"], urlencode(form).encode(), timeout=15
    ) as answer:
        token = json.loads(answer.read())["access_token"]
    assert until("its place", lambda: fresh(Location(platform.api, token))).radius_m >= 10.0


def test_a_walker_crosses_a_fence_that_outlives_the_control_plane(
    platform: Platform, secret: str, sink: HttpsSink
) -> None:
    token = ask_consent(platform.api, "studio", secret, WALKS, (*LOCATION, *FENCES))
    location = Location(platform.api, token)
    middle = until("the walker's place", lambda: fresh(location))
    fence = location.fence(
        middle.latitude,
        middle.longitude,
        100.0,
        Sink(sink.url, "studio.token", "2199-01-01T00:00:00Z"),
        leaving=True,
    )
    until("it has left", lambda: "area-left" in kinds(sink))
    platform.kill("control-plane")
    until("it is still there", lambda: fresh(location) and location.fences() == [fence])
    before = len(kinds(sink))
    until("it has left again", lambda: kinds(sink)[before:] == ["area-left"], 150.0)
    location.end_fence(fence)
    until("the end is told", lambda: kinds(sink)[-1] == "subscription-ended")
    assert kinds(sink)[0] == "subscription-started"
    assert {told.authorization for told in sink.told} == {"Bearer studio.token"}
    assert all("device" not in told.event["data"] for told in sink.told), "the token named it"


def test_withdrawn_consent_ends_what_rests_on_it(platform: Platform, secret: str) -> None:
    location = Location(platform.api, ask_consent(platform.api, "studio", secret, STANDS))
    until("a place", lambda: fresh(location))
    for one in platform.ask("GET", "consents")["items"]:
        platform.ask("DELETE", f"consents/{one['id']}")
    with pytest.raises(Refused) as ended:
        location.place()
    assert (ended.value.status, ended.value.code) == (401, "UNAUTHENTICATED")
