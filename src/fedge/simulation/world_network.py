"""Lines and packets of the simulated world: delay, loss, repetition, reordering, cuts; and the faults that strike on them.

A line is a connection: in order while it lasts, nothing promised across two of them. What is on its way when its receiver dies or
the line is cut is lost; so a message is lost only together with its line, which is then dialled again with a greeting. Lines
between sites have no greeting and (the weather may say so) no order. Packets are on their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fedge.core.model import MS
from fedge.simulation.faults import SITES, Fault

if TYPE_CHECKING:
    from fedge.simulation.world import World

REDIAL = 60 * MS


class Node:
    """A program of the world. ``life`` counts its starts; events meant for an earlier life never reach a later one."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.alive, self.life, self.paused_until = False, 0, 0
        self.backlog: list[tuple[int | None, Callable[..., object], tuple[Any, ...]]] = []

    @property
    def net(self) -> Network:
        return self.world.net

    def start(self) -> None:
        self.alive, self.life = True, self.life + 1
        self.started()

    def crash(self) -> None:
        """Killed, as by SIGKILL: memory gone, lines broken."""
        if self.alive:
            self.alive = False
            self.net.gone(self.name)
            self.crashed()

    def after(self, delay: int, act: Callable[..., object], *args: object) -> None:
        """``act`` in this life, and not while the node is paused."""
        self.world.at(self.world.now + delay, self, self.life, act, args)

    def started(self) -> None: ...
    def crashed(self) -> None: ...
    def greet(self, other: str) -> None: ...
    def hear(self, source: str, data: bytes) -> None: ...


class Wire:
    """One direction of a line. ``life`` changes when what is on its way is lost."""

    def __init__(self) -> None:
        self.up, self.life, self.last, self.stalled_until = False, 0, 0, 0


