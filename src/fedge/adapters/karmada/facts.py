"""What `fedge doctor` asks a Karmada: read only. A question that is refused or fails leaves its fact empty."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from lightkube import Client, KubeConfig
from lightkube.generic_resource import create_global_resource
from lightkube.models.authorization_v1 import ResourceAttributes, SelfSubjectAccessReviewSpec
from lightkube.resources.admissionregistration_v1 import (
    MutatingWebhookConfiguration,
    ValidatingWebhookConfiguration,
)
from lightkube.resources.authorization_v1 import SelfSubjectAccessReview
from lightkube.resources.coordination_v1 import Lease
from lightkube.resources.core_v1 import ConfigMap

from fedge.adapters.karmada.publication import OWNER_LABEL, SCHEDULER_NAME
from fedge.adapters.karmada.resources import (
    Cluster,
    ClusterOverridePolicy,
    ClusterPropagationPolicy,
    PropagationPolicy,
    QoSPolicy,
    ResourceBinding,
    Service,
    Tenant,
)
from fedge.adapters.kubernetes.client import FAILURES
from fedge.core.federation.checkup import AgentState, KarmadaFacts, MemberFacts
from fedge.core.model import SITE_LABEL

ClusterTaintPolicy = create_global_resource(
    "policy.karmada.io", "v1alpha1", "ClusterTaintPolicy", "clustertaintpolicies"
)
AGENT, AGENTS_NAMESPACE, FEDERATION = "fedge-agent", "fedge-system", "fedge-federation"
OUTSIDE = "fedge-agent-outside"
NEEDED = (
    ("patch", "work.karmada.io", "resourcebindings", ""),
    ("patch", "work.karmada.io", "resourcebindings", "status"),
    ("list", "cluster.karmada.io", "clusters", ""),
    ("list", "fedge.dev", "qospolicies", ""),
    ("create", "", "events", ""),
    ("update", "coordination.k8s.io", "leases", ""),
)
KINDS = {
    "resourcebindings.work.karmada.io": ResourceBinding,
    "propagationpolicies.policy.karmada.io": PropagationPolicy,
    "clusters.cluster.karmada.io": Cluster,
    "qospolicies.fedge.dev": QoSPolicy,
    "tenants.fedge.dev": Tenant,
}
T = TypeVar("T")


def gather(kubeconfig: str, context: str | None = None) -> KarmadaFacts:
    """Raises what the client raises where the API server does not answer at all."""
    client: Any = Client(KubeConfig.from_file(kubeconfig).get(context), trust_env=False)
    answer = client._client._client.get("/version")
    answer.raise_for_status()
    nobody: tuple[str, float | None, float] = ("", None, 15.0)
    holder, age_s, duration_s = _or(partial(_lease, client), nobody)
    return KarmadaFacts(
        version=str(answer.json().get("gitVersion", "")),
        kinds=frozenset(name for name, kind in KINDS.items() if _or(partial(_listed, client, kind), False)),
        members=_or(partial(_members, client), ()),
        agent_policy=_or(partial(_there, client, ClusterPropagationPolicy, AGENT), False),
        federation_file=_or(
            partial(_there, client, ConfigMap, FEDERATION, namespace=AGENTS_NAMESPACE), False
        ),
        shut_ports=_or(partial(_shut_ports, client), ()),
        no_execute_policies=_or(partial(_no_execute_policies, client), 0),
        webhooks=_or(partial(_webhooks, client), 0),
        missing_rights=tuple(
            f"{asked[0]} {asked[2]}{'/' + asked[3] if asked[3] else ''}.{asked[1]}".rstrip(".")
            for asked in NEEDED
            if not _or(partial(_may, client, *asked), False)
        ),
        leader=holder,
        lease_age_s=age_s,
        lease_duration_s=duration_s,
        unscheduled=_or(partial(_unscheduled, client), ()),
    )


def _or(ask: Callable[[], T], otherwise: T) -> T:
    try:
        return ask()
    except FAILURES:
        return otherwise


def _listed(client: Any, kind: Any) -> bool:
    next(iter(client.list(kind, chunk_size=1)), None)
    return True


def _there(client: Any, kind: Any, name: str, **where: str) -> bool:
    client.get(kind, name, **where)
    return True


def _members(client: Any) -> tuple[MemberFacts, ...]:
    none: dict[str, AgentState] = {}
    agents = _or(partial(_agents, client), none)
    return tuple(_member(one.to_dict(), agents) for one in client.list(Cluster))


def _agents(client: Any) -> dict[str, AgentState]:
    """By cluster, of the agent's binding: what Karmada has heard of it there. A cluster that is not in it has none."""
    binding = client.get(ResourceBinding, f"{AGENT}-deployment", namespace=AGENTS_NAMESPACE).to_dict()
    nobody: frozenset[str] = frozenset()
    told = _or(partial(_told, client), nobody)
    return {
        one["clusterName"]: _agent(one, one["clusterName"] in told)
        for one in (binding.get("status") or {}).get("aggregatedStatus") or ()
    }


