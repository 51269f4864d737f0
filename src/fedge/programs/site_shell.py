"""Around the pure ``SiteAgent``: what it hears, and how its effects are carried out. Wiring only.

A link to the control plane, the lines to peers and instances (``site_lines``), the gateway's sockets, whatever runs the
instances (``site_instances``), and games without the SDK (``site_plain``). ``site_agent`` is the program.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

import msgspec
import structlog

from fedge.adapters.embedded import addresses
from fedge.adapters.embedded.link import Dialled, Join, Line, dial, listen
from fedge.core.messages import (
    AskInventory,
    ClientHeard,
    ExpectClient,
    FinalDelta,
    InstanceHello,
    InstanceStatus,
    LeadPlain,
    Message,
    MoveOrder,
    RedirectClient,
    RunInstances,
    SiteHello,
    SiteReport,
    UeAt,
    UplinkSeen,
)
from fedge.core.model import Address, SessionKey, SiteId
from fedge.core.site import SiteAgent, SiteSettings
from fedge.core.transfer import ClearFlow, Effect, SetFlow, TellControl, TellInstance, TellPeer
from fedge.dataplane.backhaul import Backhaul
from fedge.dataplane.gateway import Gateway
from fedge.programs.site_config import SiteConfig
from fedge.programs.site_held import Held
from fedge.programs.site_instances import instances_of
from fedge.programs.site_lines import InstanceLines, Peer
from fedge.programs.site_plain import PlainGames

log = structlog.get_logger("agent")
WAKE_S = 0.02
REPORT_S = 0.5
LOOK_FOR_IDLE_S = 30.0


class SiteShell:
    """Runs the agent's effects and feeds it events."""

    def __init__(self, config: SiteConfig) -> None:
        self.config, self.site, self.folder = config, config.site, config.folder
        self.now = config.now
        self.agent = SiteAgent(SiteSettings(self.site, fencing=config.fencing))
        self.lines = InstanceLines(config.instance_token, self.on_instance)
        self.peers: dict[SiteId, Peer] = {}
        self._held = Held(self.site)
        self._redirected: dict[SessionKey, RedirectClient] = {}
        self._rng = random.Random(f"backhaul/{config.seed}/{self.site}")
        self.control: Dialled | None = None
        self.instances = instances_of(
            config, self.agent, self.apply, lambda app, name: self.plain.instance(app, name)
        )
        self.gateway = Gateway(
            config.bind_gateway,
            config.bind_inside,
            config.bind_between,
            config.upf,
            self._forward,
            self._heard,
            self._arrived,
            self.folder / "gateway.jsonl",
            config.n6_interface,
            config.tcp_host,
            config.door_host,
        )
        apps = self.gateway.n6.apps
        self.plain = PlainGames(self.gateway, self.instances, lambda app: app in apps.values())

    async def start(self) -> None:
        config = self.config
        self.gateway.start(asyncio.get_running_loop())
        driver, why = self.gateway.chosen
        log.info("plain UDP is forwarded", driver=driver, why=why)
        await listen(config.bind_peer, config.token, self._accept_peer)
        await self.lines.listen(config.bind_agent)
        for neighbour in config.neighbours:
            backhaul = Backhaul(neighbour.rtt_ms / 2000, self._rng) if config.emulated else None
            self.peers[neighbour.site] = Peer.dialled(neighbour, config.token, self.site, backhaul)
            if backhaul is not None:
                self.gateway.wires[neighbour.between[0]] = backhaul
        self.gateway.peers = {each.between for each in config.neighbours} if config.emulated else None
        self._remembered()
        self.control = dial(
            config.control,
            config.token,
            role="site",
            name=self.site,
            greet=self._hello,
            receive=self.on_message,
        )

    def _accept_peer(self, join: Join, line: Line) -> Callable[[Message], None]:
        return self.on_message

    def _hello(self) -> SiteHello:
        config, held = self.config, self.agent.inventory()
        return SiteHello(self.site, config.gateway, config.peer, held, self._instances())

    def _instances(self) -> tuple[InstanceStatus, ...]:
        return (*self.agent.instances.values(), *self.plain.statuses())

    # --- events ------------------------------------------------------------------------------------------------------------

    def on_message(self, message: Message) -> None:
        if isinstance(message, AskInventory) and self.control is not None:
            self.control.send(self._hello())
        if isinstance(message, RunInstances):
            self.gateway.use_rules(message.app, message.rules)
            self._wanted(message)
            self.plain.wanted(message)
        if isinstance(message, LeadPlain):
            self.plain.led(message)
            return
        if isinstance(message, UeAt):
            self.gateway.n6.teach(
                message.key, addresses.endpoint(message.ue), addresses.endpoint(message.service)
            )
            return
        if isinstance(message, ExpectClient):
            self.gateway.table.expect(message.key)
            return
        if isinstance(message, RedirectClient):
            self._redirect(message)
            return
        self.apply(self.agent.handle(message, self.now()))

    def _redirect(self, message: RedirectClient) -> None:
        if message.key in self.gateway.table.entries:
            self._redirected[message.key] = message
            self.gateway.redirect(message.key, message.number, addresses.endpoint(message.service))

    def on_instance(self, message: Message) -> None:
        if isinstance(message, InstanceHello):
            self.gateway.instance_up(message.instance, message.app, addresses.endpoint(message.packets))
            self.plain.left(message.app)
            self.apply(self.agent.handle(message, self.now()))
            if self.control is not None:
                self.control.send(self._hello())
            return
        self.apply(self.agent.handle(message, self.now()))

    def _heard(self, key: int, generation: int) -> None:
        place = self.agent.places.get(key)  # type: ignore[call-overload]
        if place is not None:
            seen = UplinkSeen(self.site, place.status.session, generation, self.now())
            self.apply(self.agent.handle(seen, self.now()))

    def _arrived(self, key: int, generation: int, writer: bool, service: tuple[str, int]) -> None:
        if self.control is not None:
            sent_to, now = Address("{}:{}".format(*service)), self.now()
            self.control.send(ClientHeard(self.site, SessionKey(key), generation, sent_to, writer, now))

    # --- effects -----------------------------------------------------------------------------------------------------------

    def apply(self, effects: list[Effect]) -> None:
        for effect in effects:
            if not self._held.holds(effect):
                self._do(effect)

    def _do(self, effect: Effect) -> None:
        match effect:
            case TellControl(message):
                if self.control is not None:
                    self.control.send(message)
            case TellPeer(site, message):
                if site in self.peers:
                    if isinstance(message, FinalDelta):
                        self._tell_whereabouts(self.peers[site], message.order)
                    self.peers[site].send(message)
            case TellInstance(instance, message):
                self.lines.send(instance, message)
            case SetFlow() | ClearFlow():
                self.gateway.apply(effect)
                if effect.key not in self.gateway.table.entries:
                    self._redirected.pop(effect.key, None)

    def _tell_whereabouts(self, peer: Peer, order: MoveOrder) -> None:
        """The target's gateway shall know where the UE is before its packets arrive there, and which address it will send to."""
        known = self.gateway.n6.whereabouts(order.key)
        if known is not None:
            ue, service = (Address(f"{host}:{port}") for host, port in known)
            told = self._redirected.get(order.key)
            redirected = told is not None and told.generation == order.generation
            peer.send(UeAt(order.key, ue, told.service if told is not None and redirected else service))

    def _forward(self, site: str, packet: bytes) -> None:
        peer = self.peers.get(SiteId(site))
        if peer is not None:
            peer.forward(packet, self.gateway.send_between)

    # --- instances ---------------------------------------------------------------------------------------------------------

    def _wanted(self, template: RunInstances) -> None:
        folder = self.folder / "wanted"
        folder.mkdir(exist_ok=True)
        (folder / template.app).write_bytes(msgspec.msgpack.encode(template))
        self.instances.wanted(template)

    def _remembered(self) -> None:
        """What was wanted before this agent started: a site goes on without the centre."""
        for path in sorted((self.folder / "wanted").glob("*")):
            self.on_message(msgspec.msgpack.decode(path.read_bytes(), type=RunInstances))

    # --- time --------------------------------------------------------------------------------------------------------------

    async def wake(self) -> None:
        while True:
            await asyncio.sleep(WAKE_S)
            self._held.cut(self.peers)
            self.apply(self.agent.wake(self.now()))
            for effect in self._held.released():
                self._do(effect)

    async def report(self) -> None:
        loop = asyncio.get_running_loop()
        idle_at = loop.time() + LOOK_FOR_IDLE_S
        while True:
            await asyncio.sleep(REPORT_S)
            self.gateway.welcome()
            self.gateway.instances_left(self.agent.instances)
            if loop.time() >= idle_at:
                self.gateway.end_idle(loop.time())
                idle_at = loop.time() + LOOK_FOR_IDLE_S
            if self.control is not None:
                loads = self.agent.load.values()
                load = max(loads, default=0.0)
                now = self.now()
                counts = dict(self.gateway.counts)
                held, driver = len(self.agent.places), self.gateway.chosen[0]
                plain, clients = (
                    self.plain.report(),
                    self.gateway.table.clients(now - time.monotonic_ns()),
                )
                report = SiteReport(
                    self.site, load, held, self._instances(), counts, now, driver, plain, clients
                )
                self.control.send(report)
