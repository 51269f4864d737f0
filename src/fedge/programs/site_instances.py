"""What runs a site's instances, three ways behind one small interface: child processes, a bench node's Pods, kubelets' Pods.

Instances of every kind speak to the agent in the same way (`docs/sdk-contract.md`); these differ in how one comes to be and
what is known when it goes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

import structlog
from msgspec import structs

from fedge.adapters.embedded import addresses
from fedge.adapters.embedded.numbers import NoNumber, Numbers
from fedge.adapters.embedded.processes import InstanceProcess
from fedge.adapters.kubernetes.kubelet_pods import KubeletPods
from fedge.adapters.kubernetes.node import BenchNode
from fedge.core.messages import RunInstances
from fedge.core.model import SECOND, AppId, InstanceId, Nanoseconds
from fedge.core.site import SiteAgent
from fedge.core.site.pods import Pod, PodState
from fedge.core.transfer import Effect
from fedge.programs.site_config import Endpoint, Kubelets, Loopback, SiteConfig
from fedge.runtime.run import BenchNode as NodeFacts

log = structlog.get_logger("agent")
POLL_S = 0.1
Apply = Callable[[list[Effect]], None]


class Started(NamedTuple):
    """``end``: where it takes packets and connections. ``pid`` 0: it is not alive."""

    name: InstanceId
    end: Endpoint
    pid: int


class Instances(Protocol):
    """What the agent's shell needs of whatever runs its instances."""

    def wanted(self, template: RunInstances) -> None:
        """The centre says what shall run here, and how it is set up."""
        ...

    def started(self, template: RunInstances) -> list[Started]:
        """The application's instances, as far as this agent can reach one that does not speak the SDK's contract."""
        ...

    def jobs(self) -> list[Coroutine[Any, Any, None]]:
        """What has to run beside the agent until it ends."""
        ...

    def stop(self) -> None: ...


def instances_of(config: SiteConfig, agent: SiteAgent, apply: Apply) -> Instances:
    """By what the site is."""
    told = config.instances
    if isinstance(told, Kubelets):
        return PodsOfKubelets(told, agent, apply)
    if told.node is not None:
        return PodsOfABenchNode(config, told, told.node, agent, apply)
    return ChildProcesses(config, told, agent, apply)


class Processes:
    """Instances that are processes beside the agent, on loopback addresses of their own."""

    def __init__(self, config: SiteConfig, told: Loopback, agent: SiteAgent, apply: Apply) -> None:
        self._config, self._told, self._agent, self._apply = config, told, agent, apply
        self.processes: dict[InstanceId, InstanceProcess] = {}

    def start(self, name: InstanceId, number: int, template: RunInstances) -> None:
        env = self._env(name, number, template)
        self.processes[name] = InstanceProcess(name, template, env, self._config.folder)

    def _env(self, name: InstanceId, number: int, template: RunInstances) -> dict[str, str]:
        config, told = self._config, self._told
        return {
            "FEDGE_AGENT": "{}:{}".format(*config.bind_agent),
            "FEDGE_TOKEN": config.instance_token,
            "FEDGE_INSTANCE": name,
            "FEDGE_APP": template.app,
            "FEDGE_BIND": addresses.instance(told.net, told.index, number),
            "FEDGE_GATEWAY": "{}:{}".format(*config.bind_inside),
            "FEDGE_SITE_DIR": str(config.folder),
            "FEDGE_CAPACITY": str(template.capacity),
            "FEDGE_STATE_BYTES": str(template.state_bytes),
        }

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
                process.forget()
                del self.processes[name]
                self._numbers.forget(name)
                self._agent.instances.pop(name, None)
        for number, name in enumerate(names, start=1):
            if name in self.processes:
                continue
            try:
                self.start(name, self._numbers.of(name, number), template)
            except NoNumber as error:  # a manifest may ask for any number of replicas
                log.warning("instances that cannot be started", app=template.app, error=str(error))
                return

    def started(self, template: RunInstances) -> list[Started]:
        return [
            Started(name, self._end(name), process.pid if process.alive() else 0)
            for name, process in self.processes.items()
            if process.template.app == template.app
        ]

    def _end(self, name: InstanceId) -> Endpoint:
        told = self._told
        return addresses.endpoint(addresses.instance(told.net, told.index, self._numbers.of(name, 1)))

    def jobs(self) -> list[Coroutine[Any, Any, None]]:
        return [self.watch()]


