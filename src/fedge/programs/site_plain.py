"""A site's applications without the SDK: which instances are ready, what the gateway does for them, what the centre hears.

Nobody says hello here. A TCP instance is ready once its port takes a connection, a UDP instance once it has lived for a while
without speaking the SDK's contract. The pure agent (`core/site`) knows sessions only, and none of this.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from fedge.adapters.embedded import addresses
from fedge.core.applications.traffic_rules import served
from fedge.core.messages import InstanceStatus, LeadPlain, PlainReport, RunInstances, TrafficRule
from fedge.core.model import Address, AppId, InstanceId
from fedge.dataplane.away import HERE, Away
from fedge.dataplane.gateway import Gateway
from fedge.ports import Endpoint
from fedge.programs.site_instances import Instances
from fedge.programs.site_processes import Started

log = structlog.get_logger("agent")
LOOK_S = 0.2
CONNECTS_WITHIN_S = 0.5
SILENT_FOR_S = 3.0
"""A UDP instance that has not spoken the SDK's contract by then will not: its first words are its hello."""
MOST_HOSTS = 1000
"""So many clients of an application are named to the centre at a time; where there are more, others the next time."""


class PlainGame:
    """One application here. ``alive``: each process and when it was first seen; ``answers``: whose port took a connection."""

    def __init__(self, app: AppId) -> None:
        self.template, self.lead, self.away = RunInstances(app, 0, "", ()), LeadPlain(app), HERE
        self.alive: dict[InstanceId, tuple[int, float]] = {}
        self.answers: dict[InstanceId, int] = {}
        self.restarts: Counter[InstanceId] = Counter()
        self.told: tuple[Any, ...] = ()
        self._named_last = ""

    def next_named(self, hosts: list[str]) -> tuple[str, ...]:
        """At most ``MOST_HOSTS`` of these, in their order: those that follow whoever was named last, then from the beginning."""
        if len(hosts) <= MOST_HOSTS:
            return tuple(hosts)
        first = bisect_right(hosts, self._named_last)
        named = tuple((hosts[first:] + hosts[:first])[:MOST_HOSTS])
        self._named_last = named[-1]
        return named

    @property
    def rules(self) -> tuple[TrafficRule, ...]:
        return self.template.rules or self.lead.rules

    @property
    def tcp(self) -> bool:
        """Is it reached by TCP alone?"""
        return bool(served(self.rules, "TCP")) and not served(self.rules, "UDP")

    def led(self, order: LeadPlain) -> None:
        self.lead = order.onto(self.lead)
        door = addresses.endpoint(self.lead.elsewhere) if self.lead.elsewhere else None
        self.away = Away(door, {host: addresses.endpoint(each) for host, each in self.lead.ues.items()})

    def ends(self, started: Sequence[Started], now_s: float) -> tuple[Endpoint, ...]:
        """Who is given UEs: by TCP, whose port answers. An instance that is to end is given nobody new while another is there."""
        able = [one for one in started if one.life and (not self.tcp or self.ready(one, now_s))]
        return tuple(one.end for one in [one for one in able if not one.leaving] or able)

    def seen(self, started: Sequence[Started], now_s: float) -> None:
        """These are the instances, alive or not."""
        for one in started:
            before = self.alive.get(one.name)
            if before is not None and one.life != before[0]:
                self.restarts[one.name] += bool(before[0])
            if before is None or one.life != before[0]:
                self.alive[one.name] = one.life, now_s
        for name in self.alive.keys() - {one.name for one in started}:
            del self.alive[name]
            self.answers.pop(name, None)
            self.restarts.pop(name, None)

    def ready(self, one: Started, now_s: float) -> bool:
        if not one.life:
            return False
        if self.tcp:
            return self.answers.get(one.name) == one.life
        life, since_s = self.alive.get(one.name, (0, now_s))
        return life == one.life and now_s - since_s >= SILENT_FOR_S


