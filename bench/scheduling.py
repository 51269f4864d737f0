"""How fast bindings are placed on a real Karmada: Fedge's scheduler against the stock one, same API server, in turns.

    make bench BENCH=scheduling ARGS="--home DIR --bindings 500 --clusters 3 --rounds 3"

The same ResourceBindings (weighted, 2 replicas) wait for whoever starts. *Placed*: spec.clusters is there. *Settled*: the
status says so too (schedulerObservedGeneration is the generation, condition Scheduled). Rates are from the moment the first was
placed to the last one's, seen by one watcher of the same kind for all. The stock scheduler runs at its default client limit
(40/60; a fifth of the bindings) and at 10,000/s. Clusters are objects without members, at 3 as at 100: nothing is dispatched.
CPU: user and system time of the scheduler's process, start included, and of the API server's, from /proc.
Bar: settled at 10,000/s at least 2 times the stock scheduler's.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lightkube import Client
from lightkube.core.exceptions import ApiError
from lightkube.types import PatchType

from fedge.adapters.karmada.resources import Cluster, ResourceBinding
from fedge.adapters.kubernetes.client import FAILURES
from testbench.bench import Bench
from testbench.karmada_setup import client_of
from testbench.programs import MEMBERS, PULLED

FLAGS = ("--kube-api-qps=10000", "--kube-api-burst=10000")
WITHIN_S = 240.0
DIVIDED = {"replicaScheduling": {"replicaSchedulingType": "Divided", "replicaDivisionPreference": "Weighted"}}


def quiet(bench: Bench) -> None:
    """Nothing but Karmada's API server, its webhook and the scheduler under test."""
    bench.stop("karmada-controller-manager")
    bench.stop("karmada-kube-controller-manager")
    bench.stop(f"karmada-agent-{PULLED}")
    bench.stop("karmada-scheduler")
    for member in MEMBERS:
        for part in ("scheduler", "controller-manager", "apiserver"):
            bench.stop(f"{member}-{part}")


def cluster(number: int) -> dict[str, Any]:
    return {
        "apiVersion": "cluster.karmada.io/v1alpha1",
        "kind": "Cluster",
        "metadata": {"name": f"object-{number:04}"},
        "spec": {"syncMode": "Push", "id": f"object-{number}"},
    }


STATUS = {
    "apiEnablements": [
        {"groupVersion": "apps/v1", "resources": [{"kind": "Deployment", "name": "deployments"}]}
    ],
    "resourceSummary": {"allocatable": {"cpu": "100000", "memory": "100000Gi", "pods": "100000"}},
    "conditions": [
        {
            "type": "Ready",
            "status": "True",
            "reason": "Object",
            "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
    ],
}


def binding(number: int, scheduler: str) -> dict[str, Any]:
    name = f"bench-{number:05}"
    return {
        "apiVersion": "work.karmada.io/v1alpha2",
        "kind": "ResourceBinding",
        "metadata": {
            "name": name,
            "namespace": "default",
            "labels": {"propagationpolicy.karmada.io/permanent-id": "bench", "bench": "scheduling"},
        },
        "spec": {
            "schedulerName": scheduler,
            "resource": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "namespace": "default",
                "name": name,
                "uid": name,
            },
            "replicas": 2,
            "replicaRequirements": {"resourceRequest": {"cpu": "10m"}},
            "placement": DIVIDED,
        },
    }


class Seen(threading.Thread):
    """Watches the bindings: when each was placed and when it was settled."""

    def __init__(self, client: Client) -> None:
        super().__init__(daemon=True)
        self._client = client
        self.placed: dict[str, float] = {}
        self.settled: dict[str, float] = {}

    def run(self) -> None:
        while True:
            try:
                for _, one in self._client.watch(
                    ResourceBinding, namespace="default", labels={"bench": "scheduling"}
                ):
                    self._look(one.to_dict(), time.monotonic())
            except FAILURES:
                time.sleep(0.1)

    def _look(self, one: dict[str, Any], now: float) -> None:
        name, spec, status = one["metadata"]["name"], one["spec"], one.get("status") or {}
        if spec.get("clusters"):
            self.placed.setdefault(name, now)
            ready = any(
                c["type"] == "Scheduled" and c["status"] == "True" for c in status.get("conditions") or ()
            )
            if ready and status.get("schedulerObservedGeneration") == one["metadata"]["generation"]:
                self.settled.setdefault(name, now)


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def together(do: Any, items: Any) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(do, items))


def clear(client: Client) -> None:
    names = [
        str(one.metadata.name)
        for one in client.list(ResourceBinding, namespace="default", labels={"bench": "scheduling"})
    ]

    def delete(name: str) -> None:
        try:
            client.delete(ResourceBinding, name, namespace="default")
        except ApiError as error:
            if error.status.code != 404:
                raise

    together(delete, names)