def _shut_ports(client: Any) -> tuple[tuple[str, int], ...]:
    """Of the Services that a control plane published. Where no agent was applied nothing can be said."""
    outside = client.get(Service, OUTSIDE, namespace=AGENTS_NAMESPACE).to_dict()["spec"]["ports"]
    carried = {one["port"] for one in outside if one.get("protocol", "TCP") == "TCP"}
    return tuple(
        (f"{raw['metadata']['namespace']}/{raw['metadata']['name']}", port["port"])
        for raw in (one.to_dict() for one in client.list(Service, namespace="*", labels={OWNER_LABEL: None}))
        for port in raw["spec"]["ports"]
        if port.get("protocol", "TCP") == "TCP" and port["port"] not in carried
    )


def _told(client: Any) -> frozenset[str]:
    spec = client.get(ClusterOverridePolicy, AGENT).to_dict()["spec"]
    targets = [rule.get("targetCluster") or {} for rule in spec.get("overrideRules") or ()]
    return frozenset(name for target in targets for name in target.get("clusterNames") or ())


def _agent(item: dict[str, Any], told: bool) -> AgentState:
    if not item.get("applied"):
        return "refused"
    if not told:
        return "not told"
    return "ready" if (item.get("status") or {}).get("readyReplicas") else "waiting"


def _webhooks(client: Any) -> int:
    return sum(
        len(list(client.list(kind)))
        for kind in (MutatingWebhookConfiguration, ValidatingWebhookConfiguration)
    )


def _member(raw: dict[str, Any], agents: dict[str, AgentState]) -> MemberFacts:
    status = raw.get("status") or {}
    conditions = status.get("conditions") or ()
    return MemberFacts(
        name=raw["metadata"]["name"],
        ready=any(one["type"] == "Ready" and one["status"] == "True" for one in conditions),
        reports_resources=bool((status.get("resourceSummary") or {}).get("allocatable")),
        serves_deployments=any(
            enabled["groupVersion"] == "apps/v1"
            and any(one["kind"] == "Deployment" for one in enabled.get("resources") or ())
            for enabled in status.get("apiEnablements") or ()
        ),
        site=str((raw["metadata"].get("labels") or {}).get(SITE_LABEL, "")),
        agent=agents.get(raw["metadata"]["name"], "absent"),
    )


def _no_execute_policies(client: Any) -> int:
    specs = [one.to_dict().get("spec", {}) for one in client.list(ClusterTaintPolicy)]
    return sum(
        any(taint.get("effect") == "NoExecute" for taint in spec.get("taints") or ()) for spec in specs
    )


def _may(client: Any, verb: str, group: str, resource: str, subresource: str) -> bool:
    attributes = ResourceAttributes(
        verb=verb, group=group, resource=resource, subresource=subresource, namespace="karmada-system"
    )
    review = client.create(
        SelfSubjectAccessReview(spec=SelfSubjectAccessReviewSpec(resourceAttributes=attributes))
    )
    return bool(review.status and review.status.allowed)


def _lease(client: Any) -> tuple[str, float | None, float]:
    spec = client.get(Lease, SCHEDULER_NAME, namespace="karmada-system").spec
    if spec is None or not spec.holderIdentity or spec.renewTime is None:
        return "", None, 15.0
    age_s = (datetime.now(UTC) - spec.renewTime).total_seconds()
    return spec.holderIdentity, age_s, float(spec.leaseDurationSeconds or 15)


def _unscheduled(client: Any) -> tuple[str, ...]:
    found = []
    for one in client.list(ResourceBinding, namespace="*"):
        raw = one.to_dict()
        conditions = (raw.get("status") or {}).get("conditions") or ()
        done = any(each["type"] == "Scheduled" and each["status"] == "True" for each in conditions)
        if raw["spec"].get("schedulerName") == SCHEDULER_NAME and not done:
            found.append(f"{raw['metadata']['namespace']}/{raw['metadata']['name']}")
    return tuple(found)
