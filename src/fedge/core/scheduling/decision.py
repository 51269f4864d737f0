"""One binding's decision: where it runs, what is written about it, and which copies may stay until their sessions have gone.

Source of the conditions' reasons: karmada pkg/util/constants and work/v1alpha2 (Success, NoClusterFit, Unschedulable,
SchedulerError); of eviction tasks: work/v1alpha2 GracefulEvictionTask; of when to decide anew: pkg/scheduler/scheduler.go,
doScheduleBinding.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from fedge.core.placement import Decision, Fleet, Question, divided, mend, outside, place_binding, refusals
from fedge.core.scheduling.binding import PRODUCER, Binding, EvictionTask
from fedge.core.scheduling.events import Write

SUCCESS = "Binding has been scheduled successfully."
Live = Mapping[str, int] | None
"""A binding's sessions by cluster; None: somebody counts them, who has not been heard yet. Then no copy goes before its time."""
MOST_NAMED = 10
"""Clusters that are named for each reason."""


def due(binding: Binding, fleet: Fleet, anew: bool = False) -> bool:
    """Has its answer to be found anew? Where not, what it has stays, whatever would be chosen today.

    ``anew``: what its QoS asks for is to be held against players, clusters or a policy that changed.
    """
    question = binding.question
    if anew or question is None or not binding.applied or binding.reschedule or binding.scheduled != "True":
        return True
    if any(cluster not in fleet.number for cluster in question.clusters) or outside(fleet, question):
        return True
    if not question.workload or not divided(question.placement) or question.replicas == 0:
        return True  # a copy everywhere it may be: clusters that joined or left matter at once
    return sum(question.clusters.values()) != question.replicas


def decide(
    binding: Binding,
    fleet: Fleet,
    live: Live,
    leave_within_s: int,
    wall_s: float,
    anew: bool = False,
) -> Write | None:
    """What is to be written; None where the binding says it already."""
    question = binding.question
    if question is None:
        return _write(binding, False, "SchedulerError", binding.trouble)
    if not due(binding, fleet, anew):
        return _write(binding, True, "Success", binding.message or SUCCESS)
    decision = place_binding(question, fleet)
    if decision.clusters is None or (decision.failure and not question.clusters):
        message = f"{decision.message}: {_why(fleet, question)}{_mended(fleet, question, decision)}"
        return _write(binding, False, decision.failure, message, affinity=decision.affinity)
    wanted = decision.clusters
    ok, reason = not decision.failure, decision.failure or "Success"
    said = SUCCESS + _served(question, decision) if ok else f"{decision.message}: {_why(fleet, question)}"
    message = said + _mended(fleet, question, decision)
    tasks = _staying(binding, wanted, live, leave_within_s, wall_s)
    if wanted == dict(question.clusters) and binding.applied and tasks is None:
        return _write(binding, ok, reason, message, affinity=decision.affinity)
    return replace(
        _whole(binding, ok, reason, message, decision.affinity),
        clusters=wanted,
        tasks=tasks,
        explanation=explanation(question, fleet, wanted),
    )


def released(binding: Binding, write: Write | None, live: Live, wall_s: float) -> Write | None:
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
    scheduled, reason = binding.scheduled != "False", binding.reason or "Success"
    base = write or _whole(binding, scheduled, reason, binding.message or SUCCESS, "")
    clusters = base.clusters if base.clusters is not None else dict(binding.current)
    return replace(base, clusters=clusters, tasks=tuple(tasks))


def _may_go(task: EvictionTask, live: Live, wall_s: float) -> bool:
    return (live is not None and not live.get(task.cluster, 0)) or wall_s >= task.began_s + task.grace_s


