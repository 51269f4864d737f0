"""Instances as processes beside a site's agent, on loopback addresses of their own.

The embedded engine's; a bench node's Pods are the same with another beginning and end (`site_pods.py`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

import structlog

from fedge.adapters.embedded import addresses
from fedge.adapters.embedded.numbers import NoNumber, Numbers
from fedge.adapters.embedded.processes import InstanceProcess
from fedge.core.messages import RunInstances
from fedge.core.model import SECOND, InstanceId, Nanoseconds
from fedge.core.site import SiteAgent
from fedge.core.transfer import Effect
from fedge.programs.site_config import Endpoint, Loopback, SiteConfig

log = structlog.get_logger("agent")
POLL_S = 0.1
Apply = Callable[[list[Effect]], None]


class Started(NamedTuple):
    """``end``: where it takes packets and connections. ``life``: another number each time it is started; 0: it is not alive.
    ``leaving``: it is to end, so nobody new goes there while another can have them.
    """

    name: InstanceId
    end: Endpoint
    life: int
    leaving: bool = False


class Processes:
    """Instances that are processes beside the agent, on loopback addresses of their own."""

    def __init__(self, config: SiteConfig, told: Loopback, agent: SiteAgent, apply: Apply) -> None:
        self._config, self._told, self._agent, self._apply = config, told, agent, apply
        self.processes: dict[InstanceId, InstanceProcess] = {}
        self._ends: dict[InstanceId, Endpoint] = {}
        self.leaving: set[InstanceId] = set()

    def start(self, name: InstanceId, end: Endpoint, template: RunInstances) -> None:
        """``end``: where it is told to listen."""
        self._ends[name] = end
        self.processes[name] = InstanceProcess(
            name, template, self._env(name, end, template), self._config.folder
        )

    def started(self, template: RunInstances) -> list[Started]:
        return [
            Started(
                name, self._ends[name], process.pid if process.alive() else 0, leaving=name in self.leaving
            )
            for name, process in self.processes.items()
            if process.template.app == template.app
        ]

    def end_of(self, number: int) -> Endpoint:
        """The ``number``-th instance's own address, and the port that packets come to."""
        return addresses.endpoint(addresses.instance(self._told.net, self._told.index, number))

    def _env(self, name: InstanceId, end: Endpoint, template: RunInstances) -> dict[str, str]:
        config = self._config
        return {
            "FEDGE_AGENT": "{}:{}".format(*config.bind_agent),
            "FEDGE_TOKEN": config.instance_token,
            "FEDGE_INSTANCE": name,
            "FEDGE_APP": template.app,
            "FEDGE_BIND": "{}:{}".format(*end),
            "FEDGE_GATEWAY": "{}:{}".format(*config.bind_inside),
            "FEDGE_SITE_DIR": str(config.folder),
            "FEDGE_CAPACITY": str(template.capacity),
            "FEDGE_STATE_BYTES": str(template.state_bytes),
        }

    def forget(self, name: InstanceId) -> None:
        """It shall not run, and is no instance any more."""
        process = self.processes.pop(name, None)
        if process is not None:
            process.forget()
        self._ends.pop(name, None)
        self.leaving.discard(name)
        self._agent.instances.pop(name, None)

    async def watch(self) -> None:
        while True:
            for name, process in tuple(self.processes.items()):
                reason = process.poll(time.monotonic_ns())
                if reason is not None:
                    log.warning("instance down", instance=name, reason=reason)
                    self._apply(self._agent.instance_down(name, reason))
            await asyncio.sleep(POLL_S)

    def stop(self) -> None:
        for process in self.processes.values():
            process.stop()
        give_up: Nanoseconds = time.monotonic_ns() + SECOND
        while any(process.alive() for process in self.processes.values()) and time.monotonic_ns() < give_up:
            time.sleep(0.01)
        for process in self.processes.values():
            process.stop(hard=True)


class ChildProcesses(Processes):
    """The embedded engine's: the centre says how many."""

    def __init__(self, config: SiteConfig, told: Loopback, agent: SiteAgent, apply: Apply) -> None:
        super().__init__(config, told, agent, apply)
        self._numbers = Numbers(config.folder / "instances" / "numbers")

    def wanted(self, template: RunInstances) -> None:
        names = [InstanceId(f"{template.app}-{number + 1}") for number in range(template.replicas)]
        for name, process in tuple(self.processes.items()):
            if process.template.app == template.app and name not in names:
                process.stop()
                self.forget(name)
                self._numbers.forget(name)
        for number, name in enumerate(names, start=1):
            if name in self.processes:
                continue
            try:
                self.start(name, self.end_of(self._numbers.of(name, number)), template)
            except NoNumber as error:  # a manifest may ask for any number of replicas
                log.warning("instances that cannot be started", app=template.app, error=str(error))
                return

    def jobs(self) -> list[Coroutine[Any, Any, None]]:
        return [self.watch()]
