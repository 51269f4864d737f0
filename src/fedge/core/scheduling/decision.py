"""One binding's decision: where it runs, what is written about it, and which copies may stay until their sessions have gone.

Source of the conditions' reasons: karmada pkg/util/constants and work/v1alpha2 (Success, NoClusterFit, Unschedulable,
SchedulerError); of eviction tasks: work/v1alpha2 GracefulEvictionTask.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from fedge.core.applications.application import Application, Template
from fedge.core.model import AppId
from fedge.core.placement import Placement, Policy, Refusal, SiteFacts, place
from fedge.core.scheduling.binding import PRODUCER, Binding, EvictionTask
from fedge.core.scheduling.events import Write

SUCCESS = "Binding has been scheduled successfully."
MOST_EXPLAINED = 200
"""Clusters in an explanation: annotations are bounded, and nobody reads more."""


def decide(
    binding: Binding,
    clusters: Iterable[SiteFacts],
    live: Mapping[str, int],
    leave_within_s: int,
    wall_s: float,
) -> Write | None:
    """What is to be written; None where the binding says it already. ``live``: its sessions by cluster."""
    if binding.trouble:
        return _unplaceable(binding, "SchedulerError", binding.trouble)
    placement = place(_application(binding), _policy(binding), _facts(binding, clusters))
    chosen = {str(site): count for site, count in placement.chosen.items()}
    if placement.unplaced and not chosen:
        fits = any(why.rule == "capacity" for why in placement.refused.values())
        reason = "Unschedulable" if fits else "NoClusterFit"
        return _unplaceable(binding, reason, _why_nowhere(placement))
    wanted = _as_bound(binding, chosen)
    message = SUCCESS if not placement.unplaced else f"{placement.unplaced} replicas found no room; {SUCCESS}"
    tasks = _staying(binding, wanted, live, leave_within_s, wall_s)
    spec_differs = wanted != binding.current or not binding.applied or tasks is not None
    if not spec_differs and _status_stands(binding, True, "Success", message):
        return None
    return Write(
        key=binding.key,
        version=binding.version,
        generation=binding.generation,
        clusters=wanted if spec_differs else None,
        placement=binding.placement,
        tasks=tasks,
        explanation=_explanation(placement),
        scheduled=True,
        reason="Success",
        message=message,
        conditions=binding.conditions,
    )


def released(binding: Binding, write: Write | None, live: Mapping[str, int], wall_s: float) -> Write | None:
    """Let copies go that stayed for their sessions: these have moved, or their time is over."""
    tasks = [dict(one) for one in write.tasks] if write is not None and write.tasks is not None else None
    for task in binding.evicting:
        if task.producer == PRODUCER and task.suppressed and _may_go(task, live, wall_s):
            tasks = tasks if tasks is not None else [dict(each.raw) for each in binding.evicting]
            for one in tasks:
                if one["fromCluster"] == task.cluster:
                    one["suppressDeletion"] = False
    if tasks is None:
        return write
    base = write or Write(
        key=binding.key,
        version=binding.version,
        generation=binding.generation,
        clusters=binding.current,
        placement=binding.placement,
        tasks=None,
        explanation="",
        scheduled=True,
        reason="Success",
        message=binding.message or SUCCESS,
        conditions=binding.conditions,
    )
    clusters = base.clusters if base.clusters is not None else binding.current
    return replace(base, clusters=clusters, tasks=tuple(tasks))


def _may_go(task: EvictionTask, live: Mapping[str, int], wall_s: float) -> bool:
    return live.get(task.cluster, 0) == 0 or wall_s >= task.began_s + task.grace_s


def _staying(
    binding: Binding, wanted: Mapping[str, int], live: Mapping[str, int], leave_within_s: int, wall_s: float
) -> tuple[dict[str, Any], ...] | None:
    """The eviction tasks, with one more for each cluster that loses its place while sessions live there; None: no change."""
    gone = [name for name in binding.current if name not in wanted and live.get(name, 0) > 0]
    known = {task.cluster for task in binding.evicting}
    added = [
        {
            "fromCluster": name,
            "replicas": binding.current[name],
            "reason": "PlacementEnded",
            "message": f"{live[name]} live sessions leave first",
            "producer": PRODUCER,
            "gracePeriodSeconds": leave_within_s,
            "suppressDeletion": True,
            "creationTimestamp": datetime.fromtimestamp(wall_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        for name in gone
        if name not in known
    ]
    return (*(dict(task.raw) for task in binding.evicting), *added) if added else None


def _application(binding: Binding) -> Application:
    template = Template(cpu_millis=binding.cpu_millis, memory_bytes=binding.memory_bytes)
    name = binding.workload[2]
    # an object without replicas (a Service, a ConfigMap) is one whole copy wherever it goes
    return Application(AppId(name), binding.namespace, name, max(1, binding.replicas), template)


def _policy(binding: Binding) -> Policy:
    return binding.policy if binding.replicas else replace(binding.policy, division="duplicated")


def _facts(binding: Binding, clusters: Iterable[SiteFacts]) -> list[SiteFacts]:
    evicting = {task.cluster for task in binding.evicting}
    facts = []
    for cluster in clusters:
        if cluster.site in evicting:
            facts.append(replace(cluster, barred=Refusal("eviction", "its copy is being evicted from there")))
            continue
        if (
            cluster.serves
            and binding.workload[:2] not in cluster.serves
            and cluster.site not in binding.current
        ):
            api = f"{binding.workload[0]} {binding.workload[1]}"
            facts.append(replace(cluster, barred=Refusal("api", f"its API server has no {api}")))
            continue
        held = binding.current.get(cluster.site)
        if held is None:
            facts.append(cluster)
        else:
            facts.append(replace(cluster, replicas=max(held, 0 if binding.replicas else 1)))
    return facts


def _as_bound(binding: Binding, chosen: dict[str, int]) -> dict[str, int]:
    """Karmada writes 0 replicas for what has none."""
    return chosen if binding.replicas else dict.fromkeys(chosen, 0)


def _status_stands(binding: Binding, scheduled: bool, reason: str, message: str) -> bool:
    return (
        binding.observed == binding.generation
        and binding.scheduled == str(scheduled)
        and (binding.reason, binding.message) == (reason, message)
        and not binding.reschedule
    )


def _unplaceable(binding: Binding, reason: str, message: str) -> Write | None:
    """What runs goes on running; the condition says why nothing new can."""
    if _status_stands(binding, False, reason, message):
        return None
    return Write(
        key=binding.key,
        version=binding.version,
        generation=binding.generation,
        clusters=None,
        placement=binding.placement,
        tasks=None,
        explanation="",
        scheduled=False,
        reason=reason,
        message=message,
        conditions=binding.conditions,
    )


def _why_nowhere(placement: Placement) -> str:
    """For example: 0/3 clusters are available: 2 taint, 1 capacity; member1: it has the taint …"""
    total = len(placement.refused) + len(placement.chosen)
    rules = Counter(why.rule for why in placement.refused.values())
    counted = ", ".join(f"{count} {rule}" for rule, count in sorted(rules.items()))
    shown = "; ".join(f"{site}: {why.reason}" for site, why in sorted(placement.refused.items())[:5])
    return f"0/{total} clusters are available: {counted or placement.because}" + (
        f" ({shown})" if shown else ""
    )


def _explanation(placement: Placement) -> str:
    rows = [
        {"cluster": site, "replicas": count}
        for site, count in sorted(placement.chosen.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    rows += [
        {"cluster": site, "replicas": 0, "refused_by": why.rule, "reason": why.reason}
        for site, why in sorted(placement.refused.items())
    ]
    told = {"because": placement.because, "unplaced": placement.unplaced, "clusters": rows[:MOST_EXPLAINED]}
    return json.dumps(told, separators=(",", ":"))
