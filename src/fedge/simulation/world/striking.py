"""Faults as they strike: at a message or at an instant, on programs, lines, disks and clients (`faults.py` draws them)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fedge.core.model import MS
from fedge.simulation.faults import SITES, Fault
from fedge.simulation.world.client import Client
from fedge.simulation.world.network import Network, Treatment
from fedge.simulation.world.node import Node
from fedge.simulation.world.ports import Surroundings
from fedge.simulation.world.site import SiteNode


class Strikes:
    """``waiting``: those of the faults that strike at a message."""

    def __init__(
        self,
        world: Surroundings,
        net: Network,
        nodes: Mapping[str, Node],
        sites: Mapping[str, SiteNode],
        clients: Sequence[Client],
        waiting: Sequence[Fault],
    ) -> None:
        self._world, self._net, self._waiting = world, net, list(waiting)
        self._nodes, self._sites, self._clients = nodes, sites, clients

    def at_a_message(self, name: str, count: int, source: str, target: str, key: int) -> Treatment:
        """The faults whose moment has come strike now."""
        treatment = Treatment()
        struck = [one for one in self._waiting if one.moment == name and count >= one.count]
        self._waiting = [one for one in self._waiting if one not in struck]
        for fault in struck:
            self._strike(fault, source, target, key, treatment)
        return treatment

    def at_its_time(self, fault: Fault) -> None:
        self._world.told(f"fault: {fault}")
        duration = fault.for_ms * MS
        match fault.action:
            case "crash":
                self.kill(fault.who, duration)
                if fault.who in self._sites and fault.for_ms > 10_000:
                    self.kill(f"{fault.who}/i", duration)
            case "pause":
                self._nodes[fault.who].paused_until = self._world.now + duration
            case "forget":
                self._client_of(0).forget()
            case "cut from centre":
                self._net.cut(fault.who, "centre", duration)
            case "cut off":
                for other in self._nodes:
                    if other != fault.who and not other.endswith("/i"):
                        self._net.cut(fault.who, other, duration)

    def kill(self, name: str, back_after: int) -> None:
        node = self._nodes[name]
        if not node.alive:
            return
        node.crash()
        self._world.told(f"{name} is killed")
        self._world.at(
            self._world.now + back_after + self._world.rng.randrange(60 * MS),
            None,
            None,
            _bring_back,
            (node,),
        )

    def _client_of(self, key: int) -> Client:
        """The client that plays the session; else any."""
        for client in self._clients:
            if client.session is not None and client.session.key == key:
                return client
        return self._clients[0]

    def _strike(self, fault: Fault, source: str, target: str, key: int, treatment: Treatment) -> None:
        world, duration = self._world, fault.for_ms * MS
        world.told(f"fault: {fault} ({source} → {target})")
        site = next(
            (part for part in (source.split("/")[0], target.split("/")[0]) if part in SITES), SITES[0]
        )
        match fault.action:
            case "crash sender":
                world.at(world.now, None, None, self.kill, (source, duration))
            case "crash sender unsaid":
                treatment.lost = True
                self.kill(source, duration)
            case "crash receiver":
                self.kill(target, duration)
            case "crash instance of sender":
                self.kill(f"{_site(source, site)}/i", duration)
            case "crash instance of receiver":
                self.kill(f"{_site(target, site)}/i", duration)
            case "tear instance of receiver":
                self._sites[_site(target, site)].instance.fuse.left = world.rng.randrange(6)
            case "crash centre" | "crash access":
                self.kill(fault.action.split()[1], duration)
            case "forget client":
                self._client_of(key).forget()
            case "silence client":
                self._client_of(key).paused_until = world.now + duration
            case "lose":
                treatment.lost = True
            case "repeat later":
                treatment.again = duration
            case "delay":
                treatment.delay = duration
            case "cut" if "/" in source or "/" in target:
                self._net.reset(source, target)
            case "cut":
                self._net.cut(source, target, duration)
            case "stall":
                for pair in ((source, target), (target, source)):
                    if pair in self._net.wires:
                        self._net.wires[pair].stalled_until = world.now + duration
            case "pause sender":
                self._nodes[source].paused_until = world.now + duration
            case "pause receiver":
                self._nodes[target].paused_until = world.now + duration
            case "cut centre from all":
                for other in (*SITES, "access"):
                    self._net.cut("centre", other, duration)
            case "cut access from sender":
                self._net.cut("access", _site(source, site), duration)
            case "cut access from receiver":
                self._net.cut("access", _site(target, site), duration)


def _bring_back(node: Node) -> None:
    if not node.alive:
        node.start()


def _site(name: str, otherwise: str) -> str:
    found = name.split("/")[0]
    return found if found in SITES else otherwise
