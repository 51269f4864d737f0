"""The kinds of Karmada, Kubernetes and Fedge that are read or written here."""

from __future__ import annotations

from lightkube.generic_resource import (
    GenericNamespacedResource,
    create_global_resource,
    create_namespaced_resource,
)

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
Deployment = create_namespaced_resource("apps", "v1", "Deployment", "deployments")
Service = create_namespaced_resource("", "v1", "Service", "services")

KINDS: dict[str, type[GenericNamespacedResource]] = {
    "Deployment": Deployment,
    "Service": Service,
    "QoSPolicy": QoSPolicy,
    "OverridePolicy": OverridePolicy,
    "PropagationPolicy": PropagationPolicy,
}
"""What the engine publishes."""
