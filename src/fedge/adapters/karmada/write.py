"""A scheduler's decision on its way into Karmada: a patch of the spec, then one of the status. Each demands the version it knows.

Two merge patches a binding (Karmada's own scheduler sends three). Answers are asked for as metadata alone: the object comes by
the watch anyway. Source: Kubernetes API concepts (PartialObjectMetadata; resourceVersion in a patch is a precondition).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx2
import structlog

from fedge.core.scheduling import BindingKey, Write, Written
from fedge.core.scheduling.binding import APPLIED

log = structlog.get_logger("write")
EXPLANATION = "fedge.dev/explanation"
LONGEST = 16 * 1024
HEADERS = {
    "Content-Type": "application/merge-patch+json",
    "Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json",
    "Accept-Encoding": "identity",
}


def path_of(key: BindingKey) -> str:
    base = "/apis/work.karmada.io/v1alpha2"
    if key.namespace:
        return f"{base}/namespaces/{key.namespace}/resourcebindings/{key.name}"
    return f"{base}/clusterresourcebindings/{key.name}"


def spec_patch(write: Write) -> dict[str, Any]:
    """``spec.clusters``, what was applied, and why, in one patch (Karmada's contract: the annotation goes with the spec)."""
    annotations = {APPLIED: write.placement}
    if write.explanation:
        annotations[EXPLANATION] = write.explanation if len(write.explanation) <= LONGEST else "{}"
    clusters = [
        {"name": name, "replicas": count} if count else {"name": name}
        for name, count in sorted((write.clusters or {}).items())
    ]
    spec: dict[str, Any] = {"clusters": clusters}
    if write.tasks is not None:
        spec["gracefulEvictionTasks"] = list(write.tasks)
    return {"metadata": {"resourceVersion": write.version, "annotations": annotations}, "spec": spec}


def status_patch(write: Write, version: str, generation: int, now: str) -> dict[str, Any]:
    """The condition Scheduled merged into the others, since a merge patch replaces a list whole."""
    status = "True" if write.scheduled else "False"
    before = next((one for one in write.conditions if one["type"] == "Scheduled"), {})
    since = before.get("lastTransitionTime", now) if before.get("status") == status else now
    condition = {
        "type": "Scheduled",
        "status": status,
        "reason": write.reason,
        "message": write.message,
        "lastTransitionTime": since,
    }
    others = [one for one in write.conditions if one["type"] != "Scheduled"]
    told: dict[str, Any] = {
        "conditions": [*others, condition],
        "schedulerObservedGeneration": generation,
    }
    if write.affinity:
        told["schedulerObservingAffinityName"] = write.affinity
    if write.scheduled:
        told["lastScheduledTime"] = now
    return {"metadata": {"resourceVersion": version}, "status": told}


async def carry_out(http: httpx2.AsyncClient, write: Write) -> Written:
    """Both patches. Never raises: what went wrong is in the answer."""
    path, version, generation = path_of(write.key), write.version, write.generation
    try:
        if write.clusters is not None:
            answer = await _patch(http, path, spec_patch(write))
            if answer.status_code != 200:
                return _refused(write.key, answer)
            metadata = answer.json()["metadata"]
            version, generation = metadata["resourceVersion"], metadata["generation"]
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        answer = await _patch(http, f"{path}/status", status_patch(write, version, generation, now))
        return Written(write.key, "done") if answer.status_code == 200 else _refused(write.key, answer)
    except (httpx2.HTTPError, ValueError, KeyError) as error:
        return Written(write.key, "failed", f"{type(error).__name__}: {error}"[:300])


async def _patch(http: httpx2.AsyncClient, path: str, body: dict[str, Any]) -> httpx2.Response:
    return await http.patch(path, content=json.dumps(body, separators=(",", ":")).encode(), headers=HEADERS)


def _refused(key: BindingKey, answer: httpx2.Response) -> Written:
    outcome = {404: "gone", 409: "conflict"}.get(answer.status_code, "failed")
    return Written(key, outcome, f"{answer.status_code}: {answer.text}"[:300])
