"""The scheduler's core as lists of events and what must be written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from fedge.core.applications import QoSSpec
from fedge.core.placement import CellDemand, Cluster, Picture
from fedge.core.placement.facts import Taint
from fedge.core.scheduling import (
    BindingGone,
    BindingKey,
    BindingSeen,
    ClusterGone,
    ClusterSeen,
    FiguresSeen,
    PolicyGone,
    PolicySeen,
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


# --- QoS ---------------------------------------------------------------------------------------------------------------------

NAME = BindingKey("default", "arena")


def policy(trouble: str = "", **spec: Any) -> PolicySeen:
    target = {"kind": "Deployment", "name": "arena"}
    read = None if trouble else msgspec.convert({"targetRef": target, **spec}, QoSSpec)
    return PolicySeen(NAME, read, "arena", trouble)


def players(east: float, west: float) -> FiguresSeen:
    """Those in the east reach a within 20 ms, those in the west b."""
    cells = (
        CellDemand("east", "a", east, {"a": 10.0, "b": 60.0}),
        CellDemand("west", "b", west, {"a": 60.0, "b": 10.0}),
    )
    return FiguresSeen({}, Picture(cells))


def qos_world() -> World:
    room = {"cpu": 8000, "pods": 10}
    return World(cluster("a", free=room, region="eu"), cluster("b", free=room, region="us"))


def binding_of(replicas: int = 4, **change: Any) -> dict[str, Any]:
    return raw_binding(replicas=replicas, placement=DYNAMIC, **change)


def after(raw: dict[str, Any], write: Write, version: int) -> dict[str, Any]:
    """The binding as it is once the write was carried out."""
    placed = placed_binding(
        write.clusters or {}, version, placement=DYNAMIC, replicas=raw["spec"]["replicas"]
    )
    placed["status"]["conditions"][0]["message"] = write.message
    return placed


def test_replicas_go_where_the_players_are() -> None:
    world = qos_world()
    world.scheduler.handle(policy(latency={"objectiveMs": 20}), 0)
    world.scheduler.handle(players(30, 10), 0)
    world.sees(binding_of())
    (write,) = world.writes()
    assert write.clusters == {"a": 3, "b": 1}
    assert "100% of the players are expected within 20 ms (95% asked)" in write.message


def test_without_figures_or_an_objective_it_decides_as_the_stock_scheduler() -> None:
    for events in ([policy(latency={"objectiveMs": 20})], [policy(), players(30, 10)], [players(30, 10)]):
        world = qos_world()
        for event in events:
            world.scheduler.handle(event, 0)
        world.sees(binding_of())
        (write,) = world.writes()
        assert write.clusters == {"a": 2, "b": 2}
        assert write.message == "Binding has been scheduled successfully."


def test_replicas_follow_players_who_moved_for_good_and_only_then() -> None:
    world = qos_world()
    world.scheduler.handle(policy(latency={"objectiveMs": 20}), 0)
    world.scheduler.handle(players(30, 10), 0)
    world.sees(raw := binding_of())
    (first,) = world.writes()
    world.hears(first, "done")
    world.sees(after(raw, first, 2))
    assert world.writes() == []
    world.scheduler.handle(players(29, 11), world.now)
    (told,) = world.writes()
    assert told.clusters is None
    assert "98% of the players" in told.message
    world.hears(told, "done")
    world.scheduler.handle(players(0, 40), world.now)
    (moved,) = world.writes()
    assert moved.clusters == {"b": 4}


def test_a_border_takes_the_copy_outside_away_and_names_the_rule() -> None:
    world = qos_world()
    world.sees(binding_of())
    (first,) = world.writes()
    world.hears(first, "done")
    world.sees(after(binding_of(), first, 2))
    world.scheduler.handle(policy(border={"regions": ["eu"]}), 0)
    (write,) = world.writes()
    assert write.clusters == {"a": 4}
    assert '"rule":"border"' in write.explanation
    world.hears(write, "done")
    world.sees(after(binding_of(), write, 3))
    world.scheduler.handle(PolicyGone(NAME), 0)
    assert [write.clusters for write in world.writes() if write.clusters] == []


def test_a_policy_that_cannot_be_read_stops_nothing_that_runs_and_is_said() -> None:
    world = qos_world()
    world.scheduler.handle(policy(trouble="QoSPolicy arena: spec: no such field"), 0)
    world.sees(binding_of())
    (write,) = world.writes()
    assert (write.clusters, write.scheduled) == (None, False)
    assert write.message == "QoSPolicy arena: spec: no such field"


def eviction_task(cluster: str) -> dict[str, Any]:
    """A copy at ``cluster`` that stays for its sessions, since now."""
    return {
        "fromCluster": cluster,
        "producer": "fedge-scheduler",
        "suppressDeletion": True,
        "gracePeriodSeconds": 120,
        "creationTimestamp": datetime.fromtimestamp(WALL_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def test_a_policy_that_cannot_be_read_takes_no_copy_with_it_when_another_may_go() -> None:
    """A task of ours that may go is released; the clusters that the binding has stay as they are."""
    world = qos_world()
    task = eviction_task("b")
    world.scheduler.handle(policy(trouble="QoSPolicy arena: spec: no such field"), 0)
    world.sees(placed_binding({"a": 4}, 3, gracefulEvictionTasks=[task]))
    (write,) = world.writes()
    assert (write.clusters, write.scheduled) == ({"a": 4}, False)
    assert [one["suppressDeletion"] for one in write.tasks or ()] == [False]


def test_a_new_leader_lets_no_copy_go_before_sessions_were_counted() -> None:
    world = World(counted=True)
    task = eviction_task("b")
    world.sees(placed_binding({"a": 4}, 3, gracefulEvictionTasks=[task]))
    assert [write.tasks for write in world.writes() if write.tasks] == []
    world.scheduler.handle(FiguresSeen({"b": {("default", "arena"): 2}}), world.now)
    assert [write.tasks for write in world.writes(after_s=1) if write.tasks] == []
    world.scheduler.handle(FiguresSeen({}), world.now)
    (write,) = world.writes(after_s=1)
    assert [one["suppressDeletion"] for one in write.tasks or ()] == [False]


def test_a_copy_that_loses_its_place_before_sessions_were_counted_waits() -> None:
    world = World(counted=True)
    raw = placed_binding({"a": 4, "b": 4}, placement={})
    raw["spec"]["placement"] = {"clusterAffinity": {"clusterNames": ["a"]}}
    world.sees(raw)
    (write,) = world.writes()
    assert write.clusters == {"a": 4}
    assert [(one["fromCluster"], one["message"]) for one in write.tasks or ()] == [
        ("b", "its sessions are not counted yet")
    ]


def test_a_long_queue_that_writes_nothing_is_looked_at_in_parts() -> None:
    """So that whoever calls can renew its lease in between."""
    world = World(in_flight=4)
    for number in range(10):
        raw = placed_binding({"a": 3, "b": 1})
        raw["metadata"]["name"] = f"arena-{number}"
        world.sees(raw)
    world.scheduler.handle(cluster("c"), 0)
    looked_at = []
    while not looked_at or world.scheduler.more:
        before = world.scheduler.decided
        assert world.writes() == []
        looked_at.append(world.scheduler.decided - before)
    assert looked_at == [4, 4, 2]


def test_an_overloaded_cluster_takes_nothing_new_until_it_is_calm() -> None:
    world = World(cluster("a", free={"cpu": 8000, "pods": 10}))
    world.scheduler.handle(policy(latency={"objectiveMs": 20}), 0)
    world.scheduler.handle(FiguresSeen({}, overloaded=frozenset({"a"})), 0)
    world.sees(binding_of())
    (write,) = world.writes()
    assert (write.clusters, write.scheduled) == (None, False)
    assert "1 by overload" in write.message
    world.hears(write, "done")
    condition = {"type": "Scheduled", "status": "False", "reason": write.reason, "message": write.message}
    world.sees(binding_of(version=2, status={"schedulerObservedGeneration": 1, "conditions": [condition]}))
    world.scheduler.handle(FiguresSeen({}), world.now)
    (write,) = world.writes(after_s=1)
    assert write.clusters == {"a": 4}


def test_what_would_fit_is_in_the_condition() -> None:
    room = {"cpu": 8000, "pods": 10}
    world = World(cluster("a", free=room, taints=(Taint("spot", "", "NoSchedule"),)))
    world.sees(binding_of())
    (write,) = world.writes()
    assert "it would fit with the taint spot:NoSchedule tolerated (1 cluster)" in write.message


def test_a_missed_objective_says_which_would_be_met() -> None:
    world = World(cluster("b", free={"cpu": 8000, "pods": 10}))
    world.scheduler.handle(policy(latency={"objectiveMs": 20}), 0)
    world.scheduler.handle(players(30, 10), 0)
    world.sees(binding_of())
    (write,) = world.writes()
    assert write.clusters == {"b": 4}
    assert "it would fit with an objective of 60 ms instead of 20" in write.message
