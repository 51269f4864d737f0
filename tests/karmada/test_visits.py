"""Games without the SDK on a real Karmada, by the embedded engine's manifests: deployed, found, visited, led to another site.

Nodes are bench nodes: a Pod is a process of its site's agent, and the site's gateway leads to it. Karmada, its members, the
platform and the games are real; the way of datagrams to a UDP game is the simulated network's.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from lightkube import Client
from lightkube.resources.core_v1 import Pod
from lightkube.resources.discovery_v1 import EndpointSlice

from fedge_sdk.visit import place_after
from testbench.bench import Bench
from testbench.karmada_setup import client_of
from tests.karmada.objects import binding, placed
from tests.system.platform import Platform, cli, environment, until
from tests.system.visiting import NIM, Device, answers_at, echo, host, token, visited
from tests.system.websocket import Player, WebSocket


@pytest.fixture(scope="module")
def platform(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    Bench.up(bench.home)
    home = tmp_path_factory.mktemp("visits")
    options = ("--engine=karmada", f"--karmada={bench.home}", "--players=4", "--seed=5", "--policy=stay")
    made = Platform(home, "up", *options)
    try:
        apply(made, str(NIM))
        yield made
    finally:
        made.stop()


def apply(platform: Platform, *files: str) -> None:
    command = cli("apply", *(word for file in files for word in ("-f", file)))
    done = subprocess.run(
        command, env=environment(platform.home), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def cluster_of(platform: Platform, site: str) -> str:
    sites = [each["site"] for each in json.loads((platform.run / "city.json").read_text())["sites"]]
    return str(platform.config()["nodes"][sites.index(site)]["cluster"])


def member(bench: Bench, platform: Platform, site: str) -> Client:
    return client_of(bench.at.admin(cluster_of(platform, site)))


def pods(client: Client, game: str = "nim") -> list[Pod]:
    return [one for one in client.list(Pod, namespace="default") if one.metadata.name.startswith(f"{game}-")]


def ready(pod: Pod) -> bool:
    return any(one.type == "Ready" and one.status == "True" for one in pod.status.conditions or ())


def nothing_was_lost(player: Player, site: str) -> None:
    """Every take was answered once and in order, by the game that it began with."""
    assert player.broke is None
    assert [one["turn"] for one in player.answers] == list(range(1, len(player.answers) + 1))
    assert {one["site"] for one in player.answers} == {site}


def plays_on(player: Player) -> None:
    since = len(player.answers)
    until("the game goes on", lambda: len(player.answers) > since + 50 or player.broke)
    assert player.broke is None


def test_a_pod_listens_where_its_service_leads(bench: Bench, platform: Platform) -> None:
    place = visited(platform, "nim", 1)
    for site in platform.sites():
        client = member(bench, platform, site)
        (pod,) = until(f"{site}'s Pod", lambda c=client: pods(c) if all(map(ready, pods(c))) else None)
        assert pod.status.podIP.startswith("10.")

        def leads(client: Client = client, ip: str = pod.status.podIP) -> bool:
            slices = client.list(
                EndpointSlice, namespace="default", labels={"kubernetes.io/service-name": "nim"}
            )
            (one,) = slices
            (end,), (port,) = one.endpoints or (None,), one.ports or (None,)
            return end is not None and end.conditions.ready and ([ip], 8765) == (end.addresses, port.port)

        until(f"the Service at {site} leads to it", leads)
        assert answers_at(("127" + pod.status.podIP.removeprefix("10"), 8765)) == site
    assert place.service[1] == 8765
    assert place.protocol == "TCP"


def test_a_game_plays_on_while_its_visit_is_led_to_another_site(platform: Platform) -> None:
    place = visited(platform, "nim", 1)
    own, other = host(platform, 1), next(site for site in platform.sites() if site != place.site)
    with Player(WebSocket(place.service, own)) as player:
        until("a game", lambda: len(player.answers) > 20)
        platform.ask("POST", f"sessions/{place.session}/move", {"to": other})
        led = place_after(platform.api, place, token(platform))
        assert (led.site, led.generation) == (other, place.generation + 1)
        plays_on(player)
        until("the old site leads on", lambda: answers_at(place.service, own) == other)
        assert answers_at(led.service, own) == other
        plays_on(player)
    nothing_was_lost(player, place.site)


def test_an_instance_that_is_killed_is_started_again_in_its_pod(bench: Bench, platform: Platform) -> None:
    place = visited(platform, "nim", 2)
    own, client = host(platform, 2), member(bench, platform, place.site)
    (before,) = pods(client)
    with Player(WebSocket(place.service, own)) as player:
        until("a game", lambda: len(player.answers) > 20)
        platform.kill(f"{place.site}/nim-1")
        until("its connection has broken", lambda: player.broke)
    assert until("an answer, if need be another site's", lambda: answers_at(place.service, own))
    until("its own site again", lambda: answers_at(place.service, own) == place.site)

    def again() -> bool:
        (pod,) = pods(client)
        assert pod.metadata.uid == before.metadata.uid
        return bool(pod.status.containerStatuses[0].restartCount == 1 and ready(pod))

    until("the Pod is ready, restarted once", again)


def test_an_agent_that_is_killed_finds_its_pods_instance_again(bench: Bench, platform: Platform) -> None:
    place = visited(platform, "nim", 3)
    own, client = host(platform, 3), member(bench, platform, place.site)
    (before,), instance = pods(client), platform.pid(f"{place.site}/nim-1")
    platform.kill(f"agent-{place.site}")
    until("its gateway is back", lambda: answers_at(place.service, own) == place.site)
    (after,) = pods(client)
    assert after.metadata.uid == before.metadata.uid
    assert platform.pid(f"{place.site}/nim-1") == instance


def test_a_deleted_pod_keeps_its_players_and_takes_nobody_new(bench: Bench, platform: Platform) -> None:
    """As long as its grace is: its successor has a number of its own, and is ready before."""
    place = visited(platform, "nim", 4)
    own, client = host(platform, 4), member(bench, platform, place.site)
    (old,) = pods(client)
    with Player(WebSocket(place.service, own)) as player:
        until("a game", lambda: len(player.answers) > 20)
        client.delete(Pod, old.metadata.name, namespace="default")
        until("its successor is ready", lambda: [one for one in pods(client) if ready(one)][1:])

        def new_ones() -> bool:
            fresh = WebSocket(place.service, own)
            instance = fresh.say("new")["instance"]
            fresh.close()
            return bool(instance != player.answers[0]["instance"])

        until("its successor has who is new", new_ones)
        plays_on(player)
    nothing_was_lost(player, place.site)
    until("the old one goes once its player has", lambda: len(pods(client)) == 1)
    assert pods(client)[0].metadata.uid != old.metadata.uid


def test_a_policy_takes_a_cluster_away_and_its_copy_waits_for_who_is_connected(
    bench: Bench, platform: Platform, tmp_path: Path
) -> None:
    place = visited(platform, "nim", 1)
    own, client = host(platform, 1), member(bench, platform, place.site)
    karmada = client_of(bench.at.admin("karmada"))
    cluster = cluster_of(platform, place.site)
    raw = yaml.safe_load((NIM / "propagationpolicy.yaml").read_text())
    raw["spec"]["placement"]["clusterAffinity"] = {"exclude": [cluster]}
    changed = tmp_path / "policy.yaml"
    changed.write_text(yaml.safe_dump(raw))
    with Player(WebSocket(place.service, own)) as player:
        until("a game", lambda: len(player.answers) > 20)
        apply(platform, str(changed))
        until("the binding has dropped it", lambda: cluster not in placed(karmada, "nim"))
        led = place_after(platform.api, place, token(platform))
        assert led.site != place.site
        (task,) = binding(karmada, "nim")["spec"]["gracefulEvictionTasks"]
        assert task["fromCluster"] == cluster
        assert "live sessions leave first" in task["message"]
        plays_on(player)
        assert [one.metadata.deletionTimestamp for one in pods(client)] == [None]
    nothing_was_lost(player, place.site)
    until("the copy has left", lambda: not pods(client))
    apply(platform, str(NIM))
    until("it is back", lambda: any(map(ready, pods(client))))


def test_datagrams_follow_their_ue_from_pod_to_pod(bench: Bench, platform: Platform) -> None:
    platform.ask("POST", "apply", {"objects": echo("echo", 7778)})
    place = visited(platform, "echo", 1)
    other = next(site for site in platform.sites() if site != place.site)
    with Device(platform, 1) as device:
        device.is_answered("echo", place.service, place.site)
        platform.ask("POST", f"sessions/{place.session}/move", {"to": other})
        led = place_after(platform.api, place, token(platform))
        for address in (place.service, led.service):
            device.is_answered("echo", address, other)
