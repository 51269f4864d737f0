"""The shell around the pure scheduler: watches in, patches out, one leader. ``programs/scheduler.py`` starts it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import httpx2
import msgspec
import structlog
from lightkube import AsyncClient

from fedge.adapters.karmada.lease import Leadership
from fedge.adapters.karmada.resources import (
    Cluster,
    ClusterResourceBinding,
    QoSPolicy,
    ResourceBinding,
    Tenant,
)
from fedge.adapters.karmada.telling import Telling
from fedge.adapters.karmada.write import carry_out
from fedge.adapters.kubernetes.watch import Name, follow
from fedge.core.applications import QoSSpec
from fedge.core.applications.tenant import allowed_of
from fedge.core.placement import Picture, cluster_of
from fedge.core.scheduling import (
    BindingGone,
    BindingKey,
    BindingSeen,
    ClusterGone,
    ClusterSeen,
    FiguresSeen,
    PolicyGone,
    PolicySeen,
    Scheduler,
    TenantGone,
    TenantSeen,
    Write,
    Written,
    read_binding,
)

log = structlog.get_logger("scheduler")
IDLE_S = 0.25
FIGURES_EVERY_S = 1.0
LISTED = 5
"""kinds that must have been listed before anything is decided; a border that is not known yet could be broken"""


class SchedulerShell:
    def __init__(
        self, client: AsyncClient, core: Scheduler, leadership: Leadership, figures: Figures | None
    ) -> None:
        self.core, self.leadership = core, leadership
        self._client, self._figures = client, figures
        self._http: httpx2.AsyncClient = client._client._client
        self._synced: set[str] = set()
        self._stir = asyncio.Event()
        self.outcomes: dict[str, int] = {}
        self._told = Telling(self._http, core.settings.name)
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled."""
        follows = (
            follow(self._client, Cluster, self._cluster, self._cluster_gone, lambda: self._sync("clusters")),
            follow(
                self._client,
                ResourceBinding,
                self._binding,
                self._binding_gone,
                lambda: self._sync("bindings"),
            ),
            follow(
                self._client,
                ClusterResourceBinding,
                self._binding,
                self._binding_gone,
                lambda: self._sync("cluster bindings"),
            ),
            follow(
                self._client,
                QoSPolicy,
                self._policy,
                lambda name: self.core.handle(PolicyGone(BindingKey(*name)), time.monotonic_ns()),
                lambda: self._sync("policies"),
                absent=lambda: self._sync("policies"),
            ),
            follow(
                self._client,
                Tenant,
                self._tenant,
                self._tenant_gone,
                lambda: self._sync("tenants"),
                absent=lambda: self._sync("tenants"),
            ),
        )
        jobs = [*follows, self.leadership.run(), self._work(), self._told.run()]
        if self._figures is not None:
            jobs.append(self._listen(self._figures))
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(job)

    # --- in ----------------------------------------------------------------------------------------------------------------

    def _sync(self, what: str) -> None:
        self._synced.add(what)
        self._stir.set()

    def _cluster(self, raw: dict[str, Any]) -> None:
        self.core.handle(ClusterSeen(cluster_of(raw)), time.monotonic_ns())
        self._stir.set()

    def _cluster_gone(self, name: Name) -> None:
        self.core.handle(ClusterGone(name[1]), time.monotonic_ns())
        self._stir.set()

    def _binding(self, raw: dict[str, Any]) -> None:
        if (raw.get("spec") or {}).get("schedulerName") != self.core.settings.name:
            return
        self.core.handle(BindingSeen(read_binding(raw, self.core.settings.name)), time.monotonic_ns())
        self._stir.set()

    def _binding_gone(self, name: Name) -> None:
        self.core.handle(BindingGone(BindingKey(*name)), time.monotonic_ns())
        self._told.forget(BindingKey(*name))

    def _policy(self, raw: dict[str, Any]) -> None:
        self.core.handle(policy_seen(raw), time.monotonic_ns())
        self._stir.set()

    def _tenant(self, raw: dict[str, Any]) -> None:
        self.core.handle(TenantSeen(raw["metadata"]["name"], allowed_of(raw)), time.monotonic_ns())
        self._stir.set()

    def _tenant_gone(self, name: Name) -> None:
        self.core.handle(TenantGone(name[1]), time.monotonic_ns())
        self._stir.set()

    async def _listen(self, figures: Figures) -> None:
        while True:
            await asyncio.sleep(FIGURES_EVERY_S)
            seen = await figures.read()
            if seen is not None:
                self.core.handle(seen, time.monotonic_ns())
                self._stir.set()

    # --- out ---------------------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        """Nothing is decided before everything was listed once, and nothing is written unless this one leads."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stir.wait(), IDLE_S)
            self._stir.clear()
            if len(self._synced) < LISTED or not self.leadership.leading:
                continue
            for write in self.core.next_writes(time.monotonic_ns(), time.time()):
                task = asyncio.get_running_loop().create_task(self._write(write))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            if self.core.more:
                self._stir.set()

    async def _write(self, write: Write) -> None:
        if self.leadership.leading:
            written = await carry_out(self._http, write)
        else:
            written = Written(write.key, "failed", "not leading any more")
        self.outcomes[written.outcome] = self.outcomes.get(written.outcome, 0) + 1
        if written.outcome == "done":
            where = ", ".join(f"{name} × {count}" for name, count in (write.clusters or {}).items())
            log.info("placed", binding="/".join(write.key), where=where or "as it was", reason=write.reason)
            self._told.tell(write, time.monotonic())
        else:
            log.warning(
                "not written", binding="/".join(write.key), outcome=written.outcome, why=written.reason
            )
        self.core.handle(written, time.monotonic_ns())
        self._stir.set()


def policy_seen(raw: dict[str, Any]) -> PolicySeen:
    """A QoSPolicy as the API server has it. One that cannot be read says so in its application's bindings."""
    key = BindingKey(raw["metadata"].get("namespace") or "", raw["metadata"]["name"])
    target = str(((raw.get("spec") or {}).get("targetRef") or {}).get("name") or "")
    try:
        return PolicySeen(key, msgspec.convert(raw.get("spec") or {}, QoSSpec), target)
    except msgspec.ValidationError as error:
        return PolicySeen(key, None, target, f"QoSPolicy {key.name}: spec: {error}")


class Figures:
    """The control plane's figures: GET of a JSON document, or None where it does not answer."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._http = httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {token}"} if token else {}, trust_env=False, timeout=2.0
        )

    async def read(self) -> FiguresSeen | None:
        try:
            answer = await self._http.get(self._url)
            answer.raise_for_status()
            return figures_of(answer.json())
        except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
            log.debug("no figures", error=f"{error}"[:200])
            return None


def figures_of(told: dict[str, Any]) -> FiguresSeen:
    """``GET /api/v1/figures``. What is not as it should be raises ``ValueError``, ``KeyError`` or ``TypeError``."""
    return FiguresSeen(
        sessions={
            one["cluster"]: {
                (held["namespace"], held["name"]): int(held["sessions"]) for held in one["applications"]
            }
            for one in told["clusters"]
        },
        picture=msgspec.convert({"cells": told.get("cells", ())}, Picture),
        overloaded=frozenset(one["cluster"] for one in told["clusters"] if one.get("overloaded")),
    )