def start(bench: Bench, contender: str, folder: Path) -> tuple[int, Any]:
    """(process id, how to stop it), once it waits for work."""
    if contender == "fedge":
        command = [
            sys.executable,
            "-m",
            "fedge.programs.scheduler",
            "--kubeconfig",
            str(bench.at.admin("karmada")),
        ]
        with (folder / "fedge.log").open("ab") as out:
            process = subprocess.Popen([*command, "--lease-duration", "6"], stdout=out, stderr=out)
        time.sleep(4)

        def stop() -> None:
            process.terminate()
            process.wait(20)

        return process.pid, stop
    bench.start("karmada-scheduler", FLAGS if contender == "stock-10000" else ())
    time.sleep(4)
    return bench.running("karmada-scheduler"), lambda: bench.stop("karmada-scheduler")


def round_of(bench: Bench, client: Client, contender: str, count: int, folder: Path) -> dict[str, float]:
    """One contender starts before ``count`` bindings that wait for it; its start-up does not count."""
    name = "fedge-scheduler" if contender == "fedge" else "default-scheduler"
    clear(client)
    together(lambda n: client.create(ResourceBinding.from_dict(binding(n, name))), range(count))
    seen = Seen(client_of(bench.at.admin("karmada")))
    seen.start()
    server = bench.running("karmada-apiserver")
    server_before, began = cpu_s(server), time.monotonic()
    pid, stop = start(bench, contender, folder)
    while len(seen.settled) < count and time.monotonic() - began < WITHIN_S:
        time.sleep(0.05)
    took, server_took = cpu_s(pid), cpu_s(server) - server_before
    stop()
    return {
        "placed_per_s": rate(seen.placed, seen.placed),
        "settled_per_s": rate(seen.settled, seen.placed),
        "settled": len(seen.settled),
        "scheduler_cpu_ms": 1000 * took / max(1, len(seen.settled)),
        "api_server_cpu_ms": 1000 * server_took / max(1, len(seen.settled)),
    }


def rate(times: dict[str, float], since: dict[str, float]) -> float:
    """A second, from the moment the first binding was placed to the last one's."""
    return (len(times) - 1) / (max(times.values()) - min(since.values())) if len(times) > 1 else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.scheduling", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument(
        "--home", type=Path, required=True, help="a running test bench of its own: it is made quiet"
    )
    parser.add_argument("--bindings", type=int, default=500)
    parser.add_argument("--clusters", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    bench = Bench.open(given.home.absolute())
    quiet(bench)
    client = client_of(bench.at.admin("karmada"))
    objects(client, given.clusters)
    found: dict[str, list[dict[str, float]]] = {one: [] for one in CONTENDERS}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(given.rounds):
            for contender in CONTENDERS if turn % 2 == 0 else tuple(reversed(CONTENDERS)):
                count = given.bindings if contender != "stock-default" else max(50, given.bindings // 5)
                row = round_of(bench, client, contender, count, Path(folder))
                found[contender].append(row)
                print(
                    f"{contender:14} " + "  ".join(f"{key} {value:8.1f}" for key, value in row.items()),
                    flush=True,
                )
    clear(client)
    return tell(found, given)


CONTENDERS = ("fedge", "stock-10000", "stock-default")


def objects(client: Client, count: int) -> None:
    """``count`` clusters without members, and no others that are schedulable."""
    for one in client.list(Cluster):
        if not str(one.metadata.name).startswith("object-"):
            taint = {"spec": {"taints": [{"key": "bench/away", "effect": "NoSchedule"}]}}
            client.patch(Cluster, str(one.metadata.name), taint, patch_type=PatchType.MERGE)
    have = {str(one.metadata.name) for one in client.list(Cluster)}
    for number in range(count):
        raw = cluster(number)
        if raw["metadata"]["name"] not in have:
            client.create(Cluster.from_dict(raw))
            client.patch(
                Cluster.Status, raw["metadata"]["name"], {"status": STATUS}, patch_type=PatchType.MERGE
            )


def tell(found: dict[str, list[dict[str, float]]], given: argparse.Namespace) -> int:
    print(
        f"\n{given.clusters} clusters (objects without members), {given.bindings} bindings, {given.rounds} rounds; median (range)"
    )
    for contender, rows in found.items():
        cells = []
        for key in ("placed_per_s", "settled_per_s", "scheduler_cpu_ms", "api_server_cpu_ms"):
            values = [row[key] for row in rows]
            cells.append(f"{key} {statistics.median(values):.1f} ({min(values):.1f}-{max(values):.1f})")
        print(f"{contender:14} " + "  ".join(cells))
    ours, stock = (statistics.median(row["settled_per_s"] for row in found[one]) for one in CONTENDERS[:2])
    held = ours >= 2 * stock
    print(
        f"settled: {ours / stock:.2f} times the stock scheduler at 10,000/s; bar 2: {'held' if held else 'NOT held'}"
    )
    if given.out is not None:
        given.out.write_text(
            json.dumps({"clusters": given.clusters, "rows": found, "ratio": ours / stock}, indent=1)
        )
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
