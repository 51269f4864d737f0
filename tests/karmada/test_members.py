"""Agents in member clusters whose Pods kubelets run: taken there by Karmada, with the rights that they need; and a game on them.

The programs are told every address, as on several machines; here all are on loopback. **No kubelet and no access network
here:** the test plays both (`kubelet.py`, `tests/system/explicit.py`). Karmada, the members' API servers and controllers, Pods,
the control plane, the scheduler, the agents and the game's instances are the real ones.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from lightkube import Client
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import ConfigMap, Secret

from fedge.adapters.karmada.prepare import prepare, withdraw
from fedge.api.manifest_files import read_manifests
from fedge.core.model import SiteId
from fedge.programs.arena import arena_folder
from fedge_sdk.visit import place_after, visit
from testbench.bench import Bench
from testbench.karmada_setup import client_of
from testbench.programs import MEMBERS
from tests.karmada.kubelet import PlayedKubelet
from tests.karmada.schedulers import Schedulers
from tests.karmada.test_deploy import allowed, apply, documents
from tests.karmada.test_doctor import findings
from tests.system.explicit import (
    INSTANCE_TOKEN,
    SITES,
    TOKEN,
    Fleet,
    PlayedAccess,
    attached,
    ordered,
    plays_on,
)
from tests.system.visiting import NIM
from tests.system.websocket import Player, WebSocket

Until = Callable[..., Any]
SYSTEM, PART = "fedge-system", {"fedge.dev/part": "site-agent"}


def secret(client: Client, namespace: str, name: str, **data: str) -> None:
    one = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace, "labels": PART if namespace == SYSTEM else {}},
        "stringData": data,
    }
    assert apply(client, one, dry=False).status_code in (200, 201)


@pytest.fixture
def applied(whole: Bench, karmada: Client) -> Client:
    """What an operator applies to Karmada's API server for the members, with its Secrets and the federation's file."""
    prepare(str(whole.at.admin("karmada")), {})
    for one in documents("members"):
        answer = apply(karmada, one, dry=False)
        assert answer.status_code in (200, 201), answer.text
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "fedge-federation", "namespace": SYSTEM, "labels": PART},
        "data": {"federation.yaml": "sites: []"},
    }
    assert apply(karmada, config, dry=False).status_code in (200, 201)
    secret(karmada, SYSTEM, "fedge-agent-token", **{"token": TOKEN, "instance-token": INSTANCE_TOKEN})
    secret(karmada, "default", "fedge-instance-token", token=INSTANCE_TOKEN)
    return karmada


def cluster_told(client: Client) -> str:
    template = client.get(Deployment, "fedge-agent", namespace=SYSTEM).spec.template
    return str(next(one.value for one in template.spec.containers[0].env if one.name == "FEDGE_CLUSTER"))


def test_karmada_takes_the_agent_to_every_member_and_tells_it_where_it_is(
    applied: Client, whole: Bench, until: Until
) -> None:
    for member in MEMBERS:
        client = client_of(whole.at.admin(member))
        until(lambda c=client, m=member: cluster_told(c) == m, f"{member}'s agent knows its cluster", 120)
        until(
            lambda c=client: c.get(ConfigMap, "fedge-federation", namespace=SYSTEM), "the federation's file"
        )
        until(lambda c=client: c.get(Secret, "fedge-agent-token", namespace=SYSTEM), "the tokens")
    for member in MEMBERS:  # no kubelet has started it, and `fedge doctor` says so
        said = f"{member} has an agent that is not Ready"
        until(lambda s=said: findings(whole).get(s) == "warning", said, 120)


AGENT = f"system:serviceaccount:{SYSTEM}:fedge-agent"


def test_the_agent_may_read_pods_where_games_live_and_nothing_else(
    applied: Client, whole: Bench, until: Until
) -> None:
    member = client_of(whole.at.admin("member1"))
    for verb in ("get", "list", "watch"):
        until(lambda v=verb: allowed(member, AGENT, "", "pods", v, "default"), f"it may {verb} Pods", 120)
    other = [
        ("pods", "list", ""),
        ("pods", "list", "kube-system"),
        ("pods", "delete", "default"),
        ("pods", "create", "default"),
        ("secrets", "get", "default"),
        ("secrets", "get", SYSTEM),
        ("nodes", "list", ""),
    ]
    assert [asked for asked in other if allowed(member, AGENT, "", *asked)] == []


# --- a game ------------------------------------------------------------------------------------------------------------------


def as_service_account(bench: Bench, member: str, folder: Path) -> Path:
    """A kubeconfig with a token of the agent's own account: what its Pod would mount."""
    http: httpx2.Client = client_of(bench.at.admin(member))._client._client
    path = f"/api/v1/namespaces/{SYSTEM}/serviceaccounts/fedge-agent/token"
    answer = http.post(
        path, json={"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    )
    assert answer.status_code == 201, answer.text
    authority = base64.b64encode(Path(bench.at.ca[member].crt).read_bytes()).decode()
    cluster = {"server": bench.at.server(member), "certificate-authority-data": authority}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": member, "cluster": cluster}],
        "users": [{"name": "agent", "user": {"token": answer.json()["status"]["token"]}}],
        "contexts": [{"name": member, "context": {"cluster": member, "user": "agent"}}],
        "current-context": member,
    }
    file = folder / f"{member}-agent.kubeconfig"
    file.write_text(yaml.safe_dump(config))
    return file


OWN = {"member1": "127.0.0.31", "member2": "127.0.0.32"}
"""Each site's own address, where load balancers would be."""


@pytest.fixture
def fleet(
    applied: Client, whole: Bench, schedulers: Schedulers, tmp_path: Path, until: Until
) -> Iterator[Fleet]:
    folder = tmp_path / "fleet"
    folder.mkdir()
    running = Fleet(whole.at.admin("karmada"), folder, OWN)
    try:
        schedulers.start()
        running.start_control_plane()
        for member in SITES:
            client = client_of(whole.at.admin(member))
            until(
                lambda c=client: allowed(c, AGENT, "", "pods", "watch", "default"),
                f"{member}'s agent has its rights",
                120,
            )
            account = until(
                lambda m=member: as_service_account(whole, m, folder), f"{member} has the agent's account"
            )
            running.start_agent(member, account)
        yield running
    finally:
        running.stop()
        withdraw(str(whole.at.admin("karmada")))


@pytest.fixture
def kubelets(fleet: Fleet, whole: Bench, tmp_path: Path) -> Iterator[dict[str, PlayedKubelet]]:
    played = kubelets_of(fleet, whole, tmp_path, arena_folder())
    yield played
    for one in played.values():
        one.stop()


def kubelets_of(fleet: Fleet, whole: Bench, tmp_path: Path, working_dir: Path) -> dict[str, PlayedKubelet]:
    service = "fedge-agent.fedge-system.svc"
    return {
        member: PlayedKubelet(
            client_of(whole.at.admin(member)),
            tmp_path / member,
            f"127.0.0.{11 + at}",
            {
                f"{service}:6003": f"127.0.0.1:{fleet.binds[member]['AGENT']}",
                f"{service}:6001": f"127.0.0.1:{fleet.binds[member]['INSIDE']}",
            },
            working_dir,
        )
        for at, member in enumerate(SITES)
    }


@pytest.fixture
def access(fleet: Fleet) -> Iterator[PlayedAccess]:
    played = PlayedAccess(fleet.links, TOKEN, {SiteId("harbour"): 4.0, SiteId("market"): 6.0}, fleet.n6)
    yield played
    played.close()


def test_a_game_is_served_and_moved_between_agents_that_watch_kubelets_pods(
    fleet: Fleet, kubelets: dict[str, PlayedKubelet], access: PlayedAccess, until: Until
) -> None:
    """**No kubelet here:** the test starts each Pod's process and writes its status as a kubelet would."""
    until(lambda: set(fleet.items("sites")) == set(SITES.values()), "both agents have joined")
    fleet.ask("POST", "apply", {"objects": [found.object for found in read_manifests(arena_folder())]})
    names = {}
    for member, kubelet in kubelets.items():
        (raw,) = until(kubelet.pods, f"the Pod at {member}", 120)
        until(
            lambda m=member, k=kubelet, r=raw: names.setdefault(m, k.start(r)), f"the Secret is at {member}"
        )

    def ready() -> bool:
        found = fleet.items("instances")
        return {f"{SITES[member]}/default/{name}" for member, name in names.items()} == {
            name for name, row in found.items() if row["state"] == "ready"
        }

    until(ready, "both Pods' instances have dialled their agents")

    session = until(lambda: attached(fleet), "a session")
    assert fleet.items("sessions")["player-1"]["site"] == "harbour"
    plays_on(access, session, epoch=1)

    move = until(lambda: ordered(fleet, "market"), "the order is taken")
    deadline = time.monotonic() + 60
    while fleet.items("moves")[move]["state"] not in ("RELEASED", "ABORTED") and time.monotonic() < deadline:
        access.play(session)
    assert fleet.items("moves")[move]["state"] == "RELEASED"
    assert fleet.items("sessions")["player-1"]["site"] == "market"
    plays_on(access, session, epoch=2)

    # the agent's Pod goes and comes back: the instance plays on and is found again
    fleet.end("agent-member2")
    fleet.start_agent("member2", access_to("member2", fleet))
    plays_on(access, session, epoch=2)

    # its container ends and is started again: the session goes on from its log
    instance = f"market/default/{names['member2']}"
    raw = kubelets["member2"].crash(names["member2"])
    until(lambda: fleet.items("instances")[instance]["state"] == "failed", "its Pod is seen to be down")
    kubelets["member2"].start(raw)
    plays_on(access, session, epoch=2)

    # the Pod is deleted, and its emptyDir with it: the session's state is lost, said to be, and begun anew elsewhere
    kubelets["member2"].delete(names["member2"])
    until(lambda: fleet.items("sessions")["player-1"]["state"] == "lost", "the loss is told")
    again = until(lambda: attached(fleet), "a new session")
    assert again.key != session.key
    plays_on(access, again, epoch=1)


def access_to(member: str, fleet: Fleet) -> Path:
    return fleet.file.parent / f"{member}-agent.kubeconfig"


@pytest.fixture
def players_kubelets(fleet: Fleet, whole: Bench, tmp_path: Path) -> Iterator[dict[str, PlayedKubelet]]:
    played = kubelets_of(fleet, whole, tmp_path, NIM)
    yield played
    for one in played.values():
        one.stop()


def test_a_websocket_game_plays_on_while_its_visit_is_led_between_kubelets_pods(
    fleet: Fleet, whole: Bench, players_kubelets: dict[str, PlayedKubelet], access: PlayedAccess, until: Until
) -> None:
    """**No kubelet here**, as above. The device's connections go straight to the sites' own addresses."""
    until(lambda: set(fleet.items("sites")) == set(SITES.values()), "both agents have joined")
    fleet.ask("POST", "apply", {"objects": [found.object for found in read_manifests(NIM)]})
    names = {}
    for member, kubelet in players_kubelets.items():
        (raw,) = until(kubelet.pods, f"the Pod at {member}", 120)
        names[member] = kubelet.start(raw)

    def ready(*members: str) -> bool:
        found = fleet.items("instances")
        return {f"{SITES[member]}/default/{names[member]}" for member in members} == {
            name for name, row in found.items() if row["state"] == "ready"
        }

    until(lambda: ready(*SITES), "both Pods' ports take connections")
    place = until(lambda: visit(fleet.api, "nim", "player-1", TOKEN), "a visit")
    assert (place.site, place.service) == ("harbour", (OWN["member1"], 8765))
    with Player(WebSocket(place.service)) as player:
        fleet.ask("POST", f"sessions/{place.session}/move", {"to": "market"})
        led = place_after(fleet.api, place, TOKEN)
        assert (led.site, led.service) == ("market", (OWN["member2"], 8765))
        fresh = WebSocket(led.service)
        assert fresh.say("take 1")["instance"] == f"default/{names['member2']}"
        fresh.close()
        since = len(player.answers)
        until(lambda: len(player.answers) > since + 50 or player.broke, "the open game goes on")
    assert player.broke is None
    assert [one["turn"] for one in player.answers] == list(range(1, len(player.answers) + 1))
    assert {one["instance"] for one in player.answers} == {f"default/{names['member1']}"}

    shut = "the Service fedge-agent-outside has no TCP port 8765, where default/nim is played"
    assert findings(whole)[shut] == "warning"

    # its container ends and is started again: whoever visits it is led to the other site, and it is found again
    raw = players_kubelets["member2"].crash(names["member2"])
    until(lambda: ready("member1"), "its container is seen to be down")
    until(lambda: place_after(fleet.api, led, TOKEN, wait_s=0).site == "harbour", "the visit is led back")
    players_kubelets["member2"].start(raw)
    until(lambda: ready(*SITES), "it takes connections again")

    # the Pod is deleted
    players_kubelets["member2"].delete(names["member2"])
    until(lambda: ready("member1"), "its Pod is seen to be gone")
