"""The game on a real Karmada: Deployment → binding → member → ReplicaSet → Pod → process, the same manifests, the same report.

While it is played, API servers are killed and an agent is cut off for longer than its node's grace: no session ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from lightkube import Client
from lightkube.resources.core_v1 import Node, Pod

from fedge.adapters.karmada.resources import Cluster
from fedge.programs.arena import arena_folder
from testbench.bench import Bench
from testbench.karmada_setup import client_of
from testbench.programs import MEMBERS
from tests.karmada.objects import binding, placed
from tests.karmada.proxy import Proxy

Until = Callable[..., Any]


class Game:
    """A demo that is being played. ``report()`` waits for its end."""

    def __init__(self, process: subprocess.Popen[str], home: Path, duration_s: float) -> None:
        self._process, self._home, self._duration_s = process, home, duration_s
        self.said: list[str] = []

    def wait_for_players(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said.append(line)
            if "players join" in line:
                return
        pytest.fail("the game did not begin:\n" + "".join(self.said[-30:]))

    def report(self) -> dict[str, Any]:
        rest, _ = self._process.communicate(timeout=self._duration_s + 90)
        self.said.append(rest)
        file = self._home / "report.json"
        assert file.exists(), "".join(self.said)[-3000:]
        found: dict[str, Any] = json.loads(file.read_text())
        found["exit_status"] = self._process.returncode
        return found


@contextmanager
def game(fleet: Path, home: Path, duration_s: float = 20.0) -> Iterator[Game]:
    home.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [
            sys.executable, "-m", "fedge.cli.main", "demo", "--engine", "karmada", "--karmada", str(fleet), "--headless",
            "--players", "9", "--duration", str(duration_s), "--report", str(home / "report.json"),
        ],
        env={**os.environ, "FEDGE_HOME": str(home)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        playing = Game(process, home, duration_s)
        playing.wait_for_players()
        yield playing
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=60)


def nothing_was_lost(report: dict[str, Any]) -> None:
    """Every session lived to the end, with every input, under one writer; every move ended."""
    assert report["exit_status"] == 0
    assert report["engine"] == "karmada"
    assert report["integrity"]["ok"]
    assert report["integrity"]["sessions"] == report["players"]
    assert report["integrity"]["checks"]["restarted_from_nothing"] == 0
    assert report["inputs"]["lost"] == 0
    assert report["moves"]["in_flight"] == 0


def pods(bench: Bench, member: str) -> list[Pod]:
    return [
        one
        for one in client_of(bench.at.admin(member)).list(Pod, namespace="default")
        if one.metadata.name.startswith("arena-")
    ]


def test_it_is_played_from_the_same_manifests(whole: Bench, tmp_path: Path, until: Until) -> None:
    with game(whole.home, tmp_path / "home") as playing:
        for member in MEMBERS:
            (pod,) = pods(whole, member)
            assert pod.spec.nodeName == f"{member}-node"
            assert pod.status.phase == "Running"
            assert pod.status.podIP.startswith("10.")
            node = client_of(whole.at.admin(member)).get(Node, f"{member}-node")
            assert any(taint.key == "fedge.dev/bench-node" for taint in node.spec.taints)
        report = playing.report()
    nothing_was_lost(report)
    assert report["moves"]["released"] > 0
    for member in MEMBERS:
        until(lambda member=member: not pods(whole, member), f"{member}'s Pods are gone")


@pytest.mark.parametrize("victim", ["member1-apiserver", "karmada-apiserver"])
def test_an_api_server_dies_while_it_is_played(
    whole: Bench, tmp_path: Path, until: Until, victim: str
) -> None:
    with game(whole.home, tmp_path / "home", 24) as playing:
        time.sleep(4)
        whole.kill(victim)
        time.sleep(6)
        whole.bring_back(victim)
        report = playing.report()
    nothing_was_lost(report)
    # Karmada's controllers take up to a minute and more to go on after their API server was away
    for member in MEMBERS:
        until(lambda member=member: not pods(whole, member), f"{member}'s Pods are gone", 150)


def test_a_policy_takes_a_cluster_away_and_its_sessions_leave_first(
    whole: Bench, karmada: Client, tmp_path: Path, until: Until
) -> None:
    """The scheduler drops member2 and keeps its copy by an eviction task; the sessions move; then the copy goes."""
    raw = yaml.safe_load((arena_folder() / "propagationpolicy.yaml").read_text())
    raw["spec"]["placement"]["clusterAffinity"] = {"exclude": ["member2"]}
    changed = tmp_path / "policy.yaml"
    changed.write_text(yaml.safe_dump(raw))
    home = tmp_path / "home"
    with game(whole.home, home, 30) as playing:
        assert pods(whole, "member2")
        time.sleep(4)
        apply = [sys.executable, "-m", "fedge.cli.main", "apply", "-f", str(changed)]
        subprocess.run(apply, env={**os.environ, "FEDGE_HOME": str(home)}, check=True)
        until(lambda: "member2" not in placed(karmada, "arena"), "the binding has dropped member2")
        until(lambda: not pods(whole, "member2"), "member2's copy has left", 25)
        assert binding(karmada, "arena")["spec"].get("gracefulEvictionTasks") in (None, [])
        report = playing.report()
    nothing_was_lost(report)
    assert report["moves"]["by_cause"]["drain"]["released"] > 0


def test_a_drained_site_is_tainted_in_karmada_and_its_sessions_leave(
    whole: Bench, karmada: Client, tmp_path: Path, until: Until
) -> None:
    home = tmp_path / "home"

    def taints() -> list[str]:
        return [one["key"] for one in karmada.get(Cluster, "member1").to_dict()["spec"].get("taints") or ()]

    with game(whole.home, home, 24) as playing:
        site = karmada.get(Cluster, "member1").metadata.labels["fedge.dev/site"]
        for verb, tainted in (("drain", True), ("undrain", False)):
            command = [sys.executable, "-m", "fedge.cli.main", verb, site]
            subprocess.run([*command], env={**os.environ, "FEDGE_HOME": str(home)}, check=True)
            until(
                lambda tainted=tainted: ("fedge.dev/drained" in taints()) is tainted,
                f"{verb} is seen in Karmada",
            )
            time.sleep(4)
        assert pods(whole, "member1")
        report = playing.report()
    nothing_was_lost(report)


def test_an_agent_is_cut_off_for_longer_than_its_node_may_be(
    whole: Bench, tmp_path: Path, until: Until
) -> None:
    """Its node becomes NotReady and is tainted NoExecute; the game tolerates that, so its Pod is not evicted."""
    facts = json.loads((whole.home / "bench.json").read_text())
    proxy = Proxy(whole.at.server("member2"))
    member = next(one for one in facts["members"] if one["name"] == "member2")
    through = tmp_path / "through-proxy.kubeconfig"
    through.write_text(
        Path(member["node_kubeconfig"]).read_text().replace(whole.at.server("member2"), proxy.server)
    )
    member["node_kubeconfig"] = str(through)
    fleet = tmp_path / "fleet.json"
    fleet.write_text(json.dumps(facts))
    admin = client_of(whole.at.admin("member2"))

    def ready() -> str:
        conditions = admin.get(Node, "member2-node").status.conditions
        return str(next(one.status for one in conditions if one.type == "Ready"))

    try:
        with game(fleet, tmp_path / "home", whole.at.timing.node_grace_s + 30) as playing:
            (before,) = pods(whole, "member2")
            proxy.cut()
            until(lambda: ready() == "Unknown", "the node is taken for lost", 60)
            (during,) = pods(whole, "member2")
            assert during.metadata.uid == before.metadata.uid
            assert during.metadata.deletionTimestamp is None
            proxy.mend()
            until(lambda: ready() == "True", "the node is back")
            (after,) = pods(whole, "member2")
            assert after.metadata.uid == before.metadata.uid
            report = playing.report()
    finally:
        proxy.close()
    nothing_was_lost(report)
