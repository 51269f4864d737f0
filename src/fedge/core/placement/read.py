"""Bindings and clusters as an API server has them become questions and clusters of the fleet.

Only what decides is read; a placement is read strictly (`stock_policy.py`): a field that is not known raises
``msgspec.ValidationError``, which names it. Source: work.karmada.io/v1alpha2, cluster.karmada.io/v1alpha1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from fedge.core.applications.objects import Raw
from fedge.core.applications.quantity import cpu_millis, memory_bytes
from fedge.core.placement.facts import Taint
from fedge.core.placement.question import Cluster, Grade, Question
from fedge.core.placement.stock_policy import StockPlacement


@lru_cache(maxsize=4096)
def units(name: str, quantity: str | int | float) -> int:
    """Thousandths of a CPU, whole units of anything else, rounded up as upstream does."""
    return min(cpu_millis(quantity) if name == "cpu" else memory_bytes(quantity), 2**62)


def _free(summary: Mapping[str, Any] | None) -> dict[str, int] | None:
    if summary is None:
        return None
    taken = [summary.get("allocated") or {}, summary.get("allocating") or {}]
    free = {}
    for name, text in (summary.get("allocatable") or {}).items():
        free[name] = units(name, text) - sum(units(name, each[name]) for each in taken if name in each)
    return free


def _grades(spec: Mapping[str, Any], summary: Mapping[str, Any] | None) -> tuple[Grade, ...]:
    counted = (summary or {}).get("allocatableModelings") or []
    models = spec.get("resourceModels") or []
    if not counted or not models or any(each.get("count", 0) < 0 for each in counted):
        return ()
    nodes: Counter[int] = Counter()
    for each in counted:
        nodes[each.get("grade", 0)] += each.get("count", 0)
    return tuple(
        Grade(
            nodes[each.get("grade", 0)],
            {bound["name"]: units(bound["name"], bound["min"]) for bound in each.get("ranges") or []},
        )
        for each in models
    )


def cluster_of(raw: Raw) -> Cluster:
    """A ``Cluster`` object."""
    spec, status, metadata = raw.get("spec") or {}, raw.get("status") or {}, raw["metadata"]
    summary = status.get("resourceSummary")
    return Cluster(
        name=metadata["name"],
        labels=metadata.get("labels") or {},
        provider=spec.get("provider") or "",
        region=spec.get("region") or "",
        zones=tuple(spec.get("zones") or ()),
        taints=tuple(
            Taint(each["key"], each.get("value") or "", each["effect"]) for each in spec.get("taints") or ()
        ),
        serves=frozenset(
            (group["groupVersion"], each["kind"])
            for group in status.get("apiEnablements") or ()
            for each in group.get("resources") or ()
        ),
        free=_free(summary),
        grades=_grades(spec, summary),
        leaving=bool(metadata.get("deletionTimestamp")),
    )


def clusters_of(spec: Raw) -> dict[str, int]:
    """A binding's ``spec.clusters``, in their order."""
    clusters: dict[str, int] = {}
    for each in spec.get("clusters") or ():
        clusters.setdefault(each["name"], each.get("replicas") or 0)
    return clusters


def question_of(raw: Raw) -> Question:
    """A ``ResourceBinding`` or ``ClusterResourceBinding``. A placement that cannot be read raises ``ValidationError``."""
    spec, status = raw["spec"], raw.get("status") or {}
    requirements = spec.get("replicaRequirements")
    asked_again, last = spec.get("rescheduleTriggeredAt"), status.get("lastScheduledTime")
    resource = spec["resource"]
    return Question(
        uid=resource.get("uid") or "",
        api_version=resource["apiVersion"],
        kind=resource["kind"],
        replicas=spec.get("replicas") or 0,
        requests=None
        if requirements is None
        else {name: units(name, text) for name, text in (requirements.get("resourceRequest") or {}).items()},
        placement=msgspec.convert(spec.get("placement") or {}, StockPlacement),
        clusters=clusters_of(spec),
        evicted_from=frozenset(each["fromCluster"] for each in spec.get("gracefulEvictionTasks") or ()),
        fresh=bool(asked_again and last and asked_again > last),
        affinity=status.get("schedulerObservingAffinityName") or "",
        components=len(spec.get("components") or ()),
    )
