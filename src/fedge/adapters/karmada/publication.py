"""The manifests as Karmada gets them: the same objects, with what the engine needs added. Pure; `engine.py` applies them.

Added: which scheduler places them; that a game with sessions outlives an unreachable node (Kubernetes would delete its Pods after
300 s and every session with them: taint-based eviction); and the folder a relative command starts in, on the Pods. Where the
members' nodes are bench nodes, an OverridePolicy tolerates their taint: the manifests themselves stay the same. A tenant's quota
of CPU and memory also becomes Karmada's own FederatedResourceQuota; its sites are the scheduler's to keep. Upstream a binding can
be suspended from scheduling, a policy only from dispatching: a suspended policy is published as the latter, so that nothing
starts, and `engine.py` suspends its bindings.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from fedge.core.applications.deployment import BASE_DIR
from fedge.core.applications.objects import CLUSTER_WIDE, Raw, namespace_of

SCHEDULER_NAME = "fedge-scheduler"
QUOTA = "fedge-tenant"
OWNER_LABEL = "fedge.dev/published-by"
BENCH_NODE = "fedge.dev/bench-node"
OUTLIVES = tuple(
    {"key": f"node.kubernetes.io/{what}", "operator": "Exists", "effect": "NoExecute"}
    for what in ("not-ready", "unreachable")
)
POLICIES = ("PropagationPolicy", "ClusterPropagationPolicy")
ORDER = (
    "Tenant",
    "FederatedResourceQuota",
    "PriorityClass",
    "QoSPolicy",
    "ClusterOverridePolicy",
    "OverridePolicy",
    *POLICIES,
)
"""What must be there before what it is about."""

Published = dict[str, Any]


def publication(objects: Iterable[Raw], owner: str, bench_nodes: bool) -> list[Published]:
    """What is to be in Karmada's API server, in the order in which it is applied: policies before what they select.

    ``owner`` labels every object, so that what is no longer wanted can be found.
    """
    raws = list(objects)
    stateful = {
        (namespace_of(raw), raw["spec"]["targetRef"]["name"])
        for raw in raws
        if raw["kind"] == "QoSPolicy" and raw["spec"].get("state", {}).get("kind") == "session"
    }
    published = [_with_owner(raw, owner) for raw in raws]
    for one in published:
        if one["kind"] in POLICIES:
            one["spec"].setdefault("schedulerName", SCHEDULER_NAME)
            _suspend(one["spec"])
        elif one["kind"] == "Deployment":
            _prepare(one, (namespace_of(one), one["metadata"]["name"]) in stateful)
    if bench_nodes:
        published += [_tolerate_bench(one, owner) for one in published if one["kind"] == "Deployment"]
    published += [quota for raw in raws if raw["kind"] == "Tenant" and (quota := _quota(raw, owner))]
    return sorted(published, key=_order)


def _order(one: Published) -> int:
    return ORDER.index(one["kind"]) if one["kind"] in ORDER else len(ORDER)


def _quota(tenant: Raw, owner: str) -> Published | None:
    """Karmada counts against it, and refuses where its feature gate FederatedQuotaEnforcement is on."""
    quota = tenant.get("spec", {}).get("quota", {})
    overall = {name: quota[name] for name in ("cpu", "memory") if name in quota}
    if not overall:
        return None
    return {
        "apiVersion": "policy.karmada.io/v1alpha1",
        "kind": "FederatedResourceQuota",
        "metadata": {
            "name": QUOTA,
            "namespace": tenant["metadata"]["name"],
            "labels": {OWNER_LABEL: owner},
        },
        "spec": {"overall": overall},
    }


def _with_owner(raw: Raw, owner: str) -> Published:
    one = copy.deepcopy(dict(raw))
    metadata = one["metadata"]
    if one["kind"] not in CLUSTER_WIDE:
        metadata["namespace"] = namespace_of(one)
    metadata["labels"] = {**metadata.get("labels", {}), OWNER_LABEL: owner}
    for filled_in in ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"):
        metadata.pop(filled_in, None)
    one.pop("status", None)
    return one


def _suspend(spec: dict[str, Any]) -> None:
    suspension = spec.get("suspension") or {}
    if suspension.pop("scheduling", None):
        spec["suspension"] = {"dispatching": True}
    elif not suspension:
        spec.pop("suspension", None)


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
            "namespace": namespace_of(deployment),
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
