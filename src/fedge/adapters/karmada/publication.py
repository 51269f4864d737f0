"""The manifests as Karmada gets them: the same objects, with what the engine needs added. Pure; `engine.py` applies them.

Added: which scheduler places them; that a game with sessions outlives an unreachable node (Kubernetes would delete its Pods after
300 s and every session with them: taint-based eviction); on the Pods, the folder a relative command starts in, and the port that
the Service of a game without the SDK leads to. Where the members' nodes are bench nodes, an OverridePolicy tolerates their taint.
Where kubelets run the Pods, a game with sessions is told where its site's agent is (`docs/sdk-contract.md`), one without the SDK
where to listen. The manifests themselves stay the same. A tenant's quota
of CPU and memory also becomes Karmada's own FederatedResourceQuota; its sites are the scheduler's to keep. Upstream a binding can
be suspended from scheduling, a policy only from dispatching: a suspended policy is published as the latter, so that nothing
starts, and `engine.py` suspends its bindings.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from fedge.core.applications.application import Application, app_id, applications_of
from fedge.core.applications.deployment import BASE_DIR
from fedge.core.applications.objects import CLUSTER_WIDE, Raw, namespace_of
from fedge.core.site.pods import INSTANCE_LABEL, PORT

SCHEDULER_NAME = "fedge-scheduler"
QUOTA = "fedge-tenant"
OWNER_LABEL = "fedge.dev/published-by"
BENCH_NODE = "fedge.dev/bench-node"
OUTLIVES = tuple(
    {"key": f"node.kubernetes.io/{what}", "operator": "Exists", "effect": "NoExecute"}
    for what in ("not-ready", "unreachable")
)
AGENT = "fedge-agent.fedge-system.svc"
"""The agent's Service in every member cluster (deploy/karmada/members/agent.yaml)."""
AGENT_PORT, INSIDE_PORT, PACKET_PORT = 6003, 6001, 6010
TOKEN_SECRET = "fedge-instance-token"
"""In every namespace with games: what their instances say to the agent; it opens nothing else."""
SITE_DIR = "/var/lib/fedge"
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
    applications = applications_of(raws)
    published = [_with_owner(raw, owner) for raw in raws]
    for one in published:
        if one["kind"] in POLICIES:
            one["spec"].setdefault("schedulerName", SCHEDULER_NAME)
            _suspend(one["spec"])
            if not bench_nodes:
                one["spec"].setdefault("propagateDeps", True)  # the Secret that a game's Pods name
        elif one["kind"] == "Deployment":
            application = applications[app_id(namespace_of(one), one["metadata"]["name"])]
            _prepare(one, application)
            if not bench_nodes:
                _introduce(one, application)
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


def _prepare(deployment: Published, application: Application) -> None:
    template = deployment["spec"]["template"]
    notes = {BASE_DIR: deployment["metadata"].get("annotations", {}).get(BASE_DIR)}
    if _without_sdk(application):
        notes[PORT] = str(application.target_port)
    if notes := {name: note for name, note in notes.items() if note}:
        metadata = template.setdefault("metadata", {})
        metadata["annotations"] = {**metadata.get("annotations", {}), **notes}
    if application.schema:
        tolerations = template["spec"].setdefault("tolerations", [])
        tolerations += [dict(each) for each in OUTLIVES if each not in tolerations]


def _without_sdk(application: Application) -> bool:
    """As far as manifests say: a game that is reached and names no state schema."""
    return not application.schema and application.target_port > 0


def _introduce(deployment: Published, application: Application) -> None:
    """Tell every container who it is and where to listen, and with sessions where its site's agent is. A variable that is there
    stays. The label: agents watch these Pods and no others.
    """
    if not (application.schema or _without_sdk(application)):
        return
    template = deployment["spec"]["template"]
    template.setdefault("metadata", {}).setdefault("labels", {})[INSTANCE_LABEL] = "true"
    env = _identity(application)
    if application.schema:
        env += _agent(application)
        template["spec"].setdefault("volumes", []).append({"name": "fedge-site", "emptyDir": {}})
    for container in template["spec"]["containers"]:
        own = list(container.get("env") or ())
        named = {each["name"] for each in own}
        container["env"] = [each for each in env if each["name"] not in named] + own
        if application.schema:
            container.setdefault("volumeMounts", []).append({"name": "fedge-site", "mountPath": SITE_DIR})


def _identity(application: Application) -> list[dict[str, Any]]:
    """What the kubelet fills in, and what follows from it."""
    fields = {"POD_NAME": "metadata.name", "POD_NAMESPACE": "metadata.namespace", "POD_IP": "status.podIP"}
    values = {
        "INSTANCE": "$(FEDGE_POD_NAMESPACE)/$(FEDGE_POD_NAME)",
        "APP": application.app,
        "BIND": f"$(FEDGE_POD_IP):{PACKET_PORT if application.schema else application.target_port}",
    }
    return [
        *(
            {"name": f"FEDGE_{name}", "valueFrom": {"fieldRef": {"fieldPath": of}}}
            for name, of in fields.items()
        ),
        *_by_value(values),
    ]


def _agent(application: Application) -> list[dict[str, Any]]:
    """What an instance with sessions says to its site's agent, and keeps for it."""
    values = {
        "AGENT": f"{AGENT}:{AGENT_PORT}",
        "GATEWAY": f"{AGENT}:{INSIDE_PORT}",
        "SITE_DIR": SITE_DIR,
        "CAPACITY": str(application.state.max_sessions_per_instance),
        "STATE_BYTES": str(application.state.bytes),
        "CLOCK": "wall",
    }
    secret = {"secretKeyRef": {"name": TOKEN_SECRET, "key": "token"}}
    return [*_by_value(values), {"name": "FEDGE_TOKEN", "valueFrom": secret}]


def _by_value(values: dict[str, str]) -> list[dict[str, Any]]:
    return [{"name": f"FEDGE_{name}", "value": value} for name, value in values.items()]


def _tolerate_bench(deployment: Published, owner: str) -> Published:
    """A patch adds to a list that is there only: one that is empty is none to the API server."""
    name = deployment["metadata"]["name"]
    toleration = {"key": BENCH_NODE, "operator": "Exists"}
    path = "/spec/template/spec/tolerations"
    others = deployment["spec"]["template"]["spec"].get("tolerations")
    patch = {"path": f"{path}/-", "value": toleration} if others else {"path": path, "value": [toleration]}
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
            "overrideRules": [{"overriders": {"plaintext": [{"operator": "add", **patch}]}}],
        },
    }
