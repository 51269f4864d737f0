"""One site of the simulated world: its agent with the data gateway, and its instance, as ``programs.site_shell`` wires them."""

from __future__ import annotations

from collections.abc import Callable

from fedge.core.messages import (
    ClientHeard,
    FinalDelta,
    InstanceHello,
    Message,
    RunInstances,
    SiteHello,
    SiteReport,
    UplinkSeen,
)
from fedge.core.model import MS, Address, SessionKey, SiteId
from fedge.core.site import SiteAgent, SiteSettings
from fedge.core.transfer import ClearFlow, Effect, SetFlow, TellControl, TellInstance, TellPeer
from fedge.simulation.world.instance import InstanceNode
from fedge.simulation.world.network import key_of
from fedge.simulation.world.node import REDIAL, Node
from fedge.simulation.world.ports import Flows, Surroundings
from fedge.simulation.world.redirect import Whereabouts
from fedge.simulation.world.store import Disk
from fedge.wire import codec
from fedge_sdk import wire
from fedge_sdk.way import Endpoint

AGENT_WAKES = 20 * MS
REPORTS = 500 * MS


class SiteNode(Node):
    """An agent and its gateway: one process, and what it wrote down of what shall run here."""

    def __init__(self, world: Surroundings, site: str, schema: str, flows: Callable[[], Flows]) -> None:
        super().__init__(world, site)
        self.site = SiteId(site)
        self.disk = Disk()
        self.instance = InstanceNode(world, site, schema, self.disk)
        self.wanted: RunInstances | None = None
        self._make_flows = flows
        self.flows = flows()
        self.known = Whereabouts(self)
        self.agent = self._new_agent()

    def _new_agent(self) -> SiteAgent:
        return SiteAgent(SiteSettings(self.site, fencing=self.world.plan.fencing))

    def started(self) -> None:
        self.agent, self.flows = self._new_agent(), self._make_flows()
        self.known = Whereabouts(self)
        self.world.judge.gateway_began(self.name)
        if self.wanted is not None:
            self.agent.handle(self.wanted, self.world.now)
        rng = self.world.rng
        for period, act in ((AGENT_WAKES, self._wake), (REPORTS, self._report), (REDIAL, self._redial)):
            self.after(rng.randrange(period), act)

    # --- what it hears -----------------------------------------------------------------------------------------------------

    def hear(self, source: str, data: bytes) -> None:
        if source == self.instance.name:
            for header, body in codec.take_from_instance(bytearray(data)):
                message = codec.from_instance(header, body)
                self._apply(self.agent.handle(message, self.world.now))
                if isinstance(message, InstanceHello):
                    self._say("centre", self._hello())
            return
        message = codec.decode(data)
        if self.known.told(message):
            return
        if isinstance(message, RunInstances):
            self.wanted = message
            if message.replicas and not self.instance.life:
                self.world.at(self.world.now + 20 * MS, self, None, self.instance.start, ())
        self._apply(self.agent.handle(message, self.world.now))

    def instance_is_down(self) -> None:
        if self.alive:
            self.after(50 * MS, self._notice)

    def _notice(self) -> None:
        for name in tuple(self.agent.instances):
            if not self.instance.alive:
                self._apply(self.agent.instance_down(name, "ended"))

    def greet(self, other: str) -> None:
        if other == "centre":
            self._say("centre", self._hello())

    def _hello(self) -> SiteHello:
        place = Address(f"127.0.0.1:{6000 + int(self.name[1:])}")
        return SiteHello(
            self.site, place, place, self.agent.inventory(), tuple(self.agent.instances.values())
        )

    # --- what it does ------------------------------------------------------------------------------------------------------

    def _apply(self, effects: list[Effect]) -> None:
        for effect in effects:
            if not self.alive:
                return
            match effect:
                case TellControl(message):
                    self._say("centre", message)
                case TellPeer(site, message):
                    if site != self.name:
                        self._tell_whereabouts(site, message)
                        self._say(site, message)
                case TellInstance(_, message):
                    data = codec.encode_for_instance(message)
                    self.net.say(self.name, self.instance.name, type(message).__name__, data, key_of(message))
                case SetFlow():
                    self._deliver(self.flows.set(effect))
                    self.world.judge.flow_set(self.name, effect.key, self.flows.entries)
                case ClearFlow():
                    self.flows.clear(effect)
                    self.known.cleared(effect.key)

    def _tell_whereabouts(self, site: str, message: Message) -> None:
        if isinstance(message, FinalDelta):
            told = self.known.to_tell(message.order.key, message.order.generation)
            if told is not None:
                self._say(site, told)

    def _say(self, target: str, message: Message) -> None:
        self.net.say(self.name, target, type(message).__name__, codec.encode(message), key_of(message))

    def _wake(self) -> None:
        self._apply(self.agent.wake(self.world.now))
        self.after(AGENT_WAKES, self._wake)

    def _report(self) -> None:
        instances = tuple(self.agent.instances.values())
        here, clients = len(self.agent.places), self.flows.clients()
        report = SiteReport(self.site, 0.1, here, instances, {}, self.world.now, clients=clients)
        self._say("centre", report)
        self.after(REPORTS, self._report)

    def _redial(self) -> None:
        self.net.redial(self.name)
        self.after(REDIAL, self._redial)

    # --- packets -----------------------------------------------------------------------------------------------------------

    def direct(self, key: int, datagram: bytes, ue: int = 0, service: Endpoint | None = None) -> None:
        """From the user plane: a session's INPUT. ``service``: the site's own address, of a client that sent to it."""
        if not self.alive:
            return
        if service is not None:
            self.known.heard(key, ue, service)
        deliveries, generation = self.flows.direct(key, datagram, self.world.now)
        self._deliver(deliveries)
        self._tell_arrivals()
        if generation:
            place = self.agent.places.get(key)  # type: ignore[call-overload]
            if place is not None:
                seen = UplinkSeen(self.site, place.status.session, generation, self.world.now)
                self._apply(self.agent.handle(seen, self.world.now))

    def _tell_arrivals(self) -> None:
        arrived, self.flows.arrived = self.flows.arrived, []
        for key, generation, writer in arrived:
            known = self.known.at.get(key)
            if known is not None:
                at, now = Address("{}:{}".format(*known[1])), self.world.now
                self._say("centre", ClientHeard(self.site, SessionKey(key), generation, at, writer, now))

    def towards(self, key: int, datagram: bytes) -> None:
        """A word of the gateway's own to a client who is led by itself, if it is known where that is."""
        known = self.known.at.get(key)
        if known is not None:
            self.world.access.towards(self.name, *known, datagram)

    def forwarded(self, packet: bytes) -> None:
        """From another gateway."""
        if self.alive:
            self._deliver(self.flows.uplink(packet))

    def downlink(self, packet: bytes) -> None:
        """From the instance, to the client."""
        key = self.flows.downlink(packet) if self.alive else None
        if key is None:
            return
        if key in self.known.at:
            self.towards(key, packet[wire.ENVELOPE_BYTES :])
        else:
            self.world.access.downlink(self.name, packet)

    def _deliver(self, deliveries: list[tuple[str, str, bytes]]) -> None:
        for kind, name, packet in deliveries:
            if kind == "peer":
                peer = self.world.sites[name]
                self.net.packet(self.name, name, 3 * MS, peer.forwarded, packet)
            else:
                self.world.at(self.world.now + 100_000, self.instance, None, self.instance.packet, (packet,))
