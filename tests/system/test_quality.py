"""Quality on demand through real processes: CAMARA's API, CAPIF, the NEF and the radio, with programs killed meanwhile.

Player 1 is on 5G, whom the core steers; player 2 is held to LTE, so its client is redirected from site to site.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

import pytest
import yaml

from bench.harness.https_sink import HttpsSink, https_sink
from fedge_sdk.attach import NotYet
from fedge_sdk.network import Network, Sink
from tests.system.platform import PATIENCE_S, Platform, until

STEERED, REDIRECTED = "+99901000001", "+99901000002"
SCENARIO = """
seed: 5
time_scale: 1
policy: stay
state_bytes: 65536
city:
  sites: [{name: Harbour, x_m: 250, y_m: 300}, {name: Market, x_m: 450, y_m: 300}]
  width_m: 700
  height_m: 600
  cells: [{kind: nr, x_m: 300, y_m: 300}, {kind: lte, x_m: 350, y_m: 300}]
ues: [{trace: one.csv}, {trace: two.csv}]
players: {join_within_s: 0.5, pauses: false}
"""
QOS = Path(__file__).resolve().parents[2] / "examples" / "arena" / "qospolicy.yaml"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("quality")
    (folder / "one.csv").write_text("t_s,x_m,y_m,access\n0,300,310,nr\n")
    (folder / "two.csv").write_text("t_s,x_m,y_m,access\n0,350,310,lte\n")
    (folder / "s.yaml").write_text(SCENARIO)
    made = Platform(folder / "home", "demo", "--headless", f"--scenario={folder / 's.yaml'}")
    try:
        until("both play", lambda: len(made.serving()) == 2)
        yield made
    finally:
        made.stop()


def apis(platform: Platform) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((platform.run / "endpoints.json").read_text())["apis"]
    return found


def serves(network: Network) -> bool:
    """Fedge answers, and its operator does."""
    try:
        return {one.status for one in network.profiles()} == {"ACTIVE"}
    except NotYet:
        return False


@pytest.fixture
def network(platform: Platform) -> Network:
    network = Network(platform.api, str(apis(platform)["quality-on-demand"]["token"]))
    until("the operator serves", lambda: serves(network))
    until("both are seen", lambda: len(platform.ask("GET", "view")["ues"]) == 2)
    return network


@pytest.fixture
def sink(platform: Platform) -> Iterator[HttpsSink]:
    named = apis(platform)["quality-on-demand"]
    with https_sink(Path(named["sink_certificate"]), Path(named["sink_key"])) as made:
        yield made


def held_by_the_operator(platform: Platform) -> list[dict[str, Any]]:
    """The NEF's own list of our subscriptions."""
    nef = apis(platform)["nef-as-session-with-qos"]
    af = json.loads((platform.run / "core5g.json").read_text())["af"]
    request = Request(f"{nef['url']}/{af}/subscriptions", headers={"Authorization": f"Bearer {nef['token']}"})
    trust = ssl.create_default_context(cafile=nef["ca"])
    with build_opener(ProxyHandler({}), HTTPSHandler(context=trust)).open(request, timeout=10) as answer:
        found: list[dict[str, Any]] = json.loads(answer.read())
    return found


def row(platform: Platform, session: str) -> dict[str, Any]:
    return next(one for one in platform.ask("GET", "quality")["items"] if one["quality"] == session)


def test_a_session_is_served_told_and_outlives_every_program_that_serves_it(
    platform: Platform, network: Network, sink: HttpsSink
) -> None:
    server = f"127.{platform.config()['net']}.1.1"
    asked = network.ask_quality(
        server, STEERED, seconds=3600, sink=Sink(sink.url, "studio.token", "2199-01-01T00:00:00Z")
    )
    sink.wait_for(asked.id, "AVAILABLE", PATIENCE_S)
    served = network.quality(asked.id)
    assert served.status == "AVAILABLE"
    [held] = held_by_the_operator(platform)
    assert held["qosReference"] == "QOS_E"
    for program in ("control-plane", "core-network", "access-network"):
        platform.kill(program)
        until(f"the operator serves after {program} was killed", lambda: serves(network))
        assert network.quality(asked.id)[:6] == served[:6], f"the same after {program} was killed"
    assert len(until("it is held once", lambda: held_by_the_operator(platform))) == 1
    network.end_quality(asked.id)
    sink.wait_for(asked.id, "UNAVAILABLE", PATIENCE_S)
    until("the operator holds nothing", lambda: held_by_the_operator(platform) == [])
    assert [event["data"]["qosStatus"] for event in sink.events()] == ["AVAILABLE", "UNAVAILABLE"]
    assert {told.authorization for told in sink.told} == {"Bearer studio.token"}


def test_an_event_that_no_sink_has_taken_is_told_again_after_a_crash(
    platform: Platform, network: Network, sink: HttpsSink
) -> None:
    """The control plane is killed between its decision and the sink's answer."""
    sink.answers.clear()
    asked = network.ask_quality(f"127.{platform.config()['net']}.1.1", STEERED, sink=Sink(sink.url))
    sink.wait_for(asked.id, "AVAILABLE", PATIENCE_S)
    platform.kill("control-plane")
    before = list(sink.told)
    sink.answers.set()
    until("it is told again", lambda: len(sink.told) > len(before))
    assert {told.event["id"] for told in sink.told} == {before[0].event["id"]}
    until("the operator serves", lambda: serves(network))
    network.end_quality(asked.id)
    sink.wait_for(asked.id, "UNAVAILABLE", PATIENCE_S)


def test_beneath_a_redirected_session_the_flow_follows_to_the_next_site(
    platform: Platform, network: Network
) -> None:
    net = platform.config()["net"]
    own = {"harbour": f"127.{net}.2.1", "market": f"127.{net}.2.2"}
    asked = network.ask_quality(f"127.{net}.1.1", REDIRECTED, device_ports=[(1024, 65535)])
    assert network.settled(asked.id, PATIENCE_S).status == "AVAILABLE"
    at = platform.serving()["player-2"]
    until("the address of its site", lambda: own[at] in row(platform, asked.id)["carried"])
    to = "market" if at == "harbour" else "harbour"
    assert platform.moved(platform.order_move("player-2", to)) == "RELEASED"
    until("the address of the next one", lambda: row(platform, asked.id)["carried"][1:] == [own[to]])
    until("the operator's filter", lambda: own[to] in json.dumps(held_by_the_operator(platform)))
    assert network.quality(asked.id).status == "AVAILABLE"
    network.end_quality(asked.id)


def test_a_policy_that_asks_gets_a_session_for_each_player_until_it_asks_no_more(
    platform: Platform, network: Network
) -> None:
    policy = yaml.safe_load(QOS.read_text())
    asking = {**policy, "spec": {**policy["spec"], "quality": {"profile": "QOS_S"}}}
    platform.ask("POST", "apply", {"objects": [asking]})

    def served() -> bool:
        rows = platform.ask("GET", "quality")["items"]
        return {(one["ue"], one["by"], one["status"]) for one in rows} == {
            ("player-1", "QoSPolicy", "AVAILABLE"),
            ("player-2", "QoSPolicy", "AVAILABLE"),
        }

    until("each player is served", served)
    assert {one["quality"] for one in platform.items("sessions").values()} == {"QOS_S"}
    assert network.qualities(STEERED) == [], "it is nobody's over CAMARA"
    platform.ask("POST", "apply", {"objects": [policy]})
    until("nobody is", lambda: platform.ask("GET", "quality")["items"] == [])
    until("the operator holds nothing", lambda: held_by_the_operator(platform) == [])
