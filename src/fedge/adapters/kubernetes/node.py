"""The bench node: a node (``node_presence``) that turns the Pods bound to it into processes of its site.

It pulls no image: a container's command runs on this machine, in the folder that the manifest came from, and a container without
one is refused. It never ends a process because it cannot hear the API server: only a Pod that the API server says is deleted, or
that a fresh list lacks, ends. Source: Kubernetes, what a kubelet owes the API server (pod status, graceful deletion).
"""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any, Protocol

import structlog
from lightkube.resources.core_v1 import Pod as PodResource
from lightkube.resources.core_v1 import PodStatus
from lightkube.types import PatchType

from fedge.adapters.kubernetes.client import FAILURES, connect
from fedge.adapters.kubernetes.node_presence import Presence, now_text
from fedge.adapters.kubernetes.watch import Name, follow
from fedge.core.model import AppId
from fedge.core.site.pods import Pod, PodState, Slots, read_pod, status_of

log = structlog.get_logger("node")
LOOK_S = 0.2
SUCCESSOR_WAITS_S = 1.0
"""A Pod that is being deleted keeps its process for its grace period, no longer than this once another waits for its number."""


class Site(Protocol):
    """What a node needs of its site's shell."""

    def wanted(self, app: AppId) -> int | None:
        """How many instances with sessions the centre expects here: so many numbers there are. None: it has not said, or any."""
        ...

    def start(self, pod: Pod, number: int) -> None: ...
    def leaves(self, pod: Pod, number: int) -> None:
        """Somebody wants it gone: nobody new goes there while another instance can have them."""
        ...

    def stop(self, pod: Pod, number: int, hard: bool) -> None: ...
    def state(self, pod: Pod, number: int) -> PodState: ...
    def sessions(self, pod: Pod, number: int) -> int:
        """Whom the Pod's end would cost something: its sessions, or without the SDK whoever is connected."""
        ...

    def alive(self, pod: Pod, number: int) -> bool: ...
    def forget(self, pod: Pod, number: int) -> None: ...
    def address(self, number: int) -> str:
        """The Pod's IP: 10.x.y.z for the process's 127.x.y.z, since EndpointSlices refuse loopback."""
        ...


class BenchNode:
    def __init__(self, name: str, kubeconfig: str, site_label: str, site: Site, folder: Path) -> None:
        self.name, self._site = name, site
        self._client = connect(kubeconfig, "fedge-bench-node")
        self._presence = Presence(self._client, name, site_label, site.address(0))
        self._memory = folder / "pods.json"
        self._slots = Slots(_remembered(self._memory))
        self._pods: dict[str, Pod] = {}
        self._raw: dict[str, dict[str, Any]] = {}
        self._reported: dict[str, PodState] = {}
        self._leaving_since: dict[str, float] = {}

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._presence.run())
            group.create_task(
                follow(self._client, PodResource, self._seen, self._gone, fields={"spec.nodeName": self.name})
            )
            group.create_task(self._work())

    # --- Pods in -----------------------------------------------------------------------------------------------------------

    def _seen(self, raw: dict[str, Any]) -> None:
        uid = raw["metadata"]["uid"]
        self._raw[uid] = raw
        number = self._slots.taken.get(uid)
        self._pods[uid] = read_pod(raw, self._site.address(number) if number else "")

    def _gone(self, name: Name) -> None:
        """The API server has forgotten it: its process goes now."""
        for uid, pod in tuple(self._pods.items()):
            if (pod.namespace, pod.name) == name:
                self._end(uid, pod)

    def _end(self, uid: str, pod: Pod) -> None:
        number = self._slots.taken.get(uid)
        if number is not None:
            self._site.stop(pod, number, hard=False)
            self._site.forget(pod, number)
            self._slots.free(uid)
            self._remember()
        for kept in (self._pods, self._raw, self._reported, self._leaving_since):
            kept.pop(uid, None)

    # --- Pods out ----------------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            for uid in tuple(self._pods):
                pod = self._pods.get(uid)
                if pod is None:
                    continue
                try:
                    await (self._leave(uid, pod) if pod.deleting else self._keep(uid, pod))
                except FAILURES as error:
                    if getattr(getattr(error, "status", None), "code", 0) == 404:
                        self._end(uid, pod)
                    else:
                        log.warning(
                            "a Pod's status could not be reported", pod=pod.name, error=f"{error}"[:200]
                        )
            await asyncio.sleep(LOOK_S)

    async def _keep(self, uid: str, pod: Pod) -> None:
        if not pod.command:
            message = f"a bench node pulls no image ({pod.image}), and the container has no command"
            await self._report(uid, pod, PodState("waiting", why="CreateContainerError", message=message))
            return
        number = self._slots.taken.get(uid)
        if number is None:
            apps = {each: other.app for each, other in self._pods.items()}
            number = self._slots.take(uid, apps, pod.app, self._site.wanted(pod.app))
            if number is None:
                waits = PodState("waiting", message="the instance that it replaces has not ended yet")
                await self._report(uid, pod, waits)
                return
            self._remember()
            pod = self._pods[uid] = read_pod(self._raw[uid], self._site.address(number))
        self._site.start(pod, number)
        await self._report(uid, pod, self._site.state(pod, number))

    async def _leave(self, uid: str, pod: Pod) -> None:
        """Its sessions first, within its grace; then SIGTERM, SIGKILL, and the API server may forget it."""
        number = self._slots.taken.get(uid)
        since = self._leaving_since.setdefault(uid, time.monotonic())
        waited = time.monotonic() - since
        if number is not None and self._site.alive(pod, number):
            self._site.leaves(pod, number)
            successor = any(
                other.app == pod.app and not other.deleting and each not in self._slots.taken
                for each, other in self._pods.items()
            )
            patience = min(pod.grace_s, SUCCESSOR_WAITS_S) if successor else pod.grace_s
            if self._site.sessions(pod, number) and waited < patience:
                return
            self._site.stop(pod, number, hard=waited > pod.grace_s + 2)
            return
        await self._report(uid, pod, PodState("ended"))
        await self._client.delete(PodResource, pod.name, namespace=pod.namespace, grace_period=0)
        self._end(uid, pod)

    async def _report(self, uid: str, pod: Pod, state: PodState) -> None:
        if self._reported.get(uid) == state:
            return
        body = {"metadata": {"uid": uid}, "status": status_of(pod, state, now_text())}
        await self._client.patch(
            PodStatus, pod.name, body, namespace=pod.namespace, patch_type=PatchType.MERGE
        )
        self._reported[uid] = state
        log.info("pod", pod=pod.name, phase=state.phase, ready=state.ready, why=state.why)

    def _remember(self) -> None:
        fresh = self._memory.with_suffix(".new")
        fresh.write_text(json.dumps(self._slots.taken))
        fresh.replace(self._memory)


def _remembered(file: Path) -> dict[str, int]:
    try:
        found: dict[str, int] = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return found
