"""One leader among several schedulers, by a Lease of coordination.k8s.io, as Kubernetes' own components do it.

The holder renews; another takes over once it has seen no renewal for the whole duration, by its own clock. Whoever cannot renew
in time stops writing before anybody else may begin: ``leading`` is False from then on. Writes carry the object's version besides.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

import structlog
from lightkube import AsyncClient
from lightkube.core.exceptions import ApiError
from lightkube.models.coordination_v1 import LeaseSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.coordination_v1 import Lease

from fedge.adapters.kubernetes.client import FAILURES

log = structlog.get_logger("lease")


class Leadership:
    """``duration_s``: a lease not renewed for so long is anybody's. Renewed every fifth of it, given up at two thirds."""

    def __init__(
        self, client: AsyncClient, identity: str, name: str, namespace: str, duration_s: float = 15.0
    ) -> None:
        self._client, self.identity = client, identity
        self._name, self._namespace, self._duration_s = name, namespace, duration_s
        self._renewed = -1e9
        self._seen: tuple[str | None, str | None] = (None, None)
        self._seen_at = 0.0

    @property
    def leading(self) -> bool:
        return time.monotonic() - self._renewed < self._duration_s * 2 / 3

    async def run(self) -> None:
        """Until cancelled: get the lease, keep it."""
        led = False
        while True:
            try:
                await self._try()
            except FAILURES as error:
                log.warning("the lease cannot be renewed", error=f"{error}"[:200])
            if led != self.leading:
                led = self.leading
                log.info("leading" if led else "not leading", identity=self.identity)
            await asyncio.sleep(self._duration_s / 5)

    async def _try(self) -> None:
        began, now = time.monotonic(), datetime.now(UTC)
        try:
            lease = await self._client.get(Lease, self._name, namespace=self._namespace)
        except ApiError as error:
            if error.status.code != 404:
                raise
            spec = LeaseSpec(
                holderIdentity=self.identity,
                leaseDurationSeconds=max(1, round(self._duration_s)),
                acquireTime=now,
                renewTime=now,
            )
            metadata = ObjectMeta(name=self._name, namespace=self._namespace)
            await self._client.create(Lease(metadata=metadata, spec=spec))
            self._renewed = began
            return
        spec = lease.spec or LeaseSpec()
        if spec.holderIdentity != self.identity:
            if spec.holderIdentity and not self._expired(lease):
                return
            spec.acquireTime = now
            spec.leaseTransitions = (spec.leaseTransitions or 0) + 1
        spec.holderIdentity, spec.renewTime = self.identity, now
        spec.leaseDurationSeconds = max(1, round(self._duration_s))
        lease.spec = spec
        await self._client.replace(lease)  # carries the version that was read: of two, one gets a conflict
        self._renewed = began

    def _expired(self, lease: Lease) -> bool:
        """Has it stood unchanged for its duration, by our own clock?"""
        spec, metadata = lease.spec or LeaseSpec(), lease.metadata or ObjectMeta()
        state = (spec.holderIdentity, metadata.resourceVersion)
        if state != self._seen:
            self._seen, self._seen_at = state, time.monotonic()
        return time.monotonic() - self._seen_at > (spec.leaseDurationSeconds or self._duration_s)

    async def give_up(self) -> None:
        """Let go at once, so that a successor need not wait."""
        if not self.leading:
            return
        self._renewed = -1e9
        try:
            lease = await self._client.get(Lease, self._name, namespace=self._namespace)
            if lease.spec is not None and lease.spec.holderIdentity == self.identity:
                lease.spec.holderIdentity = ""
                await self._client.replace(lease)
        except FAILURES as error:
            log.info("the lease was not given back", error=f"{error}"[:200])
