"""The access network and the players of the simulated world: the user plane's real route table, and real client sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from fedge.core.control.events.sessions import AskedAttach, AskedClose
from fedge.core.messages import (
    AccessHello,
    Cell,
    CellChanged,
    HandoverPredicted,
    Message,
    UeSighting,
    UesSighted,
)
from fedge.core.model import MS, SECOND, AppId, CellId, SessionId, SessionKey, SiteId, UeId
from fedge.simulation.faults import SITES
from fedge.simulation.world_network import REDIAL, Node
from fedge.simulation.world_redirect import ACCESS, SITE_AT, endpoint
from fedge.simulation.world_routes import RouteTable
from fedge.wire import codec
from fedge_sdk import wire
from fedge_sdk.client import ClientSession
from fedge_sdk.way import Endpoint

if TYPE_CHECKING:
    from fedge.simulation.world import World

NEAR_MS, FAR_MS = 4.0, 24.0
SIGHTINGS = 250 * MS
PERIOD = SECOND // 60
SILENCE = 3 * SECOND
PATIENCE = 5 * SECOND


class Access(Node):
    """Cells, user plane and radio. Cell ``x3`` is next to site ``s3``."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "access")
        self._sites = {SiteId(name): n for n, name in enumerate(SITES)}
        self._ues = {UeId(f"ue-{n}"): n for n in range(world.plan.clients)}
        paths = {name: {SiteId(s): NEAR_MS if s == name else FAR_MS for s in SITES} for name in SITES}
        self.cells = tuple(
            Cell(CellId(f"x{name[1:]}"), "nr", 0.0, 0.0, 100.0, SiteId(name), paths[name]) for name in SITES
        )
        self._unsteered = frozenset(world.plan.unsteered)
        if self._unsteered:
            self.cells += tuple(
                replace(one, cell=CellId(f"y{one.cell[1:]}"), kind=ACCESS) for one in self.cells
            )
        self.cell_of = [n % len(SITES) for n in range(world.plan.clients)]
        self.gap_until = [0] * world.plan.clients
        self.routes = RouteTable(self._ues, self._sites)

    def started(self) -> None:
        self.routes = RouteTable(self._ues, self._sites)
        self.after(0, self._redial)
        self.after(SIGHTINGS, self._sight)

    def _redial(self) -> None:
        self.net.redial(self.name)
        self.after(REDIAL, self._redial)

    def greet(self, other: str) -> None:
        self._say(AccessHello(1.0, 1.0, self.cells, self.routes.statuses()))
        for ue in range(len(self.cell_of)):
            self._arrived(ue, None)

    def _sight(self) -> None:
        sightings = tuple(
            UeSighting(UeId(f"ue-{n}"), 0.0, 0.0, one.cell, one.kind, -80.0, 8.0)
            for n, cell in enumerate(self.cell_of)
            for one in (self._cell(n, cell),)
        )
        self._say(UesSighted(self.world.now, sightings))
        self.after(SIGHTINGS, self._sight)

    def hear(self, source: str, data: bytes) -> None:
        answer = self.routes.handle(codec.decode(data), self.world.now)
        self.world.judge.routes_seen(self.routes)
        if answer is not None:
            self._say(answer)

    def _say(self, message: Message) -> None:
        self.net.say(self.name, "centre", type(message).__name__, codec.encode(message))

    # --- handover ----------------------------------------------------------------------------------------------------------

    def hand_over(self, ue: int, cell: int, predicted: int) -> None:
        """A measurement report names ``predicted``; 60 ms later the UE is silent for 40 ms, then it is in ``cell``."""
        if self.alive:
            self._say(HandoverPredicted(UeId(f"ue-{ue}"), self._cell(ue, predicted).cell, self.world.now))
            self.after(60 * MS, self._silence, ue)
            self.after(100 * MS, self._attach, ue, cell)

    def _silence(self, ue: int) -> None:
        self.gap_until[ue] = self.world.now + 40 * MS

    def _attach(self, ue: int, cell: int) -> None:
        before, self.cell_of[ue] = self.cell_of[ue], cell
        self._arrived(ue, before)

    def _arrived(self, ue: int, before: int | None) -> None:
        cell, now = self._cell(ue, self.cell_of[ue]), self.world.now
        previous = None if before is None else self._cell(ue, before).cell
        self._say(CellChanged(UeId(f"ue-{ue}"), cell.cell, previous, cell.kind, 8.0, 40.0, now))

    def _cell(self, ue: int, site: int) -> Cell:
        """The cell next to a site in which this UE is there: of its own kind of access."""
        return self.cells[site + len(SITES) * (ue in self._unsteered)]

    # --- packets -----------------------------------------------------------------------------------------------------------

    def uplink(self, ue: int, datagram: bytes) -> None:
        """From a client: to the gateway of the session's active route."""
        route = self.routes.by_key.get(int.from_bytes(datagram[1:9], "big"))
        if not self.alive or self.world.now < self.gap_until[ue] or route is None or route.gateway is None:
            return
        site = SITES[route.site]
        direct = self.world.sites[site].direct
        self.net.packet("access", site, self._delay(ue, site), direct, route.key, datagram)

    def uplink_to(self, ue: int, service: Endpoint, datagram: bytes) -> None:
        """From a client whom the core does not steer: an address leads where plain IP routing has it, or nowhere."""
        site = SITE_AT.get(service)
        if not self.alive or self.world.now < self.gap_until[ue] or site is None:
            return
        key, direct = int.from_bytes(datagram[1:9], "big"), self.world.sites[site].direct
        self.net.packet("access", site, self._delay(ue, site), direct, key, datagram, ue, service)

    def towards(self, site: str, ue: int, service: Endpoint, datagram: bytes) -> None:
        """From a gateway to such a client, from the address that it sends to."""
        weather, rng = self.world.weather, self.world.rng
        lost = {wire.FENCE: weather.fence_lost, wire.REDIRECT: weather.redirect_lost}.get(datagram[0], 0.0)
        if lost and rng.random() < lost:
            return
        client, delay = self.world.clients[ue], self._delay(ue, site)
        self.net.packet(site, "access", delay, self._to_client, ue, client, site, datagram, service)

    def downlink(self, site: str, packet: bytes) -> None:
        """From a gateway, any gateway: to the client whose session it is."""
        route = self.routes.by_key.get(int.from_bytes(packet[2:10], "big"))
        if route is None:
            return
        fence = packet[wire.ENVELOPE_BYTES] == wire.FENCE
        if fence and self.world.rng.random() < self.world.weather.fence_lost:
            return
        datagram, client = packet[wire.ENVELOPE_BYTES :], self.world.clients[route.ue]
        delay = self._delay(route.ue, site)
        self.net.packet(site, "access", delay, self._to_client, route.ue, client, site, datagram)

    def _to_client(
        self, ue: int, client: Client, site: str, datagram: bytes, service: Endpoint | None = None
    ) -> None:
        now = self.world.now
        if self.alive and now >= max(self.gap_until[ue], client.paused_until):
            client.hear(site, datagram, service)

    def _delay(self, ue: int, site: str) -> int:
        near = SITES[self.cell_of[ue]] == site
        return int((NEAR_MS if near else FAR_MS) / 2 * MS)


