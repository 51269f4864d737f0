"""The access network of the simulated world: cells, radio, and the user plane by `routes.py`."""

from __future__ import annotations

from msgspec.structs import replace

from fedge.core.messages import (
    AccessHello,
    Cell,
    CellChanged,
    HandoverPredicted,
    Message,
    UeSighting,
    UesSighted,
)
from fedge.core.model import MS, CellId, SiteId, UeId
from fedge.simulation.faults import SITES
from fedge.simulation.world.node import REDIAL, Node
from fedge.simulation.world.ports import Player, Surroundings
from fedge.simulation.world.redirect import ACCESS, SITE_AT
from fedge.simulation.world.routes import RouteTable
from fedge.wire import codec
from fedge_sdk import wire
from fedge_sdk.way import Endpoint

NEAR_MS, FAR_MS = 4.0, 24.0
SIGHTINGS = 250 * MS


class Access(Node):
    """Cells, user plane and radio. Cell ``x3`` is next to site ``s3``."""

    def __init__(self, world: Surroundings) -> None:
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
        self, ue: int, client: Player, site: str, datagram: bytes, service: Endpoint | None = None
    ) -> None:
        now = self.world.now
        if self.alive and now >= max(self.gap_until[ue], client.paused_until):
            client.hear(site, datagram, service)

    def _delay(self, ue: int, site: str) -> int:
        near = SITES[self.cell_of[ue]] == site
        return int((NEAR_MS if near else FAR_MS) / 2 * MS)
