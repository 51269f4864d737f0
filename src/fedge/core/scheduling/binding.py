"""A ResourceBinding as the scheduler reads it: the question that placement answers, and what is written about it already.

Source: work.karmada.io/v1alpha2 (binding_types.go). What its placement asks for and nobody can give (spread by label) becomes
``trouble``, which names the field.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from fedge.core.placement import Question, clusters_of, question_of

APPLIED = "policy.karmada.io/applied-placement"
PERMANENT_IDS = (
    "propagationpolicy.karmada.io/permanent-id",
    "clusterpropagationpolicy.karmada.io/permanent-id",
    "work.karmada.io/managed-by",
)
PRODUCER = "fedge-scheduler"


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
    """One binding. ``question`` None: its placement cannot be followed, and ``trouble`` says why."""

    key: BindingKey
    uid: str
    version: str
    generation: int
    observed: int
    ours: bool
    """our scheduler's name, managed by a policy, not being deleted, not suspended"""
    priority: int
    application: tuple[str, str]
    """(namespace, name) of what is to run"""
    question: Question | None
    trouble: str
    placement: str
    """spec.placement as JSON: what goes into the annotation of what was applied"""
    applied: bool
    evicting: tuple[EvictionTask, ...]
    scheduled: str
    """status of the condition Scheduled: True, False or empty"""
    reason: str
    message: str
    reschedule: bool
    conditions: tuple[dict[str, Any], ...]
    current: Mapping[str, int]
    """where it is now, whether its placement can be followed or not"""


def read_binding(raw: Mapping[str, Any], scheduler_name: str) -> Binding:
    """A ResourceBinding or ClusterResourceBinding. Never raises for what an API server accepts."""
    metadata, spec, status = raw["metadata"], raw.get("spec") or {}, raw.get("status") or {}
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    about, placement = spec.get("resource") or {}, spec.get("placement") or {}
    condition: dict[str, Any] = next(
        (c for c in status.get("conditions") or () if c["type"] == "Scheduled"), {}
    )
    question, trouble = _question(raw)
    managed = any(labels.get(one) or annotations.get(one) for one in PERMANENT_IDS)
    suspended = bool((spec.get("suspension") or {}).get("scheduling"))
    return Binding(
        key=BindingKey(metadata.get("namespace") or "", metadata["name"]),
        uid=str(metadata.get("uid") or ""),
        version=str(metadata.get("resourceVersion") or ""),
        generation=int(metadata.get("generation") or 0),
        observed=int(status.get("schedulerObservedGeneration") or 0),
        ours=(
            spec.get("schedulerName") == scheduler_name
            and managed
            and not suspended
            and not metadata.get("deletionTimestamp")
        ),
        priority=int((spec.get("schedulePriority") or {}).get("priority") or 0),
        application=(str(about.get("namespace") or ""), str(about.get("name") or "")),
        question=question,
        trouble=trouble,
        placement=json.dumps(placement, separators=(",", ":"), sort_keys=True),
        applied=_same(annotations.get(APPLIED), placement),
        evicting=tuple(_task(one) for one in spec.get("gracefulEvictionTasks") or ()),
        scheduled=str(condition.get("status") or ""),
        reason=str(condition.get("reason") or ""),
        message=str(condition.get("message") or ""),
        reschedule=str(spec.get("rescheduleTriggeredAt") or "") > str(status.get("lastScheduledTime") or ""),
        conditions=tuple(dict(one) for one in status.get("conditions") or ()),
        current=clusters_of(spec),
    )


def _question(raw: Mapping[str, Any]) -> tuple[Question | None, str]:
    try:
        return question_of(raw), ""
    except (msgspec.ValidationError, ValueError, KeyError) as error:
        return None, f"spec.placement: {error}"


def _same(applied: str | None, placement: Mapping[str, Any]) -> bool:
    try:
        return applied is not None and json.loads(applied) == placement
    except ValueError:
        return False


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
