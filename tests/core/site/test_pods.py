"""A Pod as a bench node reads and reports it, and the numbers that instances keep."""

from __future__ import annotations

from typing import Any

import pytest

from fedge.core.model import AppId
from fedge.core.site.pods import Listening, PodState, Slots, ended, listening, read_pod, status_of, trouble


def raw_pod(**change: Any) -> dict[str, Any]:
    container = {
        "name": "arena",
        "image": "registry.example/arena:1",
        "command": ["python3", "$(FILE)"],
        "env": [
            {"name": "FILE", "value": "arena.py"},
            {"name": "ME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        ],
        "resources": {"limits": {"memory": "64Mi"}},
        **change.pop("container", {}),
    }
    metadata = {
        "uid": "u1",
        "name": "arena-6d4f-x",
        "namespace": "default",
        "annotations": {"fedge.dev/base-dir": "/games/arena"},
        "ownerReferences": [{"kind": "ReplicaSet", "name": "arena-6d4f"}],
        **change,
    }
    return {"metadata": metadata, "spec": {"containers": [container], "terminationGracePeriodSeconds": 5}}


def test_a_pod_becomes_one_process() -> None:
    pod = read_pod(raw_pod(), "10.9.10.11")
    assert (pod.app, pod.command, pod.working_dir) == ("arena", ("python3", "arena.py"), "/games/arena")
    assert pod.env == {"FILE": "arena.py", "ME": "arena-6d4f-x", "IP": "10.9.10.11"}
    assert (pod.memory_limit_bytes, pod.grace_s, pod.deleting) == (64 << 20, 5, False)


def test_an_application_is_told_by_its_deployment_and_namespace() -> None:
    assert read_pod(raw_pod(namespace="studio")).app == "studio:arena"
    assert read_pod(raw_pod(ownerReferences=[])).app == "arena-6d4f-x"


def test_a_deletion_brings_its_own_grace() -> None:
    pod = read_pod(raw_pod(deletionTimestamp="2027-01-01T00:00:00Z", deletionGracePeriodSeconds=2))
    assert (pod.deleting, pod.grace_s) == (True, 2)


def test_a_container_that_waits_says_why() -> None:
    status = status_of(
        read_pod(raw_pod()), PodState("waiting", why="ErrImagePull", message="no mapping"), "now"
    )
    assert status["phase"] == "Pending"
    assert status["containerStatuses"][0]["state"] == {
        "waiting": {"reason": "ErrImagePull", "message": "no mapping"}
    }
    assert "podIP" not in status


def test_a_ready_pod_has_its_address_and_its_restarts() -> None:
    state = PodState("running", ready=True, restarts=2, address="10.9.10.11", started_at="then")
    status = status_of(read_pod(raw_pod()), state, "now")
    assert (status["phase"], status["podIP"]) == ("Running", "10.9.10.11")
    assert all(one["status"] == "True" for one in status["conditions"])
    (container,) = status["containerStatuses"]
    assert (container["restartCount"], container["state"]) == (2, {"running": {"startedAt": "then"}})


ARENA = AppId("arena")


def test_a_pod_that_takes_anothers_place_waits_for_its_number() -> None:
    """Its number is its sessions: they come back with whoever bears it next."""
    slots = Slots()
    apps = {"old": ARENA, "new": ARENA}
    assert slots.take("old", apps, ARENA, 1) == 1
    assert slots.take("new", apps, ARENA, 1) is None
    slots.free("old")
    assert slots.take("new", apps, ARENA, 1) == 1


def test_numbers_are_kept_over_a_restart_and_never_shared() -> None:
    slots = Slots({"a": 1, "b": 2})
    apps = {"a": ARENA, "b": ARENA, "c": ARENA}
    assert slots.take("b", apps, ARENA, 2) == 2
    assert slots.take("c", apps, ARENA, None) == 3


def running(restarts: int, state: dict[str, Any], phase: str = "Running") -> dict[str, Any]:
    status = {
        "phase": phase,
        "containerStatuses": [{"name": "arena", "restartCount": restarts, "state": state}],
    }
    return {**raw_pod(), "status": status}


def test_a_kubelets_pod_says_why_its_container_is_down() -> None:
    assert trouble(raw_pod()) == (0, "")
    assert trouble(running(1, {"running": {}})) == (1, "")
    assert trouble(running(0, {"terminated": {"reason": "OOMKilled", "exitCode": 137}})) == (
        0,
        "OOMKilled, exit code 137",
    )
    assert trouble(running(3, {"waiting": {"reason": "CrashLoopBackOff"}})) == (3, "CrashLoopBackOff")
    assert trouble(running(0, {"waiting": {"reason": "ContainerCreating"}})) == (0, "")


def with_proxy(pod: dict[str, Any], proxy: dict[str, Any], first: bool) -> dict[str, Any]:
    """As a member's injecting webhook makes it, after the control plane told the game's container who it is."""
    (game,) = pod["spec"]["containers"]
    game = {**game, "env": [*game["env"], {"name": "FEDGE_INSTANCE", "value": "default/arena-6d4f-x"}]}
    sidecar = {"name": "istio-proxy", "image": "proxy:1", "command": ["envoy"]}
    (said,) = pod["status"]["containerStatuses"]
    statuses = [{"name": "istio-proxy", **proxy}, said]  # a kubelet's order is its own
    return {
        **pod,
        "spec": {**pod["spec"], "containers": [sidecar, game] if first else [game, sidecar]},
        "status": {**pod["status"], "containerStatuses": statuses},
    }


@pytest.mark.parametrize("first", [True, False])
def test_what_a_sidecar_does_is_not_taken_for_the_games(first: bool) -> None:
    proxy_up = {"restartCount": 0, "state": {"running": {}}}
    down = {"waiting": {"reason": "CrashLoopBackOff"}}
    proxy_down = {"restartCount": 7, "state": down}
    crashed, up = running(3, down), running(1, {"running": {}})
    assert trouble(with_proxy(crashed, proxy_up, first)) == (3, "CrashLoopBackOff")
    assert trouble(with_proxy(up, proxy_down, first)) == (1, "")
    for pod in (crashed, up):
        pod["status"]["podIP"] = "10.9.0.1"
        pod["metadata"]["annotations"] = {"fedge.dev/port": "8765"}
    lives = [listening(with_proxy(*each, first)) for each in ((crashed, proxy_up), (up, proxy_down))]
    assert [one.life for one in lives if one is not None] == [0, 2]
    assert read_pod(with_proxy(up, proxy_up, first)).container == "arena"


def test_a_pod_that_was_evicted_has_ended() -> None:
    assert ended(running(0, {}, phase="Failed"))
    assert not ended(running(0, {}))


@pytest.mark.parametrize(
    ("said", "port"), [("8765", 8765), ("", 0), ("0", 0), ("65536", 0), ("-1", 0), ("ws", 0), ("9" * 5000, 0)]
)
def test_a_pod_without_the_sdk_is_told_its_port_by_an_annotation(said: str, port: int) -> None:
    assert read_pod(raw_pod(annotations={"fedge.dev/port": said})).port == port


def test_a_kubelets_pod_without_the_sdk_listens_once_it_has_an_address_and_runs() -> None:
    pod = raw_pod(annotations={"fedge.dev/port": "8765"})
    assert listening(pod) is None, "it has no address"
    assert listening({**raw_pod(), "status": {"podIP": "10.9.0.1"}}) is None, "it is of a game with sessions"

    def seen(restarts: int, state: dict[str, Any], **change: Any) -> Listening | None:
        metadata = {**pod["metadata"], **change}
        told = [{"name": "arena", "restartCount": restarts, "state": state}]
        return listening(
            {**pod, "metadata": metadata, "status": {"podIP": "10.9.0.1", "containerStatuses": told}}
        )

    assert seen(0, {"running": {}}) == Listening(ARENA, "10.9.0.1", 8765, 1, leaving=False)
    assert seen(1, {"waiting": {}}) == Listening(ARENA, "10.9.0.1", 8765, 0, leaving=False)
    assert seen(1, {"running": {}}) == Listening(ARENA, "10.9.0.1", 8765, 2, leaving=False)
    assert seen(1, {"running": {}}, deletionTimestamp="now") == Listening(
        ARENA, "10.9.0.1", 8765, 2, leaving=True
    )
