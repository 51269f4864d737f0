"""The kinds of Karmada, Kubernetes and Fedge that are read or written here."""

from __future__ import annotations

from typing import Any

from lightkube.generic_resource import create_global_resource, create_namespaced_resource

from fedge.core.applications.objects import CLUSTER_WIDE

_WORK, _POLICY, _FEDGE = (
    ("work.karmada.io", "v1alpha2"),
    ("policy.karmada.io", "v1alpha1"),
    ("fedge.dev", "v1alpha1"),
)

ResourceBinding = create_namespaced_resource(*_WORK, "ResourceBinding", "resourcebindings")
ClusterResourceBinding = create_global_resource(*_WORK, "ClusterResourceBinding", "clusterresourcebindings")
Cluster = create_global_resource("cluster.karmada.io", "v1alpha1", "Cluster", "clusters")
QoSPolicy = create_namespaced_resource(*_FEDGE, "QoSPolicy", "qospolicies")
OverridePolicy = create_namespaced_resource(*_POLICY, "OverridePolicy", "overridepolicies")
PropagationPolicy = create_namespaced_resource(*_POLICY, "PropagationPolicy", "propagationpolicies")
ClusterPropagationPolicy = create_global_resource(
    *_POLICY, "ClusterPropagationPolicy", "clusterpropagationpolicies"
)
ClusterOverridePolicy = create_global_resource(*_POLICY, "ClusterOverridePolicy", "clusteroverridepolicies")
FederatedResourceQuota = create_namespaced_resource(
    *_POLICY, "FederatedResourceQuota", "federatedresourcequotas"
)
PriorityClass = create_global_resource("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses")
Tenant = create_global_resource(*_FEDGE, "Tenant", "tenants")
Deployment = create_namespaced_resource("apps", "v1", "Deployment", "deployments")
Service = create_namespaced_resource("", "v1", "Service", "services")

KINDS: dict[str, Any] = {
    "Deployment": Deployment,
    "Service": Service,
    "QoSPolicy": QoSPolicy,
    "OverridePolicy": OverridePolicy,
    "PropagationPolicy": PropagationPolicy,
    "ClusterPropagationPolicy": ClusterPropagationPolicy,
    "ClusterOverridePolicy": ClusterOverridePolicy,
    "PriorityClass": PriorityClass,
    "Tenant": Tenant,
    "FederatedResourceQuota": FederatedResourceQuota,
}
"""What the engine publishes."""


def everywhere(kind: str) -> dict[str, Any]:
    """How a kind is listed in all namespaces, if it is in any."""
    return {} if kind in CLUSTER_WIDE else {"namespace": "*"}
