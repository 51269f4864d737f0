"""The game on a real Karmada: Deployment → binding → member → ReplicaSet → Pod → process, the same manifests, the same report.

While it is played, API servers are killed and an agent is cut off for longer than its node's grace: no session ends.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
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
PLAYERS = 9


class Game:
    """A demo that is being played, for as long as its test needs: ``report`` ends it."""

    def __init__(self, fleet: Path, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._report, self._output = home / "report.json", home / "output"
        self._current = home / "current"
        command = [
            sys.executable, "-m", "fedge.cli.main", "demo", "--engine", "karmada", "--karmada", str(fleet), "--headless",
            "--players", str(PLAYERS), "--report", str(self._report),
        ]  # fmt: skip
        with self._output.open("wb") as out:
            self._process = subprocess.Popen(
                command, env={**os.environ, "FEDGE_HOME": str(home)}, stdout=out, stderr=out
            )

    def plays(self) -> bool:
        """Has everybody a session?"""
        assert self._process.poll() is None, self._said()
        return "players join" in self._said() and len(self.serving()) == PLAYERS

    def serving(self) -> list[str]:
        """The site of each session."""
        return [str(one["site"]) for one in self._ask("GET", "sessions")["items"]]

    def moves(self) -> list[str]:
        """The state of each."""
        return [str(one["state"]) for one in self._ask("GET", "moves")["items"]]

    def report(self, until: Until) -> dict[str, Any]:
        """No move begins any more; once those under way have ended, so does the game."""
        until(lambda: self._ask("POST", "hold-moves", {"hold": True}), "moves are held")
        until(lambda: set(self.moves()) <= {"RELEASED", "ABORTED"}, "moves have ended")
        self.end()
        assert self._report.exists(), self._said()[-3000:]
        found: dict[str, Any] = json.loads(self._report.read_text())
        found["exit_status"] = self._process.returncode
        return found

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        self._process.wait(240)  # controllers may need two minutes and more to end the Pods

    def _said(self) -> str:
        return self._output.read_text(errors="replace")

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        told = json.loads((self._current / "endpoints.json").read_text())["apis"]["fedge-admin"]
        headers = {"Authorization": f"Bearer {told['token']}"}
        answer = httpx2.request(
            method, f"{told['url']}/api/v1/{path}", json=body, headers=headers, timeout=15, trust_env=False
        )
        assert answer.is_success, answer.text
        return answer.json()


@contextmanager
def game(fleet: Path, home: Path, until: Until) -> Iterator[Game]:
    playing = Game(fleet, home)
    try:
        until(playing.plays, "the game begins", 120)
        yield playing
    finally:
        playing.end()


def nothing_was_lost(report: dict[str, Any]) -> None:
    """Every session lived to the end, with every input, under one writer; every move ended."""
    assert report["exit_status"] == 0
    assert report["engine"] == "karmada"
    assert report["integrity"]["ok"]
    assert report["integrity"]["sessions"] == report["players"]
    assert report["integrity"]["checks"]["restarted_from_nothing"] == 0
    assert report["inputs"]["lost"] == 0
    assert report["moves"]["in_flight"] == 0


def site_of(karmada: Client, member: str) -> str:
    return str(karmada.get(Cluster, member).metadata.labels["fedge.dev/site"])


def pods(bench: Bench, member: str) -> list[Pod]:
    return [
        one
        for one in client_of(bench.at.admin(member)).list(Pod, namespace="default")
        if one.metadata.name.startswith("arena-")
    ]


def test_it_is_played_from_the_same_manifests(whole: Bench, tmp_path: Path, until: Until) -> None:
    with game(whole.home, tmp_path / "home", until) as playing:
        for member in MEMBERS:
            (pod,) = until(
                lambda m=member: [one for one in pods(whole, m) if one.status.phase == "Running"],
                f"{member}'s Pod is said to run",
            )
            assert pod.spec.nodeName == f"{member}-node"
            assert pod.status.podIP.startswith("10.")
            node = client_of(whole.at.admin(member)).get(Node, f"{member}-node")
            assert any(taint.key == "fedge.dev/bench-node" for taint in node.spec.taints)
        until(lambda: "RELEASED" in playing.moves(), "a session has moved")
        report = playing.report(until)
    nothing_was_lost(report)
    for member in MEMBERS:
        until(lambda member=member: not pods(whole, member), f"{member}'s Pods are gone")


@pytest.mark.parametrize("victim", ["member1-apiserver", "karmada-apiserver"])
def test_an_api_server_dies_while_it_is_played(
    whole: Bench, tmp_path: Path, until: Until, victim: str
) -> None:
    with game(whole.home, tmp_path / "home", until) as playing:
        time.sleep(4)
        whole.kill(victim)
        time.sleep(6)
        whole.bring_back(victim)
        time.sleep(15)  # controllers come back later each time that they find nobody
        report = playing.report(until)
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
    with game(whole.home, home, until) as playing:
        assert pods(whole, "member2")
        until(lambda: site_of(karmada, "member2") in playing.serving(), "somebody plays there")
        apply = [sys.executable, "-m", "fedge.cli.main", "apply", "-f", str(changed)]
        subprocess.run(apply, env={**os.environ, "FEDGE_HOME": str(home)}, check=True)
        until(lambda: "member2" not in placed(karmada, "arena"), "the binding has dropped member2")
        until(lambda: not pods(whole, "member2"), "member2's copy has left")
        assert binding(karmada, "arena")["spec"].get("gracefulEvictionTasks") in (None, [])
        report = playing.report(until)
    nothing_was_lost(report)
    assert report["moves"]["by_cause"]["drain"]["released"] > 0


def test_a_drained_site_is_tainted_in_karmada_and_its_sessions_leave(
    whole: Bench, karmada: Client, tmp_path: Path, until: Until
) -> None:
    home = tmp_path / "home"

    def taints() -> list[str]:
        return [one["key"] for one in karmada.get(Cluster, "member1").to_dict()["spec"].get("taints") or ()]

    with game(whole.home, home, until) as playing:
        site = site_of(karmada, "member1")
        for verb, tainted in (("drain", True), ("undrain", False)):
            command = [sys.executable, "-m", "fedge.cli.main", verb, site]
            subprocess.run([*command], env={**os.environ, "FEDGE_HOME": str(home)}, check=True)
            until(
                lambda tainted=tainted: ("fedge.dev/drained" in taints()) is tainted,
                f"{verb} is seen in Karmada",
            )
            if tainted:
                until(lambda: site not in playing.serving(), "its sessions have left")
        assert pods(whole, "member1")
        report = playing.report(until)
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
        with game(fleet, tmp_path / "home", until) as playing:
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
            report = playing.report(until)
    finally:
        proxy.close()
    nothing_was_lost(report)
