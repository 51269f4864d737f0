"""What runs a site's instances, three ways behind one small interface: child processes, a bench node's Pods, kubelets' Pods.

Instances of every kind speak to the agent in the same way (`docs/sdk-contract.md`); these differ in how one comes to be and
what is known when it goes.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol

from fedge.core.messages import RunInstances
from fedge.core.site import SiteAgent
from fedge.programs.site_config import Kubelets, SiteConfig
from fedge.programs.site_pods import Plain, PodsOfABenchNode, PodsOfKubelets
from fedge.programs.site_processes import Apply, ChildProcesses, Started


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


def instances_of(config: SiteConfig, agent: SiteAgent, apply: Apply, plain: Plain) -> Instances:
    """By what the site is."""
    told = config.instances
    if isinstance(told, Kubelets):
        return PodsOfKubelets(told, agent, apply)
    if told.node is not None:
        return PodsOfABenchNode(config, told, told.node, agent, apply, plain)
    return ChildProcesses(config, told, agent, apply)
