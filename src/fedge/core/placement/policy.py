"""Karmada's placement policy: its shape, strictly read, and the plain value that `solve.py` works on.

Source: policy.karmada.io/v1alpha1, PropagationPolicy
(karmada/pkg/apis/policy/v1alpha1/propagation_types.go). Supported: resourceSelectors; placement with
clusterAffinity by names, exclusion and labels, clusterTolerations, spread by cluster, replicas Duplicated
or Divided (Aggregated; Weighted statically or by available replicas). The rest is refused by the name of
its field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from fedge.core.applications.application import Application
from fedge.core.applications.objects import LabelSelector, Metadata, Part, Raw
from fedge.core.model import AppId

# --- the manifest
# ---------------------------------------------------------------------------------------------------------


class ResourceSelector(Part, frozen=True, kw_only=True):
    api_version: str
    kind: str
    name: str = ""
    namespace: str = ""
    label_selector: LabelSelector | None = None


class ClusterAffinity(Part, frozen=True, kw_only=True):
    """Which sites may be chosen: named (if any are), matching, and not excluded."""

    cluster_names: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    label_selector: LabelSelector | None = None

    def objection(self, site: str, labels: Mapping[str, str]) -> str:
        """Why it bars the site; empty where it does not."""
        if site in self.exclude:
            return "the policy excludes it by name"
        if self.cluster_names and site not in self.cluster_names:
            return "it is not among the policy's clusterNames"
        if self.label_selector is not None and not self.label_selector.matches(labels):
            return "its labels do not match the policy's labelSelector"
        return ""


class Toleration(Part, frozen=True, kw_only=True):
    key: str = ""
    operator: Literal["Exists", "Equal"] = "Equal"
    value: str = ""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""
    toleration_seconds: Annotated[int, Meta(ge=0)] | None = None


class SpreadConstraint(Part, frozen=True, kw_only=True):
    spread_by_field: Literal["cluster"] = "cluster"
    min_groups: Annotated[int, Meta(ge=1)] = 1
    max_groups: Annotated[int, Meta(ge=1)] | None = None


class StaticWeight(Part, frozen=True, kw_only=True):
    target_cluster: ClusterAffinity
    weight: Annotated[int, Meta(ge=1)]


class WeightPreference(Part, frozen=True, kw_only=True):
    static_weight_list: tuple[StaticWeight, ...] = ()
    dynamic_weight: Literal["", "AvailableReplicas"] = ""


class ReplicaScheduling(Part, frozen=True, kw_only=True):
    replica_scheduling_type: Literal["Duplicated", "Divided"] = "Divided"
    replica_division_preference: Literal["", "Aggregated", "Weighted"] = ""
    weight_preference: WeightPreference | None = None


class PlacementSpec(Part, frozen=True, kw_only=True):
    cluster_affinity: ClusterAffinity | None = None
    cluster_tolerations: tuple[Toleration, ...] = ()
    spread_constraints: Annotated[tuple[SpreadConstraint, ...], Meta(max_length=1)] = ()
    replica_scheduling: ReplicaScheduling | None = None


class PropagationSpec(Part, frozen=True, kw_only=True):
    resource_selectors: Annotated[tuple[ResourceSelector, ...], Meta(min_length=1)]
    placement: PlacementSpec = PlacementSpec()
    priority: int = 0
    scheduler_name: Any = None
    propagate_deps: Any = None
    conflict_resolution: Any = None
    preemption: Any = None


class PropagationPolicy(Part, frozen=True, kw_only=True):
    api_version: Literal["policy.karmada.io/v1alpha1"]
    kind: Literal["PropagationPolicy"]
    metadata: Metadata
    spec: PropagationSpec
    status: Any = None


# --- the value --------------------------------------------------------------------------------------------
# ----------------

Division = Literal["duplicated", "aggregated", "static", "dynamic"]


class Policy(Struct, frozen=True):
    """How one application is to be spread. ``max_sites`` None: no bound. ``weights``: for the division
    ``static``.
    """

    name: str = ""
    affinity: ClusterAffinity = ClusterAffinity()
    tolerations: tuple[Toleration, ...] = ()
    min_sites: int = 1
    max_sites: int | None = None
    division: Division = "duplicated"
    weights: tuple[StaticWeight, ...] = ()

    def weight(self, site: str, labels: Mapping[str, str]) -> int:
        """A site's static weight: the largest that is meant for it, as in Karmada; no list at all: 1 for
        everyone.
        """
        if not self.weights:
            return 1
        meant = (each.weight for each in self.weights if not each.target_cluster.objection(site, labels))
        return max(meant, default=0)


def policy_of(manifest: PropagationPolicy) -> Policy:
    """The value of a manifest. Without replicaScheduling replicas are Duplicated, as in Karmada."""
    placement = manifest.spec.placement
    spread = placement.spread_constraints[0] if placement.spread_constraints else SpreadConstraint()
    scheduling = placement.replica_scheduling
    preference = (scheduling.weight_preference if scheduling else None) or WeightPreference()
    return Policy(
        name=manifest.metadata.name,
        affinity=placement.cluster_affinity or ClusterAffinity(),
        tolerations=placement.cluster_tolerations,
        min_sites=spread.min_groups,
        max_sites=spread.max_groups,
        division=_division(scheduling, preference),
        weights=preference.static_weight_list,
    )


def _division(scheduling: ReplicaScheduling | None, preference: WeightPreference) -> Division:
    if scheduling is None or scheduling.replica_scheduling_type == "Duplicated":
        return "duplicated"
    if scheduling.replica_division_preference == "Aggregated":
        return "aggregated"
    return "dynamic" if preference.dynamic_weight else "static"


def policies_of(
    objects: Mapping[object, Raw] | Iterable[Raw], applications: Mapping[AppId, Application]
) -> dict[AppId, Policy]:
    """The policy of each application that has one.

    Of several the highest ``priority`` wins, then the closest selector (by name, by labels, all), then the
    first name.
    """
    raws = objects.values() if isinstance(objects, Mapping) else objects
    manifests = [
        msgspec.convert(raw, PropagationPolicy) for raw in raws if raw["kind"] == "PropagationPolicy"
    ]
    chosen: dict[AppId, Policy] = {}
    for app, application in applications.items():
        claims = [
            (-manifest.spec.priority, -closeness, manifest.metadata.name, manifest)
            for manifest in manifests
            if manifest.metadata.namespace == application.namespace
            and (closeness := max(_closeness(s, application) for s in manifest.spec.resource_selectors))
        ]
        if claims:
            chosen[app] = policy_of(min(claims, key=lambda claim: claim[:3])[3])
    return chosen


def _closeness(selector: ResourceSelector, application: Application) -> int:
    """0: does not select it; 1: all of its kind, 2: by labels, 3: by name."""
    if selector.kind != "Deployment" or selector.namespace not in ("", application.namespace):
        return 0
    if selector.name:
        return 3 if selector.name == application.name else 0
    if selector.label_selector is None or selector.label_selector.empty:
        return 1
    return 2 if selector.label_selector.matches(application.labels) else 0
