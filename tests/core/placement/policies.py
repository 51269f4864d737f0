"""Policies in one line, and sites with their round trips, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from fedge.core.applications import Application
from fedge.core.placement import Placement, Policy, SiteFacts, Wanted, place
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


class Site(SiteFacts, frozen=True):
    """``rtt_ms``: expected round trip for the players of each population."""

    rtt_ms: dict[str, float] = msgspec.field(default_factory=dict)


def wanted_at(
    application: Application, sites: Sequence[Site], demand: Mapping[str, float] | None = None
) -> Wanted | None:
    """Without ``demand`` every population counts once."""
    players = demand or {name: 1.0 for site in sites for name in site.rtt_ms}
    latency = application.latency
    if latency is None or not players:
        return None
    standby = application.standby.min_sites if application.standby else 0
    rtts = {site.site: site.rtt_ms for site in sites}
    return Wanted(latency.objective_ms, latency.percentile, players, rtts, standby)


def place_at(
    application: Application,
    policy: Policy | None,
    sites: Sequence[Site],
    demand: Mapping[str, float] | None = None,
    may_move: bool = True,
) -> Placement:
    return place(application, policy, sites, wanted_at(application, sites, demand), may_move)