class PodsOfABenchNode(Processes):
    """The test bench's: this agent is a node, and its Pods are processes (``adapters.kubernetes.node.Site``)."""

    def __init__(
        self, config: SiteConfig, told: Loopback, node: NodeFacts, agent: SiteAgent, apply: Apply
    ) -> None:
        super().__init__(config, told, agent, apply)
        site = PodProcesses(self, agent, told)
        self._node = BenchNode(node.node, node.kubeconfig, config.site, node.images, site, config.folder)

    def wanted(self, template: RunInstances) -> None:
        """Pods say what runs; the agent remembers how it is set up."""

    def started(self, template: RunInstances) -> list[Started]:
        return []

    def jobs(self) -> list[Coroutine[Any, Any, None]]:
        return [self.watch(), self._node.run()]


class PodProcesses:
    """A bench node's Pods as processes, by their numbers."""

    def __init__(self, of: Processes, agent: SiteAgent, told: Loopback) -> None:
        self._of, self._agent, self._told = of, agent, told
        self._started: dict[str, str] = {}

    def wanted(self, app: AppId) -> int | None:
        told = self._agent.wanted.get(app)
        return told.replicas if told is not None else None

    def start(self, pod: Pod, number: int) -> None:
        name = self._name(pod, number)
        if name in self._of.processes:
            return
        described = self._agent.wanted.get(pod.app) or RunInstances(pod.app, 1, "", pod.command)
        env = {**pod.env, "PWD": pod.working_dir} if pod.working_dir else pod.env
        template = structs.replace(
            described,
            command=pod.command,
            env=env,
            memory_limit_bytes=pod.memory_limit_bytes,
            image=pod.image,
        )
        self._of.start(name, number, template)
        self._started[name] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def stop(self, pod: Pod, number: int, hard: bool) -> None:
        process = self._of.processes.get(self._name(pod, number))
        if process is not None:
            process.ending = True
            process.stop(hard)

    def forget(self, pod: Pod, number: int) -> None:
        name = self._name(pod, number)
        process = self._of.processes.pop(name, None)
        if process is not None:
            process.forget()
        self._agent.instances.pop(name, None)

    def alive(self, pod: Pod, number: int) -> bool:
        process = self._of.processes.get(self._name(pod, number))
        return process is not None and process.alive()

    def sessions(self, pod: Pod, number: int) -> int:
        name = self._name(pod, number)
        return sum(place.instance == name for place in self._agent.places.values())

    def state(self, pod: Pod, number: int) -> PodState:
        name = self._name(pod, number)
        status, process = self._agent.instances.get(name), self._of.processes[name]
        restarts = status.restarts if status is not None else 0
        if not process.alive():
            why = "CrashLoopBackOff" if restarts > 1 else ""
            return PodState(
                "waiting", why=why, message=status.reason if status is not None else "", restarts=restarts
            )
        ready = status is not None and status.state == "ready"
        started = self._started.get(name, "")
        return PodState("running", ready, restarts=restarts, address=self.address(number), started_at=started)

    def address(self, number: int) -> str:
        host, _ = addresses.endpoint(addresses.instance(self._told.net, self._told.index, number))
        return "10" + host.removeprefix("127")

    @staticmethod
    def _name(pod: Pod, number: int) -> InstanceId:
        return InstanceId(f"{pod.app}-{number}")


class PodsOfKubelets:
    """A member cluster's: kubelets start the Pods, whose instances dial in by themselves; here is heard which of them go."""

    def __init__(self, told: Kubelets, agent: SiteAgent, apply: Apply) -> None:
        self._pods = KubeletPods(told.kubeconfig, told.namespaces, self._down, self._gone)
        self._agent, self._apply = agent, apply

    def wanted(self, template: RunInstances) -> None:
        """The Deployment says what runs; the agent remembers how it is set up."""

    def started(self, template: RunInstances) -> list[Started]:
        return []

    def jobs(self) -> list[Coroutine[Any, Any, None]]:
        return [self._pods.run()]

    def stop(self) -> None:
        """They go on without the agent."""

    def _down(self, name: InstanceId, reason: str) -> None:
        log.warning("instance down", instance=name, reason=reason)
        self._apply(self._agent.instance_down(name, reason))

    def _gone(self, name: InstanceId) -> None:
        log.info("instance gone", instance=name)
        self._apply(self._agent.instance_gone(name, "its Pod was deleted"))
