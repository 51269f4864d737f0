"""Lines and packets of the simulated world: delay, loss, repetition, reordering, cuts.

A line is a connection: in order while it lasts, nothing promised across two of them. What is on its way when its receiver dies or
the line is cut is lost; so a message is lost only together with its line, which is then dialled again with a greeting. Lines
between sites have no greeting and (the weather may say so) no order. Packets are on their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from fedge.core.messages import Message
from fedge.core.model import MS
from fedge.simulation.faults import SITES
from fedge.simulation.world.ports import Act, Program, Surroundings
from fedge.wire import codec


class Wire:
    """One direction of a line. ``life`` changes when what is on its way is lost."""

    def __init__(self) -> None:
        self.up, self.life, self.last, self.stalled_until = False, 0, 0, 0


class Treatment:
    """What the faults that struck do to the message at hand."""

    lost, again, delay = False, 0, 0


Struck = Callable[[str, int, str, str, int], Treatment]
"""(the message's name, how often it was said, from whom, to whom, its session's key)"""


class Network:
    """``struck``: what the faults that wait for a message do to it, and to others (`striking.py`)."""

    def __init__(self, world: Surroundings, struck: Struck) -> None:
        self.world, self._struck = world, struck
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
            self.trace.append(f"{world.ms():10.2f} {source} → {target}: {name} {shown(data)}")
        treatment = self._struck(name, self.said[name], source, target, key) if world.faulty else Treatment()
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

    def _arrive(self, node: Program, source: str, wire: Wire, life: int, data: bytes) -> None:
        if wire.life == life:
            node.hear(source, data)

    # --- packets -----------------------------------------------------------------------------------------------------------

    def packet(self, source: str, target: str, delay: int, act: Act, *args: object) -> None:
        """One datagram, with its own luck; ``act`` at the target, in whatever life it then is."""
        world, weather = self.world, self.world.weather
        if self.is_cut(source, target) or world.rng.random() < weather.packet_lost:
            return
        for _ in range(1 + (world.rng.random() < weather.packet_twice)):
            late = world.rng.randrange(80 * MS) if world.rng.random() < weather.packet_late else 0
            world.at(world.now + delay + late + world.rng.randrange(MS), world.nodes[target], None, act, args)


def shown(data: bytes) -> str:
    """A message in one short line."""
    try:
        return str(codec.decode(data))[:300]
    except codec.BadFrame:
        return data[8:230].decode(errors="replace")


def key_of(message: Message) -> int:
    """The session that a message is about; 0 where it does not say."""
    order = getattr(message, "order", None) or getattr(getattr(message, "final", None), "order", None)
    return int(getattr(message, "key", 0) or getattr(order, "key", 0))
