"""What does not fit, how far off it is, and the smallest change that would fit: each one tried."""

from __future__ import annotations

from typing import Any

import pytest

from fedge.core.placement import Cluster, Fleet, Question, Taint, Wanted, mend, place_binding
from fedge.core.placement.stock_policy import ClusterAffinity, SpreadConstraint
from tests.core.placement.policies import policy_of

SERVES = frozenset({("apps/v1", "Deployment")})
SPREAD_OVER_2 = "it would fit with a spread over 2 instead of 3 clusters"
BY_ROOM = policy_of("dynamic").placement


def cluster(name: str, room: int = 4, **more: Any) -> Cluster:
    """``room``: for so many replicas of 250m."""
    return Cluster(name, serves=SERVES, free={"cpu": 250 * room, "pods": 100}, **more)


def question(replicas: int = 4, **more: Any) -> Question:
    facts: dict[str, Any] = {"placement": BY_ROOM, "requests": {"cpu": 250}} | more
    return Question("u", "apps/v1", "Deployment", replicas, **facts)


def mended(asked: Question, *clusters: Cluster) -> str:
    fleet = Fleet(clusters)
    found = mend(asked, fleet, place_binding(asked, fleet))
    return found.sentence if found is not None else ""


@pytest.mark.parametrize(
    ("asked", "clusters", "sentence"),
    [
        (question(4), [cluster("a"), cluster("b")], ""),
        (
            question(5),
            [cluster("a", 3), cluster("b", 1)],
            "room: 1 of 5 replicas find none; it would fit with 250m CPU more at a",
        ),
        (
            question(3, requests={"cpu": 250, "memory": 1 << 30}),
            [Cluster("a", serves=SERVES, free={"cpu": 500, "memory": 2 << 30, "pods": 9})],
            "room: 1 of 3 replicas find none; it would fit with 250m CPU and 1024 MiB of memory more at a",
        ),
        (
            question(3, requests=None),
            [Cluster("a", serves=SERVES, free={"pods": 2})],
            "room: 1 of 3 replicas find none; it would fit with 1 replica fewer",
        ),
        (
            question(),
            [cluster("a", taints=(Taint("spot"),)), cluster("b", taints=(Taint("spot"),))],
            "filters: none of 2 clusters passes (2 by taint); it would fit with the taint spot:NoSchedule tolerated (2 clusters)",
        ),
        (
            question(placement=policy_of(min_sites=3, max_sites=3).placement),
            [cluster("a"), cluster("b")],
            f"spread: 3 clusters or regions are asked for and 2 clusters pass; {SPREAD_OVER_2}",
        ),
        (
            question(placement=policy_of(affinity=ClusterAffinity(cluster_names=("c",))).placement),
            [cluster("a"), cluster("b")],
            "filters: none of 2 clusters passes (2 by affinity); it would fit with the affinity opened to a or b",
        ),
        (
            question(border=ClusterAffinity(cluster_names=("c",))),
            [cluster("a")],
            "filters: none of 1 clusters passes (1 by border); it would fit with the data border opened to a",
        ),
        (
            question(border=ClusterAffinity(cluster_names=("c",))),
            [cluster("a", taints=(Taint("spot"),))],
            "filters: none of 1 clusters passes (1 by taint); no single change would fit",
        ),
        (question(), [], "filters: none of 0 clusters passes; no single change would fit"),
    ],
)
def test_the_sentence(asked: Question, clusters: list[Cluster], sentence: str) -> None:
    assert mended(asked, *clusters) == sentence


def test_a_missed_objective_names_the_one_that_would_be_met() -> None:
    wanted = Wanted(50, 95, {"near": 9, "far": 1}, {"a": {"near": 20, "far": 61.5}})
    sentence = mended(question(wanted=wanted), cluster("a"))
    assert sentence == (
        "objective: 90% of the players within 50 ms, 5 points short; "
        "it would fit with an objective of 62 ms instead of 50"
    )


def test_players_without_a_known_round_trip_are_not_promised_anything() -> None:
    wanted = Wanted(50, 95, {"near": 1, "unknown": 1}, {"a": {"near": 20}})
    assert mended(question(wanted=wanted), cluster("a")).endswith("no single change would fit")


def test_a_spread_over_regions_is_told_by_regions() -> None:
    spread = (SpreadConstraint(spread_by_field="region", min_groups=2, max_groups=2),)
    placement = policy_of("duplicated").placement
    asked = question(placement=type(placement)(spread_constraints=spread))
    told = mended(asked, cluster("a", region="eu"), cluster("b", region="eu"))
    assert told.endswith("it would fit with a spread over 1 instead of 2 regions")
