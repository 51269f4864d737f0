"""A Pod as a bench node reads it and reports it: the one process it asks for, and its status. Pure.

The subset: one container with a command; environment by value and by fieldRef; requests, a memory limit; grace period. What a
kubelet has and this has not: images, volumes, init containers, probes (ready is an instance that has said hello, or without the
SDK one whose port takes connections), exec. Source: Kubernetes API reference, Pod v1 core; pod lifecycle.
"""

from __future__ import annotations

from collections.abc import Mapping
from posixpath import join, normpath
from typing import Any

from msgspec import Struct

from fedge.core.applications.application import app_id, expanded
from fedge.core.applications.deployment import BASE_DIR
from fedge.core.applications.quantity import memory_bytes
from fedge.core.model import AppId, InstanceId

PORT = "fedge.dev/port"
"""Annotation on the Pods of applications without the SDK: where their Service leads, the port that they are told to listen at."""

INSTANCE_VARIABLE = "FEDGE_INSTANCE"
"""The variable by which the game's container knows itself. The control plane writes it into the one container of a manifest; a
member's webhook may put others beside it, or before it.
"""


class Pod(Struct, frozen=True):
    """What a node needs to know of a Pod bound to it. ``deleting``: somebody wants it gone, within ``grace_s``. ``port``: where
    it listens without the SDK; 0: it has the SDK, or no Service.
    """

    uid: str
    namespace: str
    name: str
    app: AppId
    container: str
    image: str
    command: tuple[str, ...]
    env: dict[str, str]
    working_dir: str
    memory_limit_bytes: int
    deleting: bool
    grace_s: int
    port: int = 0


class PodState(Struct, frozen=True):
    """``phase``: waiting, running, ended. ``why``/``message``: the reason a container waits (ErrImagePull, CrashLoopBackOff)."""

    phase: str
    ready: bool = False
    why: str = ""
    message: str = ""
    restarts: int = 0
    address: str = ""
    started_at: str = ""


def read_pod(raw: Mapping[str, Any], address: str = "") -> Pod:
    """Of the API's JSON. ``address``: its IP, for fieldRef status.podIP."""
    metadata, spec = raw["metadata"], raw["spec"]
    container = _container(raw)
    annotations = metadata.get("annotations") or {}
    fields = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "spec.nodeName": str(spec.get("nodeName") or ""),
        "status.podIP": address,
    }
    env = {one["name"]: _value(one, fields) for one in container.get("env") or ()}
    limits = (container.get("resources") or {}).get("limits") or {}
    base = annotations.get(BASE_DIR, "")
    folder = join(base, container.get("workingDir") or "") if base else container.get("workingDir") or ""
    words = [*(container.get("command") or ()), *(container.get("args") or ())]
    return Pod(
        uid=metadata["uid"],
        namespace=metadata["namespace"],
        name=metadata["name"],
        app=application_of(metadata),
        container=container["name"],
        image=container.get("image") or "",
        command=tuple(expanded(word, env) for word in words),
        env=env,
        working_dir=normpath(folder) if folder else "",
        memory_limit_bytes=memory_bytes(limits.get("memory", 0)),
        deleting=bool(metadata.get("deletionTimestamp")),
        grace_s=int(
            metadata.get("deletionGracePeriodSeconds") or spec.get("terminationGracePeriodSeconds") or 0
        ),
        port=port_of(metadata),
    )