class Client(Node):
    """A player and its device, as ``simulation.player`` and ``simulation.players`` play it, without a socket."""

    def __init__(self, world: World, ue: int) -> None:
        super().__init__(world, f"c{ue}")
        self.ue, self.ue_id = ue, UeId(f"ue-{ue}")
        self.session: ClientSession | None = None
        self.site_id: SessionId | None = None
        self.heard_at = 0
        self.acked_at = self.longest_silence = 0
        self.attaching = False
        self.unsteered = ue in world.plan.unsteered
        self._asked_at = 0
        self._question = 0

    def started(self) -> None:
        self.after(0, self._play)
        self.attach()

    def forget(self) -> None:
        """The device restarts: the session's memory is gone, and the player attaches again."""
        self.session, self.life, self.attaching = None, self.life + 1, False
        self.after(self.world.rng.randrange(MS, 400 * MS), self._again)

    def leave(self, back_after: int) -> None:
        """End the session, and come back later without memory."""
        if self.site_id is not None:
            session = self.site_id
            self.world.judge.closed(self.session.key if self.session else 0)
            self.world.centre.ask(lambda request: AskedClose(request, session), lambda status, body: None)
        self.session, self.life, self.attaching = None, self.life + 1, False
        self.after(back_after, self._again)

    def _again(self) -> None:
        self.after(0, self._play)
        self.attach()

    # --- discovery ---------------------------------------------------------------------------------------------------------

    def attach(self) -> None:
        if self.attaching:
            return
        self.attaching = True
        self._ask()

    def _ask(self) -> None:
        world = self.world
        self._question += 1
        question, key = self._question, SessionKey(world.rng.getrandbits(63) or 1)

        def answered(status: int, body: dict[str, Any]) -> None:
            self.after(world.rng.randrange(MS, 4 * MS), self._answered, question, status, body)

        def ask() -> None:
            world.centre.ask(lambda request: AskedAttach(request, AppId("ledger"), self.ue_id, key), answered)

        self.after(world.rng.randrange(MS, 4 * MS), ask)
        self.after(PATIENCE, self._no_answer, question)

    def _no_answer(self, question: int) -> None:
        if self.attaching and question == self._question:
            self._ask()

    def _answered(self, question: int, status: int, body: dict[str, Any]) -> None:
        if question != self._question or not self.attaching:
            return
        self._question += 1
        if status != 200:
            self.world.told(f"{self.name} attaches: {status} {body}")
            self.after(100 * MS, self._ask)
            return
        self.attaching = False
        key, floor, fresh = int(body["key"], 16), body["epoch_floor"], body["fresh"]
        session = self.session
        if session is None or session.key != key or (fresh and session.acked_seq):
            life = body.get("life", 1)
            self.session = ClientSession(key, floor, fresh, life, self.world.plan.believe_all)
            self.world.told(f"{self.name} has session {key:x} from epoch {floor}, fresh: {fresh}")
        else:
            session.raise_floor(floor)
        if self.unsteered and self.session is not None:
            self.session.way.attached(endpoint(body["service"]), map(endpoint, body["services"]))
        self.site_id = SessionId(body["session"])
        self.heard_at = self.world.now

    # --- play --------------------------------------------------------------------------------------------------------------

    def _play(self) -> None:
        session, world = self.session, self.world
        if session is not None:
            if session.synced:
                data = world.rng.randbytes(world.rng.randrange(2, 9))
                world.judge.pushed(session.key, session.push(data), data)
            ways = session.way.destinations(world.now) if self.unsteered else (None,)
            radio = world.rng.randrange(2 * MS, 6 * MS)
            for service in ways:
                world.at(world.now + radio, self, None, self._out, (session.datagram(), service))
            if world.now - self.heard_at > SILENCE:
                self.attach()
        self.after(PERIOD, self._play)

    def _out(self, datagram: bytes, service: Endpoint | None) -> None:
        if self.world.rng.random() < self.world.weather.packet_lost:
            return
        if service is None:
            self.world.access.uplink(self.ue, datagram)
        else:
            self.world.access.uplink_to(self.ue, service, datagram)

    def hear(self, source: str, datagram: bytes, service: Endpoint | None = None) -> None:
        session = self.session
        if session is None or int.from_bytes(datagram[1:9], "big") != session.key:
            return
        last = session.last_tick
        verdict = session.receive(datagram, service, self.world.now)
        if verdict.accepted:
            self.heard_at = self.world.now
        self.world.judge.heard(self, source, verdict)
        if verdict.accepted and session.last_tick > last:
            self.longest_silence = max(
                self.longest_silence, self.world.now - (self.acked_at or self.world.now)
            )
            self.acked_at = self.world.now
