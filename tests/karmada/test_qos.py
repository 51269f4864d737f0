"""QoSPolicies on a real Karmada: a border holds, replicas go where the figures say the players are, and decisions are Events."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from lightkube import Client
from lightkube.models.core_v1 import NodeStatus
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Event, Node
from lightkube.resources.core_v1 import NodeStatus as StatusOfNode

from fedge.adapters.karmada.prepare import prepare
from fedge.adapters.karmada.resources import Cluster, QoSPolicy
from testbench.bench import Bench
from testbench.karmada_setup import client_of
from tests.karmada.objects import apply, binding, deployment, placed, policy, remove, scheduled
from tests.karmada.schedulers import Schedulers

Until = Callable[..., Any]
DYNAMIC = {
    "replicaScheduling": {
        "replicaSchedulingType": "Divided",
        "replicaDivisionPreference": "Weighted",
        "weightPreference": {"dynamicWeight": "AvailableReplicas"},
    }
}
MEMBERS = ("member1", "member2", "member3")


def qos(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "fedge.dev/v1alpha1",
        "kind": "QoSPolicy",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}, **spec},
    }


def message(karmada: Client, name: str) -> str:
    conditions = binding(karmada, name)["status"]["conditions"]
    return str(next(one["message"] for one in conditions if one["type"] == "Scheduled"))


@pytest.fixture(autouse=True)
def room(whole: Bench, karmada: Client, until: Until) -> Iterator[None]:
    """Fedge's kinds, and room that Karmada counts: a node object in each member. No kubelet is behind it; nothing runs there."""
    prepare(str(whole.at.admin("karmada")), {})
    amounts = {"cpu": "8", "memory": "16Gi", "pods": "110"}
    status = NodeStatus(allocatable=amounts, capacity=amounts)
    members = {name: client_of(whole.at.admin(name)) for name in MEMBERS}
    for client in members.values():
        node = ObjectMeta(name="room")
        client.apply(Node(metadata=node), field_manager="test", force=True)
        client.apply(StatusOfNode(metadata=node, status=status), field_manager="test", force=True)

    def counted(name: str) -> bool:
        summary = karmada.get(Cluster, name).to_dict().get("status", {}).get("resourceSummary", {})
        return int(summary.get("allocatable", {}).get("pods", "0")) >= 110

    for name in MEMBERS:
        until(lambda name=name: counted(name), f"Karmada counts the room of {name}", 90)
    yield
    for client in members.values():
        client.delete(Node, "room")


@pytest.fixture
def figures() -> Iterator[tuple[str, dict[str, float]]]:
    """A control plane's figures, from loopback: a cell near each member, with as many players as the dictionary says."""
    players = dict.fromkeys(MEMBERS, 0.0)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            cells = [
                {
                    "cell": f"near-{member}",
                    "nearest": member,
                    "players": players[member],
                    "rtt_ms": {each: 10.0 if each == member else 60.0 for each in MEMBERS},
                }
                for member in MEMBERS
            ]
            body = json.dumps({"clusters": [], "cells": cells}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api/v1/figures", players
    server.shutdown()
    thread.join()
    server.server_close()


def test_data_stays_within_its_border_and_comes_back_into_it(
    karmada: Client, schedulers: Schedulers, until: Until
) -> None:
    schedulers.start()
    apply(karmada, policy("bordered", **DYNAMIC), deployment("bordered", 3))
    until(lambda: sum(placed(karmada, "bordered").values()) == 3, "placed anywhere")
    apply(karmada, qos("bordered", border={"clusters": ["member2"]}))
    until(lambda: placed(karmada, "bordered") == {"member2": 3}, "all of it within the border")
    apply(karmada, qos("bordered", border={"clusters": ["nowhere"]}))
    until(lambda: scheduled(karmada, "bordered")[0] == "False", "no cluster is within that border")
    assert "it would fit with the data border opened to member1 or member2 or member3" in message(
        karmada, "bordered"
    )
    karmada.delete(QoSPolicy, "bordered", namespace="default")
    remove(karmada, "bordered")


def test_replicas_go_where_the_players_are(
    karmada: Client, schedulers: Schedulers, until: Until, figures: tuple[str, dict[str, float]]
) -> None:
    url, players = figures
    players |= {"member1": 30, "member2": 10}
    schedulers.start(figures=url)
    apply(karmada, qos("near", latency={"objectiveMs": 20}), policy("near", **DYNAMIC), deployment("near", 4))
    until(lambda: placed(karmada, "near") == {"member1": 3, "member2": 1}, "as the players are")
    until(lambda: "100% of the players are expected within 20 ms" in message(karmada, "near"), "told")
    players |= {"member1": 0, "member2": 0, "member3": 40}
    until(lambda: placed(karmada, "near") == {"member3": 4}, "after the players")
    karmada.delete(QoSPolicy, "near", namespace="default")
    remove(karmada, "near")


def test_decisions_are_events_on_the_binding(karmada: Client, schedulers: Schedulers, until: Until) -> None:
    schedulers.start()
    apply(karmada, policy("told", clusterAffinity={"clusterNames": ["nowhere"]}), deployment("told", 1))

    def events() -> dict[str, str]:
        return {
            one.reason or "": one.message or ""
            for one in karmada.list(Event, namespace="default")
            if one.involvedObject.name == "told-deployment" and one.source.component == "fedge-scheduler"
        }

    until(lambda: "ScheduleBindingFailed" in events(), "a warning")
    assert "it would fit with the affinity opened to" in events()["ScheduleBindingFailed"]
    apply(karmada, policy("told", clusterAffinity={"clusterNames": ["member1"]}))
    until(lambda: "ScheduleBindingSucceed" in events(), "and where it went")
    assert events()["ScheduleBindingSucceed"].startswith("member1 × 1: ")
    remove(karmada, "told")
