"""The bench node towards the API server: it registers, says how it is, and renews its lease; what runs on it is ``node``'s.

It is labelled and tainted as what it is (`fedge.dev/bench-node`). Source: Kubernetes, what a kubelet owes the API server (node
status, leases).
"""

from __future__ import annotations

import asyncio
import os
import platform
from datetime import UTC, datetime

import structlog
from lightkube import AsyncClient
from lightkube.core.exceptions import ApiError
from lightkube.models.coordination_v1 import LeaseSpec
from lightkube.models.core_v1 import NodeSpec, Taint
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.coordination_v1 import Lease
from lightkube.resources.core_v1 import Node as NodeResource
from lightkube.resources.core_v1 import NodeStatus
from lightkube.types import PatchType

from fedge.adapters.kubernetes.client import FAILURES

log = structlog.get_logger("node")
LABEL = "fedge.dev/bench-node"
RENEW_S = 10.0
LEASE_S = 40


class Presence:
    """``site_label``: which site the node is; ``address``: its own."""

    def __init__(self, client: AsyncClient, name: str, site_label: str, address: str) -> None:
        self._client, self.name, self._site_label, self._address = client, name, site_label, address

    async def run(self) -> None:
        """Until cancelled."""
        registered = False
        while True:
            try:
                if not registered:
                    await self._register()
                    registered = True
                await self._report_node()
                await self._renew()
                await asyncio.sleep(RENEW_S)
            except FAILURES as error:
                log.warning("the node could not report", error=f"{error}"[:200])
                await asyncio.sleep(1.0)

    async def _register(self) -> None:
        labels = {
            LABEL: "true",
            "fedge.dev/site": self._site_label,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": {"x86_64": "amd64", "aarch64": "arm64"}.get(
                platform.machine(), platform.machine()
            ),
            "kubernetes.io/hostname": self.name,
        }
        spec = NodeSpec(taints=[Taint(effect="NoSchedule", key=LABEL, value="true")])
        try:
            await self._client.create(
                NodeResource(metadata=ObjectMeta(name=self.name, labels=labels), spec=spec)
            )
        except ApiError as error:
            if error.status.code != 409:
                raise
            body = {"metadata": {"labels": labels}}
            await self._client.patch(NodeResource, self.name, body, patch_type=PatchType.MERGE)
        log.info("registered as a node", node=self.name)

    async def _report_node(self) -> None:
        now = now_text()
        resources = {
            "cpu": str(max(4, os.cpu_count() or 1)),
            "memory": f"{_memory_bytes() // 1024}Ki",
            "pods": "50",
        }
        truths = {"Ready": ("True", "BenchNodeReady"), "MemoryPressure": ("False", "Enough"), "DiskPressure": ("False", "Enough"),
                  "PIDPressure": ("False", "Enough")}  # fmt: skip
        status = {
            "capacity": resources,
            "allocatable": resources,
            "conditions": [
                {"type": kind, "status": is_so, "reason": why, "lastHeartbeatTime": now, "message": "a Fedge bench node"}
                for kind, (is_so, why) in truths.items()
            ],
            "addresses": [{"type": "InternalIP", "address": self._address}, {"type": "Hostname", "address": self.name}],
            "nodeInfo": {
                "kubeletVersion": "fedge-bench", "architecture": "", "bootID": "", "containerRuntimeVersion": "process://1",
                "kernelVersion": platform.release(), "kubeProxyVersion": "", "machineID": "", "operatingSystem": "linux",
                "osImage": "none: a bench node", "systemUUID": "",
            },
        }  # fmt: skip
        await self._client.patch(NodeStatus, self.name, {"status": status}, patch_type=PatchType.STRATEGIC)

    async def _renew(self) -> None:
        now, namespace = datetime.now(UTC), "kube-node-lease"
        try:
            lease = await self._client.get(Lease, self.name, namespace=namespace)
            lease.spec = LeaseSpec(holderIdentity=self.name, leaseDurationSeconds=LEASE_S, renewTime=now)
            await self._client.replace(lease)
        except ApiError as error:
            if error.status.code != 404:
                raise
            spec = LeaseSpec(holderIdentity=self.name, leaseDurationSeconds=LEASE_S, renewTime=now)
            await self._client.create(
                Lease(metadata=ObjectMeta(name=self.name, namespace=namespace), spec=spec)
            )


def now_text() -> str:
    """RFC 3339, as the API server writes instants."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
