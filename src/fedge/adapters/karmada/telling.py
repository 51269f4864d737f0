"""What the scheduler did, said aloud: an Event on the binding for each decision that was written.

Karmada's own scheduler uses the same reasons, so `kubectl describe` reads alike (pkg/events: ScheduleBindingSucceed,
ScheduleBindingFailed). At most ``A_SECOND``; what is more waits, and beyond ``MOST_WAITING`` the oldest is dropped and counted:
the conditions say the same and are never left out. Source: Kubernetes core/v1 Event.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from datetime import UTC, datetime
from typing import Any

import httpx2
import structlog

from fedge.core.scheduling import BindingKey, Write

log = structlog.get_logger("telling")
A_SECOND = 5
MOST_WAITING = 200
AGAIN_S = 60.0
"""the same outcome of the same binding is not told more often"""
LONGEST = 1024
"""characters of a message, as the API server demands"""


def event_of(write: Write, component: str, now: str) -> dict[str, Any]:
    """``now``: RFC 3339. Events of cluster-wide bindings are in the namespace default, as everywhere in Kubernetes."""
    namespace, name = write.key
    about = {
        "apiVersion": "work.karmada.io/v1alpha2",
        "kind": "ResourceBinding" if namespace else "ClusterResourceBinding",
        "name": name,
        "uid": write.uid,
    }
    where = ", ".join(
        f"{each} × {count}" if count else each for each, count in (write.clusters or {}).items()
    )
    message = f"{where or 'nowhere'}: {write.message}" if write.clusters is not None else write.message
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{name[:200]}.", "namespace": namespace or "default"},
        "involvedObject": about | ({"namespace": namespace} if namespace else {}),
        "type": "Normal" if write.scheduled else "Warning",
        "reason": "ScheduleBindingSucceed" if write.scheduled else "ScheduleBindingFailed",
        "message": message if len(message) <= LONGEST else f"{message[: LONGEST - 1]}…",
        "source": {"component": component},
        "reportingComponent": component,
        "reportingInstance": component,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }


class Telling:
    """Events on their way. Losing one changes nothing; no decision waits for it."""

    def __init__(self, http: httpx2.AsyncClient, component: str) -> None:
        self._http, self._component = http, component
        self._waiting: deque[dict[str, Any]] = deque()
        self._told: dict[BindingKey, tuple[str, float]] = {}
        self.dropped = 0

    def tell(self, write: Write, now_s: float) -> None:
        """A decision was written. Where only the status was brought up to date and all is well, there is nothing to tell."""
        if write.clusters is None and write.scheduled:
            return
        outcome = f"{write.reason} {write.clusters}"
        before, told_s = self._told.get(write.key, ("", 0.0))
        if outcome == before and now_s < told_s + AGAIN_S:
            return
        self._told[write.key] = (outcome, now_s)
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(
            event_of(write, self._component, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        )

    def forget(self, key: BindingKey) -> None:
        """The binding is gone."""
        self._told.pop(key, None)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(1 / A_SECOND)
            if self._waiting:
                await self._post(self._waiting.popleft())

    async def _post(self, event: dict[str, Any]) -> None:
        path = f"/api/v1/namespaces/{event['metadata']['namespace']}/events"
        body = json.dumps(event, separators=(",", ":")).encode()
        try:
            answer = await self._http.post(path, content=body, headers={"Content-Type": "application/json"})
            if answer.status_code != 201:
                log.warning("an event was refused", status=answer.status_code, why=answer.text[:200])
        except httpx2.HTTPError as error:
            log.warning("an event was not delivered", error=f"{error}"[:200])
