"""Instances as Pods of a member cluster: a bench node's, which the agent starts as processes, or kubelets', which it watches."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import structlog
from msgspec import structs

from fedge.adapters.kubernetes.kubelet_pods import KubeletPods
from fedge.adapters.kubernetes.node import BenchNode
from fedge.core.messages import InstanceStatus, RunInstances
from fedge.core.model import AppId, InstanceId
from fedge.core.site import SiteAgent
from fedge.core.site.pods import Pod, PodState
from fedge.programs.site_config import Kubelets, Loopback, SiteConfig
from fedge.programs.site_processes import Apply, Processes, Started
from fedge.runtime.run import BenchNode as NodeFacts

log = structlog.get_logger("agent")
Plain = Callable[[AppId, InstanceId], tuple[InstanceStatus, int] | None]
"""How an instance without the SDK is, and how many connections it has (`site_plain.py`). None: it has the SDK, or nothing is
known of it.
"""


class PodsOfABenchNode(Processes):
    """The test bench's: this agent is a node, and its Pods are processes (``adapters.kubernetes.node.Site``)."""

    def __init__(
        self,
        config: SiteConfig,
        told: Loopback,
        node: NodeFacts,
        agent: SiteAgent,
        apply: Apply,
        plain: Plain,
    ) -> None:
        super().__init__(config, told, agent, apply)
        site = PodProcesses(self, agent, plain)
        self._node = BenchNode(node.node, node.kubeconfig, config.site, site, config.folder)

    def wanted(self, template: RunInstances) -> None:
        """Pods say what runs; the agent remembers how it is set up."""

    def jobs(self) -> list[Coroutine[Any, Any, None]]:
        return [self.watch(), self._node.run()]


class PodProcesses:
    """A bench node's Pods as processes, by their numbers."""

    def __init__(self, of: Processes, agent: SiteAgent, plain: Plain) -> None:
        self._of, self._agent, self._plain = of, agent, plain
        self._started: dict[str, str] = {}

    def wanted(self, app: AppId) -> int | None:
        """A number is sessions and their logs: without them one is as good as another."""
        told = self._agent.wanted.get(app)
        return told.replicas if told is not None and told.schema else None

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
        host, port = self._of.end_of(number)
        self._of.start(name, (host, pod.port or port), template)
        self._started[name] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def leaves(self, pod: Pod, number: int) -> None:
        self._of.leaving.add(self._name(pod, number))

    def stop(self, pod: Pod, number: int, hard: bool) -> None:
        process = self._of.processes.get(self._name(pod, number))
        if process is not None:
            process.ending = True
            process.stop(hard)

    def forget(self, pod: Pod, number: int) -> None:
        self._of.forget(self._name(pod, number))

    def alive(self, pod: Pod, number: int) -> bool:
        process = self._of.processes.get(self._name(pod, number))
        return process is not None and process.alive()

    def sessions(self, pod: Pod, number: int) -> int:
        name = self._name(pod, number)
        plain = self._plain(pod.app, name)
        if plain is not None:
            return plain[1]
        return sum(place.instance == name for place in self._agent.places.values())

    def state(self, pod: Pod, number: int) -> PodState:
        name = self._name(pod, number)
        status, process = self._agent.instances.get(name), self._of.processes[name]
        if status is None and (plain := self._plain(pod.app, name)) is not None:
            status = plain[0]
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
        host, _ = self._of.end_of(number)
        return "10" + host.removeprefix("127")

    @staticmethod
    def _name(pod: Pod, number: int) -> InstanceId:
        return InstanceId(f"{pod.app}-{number}")


class PodsOfKubelets:
    """A member cluster's: kubelets start the Pods. Instances with the SDK dial in by themselves, others listen at their Pods'
    addresses; here is heard which of them go.
    """

    def __init__(self, told: Kubelets, agent: SiteAgent, apply: Apply) -> None:
        self._pods = KubeletPods(told.kubeconfig, told.namespaces, self._down, self._gone)
        self._agent, self._apply = agent, apply

    def wanted(self, template: RunInstances) -> None:
        """The Deployment says what runs; the agent remembers how it is set up."""

    def started(self, template: RunInstances) -> list[Started]:
        return [
            Started(name, (one.address, one.port), one.life, one.leaving)
            for name, one in self._pods.listening.items()
            if one.app == template.app
        ]

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