class Network:
    def __init__(self, world: World) -> None:
        self.world = world
        self.wires: dict[tuple[str, str], Wire] = {}
        self.dials: dict[str, list[str]] = {}
        self.cuts: dict[frozenset[str], int] = {}
        self.said: Counter[str] = Counter()
        self.trace: list[str] = []

    def line(self, dialler: str, server: str, both_ways: bool = True) -> None:
        self.dials.setdefault(dialler, []).append(server)
        self.wires[dialler, server] = Wire()
        if both_ways:
            self.wires[server, dialler] = Wire()

    # --- lines -------------------------------------------------------------------------------------------------------------

    def redial(self, dialler: str) -> None:
        """Bring up whatever line of a node is down and can be up."""
        for server in self.dials.get(dialler, ()):
            wire = self.wires[dialler, server]
            if wire.up or not self.world.nodes[server].alive or self.is_cut(dialler, server):
                continue
            for one in (wire, self.wires.get((server, dialler))):
                if one is not None and (one is wire or dialler not in self.dials.get(server, ())):
                    one.up, one.life, one.last = True, one.life + 1, 0
            self.world.nodes[dialler].greet(server)

    def gone(self, name: str) -> None:
        for (source, target), wire in self.wires.items():
            if name in (source, target):
                wire.up = False
                wire.life += target == name

    def is_cut(self, one: str, other: str) -> bool:
        return self.cuts.get(frozenset((one, other)), 0) > self.world.now

    def cut(self, one: str, other: str, duration: int) -> None:
        """No line and no packet between two programs for so long."""
        self.cuts[frozenset((one, other))] = self.world.now + duration
        self.reset(one, other)

    def reset(self, one: str, other: str) -> None:
        """Break the lines between two programs; they are dialled again."""
        for pair in ((one, other), (other, one)):
            if pair in self.wires:
                self.wires[pair].up = False
                self.wires[pair].life += 1

    def mend(self) -> None:
        self.cuts.clear()
        for wire in self.wires.values():
            wire.stalled_until = 0

    def say(self, source: str, target: str, name: str, data: bytes, key: int = 0) -> None:
        """Send one message on the line between two programs; faults that wait for ``name`` strike now."""
        world, wire = self.world, self.wires[source, target]
        self.said[name] += 1
        if world.tracing:
            self.trace.append(f"{world.ms():10.2f} {source} → {target}: {name} {world.shown(data)}")
        treatment = Treatment()
        if world.faulty:
            for fault in world.waiting_faults(name, self.said[name]):
                self._strike(fault, source, target, key, treatment)
        if not wire.up or not world.nodes[target].alive:
            return
        weather, rng, local = world.weather, world.rng, "/" in source or "/" in target
        if treatment.lost or (not local and rng.random() < weather.said_lost):
            self.reset(source, target)
            return
        ordered = weather.in_order or not (source in SITES and target in SITES)
        self._send(target, source, wire, data, treatment.delay, local, ordered)
        if treatment.again or (not local and rng.random() < weather.said_twice):
            self._send(target, source, wire, data, treatment.again or rng.randrange(100 * MS), local, ordered)

    def _send(
        self, target: str, source: str, wire: Wire, data: bytes, extra: int, local: bool, ordered: bool
    ) -> None:
        world = self.world
        delay = world.rng.randrange(30_000, 300_000) if local else world.rng.randrange(MS, 4 * MS)
        at = max(world.now + delay + extra, wire.stalled_until)
        if ordered:
            at = wire.last = max(at, wire.last)
        node = world.nodes[target]
        world.at(at, node, node.life, self._arrive, (node, source, wire, wire.life, data))

    def _arrive(self, node: Node, source: str, wire: Wire, life: int, data: bytes) -> None:
        if wire.life == life:
            node.hear(source, data)

    # --- packets -----------------------------------------------------------------------------------------------------------

    def packet(self, source: str, target: str, delay: int, act: Callable[..., object], *args: object) -> None:
        """One datagram, with its own luck; ``act`` at the target, in whatever life it then is."""
        world, weather = self.world, self.world.weather
        if self.is_cut(source, target) or world.rng.random() < weather.packet_lost:
            return
        for _ in range(1 + (world.rng.random() < weather.packet_twice)):
            late = world.rng.randrange(80 * MS) if world.rng.random() < weather.packet_late else 0
            world.at(world.now + delay + late + world.rng.randrange(MS), world.nodes[target], None, act, args)

    # --- faults ------------------------------------------------------------------------------------------------------------

    def _strike(self, fault: Fault, source: str, target: str, key: int, treatment: Treatment) -> None:
        world, duration = self.world, fault.for_ms * MS
        world.told(f"fault: {fault} ({source} → {target})")
        site = next(
            (part for part in (source.split("/")[0], target.split("/")[0]) if part in SITES), SITES[0]
        )
        match fault.action:
            case "crash sender":
                world.soon(lambda: world.kill(source, duration))
            case "crash sender unsaid":
                treatment.lost = True
                world.kill(source, duration)
            case "crash receiver":
                world.kill(target, duration)
            case "crash instance of sender":
                world.kill(f"{_site(source, site)}/i", duration)
            case "crash instance of receiver":
                world.kill(f"{_site(target, site)}/i", duration)
            case "tear instance of receiver":
                world.sites[_site(target, site)].instance.fuse.left = world.rng.randrange(6)
            case "crash centre" | "crash access":
                world.kill(fault.action.split()[1], duration)
            case "forget client":
                world.client_of(key).forget()
            case "silence client":
                world.client_of(key).paused_until = world.now + duration
            case "lose":
                treatment.lost = True
            case "repeat later":
                treatment.again = duration
            case "delay":
                treatment.delay = duration
            case "cut" if "/" in source or "/" in target:
                self.reset(source, target)
            case "cut":
                self.cut(source, target, duration)
            case "stall":
                for pair in ((source, target), (target, source)):
                    if pair in self.wires:
                        self.wires[pair].stalled_until = world.now + duration
            case "pause sender":
                world.nodes[source].paused_until = world.now + duration
            case "pause receiver":
                world.nodes[target].paused_until = world.now + duration
            case "cut centre from all":
                for other in (*SITES, "access"):
                    self.cut("centre", other, duration)
            case "cut access from sender":
                self.cut("access", _site(source, site), duration)
            case "cut access from receiver":
                self.cut("access", _site(target, site), duration)


class Treatment:
    """What the faults that struck do to the message at hand."""

    lost, again, delay = False, 0, 0


def _site(name: str, otherwise: str) -> str:
    found = name.split("/")[0]
    return found if found in SITES else otherwise
