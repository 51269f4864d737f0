"""List, then watch, for ever: every object there is, and everything that happens to one, through restarts of the API server.

A watch that ends, is too old (410) or breaks leads to a new list; what that list lacks is reported as gone. Source: Kubernetes
API concepts, "Efficient detection of changes".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from lightkube import AsyncClient
from lightkube.core.resource import NamespacedResource

from fedge.adapters.kubernetes.client import FAILURES

log = structlog.get_logger("watch")
Name = tuple[str, str]
"""(namespace, name); the namespace is empty for cluster-wide objects"""
RETRY_S = (0.2, 0.5, 1.0, 2.0, 5.0)
WATCH_S = 240
NOT_FOUND = 404


def name_of(one: Mapping[str, Any]) -> Name:
    metadata = one["metadata"]
    return metadata.get("namespace") or "", metadata["name"]


async def follow(
    client: AsyncClient,
    resource: Any,
    seen: Callable[[dict[str, Any]], None],
    gone: Callable[[Name], None],
    synced: Callable[[], None] = lambda: None,
    fields: dict[str, Any] | None = None,
    absent: Callable[[], None] = lambda: None,
    labels: dict[str, Any] | None = None,
    namespace: str = "*",
) -> None:
    """Until cancelled. ``synced`` is called after each complete list; ``fields``, ``labels``: selectors.

    ``absent``: the API server does not have the kind; it is asked again, in case it gets it.
    """
    known: set[Name] = set()
    failures = 0
    everywhere: dict[str, Any] = {"namespace": namespace} if issubclass(resource, NamespacedResource) else {}
    everywhere |= {"fields": fields} if fields else {}
    everywhere |= {"labels": labels} if labels else {}
    anyhow: Any = client  # its overloads part namespaced kinds from others; this follows both
    while True:
        try:
            listed = anyhow.list(resource, chunk_size=500, **everywhere)
            now: set[Name] = set()
            async for one in listed:
                raw = one.to_dict()
                now.add(name_of(raw))
                seen(raw)
            for lost in known - now:
                gone(lost)
            known = now
            synced()
            failures = 0
            version = listed.resourceVersion
            async for what, one in anyhow.watch(
                resource, resource_version=version, server_timeout=WATCH_S, **everywhere
            ):
                raw = one.to_dict()
                if what == "DELETED":
                    known.discard(name_of(raw))
                    gone(name_of(raw))
                elif what in ("ADDED", "MODIFIED"):
                    known.add(name_of(raw))
                    seen(raw)
        except FAILURES as error:
            wait_s = RETRY_S[min(failures, len(RETRY_S) - 1)]
            failures += 1
            if getattr(getattr(error, "response", None), "status_code", 0) == NOT_FOUND:
                absent()
            log.warning("watch broke; listing again", kind=resource.__name__, error=f"{error}"[:200])
            await asyncio.sleep(wait_s)
