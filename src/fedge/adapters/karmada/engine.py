"""The control plane's engine on Karmada: publishes the manifests, and says what the bindings say.

Level-triggered: what is wanted is compared with what was last applied, again and again, so that an API server that was gone gets
everything once it is back. Placement is the scheduler's (`programs/scheduler.py`), propagation and status are Karmada's.
Source: design of ResourceBinding work.karmada.io/v1alpha2; server-side apply (Kubernetes API concepts).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import structlog
from lightkube.core.exceptions import ApiError
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Namespace
from lightkube.types import CascadeType, PatchType

from fedge.adapters.karmada.publication import OWNER_LABEL, Published, publication
from fedge.adapters.karmada.resources import (
    KINDS,
    Cluster,
    ResourceBinding,
    everywhere,
)
from fedge.adapters.kubernetes.client import FAILURES, connect
from fedge.core.applications.application import app_id
from fedge.core.applications.objects import ObjectKey, Raw, key_of
from fedge.core.messages import EngineBound, EngineUnbound, Message
from fedge.core.model import AppId, SiteId
from fedge.core.scheduling.decision import SUCCESS

log = structlog.get_logger("engine")
EVERY_S = 0.5
FIELD_MANAGER = "fedge"
DRAINED = "fedge.dev/drained"
"""Taint (NoSchedule) of a cluster whose site is being drained: nothing new is placed there, what is there stays."""
SUSPENDED = "fedge.dev/suspended"
"""Annotation of a binding that is suspended because its policy says so here."""


class Wishes(Protocol):
    """What the control plane wants at the moment; read anew each time."""

    def objects(self) -> Sequence[Raw]: ...
    def held(self) -> set[AppId]:
        """Applications that were deleted and still have sessions: they are not withdrawn yet."""
        ...

    def drained(self) -> set[SiteId]: ...
    def suspended(self) -> set[AppId]:
        """Applications whose policy says ``suspension.scheduling``."""
        ...


class KarmadaEngine:
    """One Karmada control plane. ``clusters``: the member cluster of each site. Sole owner of what carries ``owner``'s label."""

    def __init__(
        self,
        kubeconfig: str,
        clusters: Mapping[SiteId, str],
        wishes: Wishes,
        tell: Callable[[Message], None],
        owner: str = "fedge",
        bench_nodes: bool = True,
    ) -> None:
        self._client = connect(kubeconfig, FIELD_MANAGER)
        self._site_of = {cluster: site for site, cluster in clusters.items()}
        self._wishes, self._tell = wishes, tell
        self._owner, self._bench = owner, bench_nodes
        self._applied: dict[ObjectKey, Published] = {}
        self._namespaces: set[str] = {"default"}
        self._told: dict[AppId, EngineBound] = {}
        self._drained: set[SiteId] | None = None
        self._unwell = ""

    async def run(self) -> None:
        """Until cancelled. A failure is said once and tried again."""
        adopted = False
        while True:
            try:
                if not adopted:
                    await self._adopt()
                    adopted = True
                await self._publish()
                await self._drain()
                await self._listen()
                if self._unwell:
                    log.info("Karmada answers again")
                self._unwell = ""
            except FAILURES as error:
                said = f"{type(error).__name__}: {error}"[:200]
                if said != self._unwell:
                    log.warning("Karmada does not answer; trying again", error=said)
                self._unwell = said
            await asyncio.sleep(EVERY_S)

    # --- what is wanted ----------------------------------------------------------------------------------------------------

    async def _publish(self) -> None:
        wanted = {key_of(one): one for one in publication(self._wishes.objects(), self._owner, self._bench)}
        for key, one in wanted.items():
            if self._applied.get(key) != one:
                await self._apply(key, one)
        held = self._wishes.held()
        apps_gone = [key for key in self._applied if key not in wanted]
        if apps_gone and any(self._about(key, held) for key in apps_gone):
            return
        for key in reversed(apps_gone):
            await self._withdraw(key)

    def _about(self, key: ObjectKey, held: set[AppId]) -> bool:
        return key[0] == "Deployment" and app_id(key[1], key[2]) in held

    async def _apply(self, key: ObjectKey, one: Published) -> None:
        kind, namespace, name = key
        if namespace and namespace not in self._namespaces:
            await self._client.apply(Namespace(metadata=ObjectMeta(name=namespace)), force=True)
            self._namespaces.add(namespace)
        resource = KINDS[kind]
        await self._client.patch(
            resource, name, one, namespace=namespace or None, patch_type=PatchType.APPLY, force=True
        )
        self._applied[key] = one
        log.info("published", kind=kind, name=name, namespace=namespace)

    async def _withdraw(self, key: ObjectKey) -> None:
        kind, namespace, name = key
        try:
            await self._client.delete(
                KINDS[kind], name, namespace=namespace or None, cascade=CascadeType.BACKGROUND
            )
        except ApiError as error:
            if error.status.code != 404:
                raise
        self._applied.pop(key, None)
        log.info("withdrawn", kind=kind, name=name, namespace=namespace)

    async def _adopt(self) -> None:
        """What an earlier control plane of this owner published is ours to withdraw. Raises `FAILURES`."""
        for kind, resource in KINDS.items():
            async for one in self._client.list(
                resource, labels={OWNER_LABEL: self._owner}, **everywhere(kind)
            ):
                metadata = one.metadata or ObjectMeta()
                self._applied[ObjectKey(kind, metadata.namespace or "", metadata.name or "")] = {}

    # --- drained sites -----------------------------------------------------------------------------------------------------

    async def _drain(self) -> None:
        """Taint the clusters of drained sites, and nobody else's: other taints stay as they are."""
        wanted = self._wishes.drained()
        if wanted == self._drained:
            return
        for cluster, site in self._site_of.items():
            found = await self._client.get(Cluster, cluster)
            taints = list((found.get("spec") or {}).get("taints") or [])
            others = [taint for taint in taints if taint["key"] != DRAINED]
            should = [*others, {"key": DRAINED, "effect": "NoSchedule"}] if site in wanted else others
            if should != taints:
                version = found.metadata.resourceVersion if found.metadata else None
                body = {"metadata": {"resourceVersion": version}, "spec": {"taints": should}}
                await self._client.patch(Cluster, cluster, body, patch_type=PatchType.MERGE)
        self._drained = set(wanted)

    # --- what is -----------------------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        """Tell the control plane what its applications' bindings say, where that changed."""
        heard: dict[AppId, EngineBound] = {}
        suspended = self._wishes.suspended()
        async for binding in self._client.list(ResourceBinding, namespace="*"):
            about = binding["spec"]["resource"]
            if (
                about["kind"] == "Deployment"
                and ObjectKey("Deployment", about["namespace"], about["name"]) in self._applied
            ):
                bound = bound_of(binding, self._site_of)
                heard[bound.app] = bound
                await self._suspend(binding, bound.app in suspended)
        for app, bound in heard.items():
            if self._told.get(app) != bound:
                self._tell(bound)
        for app in self._told.keys() - heard.keys():
            self._tell(EngineUnbound(app))
        self._told = heard

    async def _suspend(self, binding: Any, wanted: bool) -> None:
        """Upstream the field is the binding's alone; what a policy says of suspension is merged beside it. Others' stay."""
        metadata = binding.metadata or ObjectMeta()
        stands = bool((binding["spec"].get("suspension") or {}).get("scheduling"))
        ours = SUSPENDED in (metadata.annotations or {})
        if stands != wanted and (wanted or ours):
            value = ("true", True) if wanted else (None, None)
            body = {
                "metadata": {"annotations": {SUSPENDED: value[0]}},
                "spec": {"suspension": {"scheduling": value[1]}},
            }
            name, namespace = metadata.name or "", metadata.namespace
            await self._client.patch(
                ResourceBinding, name, body, namespace=namespace, patch_type=PatchType.MERGE
            )


