"""Karmada's objects as the scheduler reads them: a ResourceBinding with its placement, a Cluster with its room.

Source: work.karmada.io/v1alpha2 (binding_types.go), cluster.karmada.io/v1alpha1 (types.go). What the placement asks for and
nobody can give (spread by label, preemption) is ``NotReadable``, which names the field.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from fedge.core.applications.quantity import NotAQuantity, cpu_millis, memory_bytes
from fedge.core.federation import health_of_cluster
from fedge.core.model import SiteId
from fedge.core.placement import Policy, SiteFacts, Taint, policy_of_placement
from fedge.core.placement.policy import PlacementSpec

APPLIED = "policy.karmada.io/applied-placement"
PERMANENT_IDS = (
    "propagationpolicy.karmada.io/permanent-id",
    "clusterpropagationpolicy.karmada.io/permanent-id",
    "work.karmada.io/managed-by",
)
PRODUCER = "fedge-scheduler"


class NotReadable(ValueError):
    """The placement asks for something that no scheduler of Karmada does; the message names the field."""


class BindingKey(NamedTuple):
    """``namespace`` is empty for a ClusterResourceBinding."""

    namespace: str
    name: str


class EvictionTask(Struct, frozen=True):
    """A cluster that keeps its copy for a while. ``suppressed``: until somebody says go. ``began_s``: Unix time."""

    cluster: str
    producer: str
    suppressed: bool
    grace_s: int
    began_s: float
    raw: dict[str, Any]


class Binding(Struct, frozen=True):
    """One binding. ``current``: replicas by cluster. ``trouble``: why its placement cannot be followed, or empty."""

    key: BindingKey
    uid: str
    version: str
    generation: int
    observed: int
    ours: bool
    suspended: bool
    priority: int
    workload: tuple[str, str, str]
    """(apiVersion, kind, name) of what is to run"""
    namespace: str
    replicas: int
    cpu_millis: int
    memory_bytes: int
    policy: Policy
    placement: str
    """spec.placement as JSON: what goes into the annotation of what was applied"""
    applied: bool
    current: dict[str, int]
    evicting: tuple[EvictionTask, ...]
    scheduled: str
    """status of the condition Scheduled: True, False or empty"""
    message: str
    reason: str
    reschedule: bool
    conditions: tuple[dict[str, Any], ...]
    trouble: str = ""


def read_binding(raw: Mapping[str, Any], scheduler_name: str) -> Binding:
    """A ResourceBinding or ClusterResourceBinding. Never raises for what an API server accepts: see ``trouble``."""
    metadata, spec, status = raw["metadata"], raw.get("spec") or {}, raw.get("status") or {}
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    about = spec.get("resource") or {}
    placement = spec.get("placement") or {}
    requirements = (spec.get("replicaRequirements") or {}).get("resourceRequest") or {}
    condition: dict[str, Any] = next(
        (c for c in status.get("conditions") or () if c["type"] == "Scheduled"), {}
    )
    policy, trouble = _policy(placement)
    managed = any(labels.get(one) or annotations.get(one) for one in PERMANENT_IDS)
    return Binding(
        key=BindingKey(metadata.get("namespace") or "", metadata["name"]),
        uid=str(about.get("uid") or metadata.get("uid") or ""),
        version=str(metadata.get("resourceVersion") or ""),
        generation=int(metadata.get("generation") or 0),
        observed=int(status.get("schedulerObservedGeneration") or 0),
        ours=(
            spec.get("schedulerName") == scheduler_name and managed and not metadata.get("deletionTimestamp")
        ),
        suspended=bool((spec.get("suspension") or {}).get("scheduling")),
        priority=int((spec.get("schedulePriority") or {}).get("priority") or 0),
        workload=(str(about.get("apiVersion")), str(about.get("kind")), str(about.get("name"))),
        namespace=str(about.get("namespace") or ""),
        replicas=int(spec.get("replicas") or 0),
        cpu_millis=_amount(requirements.get("cpu"), cpu_millis),
        memory_bytes=_amount(requirements.get("memory"), memory_bytes),
        policy=policy,
        placement=json.dumps(placement, separators=(",", ":"), sort_keys=True),
        applied=_same(annotations.get(APPLIED), placement),
        current={each["name"]: int(each.get("replicas") or 0) for each in spec.get("clusters") or ()},
        evicting=tuple(_task(one) for one in spec.get("gracefulEvictionTasks") or ()),
        scheduled=str(condition.get("status") or ""),
        message=str(condition.get("message") or ""),
        reason=str(condition.get("reason") or ""),
        reschedule=str(spec.get("rescheduleTriggeredAt") or "") > str(status.get("lastScheduledTime") or ""),
        conditions=tuple(dict(one) for one in status.get("conditions") or ()),
        trouble=trouble,
    )


def _policy(placement: Mapping[str, Any]) -> tuple[Policy, str]:
    try:
        spec = msgspec.convert(placement, PlacementSpec)
        return policy_of_placement(spec), ""
    except (msgspec.ValidationError, ValueError) as error:
        return Policy(), f"spec.placement: {error}"


def _same(applied: str | None, placement: Mapping[str, Any]) -> bool:
    try:
        return applied is not None and json.loads(applied) == placement
    except ValueError:
        return False


def _amount(text: Any, read: Any) -> int:
    try:
        return int(read(text)) if text is not None else 0
    except NotAQuantity:
        return 0


def _task(raw: Mapping[str, Any]) -> EvictionTask:
    return EvictionTask(
        cluster=raw["fromCluster"],
        producer=str(raw.get("producer") or ""),
        suppressed=bool(raw.get("suppressDeletion")),
        grace_s=int(raw.get("gracePeriodSeconds") or 0),
        began_s=_seconds(str(raw.get("creationTimestamp") or "")),
        raw=dict(raw),
    )


def _seconds(text: str) -> float:
    """RFC 3339 in UTC, as an API server writes it, as Unix time; 0 where there is none."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def read_cluster(raw: Mapping[str, Any]) -> SiteFacts:
    """A member cluster: its labels, taints, health, and the room that its last status reports."""
    metadata, spec, status = raw["metadata"], raw.get("spec") or {}, raw.get("status") or {}
    summary = status.get("resourceSummary") or {}
    return SiteFacts(
        SiteId(metadata["name"]),
        labels={**(metadata.get("labels") or {})},
        taints=tuple(
            Taint(one["key"], str(one.get("value") or ""), one["effect"]) for one in spec.get("taints") or ()
        ),
        state="left"
        if metadata.get("deletionTimestamp")
        else health_of_cluster(status.get("conditions") or ()),
        free_cpu_millis=_free(summary, "cpu", cpu_millis),
        free_memory_bytes=_free(summary, "memory", memory_bytes),
        free_instances=_free(summary, "pods", int),
        region=str(spec.get("region") or ""),
        provider=str(spec.get("provider") or ""),
        zones=tuple(spec.get("zones") or ()),
        serves=frozenset(
            (enabled["groupVersion"], one["kind"])
            for enabled in status.get("apiEnablements") or ()
            for one in enabled.get("resources") or ()
        ),
    )


def _free(summary: Mapping[str, Any], name: str, read: Any) -> int | None:
    """Allocatable less what is allocated and being allocated; None where the cluster has not said."""
    allocatable = (summary.get("allocatable") or {}).get(name)
    if allocatable is None:
        return None
    taken = sum(_amount((summary.get(part) or {}).get(name), read) for part in ("allocated", "allocating"))
    return max(0, _amount(allocatable, read) - taken)
