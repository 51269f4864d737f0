"""A site's agent and data gateway. Wiring only. Of an embedded run: ``python -m fedge.programs.site_agent SITE_INDEX``.

In a member cluster: ``python -m fedge.programs.site_agent``, told by its environment (``site_config.py``). Around the pure
``SiteAgent``: a link to the control plane, two lines to each peer, over the emulated backhaul in an embedded run, the instances'
control connections, the gateway's sockets, and whatever runs the instances (``site_instances.py``).
"""

from __future__ import annotations

import asyncio
import hmac
import os
import random
import signal
import sys
from collections.abc import Callable

import msgspec
import structlog

from fedge.adapters.embedded import addresses
from fedge.adapters.embedded.link import Dialled, Join, Line, dial, end_when_silent, listen
from fedge.core.messages import (
    Answer,
    AskInventory,
    ClientHeard,
    ExpectClient,
    FinalDelta,
    InstanceHello,
    InstanceStatus,
    LeadPlain,
    Message,
    MoveActivated,
    MoveOrder,
    RedirectClient,
    RunInstances,
    SiteHello,
    SiteReport,
    SourceReleased,
    StateRound,
    TargetWarmed,
    UeAt,
    UplinkSeen,
)
from fedge.core.model import Address, InstanceId, SessionKey, SiteId
from fedge.core.site import SiteAgent, SiteSettings
from fedge.core.transfer import ClearFlow, Effect, SetFlow, TellControl, TellInstance, TellPeer
from fedge.dataplane.backhaul import Backhaul
from fedge.dataplane.gateway import Gateway
from fedge.ports import Endpoint
from fedge.programs.site_config import Neighbour, SiteConfig, embedded_site, member_site
from fedge.programs.site_instances import instances_of
from fedge.programs.site_plain import PlainGames
from fedge.runtime.failpoints import Failpoints
from fedge.runtime.federation import BadFederation
from fedge.runtime.lifeline import end_with_supervisor
from fedge.runtime.precise_loop import pace_for, quiet_gc, run
from fedge.runtime.run import Run, log_to, log_to_stdout
from fedge.wire import codec

log = structlog.get_logger("agent")
WAKE_S = 0.02
REPORT_S = 0.5
LOOK_FOR_IDLE_S = 30.0
PLAYERS = 100
"""In a member cluster nobody says how many players there will be: the event loop is paced for so many."""

HELD_AT = {
    (TellControl, TargetWarmed): "WARMING",
    (TellPeer, StateRound): "COPYING",
    (TellPeer, FinalDelta): "FROZEN",
    (TellPeer, Answer): "ACTIVATED",
    (TellControl, MoveActivated): "ACTIVATED",
    (TellControl, UplinkSeen): "STEERED",
    (TellControl, SourceReleased): "RELEASED",
}
"""Which failpoint an effect passes: the state that the move cannot leave while it is held."""


class Peer:
    """Two lines to another site, so that prompt messages never queue behind bulk state, and forwarded packets.

    With an emulated backhaul each takes its time on the wire; on a real network they go straight away.
    """

    def __init__(
        self, neighbour: Neighbour, dialled: tuple[Dialled, Dialled], backhaul: Backhaul | None
    ) -> None:
        self.between = neighbour.between
        self.backhaul = backhaul
        prompt, bulk = dialled
        self._prompt, self._bulk = _sender(prompt, backhaul), _sender(bulk, backhaul)

    def send(self, message: Message) -> None:
        (self._bulk if isinstance(message, StateRound) else self._prompt)(message)

    def forward(self, packet: bytes, send: Callable[[bytes, Endpoint], None]) -> None:
        if self.backhaul is None:
            send(packet, self.between)
        elif not self.backhaul.cut:
            loop = asyncio.get_running_loop()
            loop.call_later(self.backhaul.delay_s(), send, packet, self.between)


def _sender(dialled: Dialled, backhaul: Backhaul | None) -> Callable[[Message], object]:
    if backhaul is None:
        return dialled.send
    wire = backhaul.line(lambda data: dialled.send(codec.decode(data)))
    return lambda message: wire.send(codec.encode(message))


