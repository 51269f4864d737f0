"""The stock scheduler of a running test bench, asked: its Clusters and ResourceBindings are made, its answers read back.

Clusters are objects without members whose status is written once; the controllers that would change it are stopped, so use a
bench of its own. A binding is made suspended, given its status, and released: only then the scheduler looks at it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

from lightkube import Client
from lightkube.types import PatchType

from bench.cases import STRATEGIES, Raw, binding, clusters
from fedge.adapters.karmada.resources import Cluster, ResourceBinding
from testbench.bench import Bench
from testbench.karmada_setup import client_of
from testbench.programs import MEMBERS, PULLED

FLEET, BATCH = 12, 100
"""clusters made for each batch of so many bindings"""
LABEL = {"propagationpolicy.karmada.io/permanent-id": "agreement"}
WITHIN_S = 300.0


def real_answers(
    home: Path, count: int, seed: int
) -> tuple[list[tuple[list[Raw], Raw, str]], list[list[Any]]]:
    """``count`` cases, as the API server holds them, and what the stock scheduler made of each."""
    bench = Bench.open(home)
    _quiet(bench)
    client = client_of(bench.at.admin("karmada"))
    _clear(client)
    random = Random(seed)
    asked: list[tuple[list[Raw], Raw, str]] = []
    answers: list[list[Any]] = []
    for start in range(0, count, BATCH):
        fleet = _fleet(client, random.getrandbits(32))
        names = [each["metadata"]["name"] for each in fleet]
        strategies = [STRATEGIES[n % len(STRATEGIES)] for n in range(start, min(count, start + BATCH))]
        made = [binding(random, names, strategy) for strategy in strategies]
        held, found = _scheduled(client, made, start)
        asked += [(fleet, one, strategy) for one, strategy in zip(held, strategies, strict=True)]
        answers += [_answer(before, after) for before, after in zip(held, found, strict=True)]
        _clear(client)
    return asked, answers


def _quiet(bench: Bench) -> None:
    """Nothing but the API servers, the webhook and the stock scheduler, which may speak as fast as it can."""
    bench.stop("karmada-controller-manager")
    bench.stop(f"karmada-agent-{PULLED}")
    for member in MEMBERS:
        for part in ("scheduler", "controller-manager", "apiserver"):
            bench.stop(f"{member}-{part}")
    bench.stop("karmada-scheduler")
    bench.start("karmada-scheduler", ("--kube-api-qps=10000", "--kube-api-burst=10000"))


def _together(do: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(do, items))


def _fleet(client: Client, seed: int) -> list[Raw]:
    """New clusters, and all clusters as the API server then has them."""

    def make(raw: Raw) -> None:
        raw = {"apiVersion": "cluster.karmada.io/v1alpha1", "kind": "Cluster", **raw}
        client.create(Cluster.from_dict(raw))
        status = {"status": raw["status"]}
        client.patch(Cluster.Status, raw["metadata"]["name"], status, patch_type=PatchType.MERGE)

    _together(make, clusters(seed, FLEET))
    time.sleep(1.0)  # the scheduler's watch
    return [each.to_dict() for each in client.list(Cluster)]


def _scheduled(client: Client, made: list[Raw], start: int) -> tuple[list[Raw], list[Raw]]:
    """Each binding as it was when it was released, and as it was once the scheduler had said something."""

    def make(numbered: tuple[int, Raw]) -> Raw:
        number, raw = numbered
        name = f"agreement-{start + number}"
        spec = {**raw["spec"], "schedulerName": "default-scheduler", "suspension": {"scheduling": True}}
        spec["resource"] = {**spec["resource"], "name": name}
        body = {
            "apiVersion": "work.karmada.io/v1alpha2",
            "kind": "ResourceBinding",
            "metadata": {"name": name, "namespace": "default", "labels": LABEL},
            "spec": spec,
        }
        found = client.create(ResourceBinding.from_dict(body))
        if raw["status"]:
            status = {"status": raw["status"]}
            found = client.patch(
                ResourceBinding.Status, name, status, namespace="default", patch_type=PatchType.MERGE
            )
        held: Raw = found.to_dict()
        return held

    held = _together(make, enumerate(made))

    def release(raw: Raw) -> None:
        free = {"spec": {"suspension": None}}
        client.patch(
            ResourceBinding, raw["metadata"]["name"], free, namespace="default", patch_type=PatchType.MERGE
        )

    _together(release, held)
    names = [raw["metadata"]["name"] for raw in held]
    give_up = time.monotonic() + WITHIN_S
    while True:
        listed = client.list(ResourceBinding, namespace="default", labels=LABEL)
        found = {raw["metadata"]["name"]: raw for raw in (each.to_dict() for each in listed)}
        if all(_condition(found[name]) for name in names):
            return held, [found[name] for name in names]
        if time.monotonic() > give_up:
            raise TimeoutError("the stock scheduler did not decide every binding")
        time.sleep(0.5)


def _condition(raw: Raw) -> str:
    conditions = (raw.get("status") or {}).get("conditions") or ()
    return next((each["reason"] for each in conditions if each["type"] == "Scheduled"), "")


def _answer(before: Raw, after: Raw) -> list[Any]:
    """In the form of `agreement.ours`: clusters are empty where a failure left them as they were."""
    reason = _condition(after)
    failure = "" if reason == "Success" else reason
    placed = {each["name"]: each.get("replicas") or 0 for each in after["spec"].get("clusters") or ()}
    if failure:
        untouched = (after["spec"].get("clusters") or []) == (before["spec"].get("clusters") or [])
        placed = {} if untouched else placed
    affinity = (after.get("status") or {}).get("schedulerObservingAffinityName") or ""
    return [placed, failure, affinity]


def _clear(client: Client) -> None:
    old = client.list(ResourceBinding, namespace="default", labels=LABEL)
    bound = [str(each.metadata.name) for each in old if each.metadata]
    _together(lambda name: client.delete(ResourceBinding, name, namespace="default"), bound)
    known = [str(each.metadata.name) for each in client.list(Cluster) if each.metadata]
    ours = [name for name in known if name not in MEMBERS]
    _together(lambda name: client.delete(Cluster, name), ours)
    give_up = time.monotonic() + WITHIN_S
    while len(list(client.list(Cluster))) > len(MEMBERS):
        if time.monotonic() > give_up:
            raise TimeoutError("clusters were not deleted")
        time.sleep(0.2)
    time.sleep(0.5)
