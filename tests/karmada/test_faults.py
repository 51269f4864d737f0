"""What can go wrong between the scheduler and a real Karmada: after each, every binding is placed once and whole."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

from lightkube import Client
from lightkube.core.exceptions import ApiError
from lightkube.types import PatchType

from fedge.adapters.karmada.resources import ResourceBinding
from testbench.bench import Bench
from tests.karmada.objects import (
    WEIGHTED,
    apply,
    binding,
    deployment,
    placed,
    policy,
    remove,
    scheduled,
    settled,
)
from tests.karmada.schedulers import Schedulers

Until = Callable[..., Any]
REPLICAS = 3


def names(prefix: str, count: int) -> list[str]:
    return [f"{prefix}-{number}" for number in range(count)]


def ask_for(client: Client, wanted: list[str]) -> None:
    for name in wanted:
        apply(client, policy(name, **WEIGHTED), deployment(name, REPLICAS))


def all_placed_once(client: Client, wanted: list[str], until: Until) -> None:
    """Each binding: settled, scheduled, its replicas neither lost nor double.

    Karmada's own controllers take up to a minute to make bindings again after their API server was away.
    """
    for name in wanted:
        until(
            lambda name=name: settled(client, name) and scheduled(client, name)[0] == "True",
            f"{name} is settled",
            within_s=150,
        )
        assert sum(placed(client, name).values()) == REPLICAS
        clusters = [one["name"] for one in binding(client, name)["spec"]["clusters"]]
        assert len(clusters) == len(set(clusters))


def test_the_api_server_is_killed_and_restarted(
    whole: Bench, karmada: Client, schedulers: Schedulers, until: Until
) -> None:
    wanted = names("killed", 8)
    schedulers.start()
    ask_for(karmada, wanted)
    whole.kill("karmada-apiserver")
    whole.bring_back("karmada-apiserver")
    all_placed_once(karmada, wanted, until)
    until(lambda: ask_for(karmada, ["killed-late"]) or True, "the API server answers")
    all_placed_once(karmada, ["killed-late"], until)
    remove(karmada, "killed-late", *wanted)


def refused_with(client: Client, version: str) -> int:
    """The code that a watch from ``version`` is refused with."""
    try:
        next(iter(client.watch(ResourceBinding, namespace="default", resource_version=version)))
    except ApiError as error:
        return int(error.status.code or 0)
    return 0


def test_a_watch_that_is_too_old(whole: Bench, karmada: Client, schedulers: Schedulers, until: Until) -> None:
    """etcd forgets its history while the API server is away: versions from before are 410 Gone."""
    wanted = names("old", 4)
    schedulers.start()
    ask_for(karmada, wanted[:2])
    all_placed_once(karmada, wanted[:2], until)
    old = binding(karmada, wanted[0])["metadata"]["resourceVersion"]
    whole.stop("karmada-apiserver")
    etcd = f"http://127.0.0.1:{whole.at.ports['etcd']}/v3/kv"
    body = json.dumps({"key": "AA==", "range_end": "AA==", "limit": 1, "keys_only": True}).encode()
    revision = json.loads(urlopen(Request(f"{etcd}/range", body)).read())["header"]["revision"]
    urlopen(
        Request(f"{etcd}/compaction", json.dumps({"revision": revision, "physical": True}).encode())
    ).read()
    whole.bring_back("karmada-apiserver")
    until(lambda: binding(karmada, wanted[0]), "the API server answers")
    until(lambda: refused_with(karmada, old) == 410, "a watch from before is refused as too old")
    ask_for(karmada, wanted[2:])
    all_placed_once(karmada, wanted, until)
    remove(karmada, *wanted)


def test_somebody_else_writes_the_same_bindings(
    karmada: Client, schedulers: Schedulers, until: Until
) -> None:
    wanted = names("busy", 6)
    stop = threading.Event()

    def disturb() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            for name in wanted:
                body = {"metadata": {"annotations": {"test/turn": str(turn)}}}
                try:
                    karmada.patch(
                        ResourceBinding,
                        f"{name}-deployment",
                        body,
                        namespace="default",
                        patch_type=PatchType.MERGE,
                    )
                except ApiError:  # not there yet, or somebody was quicker
                    continue
            time.sleep(0.05)

    writer = threading.Thread(target=disturb)
    writer.start()
    try:
        schedulers.start()
        ask_for(karmada, wanted)
        for name in wanted:
            until(lambda name=name: sum(placed(karmada, name).values()) == REPLICAS, name)
    finally:
        stop.set()
        writer.join()
    all_placed_once(karmada, wanted, until)
    remove(karmada, *wanted)


def test_the_webhook_is_down(whole: Bench, karmada: Client, schedulers: Schedulers, until: Until) -> None:
    """Spec patches fail, status patches pass: nothing is called scheduled that was not written."""
    wanted = names("hook", 2)
    apply(karmada, *(policy(name, **WEIGHTED) for name in wanted))
    for name in wanted:
        apply(karmada, deployment(name, REPLICAS))
        until(lambda name=name: binding(karmada, name), f"{name}'s binding")
    whole.kill("karmada-webhook")
    schedulers.start()
    until(lambda: "outcome=failed" in schedulers.logs(), "a spec patch was refused")
    assert all(placed(karmada, name) == {} for name in wanted)
    assert all(scheduled(karmada, name)[0] != "True" for name in wanted)
    whole.start("karmada-webhook")
    all_placed_once(karmada, wanted, until)
    remove(karmada, *wanted)


def test_a_binding_goes_while_it_is_placed(karmada: Client, schedulers: Schedulers, until: Until) -> None:
    schedulers.start()
    for turn in range(3):
        gone = names(f"gone{turn}", 4)
        ask_for(karmada, gone)
        remove(karmada, *gone)
    ask_for(karmada, ["stays"])
    all_placed_once(karmada, ["stays"], until)
    assert all(process.poll() is None for process in schedulers.running)
    remove(karmada, "stays")


def test_two_schedulers_and_the_leader_is_killed(
    karmada: Client, schedulers: Schedulers, until: Until
) -> None:
    first = schedulers.start("first")
    until(lambda: "leading" in schedulers.logs(), "one leads")
    second = schedulers.start("second")
    early, late = names("two", 4), names("later", 4)
    ask_for(karmada, early)
    all_placed_once(karmada, early, until)
    before = {name: binding(karmada, name)["metadata"]["generation"] for name in early}
    first.kill()
    ask_for(karmada, late)
    all_placed_once(karmada, late, until)
    assert second.poll() is None
    assert {name: binding(karmada, name)["metadata"]["generation"] for name in early} == before
    remove(karmada, *early, *late)