class InstanceLine(asyncio.Protocol):
    """One instance's control connection (the SDK's framing). The first message must be a Join with its token."""

    def __init__(self, shell: SiteShell) -> None:
        self._shell = shell
        self._buffer = bytearray()
        self.name: InstanceId | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        end_when_silent(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            for header, body in codec.take_from_instance(self._buffer):
                if self.name is None:
                    if header.get("type") != "Join" or not self._shell.admits(header.get("token")):
                        raise codec.BadFrame("an instance without the token of instances")
                    self.name = InstanceId(str(header.get("instance")))
                    self._shell.lines[self.name] = self
                else:
                    self._shell.on_instance(codec.from_instance(header, body))
        except codec.BadFrame as error:
            log.warning("closed an instance's line", instance=self.name, error=str(error))
            if self.transport is not None:
                self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.name is not None and self._shell.lines.get(self.name) is self:
            del self._shell.lines[self.name]


class SiteShell:
    """Runs the agent's effects and feeds it events."""

    def __init__(self, config: SiteConfig) -> None:
        self.config, self.site, self.folder = config, config.site, config.folder
        self.now = config.now
        self.agent = SiteAgent(SiteSettings(self.site, fencing=config.fencing))
        self.lines: dict[InstanceId, InstanceLine] = {}
        self.peers: dict[SiteId, Peer] = {}
        self._failpoints = Failpoints()
        self._held: list[tuple[str, Effect]] = []
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
        )
        apps = self.gateway.n6.apps
        self.plain = PlainGames(self.gateway, self.instances, lambda app: app in apps.values())

    async def start(self) -> None:
        config = self.config
        loop = asyncio.get_running_loop()
        self.gateway.start(loop)
        driver, why = self.gateway.chosen
        log.info("plain UDP is forwarded", driver=driver, why=why)
        await listen(config.bind_peer, config.token, self._accept_peer)
        await loop.create_server(lambda: InstanceLine(self), *config.bind_agent)
        for neighbour in config.neighbours:
            prompt, bulk = (
                dial(
                    neighbour.peer,
                    config.token,
                    role=role,
                    name=self.site,
                    greet=lambda: None,
                    receive=lambda m: None,
                )
                for role in ("peer", "bulk")
            )
            backhaul = Backhaul(neighbour.rtt_ms / 2000, self._rng) if config.emulated else None
            self.peers[neighbour.site] = Peer(neighbour, (prompt, bulk), backhaul)
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

    def admits(self, token: object) -> bool:
        """Is this what an instance of this site has to say?"""
        return isinstance(token, str) and hmac.compare_digest(
            token.encode(), self.config.instance_token.encode()
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
            if self._failpoints.active and isinstance(effect, TellControl | TellPeer):
                point = HELD_AT.get((type(effect), type(effect.message)))
                if point is not None and (
                    self._failpoints.holds(point) or any(p == point for p, _ in self._held)
                ):
                    self._held.append((point, effect))
                    continue
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
                line = self.lines.get(instance)
                if line is not None and line.transport is not None:
                    line.transport.write(codec.encode_for_instance(message))
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
            if self._failpoints.active:
                for site, peer in self.peers.items():
                    if peer.backhaul is not None:
                        peer.backhaul.cut = self._failpoints.cut(self.site, site)
            self.apply(self.agent.wake(self.now()))
            if self._held:
                held, self._held = self._held, []
                for point, effect in held:
                    if self._failpoints.holds(point):
                        self._held.append((point, effect))
                    else:
                        self._do(effect)

    async def report(self) -> None:
        loop = asyncio.get_running_loop()
        idle_at = loop.time() + LOOK_FOR_IDLE_S
        while True:
            await asyncio.sleep(REPORT_S)
            self.gateway.welcome()
            if loop.time() >= idle_at:
                self.gateway.end_idle(loop.time())
                idle_at = loop.time() + LOOK_FOR_IDLE_S
            if self.control is not None:
                loads = self.agent.load.values()
                load = max(loads, default=0.0)
                now = self.now()
                counts = dict(self.gateway.counts)
                held, driver = len(self.agent.places), self.gateway.chosen[0]
                report = SiteReport(
                    self.site, load, held, self._instances(), counts, now, driver, self.plain.report()
                )
                self.control.send(report)


async def serve(config: SiteConfig) -> None:
    """Run until SIGTERM, or until the supervisor is gone."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    end_with_supervisor(loop, stopping.set)
    shell = SiteShell(config)
    await shell.start()
    tasks = [
        loop.create_task(one)
        for one in (shell.wake(), shell.report(), shell.plain.look(), *shell.instances.jobs())
    ]
    quiet_gc(loop)
    log.info("site agent is up", site=shell.site, pid=os.getpid())
    waiting = loop.create_task(stopping.wait())
    done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    shell.instances.stop()
    for task in done:
        if task is not waiting:
            task.result()


def main() -> None:
    if len(sys.argv) > 1:
        this = Run()
        config = embedded_site(this, int(sys.argv[1]))
        log_to(this.folder, f"agent-{config.site}")
        run(serve(config), pace_for(this.config.players))
        return
    try:
        config = member_site(os.environ)
    except BadFederation as error:
        raise SystemExit(f"site agent: {error}") from None
    log_to_stdout()
    run(serve(config), pace_for(PLAYERS))


if __name__ == "__main__":
    main()
