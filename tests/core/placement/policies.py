"""Policies in one line, for tests."""

from __future__ import annotations

from fedge.core.placement import Policy
from fedge.core.placement.stock_policy import (
    ClusterAffinity,
    ClusterAffinityTerm,
    ReplicaScheduling,
    SpreadConstraint,
    StaticWeight,
    StockPlacement,
    Toleration,
    WeightPreference,
)


def policy_of(
    division: str = "duplicated",
    *,
    affinity: ClusterAffinity | None = None,
    affinities: tuple[ClusterAffinityTerm, ...] = (),
    tolerations: tuple[Toleration, ...] = (),
    min_sites: int | None = None,
    max_sites: int | None = None,
    weights: tuple[StaticWeight, ...] = (),
) -> Policy:
    """``division``: duplicated, aggregated, static or dynamic."""
    scheduling = {
        "duplicated": ReplicaScheduling(replica_scheduling_type="Duplicated"),
        "aggregated": ReplicaScheduling(replica_division_preference="Aggregated"),
        "static": ReplicaScheduling(
            replica_division_preference="Weighted",
            weight_preference=WeightPreference(static_weight_list=weights),
        ),
        "dynamic": ReplicaScheduling(
            replica_division_preference="Weighted",
            weight_preference=WeightPreference(dynamic_weight="AvailableReplicas"),
        ),
    }[division]
    spread = SpreadConstraint(min_groups=min_sites or 1, max_groups=max_sites or 0)
    return Policy(
        "",
        StockPlacement(
            cluster_affinity=affinity,
            cluster_affinities=affinities,
            cluster_tolerations=tolerations,
            spread_constraints=(spread,) if min_sites or max_sites else (),
            replica_scheduling=scheduling,
        ),
    )