def _container(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """The game's own."""
    containers: list[Mapping[str, Any]] = raw["spec"]["containers"]
    told = (
        one for one in containers if any(each["name"] == INSTANCE_VARIABLE for each in one.get("env") or ())
    )
    return next(told, containers[0])


def port_of(metadata: Mapping[str, Any]) -> int:
    """Of its annotation, 0 without one. The control plane writes it; what somebody else wrote there is no port."""
    text = str((metadata.get("annotations") or {}).get(PORT, ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 and int(text) < 65536 else 0


def _value(variable: Mapping[str, Any], fields: Mapping[str, str]) -> str:
    source = (variable.get("valueFrom") or {}).get("fieldRef") or {}
    return fields.get(source.get("fieldPath", ""), "") if source else str(variable.get("value") or "")


def application_of(metadata: Mapping[str, Any]) -> AppId:
    """The Deployment behind a ReplicaSet's Pod (its name less the template's hash); else the Pod's own name."""
    owner: Mapping[str, Any] = next(
        (one for one in metadata.get("ownerReferences") or () if one["kind"] == "ReplicaSet"), {}
    )
    name = str(owner["name"]).rpartition("-")[0] if owner else metadata["name"]
    return app_id(metadata["namespace"], name)


def status_of(pod: Pod, state: PodState, now: str) -> dict[str, Any]:
    """``status`` as a kubelet would report it: phase, conditions, the one container. ``now``: RFC 3339."""
    running = state.phase == "running"
    if running:
        container: dict[str, Any] = {"running": {"startedAt": state.started_at or now}}
    elif state.phase == "ended":
        container = {"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": now}}
    else:
        container = {"waiting": {"reason": state.why or "ContainerCreating", "message": state.message}}
    answers = {
        "PodScheduled": True,
        "Initialized": True,
        "PodReadyToStartContainers": True,
        "ContainersReady": state.ready,
        "Ready": state.ready,
    }
    reason = (
        {} if state.ready else {"reason": "ContainersNotReady", "message": state.message or "not ready yet"}
    )
    status: dict[str, Any] = {
        "phase": {"running": "Running", "ended": "Succeeded"}.get(state.phase, "Pending"),
        "conditions": [
            {"type": kind, "status": str(holds), "lastTransitionTime": now, **({} if holds else reason)}
            for kind, holds in answers.items()
        ],
        "containerStatuses": [
            {
                "name": pod.container,
                "image": pod.image,
                "imageID": "",
                "ready": state.ready,
                "started": running,
                "restartCount": state.restarts,
                "state": container,
            }
        ],
        "hostIP": "127.0.0.1",
    }
    if state.address:
        status |= {"podIP": state.address, "podIPs": [{"ip": state.address}]}
    return status


INSTANCE_LABEL = "fedge.dev/instance"
"""On the Pods of games that kubelets run: the agent watches these and no others."""


def instance_name(namespace: str, name: str) -> InstanceId:
    """Of a kubelet's Pod: unique in its cluster, and what the Pod is given as FEDGE_INSTANCE."""
    return InstanceId(f"{namespace}/{name}")


def ended(raw: Mapping[str, Any]) -> bool:
    """The Pod has run to its end, or was evicted: no container of it starts again."""
    return (raw.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def trouble(raw: Mapping[str, Any]) -> tuple[int, str]:
    """(restarts, why it is down now) of the game in a kubelet's Pod; "" while it runs or has not run yet."""
    restarts, state = _run_of(raw)
    if "terminated" in state:
        told = state["terminated"]
        return restarts, f"{told.get('reason') or 'ended'}, exit code {told.get('exitCode', '?')}"
    if "waiting" in state and restarts:
        return restarts, str(state["waiting"].get("reason") or "waits to be started again")
    return restarts, ""


def _run_of(raw: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
    """(restarts, state) of the game's container; none: no kubelet has said anything of it yet."""
    name = _container(raw)["name"]
    statuses = (raw.get("status") or {}).get("containerStatuses") or ()
    one: Mapping[str, Any] = next((each for each in statuses if each["name"] == name), {})
    return int(one.get("restartCount") or 0), one.get("state") or {}


class Listening(Struct, frozen=True):
    """A kubelet's Pod of an application without the SDK. ``life``: another number each time its container starts, 0: it does not
    run. ``leaving``: the Pod is being deleted.
    """

    app: AppId
    address: str
    port: int
    life: int
    leaving: bool


def listening(raw: Mapping[str, Any]) -> Listening | None:
    """None: the Pod is of an application with sessions, or has no address yet."""
    metadata, status = raw["metadata"], raw.get("status") or {}
    address, port = str(status.get("podIP") or ""), port_of(metadata)
    if not address or not port:
        return None
    restarts, state = _run_of(raw)
    life = 1 + restarts if "running" in state else 0
    return Listening(
        application_of(metadata), address, port, life, leaving=bool(metadata.get("deletionTimestamp"))
    )


class Slots:
    """Numbers of instances at a site, from 1: a Pod that takes another's place takes its number, and with it its sessions' logs.

    ``taken``: number by Pod uid, kept by the caller over restarts.
    """

    def __init__(self, taken: Mapping[str, int] | None = None) -> None:
        self.taken: dict[str, int] = dict(taken or {})

    def take(self, uid: str, others: Mapping[str, AppId], app: AppId, most: int | None) -> int | None:
        """The Pod's number; None while as many of its application as are wanted hold theirs. ``others``: uid → application."""
        if uid in self.taken:
            return self.taken[uid]
        held = sum(1 for other in self.taken if others.get(other) == app)
        if most is not None and held >= most:
            return None
        number = next(n for n in range(1, len(self.taken) + 2) if n not in self.taken.values())
        self.taken[uid] = number
        return number

    def free(self, uid: str) -> None:
        self.taken.pop(uid, None)
