"""The scheduler's core as lists of events and what must be written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fedge.core.placement import Cluster
from fedge.core.placement.facts import Taint
from fedge.core.scheduling import (
    BindingGone,
    BindingSeen,
    ClusterGone,
    ClusterSeen,
    FiguresSeen,
    Scheduler,
    SchedulerSettings,
    Write,
    Written,
    read_binding,
)
from fedge.core.scheduling.binding import APPLIED

SECOND = 1_000_000_000
WALL_S = 1_800_000_000.0
SERVES = frozenset({("apps/v1", "Deployment")})
DIVIDED = {"replicaScheduling": {"replicaSchedulingType": "Divided", "replicaDivisionPreference": "Weighted"}}

DYNAMIC = {
    "replicaScheduling": {
        "replicaSchedulingType": "Divided",
        "replicaDivisionPreference": "Weighted",
        "weightPreference": {"dynamicWeight": "AvailableReplicas"},
    }
}


def raw_binding(name: str = "arena", version: int = 1, **change: Any) -> dict[str, Any]:
    """A ResourceBinding that nobody has placed yet; ``change``: of its spec; metadata and status likewise."""
    metadata = {
        "name": name,
        "namespace": "default",
        "resourceVersion": str(version),
        "generation": 1,
        "labels": {"propagationpolicy.karmada.io/permanent-id": "p"},
        **change.pop("metadata", {}),
    }
    spec = {
        "schedulerName": "fedge-scheduler",
        "resource": {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "namespace": "default",
            "name": name,
            "uid": name,
        },
        "replicas": 4,
        "replicaRequirements": {},
        "placement": DIVIDED,
        **{key: value for key, value in change.items() if key != "status"},
    }
    return {"metadata": metadata, "spec": spec, "status": change.get("status", {})}


def placed_binding(clusters: dict[str, int], version: int = 2, **change: Any) -> dict[str, Any]:
    """One that was placed and is settled."""
    placement = change.get("placement", DIVIDED)
    condition = {
        "type": "Scheduled",
        "status": "True",
        "reason": "Success",
        "message": "Binding has been scheduled successfully.",
    }
    return raw_binding(
        version=version,
        metadata={"annotations": {APPLIED: json.dumps(placement)}, "generation": 2},
        clusters=[{"name": name, "replicas": count} for name, count in clusters.items()],
        status={
            "schedulerObservedGeneration": 2,
            "conditions": [condition],
            "lastScheduledTime": "2027-01-01T00:00:00Z",
        },
        **change,
    )


def cluster(name: str, **more: Any) -> ClusterSeen:
    return ClusterSeen(Cluster(name, serves=SERVES, **more))


class World:
    """A scheduler with two clusters and a clock."""

    def __init__(self, *clusters: ClusterSeen, **settings: Any) -> None:
        self.scheduler = Scheduler(SchedulerSettings(**settings))
        self.now = 0
        for one in clusters or (cluster("a"), cluster("b")):
            self.scheduler.handle(one, 0)

    def sees(self, raw: dict[str, Any]) -> None:
        self.scheduler.handle(BindingSeen(read_binding(raw, "fedge-scheduler")), self.now)

    def writes(self, after_s: float = 0.0) -> list[Write]:
        self.now += int(after_s * SECOND)
        return self.scheduler.next_writes(self.now, WALL_S + self.now / SECOND)

    def hears(self, write: Write, outcome: str) -> None:
        self.scheduler.handle(Written(write.key, outcome), self.now)


def test_a_new_binding_is_placed_whole() -> None:
    world = World()
    world.sees(raw_binding())
    (write,) = world.writes()
    assert write.clusters == {"a": 2, "b": 2}
    assert (write.scheduled, write.reason) == (True, "Success")
    assert json.loads(write.placement) == DIVIDED
    assert world.writes() == []


def test_what_is_settled_is_not_written_again() -> None:
    """A restarted scheduler sees everything afresh, and moves nothing, whatever it would choose today."""
    world = World()
    world.sees(placed_binding({"a": 3, "b": 1}))
    assert world.writes() == []


@pytest.mark.parametrize(
    "change",
    [
        {"schedulerName": "default-scheduler"},
        {"suspension": {"scheduling": True}},
        {"metadata": {"labels": {}}},
        {"metadata": {"deletionTimestamp": "2027-01-01T00:00:00Z"}},
    ],
    ids=["foreign", "suspended", "unmanaged", "deleting"],
)
def test_what_is_not_ours_is_left_alone(change: dict[str, Any]) -> None:
    world = World()
    world.sees(raw_binding(**change))
    assert world.writes() == []


def test_growth_takes_nothing_away() -> None:
    world = World(cluster("a", free={"cpu": 8000, "pods": 10}), cluster("b", free={"cpu": 8000, "pods": 10}))
    grown = placed_binding({"a": 3, "b": 1}, replicas=6, placement=DYNAMIC)
    grown["metadata"]["generation"] = 3
    world.sees(grown)
    (write,) = world.writes()
    assert write.clusters is not None
    assert sum(write.clusters.values()) == 6
    assert write.clusters["a"] >= 3


def test_the_higher_priority_comes_first() -> None:
    world = World(in_flight=1)
    world.sees(raw_binding("low"))
    world.sees(raw_binding("high", schedulePriority={"priority": 9}))
    (write,) = world.writes()
    assert write.key.name == "high"


def test_one_write_at_a_time_for_a_binding() -> None:
    """Seen again while its write is under way: decided anew only once that has ended."""
    world = World()
    world.sees(raw_binding())
    (first,) = world.writes()
    world.sees(raw_binding(version=2, replicas=6))
    assert world.writes() == []
    world.hears(first, "conflict")
    (second,) = world.writes(after_s=1)
    assert second.version == "2"
    assert sum((second.clusters or {}).values()) == 6


def test_a_failed_write_is_tried_again_later_and_later() -> None:
    world = World()
    world.sees(raw_binding())
    (write,) = world.writes()
    world.hears(write, "failed")
    assert world.writes() == []
    (write,) = world.writes(after_s=0.3)
    world.hears(write, "failed")
    assert world.writes(after_s=0.3) == []
    assert len(world.writes(after_s=1)) == 1


def test_a_binding_that_is_gone_is_forgotten() -> None:
    world = World()
    world.sees(raw_binding())
    (write,) = world.writes()
    world.scheduler.handle(BindingGone(write.key), 0)
    world.hears(write, "gone")
    assert world.writes(after_s=60) == []


def test_nowhere_says_which_rule_refused_and_waits_for_a_cluster() -> None:
    taint = Taint("drained", "", "NoSchedule")
    world = World(cluster("a", taints=(taint,)))
    world.sees(raw_binding())
    (write,) = world.writes()
    assert (write.clusters, write.scheduled, write.reason) == (None, False, "NoClusterFit")
    assert "1 by taint (a: it has a taint" in write.message
    world.hears(write, "done")
    world.scheduler.handle(cluster("a"), 0)
    (write,) = world.writes()
    assert write.clusters == {"a": 4}


def test_a_placement_nobody_can_follow_is_refused_by_its_field() -> None:
    world = World()
    world.sees(raw_binding(placement={"spreadConstraints": [{"spreadByLabel": "rack"}]}))
    (write,) = world.writes()
    assert (write.scheduled, write.reason) == (False, "SchedulerError")
    assert "spreadByLabel" in write.message


def test_a_cluster_that_left_gives_its_replicas_to_others() -> None:
    world = World()
    world.sees(placed_binding({"a": 2, "b": 2}))
    world.scheduler.handle(ClusterGone("a"), 0)
    (write,) = world.writes()
    assert write.clusters == {"b": 4}


def test_a_duplicated_application_goes_to_a_cluster_that_joined() -> None:
    world = World()
    world.sees(placed_binding({"a": 4, "b": 4}, placement={}))
    assert world.writes() == []
    world.scheduler.handle(cluster("c"), 0)
    (write,) = world.writes()
    assert write.clusters == {"a": 4, "b": 4, "c": 4}


def test_more_room_alone_moves_nothing() -> None:
    world = World()
    world.sees(placed_binding({"a": 3, "b": 1}))
    world.scheduler.handle(cluster("b", free={"cpu": 64_000, "pods": 100}), 0)
    assert world.writes() == []


def test_the_explanation_names_each_rule_once() -> None:
    away = Taint("away", "", "NoSchedule")
    world = World(cluster("a"), cluster("b", taints=(away,)), cluster("c", taints=(away,)))
    world.sees(raw_binding())
    (write,) = world.writes()
    told = json.loads(write.explanation)
    assert told["because"] == "4 replicas at 1 clusters"
    (refused,) = told["refused"]
    assert (refused["rule"], refused["count"], refused["clusters"]) == ("taint", 2, ["b", "c"])


def leaving(live: int) -> tuple[World, Write]:
    """A placement without cluster b any more, while ``live`` sessions are served there."""
    world = World()
    placement = {"clusterAffinity": {"clusterNames": ["a"]}}
    raw = placed_binding({"a": 4, "b": 4}, placement={})
    raw["spec"]["placement"] = placement
    world.scheduler.handle(FiguresSeen({"b": {("default", "arena"): live}}), 0)
    world.sees(raw)
    (write,) = world.writes()
    return world, write


def test_a_copy_with_live_sessions_stays_until_they_have_left() -> None:
    world, write = leaving(live=3)
    assert write.clusters == {"a": 4}
    assert write.tasks is not None
    (task,) = write.tasks
    assert (task["fromCluster"], task["producer"], task["suppressDeletion"]) == ("b", "fedge-scheduler", True)
    assert task["gracePeriodSeconds"] == 120
    world.hears(write, "done")

    placement = {"clusterAffinity": {"clusterNames": ["a"]}}
    world.sees(placed_binding({"a": 4}, 3, placement=placement, gracefulEvictionTasks=[task]))
    assert world.writes(after_s=1) == []
    world.scheduler.handle(FiguresSeen({"b": {("default", "arena"): 0}}), world.now)
    (write,) = world.writes()
    assert write.clusters == {"a": 4}
    assert [one["suppressDeletion"] for one in write.tasks or ()] == [False]


def test_a_copy_goes_once_its_time_is_over() -> None:
    world, write = leaving(live=3)
    (task,) = write.tasks or ()
    world.hears(write, "done")
    placement = {"clusterAffinity": {"clusterNames": ["a"]}}
    world.sees(placed_binding({"a": 4}, 3, placement=placement, gracefulEvictionTasks=[task]))
    assert world.writes() == []
    world.now += 121 * SECOND
    world.scheduler.handle(FiguresSeen({"b": {("default", "arena"): 3}}), world.now)
    (write,) = world.writes()
    assert [one["suppressDeletion"] for one in write.tasks or ()] == [False]


def test_a_copy_without_sessions_goes_at_once() -> None:
    _, write = leaving(live=0)
    assert write.clusters == {"a": 4}
    assert write.tasks is None
