"""The manifests as Karmada gets them: the same objects, with what the engine needs added. Pure; `engine.py` applies them.

Added: which scheduler places them; that a game with sessions outlives an unreachable node (Kubernetes would delete its Pods after
300 s and every session with them: taint-based eviction); and the folder a relative command starts in, on the Pods. Where the
members' nodes are bench nodes, an OverridePolicy tolerates their taint: the manifests themselves stay the same.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from fedge.core.applications.deployment import BASE_DIR
from fedge.core.applications.objects import Raw

SCHEDULER_NAME = "fedge-scheduler"
OWNER_LABEL = "fedge.dev/published-by"
BENCH_NODE = "fedge.dev/bench-node"
OUTLIVES = tuple(
    {"key": f"node.kubernetes.io/{what}", "operator": "Exists", "effect": "NoExecute"}
    for what in ("not-ready", "unreachable")
)
POLICIES = ("PropagationPolicy", "ClusterPropagationPolicy")

Published = dict[str, Any]


def publication(objects: Iterable[Raw], owner: str, bench_nodes: bool) -> list[Published]:
    """What is to be in Karmada's API server, in the order in which it is applied: policies before what they select.

    ``owner`` labels every object, so that what is no longer wanted can be found. Objects of kinds that Karmada's API server is
    not told of (none today) are left out.
    """
    raws = list(objects)
    stateful = {
        (_namespace(raw), raw["spec"]["targetRef"]["name"])
        for raw in raws
        if raw["kind"] == "QoSPolicy" and raw["spec"].get("state", {}).get("kind") == "session"
    }
    published = [_with_owner(raw, owner) for raw in raws if raw["kind"] not in ("Tenant",)]
    for one in published:
        if one["kind"] in POLICIES:
            one["spec"].setdefault("schedulerName", SCHEDULER_NAME)
        elif one["kind"] == "Deployment":
            _prepare(one, (_namespace(one), one["metadata"]["name"]) in stateful)
    if bench_nodes:
        published += [_tolerate_bench(one, owner) for one in published if one["kind"] == "Deployment"]
    return sorted(published, key=_order)


def _order(one: Published) -> int:
    rank = {"QoSPolicy": 0, "OverridePolicy": 1, "PropagationPolicy": 2, "ClusterPropagationPolicy": 2}
    return rank.get(one["kind"], 3)


def _namespace(raw: Mapping[str, Any]) -> str:
    return raw["metadata"].get("namespace") or "default"


def _with_owner(raw: Raw, owner: str) -> Published:
    one = copy.deepcopy(dict(raw))
    metadata = one["metadata"]
    metadata["namespace"] = _namespace(one)
    metadata["labels"] = {**metadata.get("labels", {}), OWNER_LABEL: owner}
    for filled_in in ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"):
        metadata.pop(filled_in, None)
    one.pop("status", None)
    return one


def _prepare(deployment: Published, stateful: bool) -> None:
    template = deployment["spec"]["template"]
    base = deployment["metadata"].get("annotations", {}).get(BASE_DIR)
    if base:
        template.setdefault("metadata", {}).setdefault("annotations", {})[BASE_DIR] = base
    tolerations = template["spec"].setdefault("tolerations", [])
    if stateful:
        tolerations += [dict(each) for each in OUTLIVES if each not in tolerations]


def _tolerate_bench(deployment: Published, owner: str) -> Published:
    name = deployment["metadata"]["name"]
    toleration = {"key": BENCH_NODE, "operator": "Exists"}
    return {
        "apiVersion": "policy.karmada.io/v1alpha1",
        "kind": "OverridePolicy",
        "metadata": {
            "name": f"{name}-on-bench-nodes",
            "namespace": _namespace(deployment),
            "labels": {OWNER_LABEL: owner},
        },
        "spec": {
            "resourceSelectors": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": name}],
            "overrideRules": [
                {
                    "overriders": {
                        "plaintext": [
                            {
                                "path": "/spec/template/spec/tolerations/-",
                                "operator": "add",
                                "value": toleration,
                            }
                        ]
                    }
                }
            ],
        },
    }
