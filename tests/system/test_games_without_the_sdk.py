"""TCP, WebSocket and plain UDP games on a running platform: reached, drained, led elsewhere, and what a killed gateway means."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fedge.adapters.embedded import addresses
from fedge_sdk.attach import Refused, attach_once
from fedge_sdk.visit import Place, hints, place_after, visit
from tests.system.platform import Platform, cli, environment, until
from tests.system.websocket import Player, WebSocket

NIM = Path(__file__).resolve().parents[2] / "examples" / "nim"
ECHO = """
import os, socket
host, _, port = os.environ["FEDGE_BIND"].rpartition(":")
own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
own.bind((host, int(port)))
while True:
    data, client = own.recvfrom(2048)
    own.sendto(os.environ["FEDGE_SITE_DIR"].rpartition("/")[2].encode() + b" " + data, client)
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    home = tmp_path_factory.mktemp("fedge")
    made = Platform(home, "up", "--players=4", "--sites=3", "--seed=5", "--policy=stay")
    try:
        applied = subprocess.run(
            cli("apply", "-f", str(NIM)), env=environment(home), capture_output=True, text=True, check=False
        )
        assert applied.returncode == 0, applied.stderr
        yield made
    finally:
        made.stop()


def token(platform: Platform) -> str:
    return (platform.run / "token").read_text().strip()


def host(platform: Platform, player: int) -> str:
    return addresses.ue(platform.config()["net"], player - 1)


def visited(platform: Platform, app: str, player: int) -> Place:
    """Its place, once the game is ready everywhere."""

    def ready() -> bool:
        instances = [row for row in platform.items("instances").values() if row["app"] == app]
        return len(instances) == 3 and all(row["state"] == "ready" for row in instances)

    until(f"{app} everywhere", ready)
    place = visit(platform.api, app, f"player-{player}", token(platform))
    if place.protocol == "TCP":  # until now its gateway may have led everybody elsewhere
        own = host(platform, player)
        until(f"{app} at {place.site}", lambda: answers_at(place.service, own) == place.site)
    return place


def echo(name: str, port: int) -> list[dict[str, Any]]:
    container = {"name": name, "command": ["python3", "-c", ECHO]}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    selects = {"matchLabels": {"app": name}}
    ports = [{"port": port, "protocol": "UDP"}]
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
         "spec": {"selector": selects, "template": template}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
         "spec": {"selector": {"app": name}, "ports": ports}},
        {"apiVersion": "policy.karmada.io/v1alpha1", "kind": "PropagationPolicy", "metadata": {"name": name},
         "spec": {"resourceSelectors": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": name}]}},
    ]  # fmt: skip


def answers_at(to: tuple[str, int], source: str = "127.0.0.1") -> str:
    """The site of whoever answers a new connection."""
    connection = WebSocket(to, source)
    try:
        return str(connection.say("new")["site"])
    finally:
        connection.close()


@contextmanager
def drained(platform: Platform, site: str) -> Iterator[None]:
    platform.ask("POST", f"sites/{site}/drain", {})
    try:
        yield
    finally:
        platform.ask("POST", f"sites/{site}/undrain", {})


def test_a_drain_breaks_no_stream_and_whoever_connects_again_is_at_the_new_site(platform: Platform) -> None:
    place = visited(platform, "nim", 1)
    own = host(platform, 1)
    with Player(WebSocket(place.service, own)) as player, drained(platform, place.site):
        until("a game", lambda: len(player.answers) > 20)
        led = place_after(platform.api, place, token(platform))
        assert (led.generation, led.site != place.site) == (place.generation + 1, True)
        since = len(player.answers)
        until("the stream goes on", lambda: len(player.answers) > since + 100 or player.broke)
        until("the old site leads on", lambda: answers_at(place.service, own) == led.site)
        fresh = WebSocket(led.service, own)
        assert fresh.say("take 1") == {
            "turn": 1, "heap": 17, "took": 3, "instance": "nim-1", "site": led.site
        }  # fmt: skip
        fresh.close()
        until("a drained site takes nobody new", lambda: answers_at(place.service) != place.site)
    assert player.broke is None
    assert [one["turn"] for one in player.answers] == list(range(1, len(player.answers) + 1))
    assert {one["site"] for one in player.answers} == {place.site}


def test_the_hint_comes_as_it_is_given(platform: Platform) -> None:
    place = visited(platform, "nim", 2)
    other = next(site for site in platform.sites() if site != place.site)

    async def story() -> Place:
        async for hint in hints(platform.api, place, token(platform)):
            return hint
        raise AssertionError("the visit has ended")

    async def told() -> Place:
        waiting = asyncio.ensure_future(story())
        await asyncio.sleep(0.2)
        await asyncio.to_thread(platform.ask, "POST", f"sessions/{place.session}/move", {"to": other})
        return await waiting

    assert asyncio.run(told()).site == other


def test_a_visit_ends_and_an_application_is_asked_for_what_it_is(platform: Platform) -> None:
    place = visited(platform, "nim", 3)
    with pytest.raises(Refused, match="NO_SESSION"):
        attach_once(platform.api, "nim", "player-3", token(platform))
    platform.ask("DELETE", f"sessions/{place.session}")
    with pytest.raises(Refused, match="404"):
        place_after(platform.api, place, token(platform), wait_s=0)


def test_a_killed_gateway_breaks_its_connections_and_takes_new_ones_when_it_is_back(
    platform: Platform,
) -> None:
    place = visited(platform, "nim", 4)
    own = host(platform, 4)
    with Player(WebSocket(place.service, own)) as player:
        until("a game", lambda: len(player.answers) > 20)
        platform.kill(f"agent-{place.site}")
        until("the connection has broken", lambda: player.broke)
    assert until("an answer, if need be another site's", lambda: answers_at(place.service, own))
    until("its own instance again", lambda: answers_at(place.service, own) == place.site)


def test_datagrams_follow_their_ue_through_the_first_gateway(platform: Platform) -> None:
    """Two plain UDP games at once. Each next datagram goes to the new site, on the socket and the address that the client has."""
    platform.ask("POST", "apply", {"objects": [*echo("echo", 7778), *echo("parrot", 7779)]})
    places = {app: visited(platform, app, 1) for app in ("echo", "parrot")}
    own = {app: socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for app in places}
    numbers = iter(range(1, 1_000_000))
    for one in own.values():
        one.bind((host(platform, 1), 0))
        one.settimeout(1.0)

    def heard(app: str, to: tuple[str, int]) -> str:
        """The site that answers a datagram now; the radio loses some."""
        said = b"%s %d" % (app.encode(), next(numbers))
        own[app].sendto(said, to)
        try:
            while True:
                data, source = own[app].recvfrom(2048)
                site, _, words = data.partition(b" ")
                assert source == to
                assert words.startswith(app.encode())
                if words == said:
                    return site.decode()
        except TimeoutError:
            return ""

    def answered_by(app: str, to: tuple[str, int], site: str) -> None:
        until(f"{app} at {site}", lambda: heard(app, to) == site)

    for app, place in places.items():
        answered_by(app, place.service, place.site)
        other = next(site for site in platform.sites() if site != place.site)
        platform.ask("POST", f"sessions/{place.session}/move", {"to": other})
        led = place_after(platform.api, place, token(platform))
        answered_by(app, place.service, other)
        answered_by(app, led.service, other)
        platform.ask("POST", f"sessions/{place.session}/move", {"to": place.site})
        answered_by(app, place.service, place.site)
    for one in own.values():
        one.close()
