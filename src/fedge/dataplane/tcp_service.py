"""TCP of applications without the SDK at one site: where clients connect, whom each new connection goes to, and the doors.

Clients connect to the site's own address, at the port of the application's Service: plain IP routing leads there from any access.
A *door* is the way in for other sites' gateways: what comes through it goes to an instance here and nowhere else, so that
connections cannot circle. Which connection goes where is decided once, when it begins (`away.py`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from fedge.core.applications.traffic_rules import forwards, matching, served
from fedge.core.messages import TrafficRule
from fedge.dataplane.away import HERE, Away
from fedge.dataplane.backhaul import WireTo, no_wire
from fedge.dataplane.tcp_relay import TcpRelay
from fedge.ports import Endpoint


class TcpGame:
    """One application: its relays by port, its door, and whoever has each connection."""

    def __init__(self, counts: Counter[str]) -> None:
        self.rules: tuple[TrafficRule, ...] = ()
        self.instances: Sequence[Endpoint] = ()
        self.away = HERE
        self.relays: dict[int, TcpRelay] = {}
        self.door: TcpRelay | None = None
        self._counts = counts

    @property
    def all(self) -> list[TcpRelay]:
        return [*self.relays.values(), *((self.door,) if self.door is not None else ())]

    def choose(self, port: int, client: Endpoint) -> Endpoint | None:
        """For a new connection of a client: an instance, another site's door, or nobody."""
        ends = [end for end in served(self.rules, "TCP") if end[1] == port]
        if not any(forwards(matching(self.rules, client, end, "TCP")) for end in ends):
            self._counts["no_rule"] += 1
            return None
        return self._emptiest(self.away.ends(client[0], self.instances))

    def inside(self) -> Endpoint | None:
        """For a connection that another site's gateway led here."""
        return self._emptiest(self.instances)

    def _emptiest(self, ends: Sequence[Endpoint]) -> Endpoint | None:
        return min(ends, key=lambda end: sum(relay.held[end] for relay in self.all), default=None)


class TcpApplications:
    """``host``: the site's own address. ``source``: what it connects to instances and doors from. ``door_host``: where it opens
    doors, empty: nowhere. ``admits``: is this address another site's gateway? ``wire``: the emulated one to it, over which what
    comes through a door takes its time.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        host: str,
        source: str,
        door_host: str,
        admits: Callable[[str], bool],
        counts: Counter[str],
        wire: WireTo = no_wire,
    ) -> None:
        self._loop, self._counts, self._admits, self._wire = loop, counts, admits, wire
        self._host, self._source, self._door_host = host, source, door_host
        self._games: dict[str, TcpGame] = {}

    def serve(
        self, app: str, rules: tuple[TrafficRule, ...], instances: Sequence[Endpoint], away: Away = HERE
    ) -> None:
        """These run now, under these rules; new connections go by ``away``. What is open stays as it is, unless no rule has its
        port any more.
        """
        game = self._games.setdefault(app, TcpGame(self._counts))
        game.rules, game.instances, game.away = rules, tuple(instances), away
        reachable = bool(instances) or away.elsewhere is not None or bool(away.ues)
        ports = {port for _, port in served(rules, "TCP")} if reachable else set()
        for port in game.relays.keys() - ports:
            game.relays.pop(port).close()
        for port in sorted(ports - game.relays.keys()):
            relay = self._opened((self._host, port), partial(game.choose, port))
            if relay is not None:
                game.relays[port] = relay
        if ports and instances and game.door is None and self._door_host:
            game.door = self._opened((self._door_host, 0), partial(self._through, game), self._wire)
        elif not ports and game.door is not None:
            game.door.close()
            game.door = None
        if not game.all:
            del self._games[app]

    def refused(self, app: str, port: int) -> str:
        """Who has this port here, if it is not this application; empty: it has it."""
        if app in self._games and port in self._games[app].relays:
            return ""
        other = next((name for name, game in self._games.items() if port in game.relays), None)
        return f"{other}'s" if other is not None else "another program's, or needs a privilege,"

    def door(self, app: str) -> Endpoint | None:
        game = self._games.get(app)
        return game.door.address if game is not None and game.door is not None else None

    def clients(self, app: str) -> list[str]:
        """The address that each open connection comes from; what came through the door is told by the gateway that led it."""
        game = self._games.get(app)
        return [host for relay in game.relays.values() for host, _ in relay.clients()] if game else []

    def held(self, app: str) -> Counter[Endpoint]:
        """Connections by whoever has them, those that came through the door among them."""
        game = self._games.get(app)
        return sum((relay.held for relay in game.all), Counter()) if game is not None else Counter()

    def close(self) -> None:
        for game in self._games.values():
            for relay in game.all:
                relay.close()
        self._games.clear()

    def _through(self, game: TcpGame, client: Endpoint) -> Endpoint | None:
        if self._admits(client[0]):
            return game.inside()
        self._counts["foreign"] += 1
        return None

    def _opened(
        self, address: Endpoint, choose: Callable[[Endpoint], Endpoint | None], wire: WireTo = no_wire
    ) -> TcpRelay | None:
        try:
            relay = TcpRelay(address, choose, self._source, self._counts, wire=wire)
        except OSError:  # a manifest may name any port, also one that is taken
            self._counts["relay_refused"] += 1
            return None
        relay.start(self._loop)
        return relay
