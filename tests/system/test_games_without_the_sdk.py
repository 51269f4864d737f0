"""TCP, WebSocket and plain UDP games on a running platform: reached, drained, led elsewhere, and what a killed gateway means."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fedge_sdk.attach import Refused, attach_once
from fedge_sdk.visit import Place, hints, place_after
from tests.system.platform import Platform, cli, environment, until
from tests.system.visiting import NIM, Device, answers_at, echo, host, token, visited
from tests.system.websocket import Player, WebSocket


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
    for app, place in places.items():
        with Device(platform, 1) as device:
            other = next(site for site in platform.sites() if site != place.site)
            device.is_answered(app, place.service, place.site)
            platform.ask("POST", f"sessions/{place.session}/move", {"to": other})
            led = place_after(platform.api, place, token(platform))
            device.is_answered(app, place.service, other)
            device.is_answered(app, led.service, other)
            platform.ask("POST", f"sessions/{place.session}/move", {"to": place.site})
            device.is_answered(app, place.service, place.site)