class PlainGames:
    """``speaks``: has an instance of this application spoken the SDK's contract here?"""

    def __init__(self, gateway: Gateway, instances: Instances, speaks: Callable[[AppId], bool]) -> None:
        self._gateway, self._instances, self._speaks = gateway, instances, speaks
        self._games: dict[AppId, PlainGame] = {}

    # --- what is said ------------------------------------------------------------------------------------------------------

    def wanted(self, template: RunInstances) -> None:
        if template.schema or self._speaks(template.app):
            self.left(template.app)
            return
        self._games.setdefault(template.app, PlainGame(template.app)).template = template
        self._refresh(template.app)

    def led(self, order: LeadPlain) -> None:
        if not self._speaks(order.app):
            self._games.setdefault(order.app, PlainGame(order.app)).led(order)
            self._refresh(order.app)

    def left(self, app: AppId) -> None:
        """It speaks the SDK's contract after all, or names a state schema now."""
        if self._games.pop(app, None) is not None:
            self._gateway.serve_plain(app, (), ())

    # --- what is done ------------------------------------------------------------------------------------------------------

    async def look(self) -> None:
        """Until cancelled: find out who is there."""
        while True:
            await asyncio.sleep(LOOK_S)
            for app, game in tuple(self._games.items()):
                if game.tcp:
                    await asyncio.gather(*(self._probe(game, one) for one in self._wanted(game)))
                if self._games.get(app) is game:
                    self._refresh(app)

    async def _probe(self, game: PlainGame, one: Started) -> None:
        """A connection that is taken, once in the life of a process."""
        if not one.life or game.answers.get(one.name) == one.life:
            return
        with contextlib.suppress(OSError, TimeoutError):
            _, writer = await asyncio.wait_for(asyncio.open_connection(*one.end), CONNECTS_WITHIN_S)
            writer.close()
            game.answers[one.name] = one.life

    def _refresh(self, app: AppId) -> None:
        game, now_s = self._games[app], time.monotonic()
        started = self._wanted(game)
        game.seen(started, now_s)
        ends = game.ends(started, now_s)
        told = (game.rules, ends, game.away)
        if told == game.told and not (game.tcp and self._refused(game)):  # a port may have become free
            return
        game.told = told
        for other, address in sorted(self._gateway.serve_plain(app, *told)):
            log.warning("address is another plain application's", app=other, address=address)
        if not (game.template.replicas or game.lead.rules):
            del self._games[app]

    # --- what the centre hears ---------------------------------------------------------------------------------------------

    def statuses(self) -> tuple[InstanceStatus, ...]:
        now_s = time.monotonic()
        return tuple(
            self._status(game, one, now_s) for game in self._games.values() for one in self._wanted(game)
        )

    def _wanted(self, game: PlainGame) -> list[Started]:
        """Its instances, as long as the centre wants any here: a Pod may live a little longer, and is given nobody."""
        return self._instances.started(game.template) if game.template.replicas else []

    def instance(self, app: AppId, name: InstanceId) -> tuple[InstanceStatus, int] | None:
        """One instance, and its connections: UDP flows are led elsewhere and miss nothing. None: there is none of this name here,
        or its application has sessions.
        """
        game = self._games.get(app)
        if game is None:
            return None
        one = next((one for one in self._instances.started(game.template) if one.name == name), None)
        if one is None:
            return None
        return self._status(game, one, time.monotonic()), self._gateway.tcp.held(app)[one.end]

    def _status(self, game: PlainGame, one: Started, now_s: float) -> InstanceStatus:
        app, reason = game.template.app, self._refused(game)
        state = "failed" if reason or not one.life else "ready" if game.ready(one, now_s) else "starting"
        held = self._gateway.plain.held(app)[one.end] + self._gateway.tcp.held(app)[one.end]
        restarts = game.restarts[one.name]
        return InstanceStatus(
            one.name, app, state, held, game.template.capacity, restarts=restarts, reason=reason, plain=True
        )

    def _refused(self, game: PlainGame) -> str:
        """Whose address it asks for; empty: it has one, or nothing answers there yet."""
        app = game.template.app
        taken = [end for name, end in sorted(self._gateway.plain.refused) if name == app]
        if taken:
            return "its address {}:{} is {}'s at this site".format(
                *taken[0], self._gateway.plain.owner(taken[0])
            )
        ports = sorted({port for _, port in served(game.rules, "TCP")}) if game.told and game.told[1] else []
        refused = [(port, whose) for port in ports if (whose := self._gateway.tcp.refused(app, port))]
        return f"its TCP port {refused[0][0]} is {refused[0][1]} at this site" if refused else ""

    def report(self) -> dict[AppId, PlainReport]:
        reports = {}
        for app, game in self._games.items():
            plain, tcp = self._gateway.plain, self._gateway.tcp
            door = tcp.door(app) if game.tcp else plain.doors.get(app)
            hosts = [*plain.hosts(app), *tcp.clients(app)]
            held = plain.held(app) + tcp.held(app)
            open_now = sum(held[one.end] for one in self._instances.started(game.template))
            named = game.next_named(sorted(set(hosts)))
            at = Address("{}:{}".format(*door)) if door is not None else Address("")
            reports[app] = PlainReport(at, open_now, named)
        return reports
