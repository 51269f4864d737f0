"""Pods of games that kubelets run, watched: which one's container went down, which one is gone for good, and where those without
the SDK listen.

Read only: a kubelet starts, restarts and ends them, and instances with the SDK dial the agent by themselves. Needs get, list and
watch on Pods in the namespaces where games live, and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from lightkube.resources.core_v1 import Pod as PodResource

from fedge.adapters.kubernetes.client import connect
from fedge.adapters.kubernetes.watch import Name, follow, name_of
from fedge.core.model import InstanceId
from fedge.core.site.pods import INSTANCE_LABEL, Listening, ended, instance_name, listening, trouble

Down = Callable[[InstanceId, str], None]
Gone = Callable[[InstanceId], None]


class KubeletPods:
    """``down(instance, reason)`` once for each time a container went down, ``gone(instance)`` once its Pod will not come back.
    ``listening``: instances without the SDK.
    """

    def __init__(self, kubeconfig: str, namespaces: Sequence[str], down: Down, gone: Gone) -> None:
        self._client = connect(kubeconfig, "fedge-agent")
        self._namespaces = namespaces
        self._down, self._gone = down, gone
        self._trouble: dict[Name, tuple[int, str]] = {}
        self.listening: dict[InstanceId, Listening] = {}

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for namespace in self._namespaces:
                group.create_task(
                    follow(
                        self._client,
                        PodResource,
                        self._seen,
                        self._lost,
                        namespace=namespace,
                        labels={INSTANCE_LABEL: "true"},
                    )
                )

    def _seen(self, raw: dict[str, Any]) -> None:
        name = name_of(raw)
        if ended(raw):
            self._lost(name)
            return
        if (one := listening(raw)) is not None:
            self.listening[instance_name(*name)] = one
        before, now = self._trouble.get(name, (0, "")), trouble(raw)
        self._trouble[name] = now
        if now[1] and (now[0] > before[0] or not before[1]):
            self._down(instance_name(*name), now[1])

    def _lost(self, name: Name) -> None:
        self.listening.pop(instance_name(*name), None)
        if self._trouble.pop(name, None) is not None:
            self._gone(instance_name(*name))