def bound_of(binding: Mapping[str, Any], site_of: Mapping[str, SiteId]) -> EngineBound:
    """A ResourceBinding in the control plane's words. Clusters that are no site of ours are left out."""
    spec, status = binding["spec"], binding.get("status") or {}
    about = spec["resource"]
    condition: dict[str, Any] = next(
        (c for c in status.get("conditions") or () if c["type"] == "Scheduled"), {}
    )
    replicas = {
        site_of[each["name"]]: int(each.get("replicas") or 0)
        for each in spec.get("clusters") or ()
        if each["name"] in site_of
    }
    told = _explanation(binding)
    return EngineBound(
        app=app_id(about["namespace"], about["name"]),
        replicas={site: count for site, count in sorted(replicas.items()) if count},
        because=_because(told, condition),
        scheduled=condition.get("status") == "True",
        refused={
            site_of[cluster]: (str(one["rule"]), str(one["reason"]))
            for one in told.get("refused") or ()
            for cluster in one["clusters"]
            if cluster in site_of
        },
    )


def _because(told: Mapping[str, Any], condition: Mapping[str, Any]) -> str:
    """What was decided, and what the condition says of it beyond success: how well it serves, or what does not fit."""
    message = str(condition.get("message") or "")
    if condition.get("status") != "True" or not told.get("because"):
        return message or "not scheduled yet"
    more = message.removeprefix(SUCCESS).strip(" .") if message.startswith(SUCCESS) else ""
    return str(told["because"]) + (f"; {more}" if more else "")


def _explanation(binding: Mapping[str, Any]) -> dict[str, Any]:
    metadata = binding["metadata"]
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else metadata.annotations
    try:
        told = json.loads((annotations or {}).get("fedge.dev/explanation") or "{}")
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