def _staying(
    binding: Binding, wanted: Mapping[str, int], live: Live, leave_within_s: int, wall_s: float
) -> tuple[dict[str, Any], ...] | None:
    """The eviction tasks, with one more for each cluster that loses its place while sessions live there; None: no change."""
    gone = [
        name for name in binding.current if name not in wanted and (live is None or live.get(name, 0) > 0)
    ]
    known = {task.cluster for task in binding.evicting}
    added = [
        {
            "fromCluster": name,
            "replicas": binding.current[name],
            "reason": "PlacementEnded",
            "message": "its sessions are not counted yet"
            if live is None
            else f"{live[name]} live sessions leave first",
            "producer": PRODUCER,
            "gracePeriodSeconds": leave_within_s,
            "suppressDeletion": True,
            "creationTimestamp": datetime.fromtimestamp(wall_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        for name in gone
        if name not in known
    ]
    return (*(dict(task.raw) for task in binding.evicting), *added) if added else None


def _write(binding: Binding, scheduled: bool, reason: str, message: str, affinity: str = "") -> Write | None:
    """The status alone, where it does not stand yet. What runs goes on running."""
    stands = (
        binding.observed == binding.generation
        and binding.scheduled == str(scheduled)
        and (binding.reason, binding.message) == (reason, message)
        and not binding.reschedule
    )
    return None if stands else _whole(binding, scheduled, reason, message, affinity)


def _whole(binding: Binding, scheduled: bool, reason: str, message: str, affinity: str) -> Write:
    return Write(
        key=binding.key,
        uid=binding.uid,
        version=binding.version,
        generation=binding.generation,
        clusters=None,
        placement=binding.placement,
        tasks=None,
        explanation="",
        scheduled=scheduled,
        reason=reason,
        message=message,
        affinity=affinity,
        conditions=binding.conditions,
    )


def _served(question: Question, decision: Decision) -> str:
    """For example:  97% of the players are expected within 50 ms (95% asked)."""
    if question.wanted is None or decision.within is None:
        return ""
    wanted = question.wanted
    return (
        f" {decision.within:.0%} of the players are expected within {wanted.objective_ms:g} ms"
        f" ({wanted.percentile:g}% asked)."
    )


def _mended(fleet: Fleet, question: Question, decision: Decision) -> str:
    """How far off it is, and what would do."""
    off = mend(question, fleet, decision)
    return f" {off.sentence[0].upper()}{off.sentence[1:]}." if off is not None else ""


def _why(fleet: Fleet, question: Question) -> str:
    """For example: 2 by taint, 1 by affinity (member1: it has a taint that the policy does not tolerate; …)."""
    refused = refusals(fleet, question)
    counted = ", ".join(
        f"{n} by {rule}" for rule, n in sorted(Counter(r.rule for r in refused.values()).items())
    )
    shown = "; ".join(f"{name}: {why.reason}" for name, why in sorted(refused.items())[:5])
    return f"{counted} ({shown})" if refused else "every cluster passes its rules"


def explanation(question: Question, fleet: Fleet, wanted: Mapping[str, int]) -> str:
    """Why the others were not chosen, by rule, as JSON for the binding's annotation; the chosen ones are in its spec.

    Short on purpose: it travels with every write of the binding, and most clusters share few reasons.
    """
    grouped: dict[tuple[str, str], list[str]] = {}
    for name, why in sorted(refusals(fleet, question).items()):
        if name not in wanted:
            grouped.setdefault((why.rule, why.reason), []).append(name)
    refused = {name for names in grouped.values() for name in names}
    left = [name for name in fleet.names if name not in wanted and name not in refused]
    if left:
        grouped["spread", "feasible, but not among those chosen"] = left
    copies = "a copy at each of" if not divided(question.placement) else f"{sum(wanted.values())} replicas at"
    told = {
        "because": f"{copies} {len(wanted)} clusters",
        "refused": [
            {"rule": rule, "reason": reason, "count": len(names), "clusters": names[:MOST_NAMED]}
            for (rule, reason), names in grouped.items()
        ],
    }
    return json.dumps(told, separators=(",", ":"))
