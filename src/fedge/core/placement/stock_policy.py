"""A placement in full, as bindings of Karmada v1.18.2 carry it: what `decide.py` follows on both engines.

Any other field is refused by name (spreadByLabel and workloadAffinity among them: the stock scheduler cannot do the first,
and does the second behind an alpha gate that is off). Source: policy.karmada.io/v1alpha1, Placement.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fedge.core.applications.objects import LabelSelector, Part, Requirement


class FieldRequirement(Requirement, frozen=True, kw_only=True):
    key: Literal["provider", "region", "zone"]
    operator: Literal["In", "NotIn"]


class FieldSelector(Part, frozen=True, kw_only=True):
    """Conditions on a cluster's own fields ``spec.provider``, ``spec.region`` and ``spec.zones``."""

    match_expressions: tuple[FieldRequirement, ...] = ()


class ClusterAffinity(Part, frozen=True, kw_only=True):
    """Which clusters may be chosen: named (if any are), matching, and not excluded."""

    cluster_names: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    label_selector: LabelSelector | None = None
    field_selector: FieldSelector | None = None


class OverflowAffinity(ClusterAffinity, frozen=True, kw_only=True):
    affinity_name: str


class ClusterAffinityTerm(ClusterAffinity, frozen=True, kw_only=True):
    """One of several affinities that are tried in turn; where it is full, ``overflow_affinities`` take the rest."""

    affinity_name: str
    overflow_affinities: tuple[OverflowAffinity, ...] = ()


class SpreadConstraint(Part, frozen=True, kw_only=True):
    """Only cluster and region are spread over; zone and provider bar clusters without one, as upstream."""

    spread_by_field: Literal["cluster", "region", "zone", "provider"] = "cluster"
    min_groups: Annotated[int, Meta(ge=0)] = 1
    max_groups: Annotated[int, Meta(ge=0)] = 0


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


class Toleration(Part, frozen=True, kw_only=True):
    key: str = ""
    operator: Literal["Exists", "Equal"] = "Equal"
    value: str = ""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""
    toleration_seconds: Annotated[int, Meta(ge=0)] | None = None


class StockPlacement(Part, frozen=True, kw_only=True):
    cluster_affinity: ClusterAffinity | None = None
    cluster_affinities: tuple[ClusterAffinityTerm, ...] = ()
    cluster_tolerations: tuple[Toleration, ...] = ()
    spread_constraints: tuple[SpreadConstraint, ...] = ()
    replica_scheduling: ReplicaScheduling | None = None
