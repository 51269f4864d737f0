"""A whole federation in one process under a virtual clock: the real pure cores, wired as the programs wire them.

One control plane with its journal, three sites (agent, gateway, instance, disk), the user plane and its players. Everything that
happens follows from the ``Plan``, so a seed that fails fails again. Neighbours: ``faults`` says what goes wrong, ``world_judge``
holds what came of it against ``docs/invariants.md``, ``world_*`` are the programs.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from random import Random
from typing import Any

from fedge.core.control.events.moves import AskedMove
from fedge.core.control.events.sites import AskedDrain
from fedge.core.model import MS, SECOND, SiteId
from fedge.simulation.faults import SITES, Fault, Plan, Weather
from fedge.simulation.world_centre import Centre
from fedge.simulation.world_judge import Judge
from fedge.simulation.world_network import Network, Node
from fedge.simulation.world_players import Access, Client
from fedge.simulation.world_site import Flows, SiteNode
from fedge.wire import codec

BEGINS = 1000 * SECOND
WARM_UP = 1500 * MS
SETTLE_WITHIN = 20 * SECOND


class World:
    """``run`` plays the plan to its end and answers what the judge found wrong: nothing, if all is well."""

    def __init__(self, plan: Plan, flows: Callable[[], Flows], tracing: bool = False) -> None:
        self.plan, self.tracing = plan, tracing
        self.rng = Random(f"world/{plan.seed}")
        self.now = BEGINS
        self.faulty, self.weather = False, Weather()
        self._heap: list[
            tuple[int, int, Node | None, int | None, Callable[..., object], tuple[Any, ...]]
        ] = []
        self._order = 0
        self.net = Network(self)
        self.judge = Judge(self)
        self.centre = Centre(self)
        self.access = Access(self)
        self.sites = {
            name: SiteNode(self, name, schema, flows)
            for name, schema in zip(SITES, plan.schemas, strict=True)
        }
        self.clients = [Client(self, n) for n in range(plan.clients)]
        self.nodes: dict[str, Node] = {node.name: node for node in (self.centre, self.access, *self.clients)}
        for site in self.sites.values():
            self.nodes |= {site.name: site, site.instance.name: site.instance}
            self.net.line(site.instance.name, site.name)
            self.net.line(site.name, "centre")
            for other in SITES:
                if other != site.name:
                    self.net.line(site.name, other, both_ways=False)
        self.net.line("access", "centre")
        self._waiting = [fault for fault in plan.faults if fault.moment]

    # --- the clock ---------------------------------------------------------------------------------------------------------

    def at(
        self,
        instant: int,
        node: Node | None,
        life: int | None,
        act: Callable[..., object],
        args: tuple[Any, ...],
    ) -> None:
        """``act(*args)`` at an instant; for ``node``, if it lives (and, given a ``life``, still that one)."""
        self._order += 1
        heapq.heappush(self._heap, (instant, self._order, node, life, act, args))

    def soon(self, act: Callable[[], object]) -> None:
        self.at(self.now, None, None, act, ())

    def _until(self, end: int, enough: Callable[[], bool] = lambda: False) -> bool:
        heap, looked = self._heap, self.now
        while heap and heap[0][0] <= end:
            instant, _, node, life, act, args = heapq.heappop(heap)
            self.now = max(self.now, instant)
            if node is not None:
                if node.paused_until > self.now or node.backlog:
                    self._keep(node, life, act, args)
                    continue
                if life is not None and (not node.alive or node.life != life):
                    continue
            act(*args)
            if self.now - looked >= 100 * MS:
                looked = self.now
                if enough():
                    return True
        self.now = end
        return enough()

    def _keep(self, node: Node, life: int | None, act: Callable[..., object], args: tuple[Any, ...]) -> None:
        """For a paused node: in order, until it goes on."""
        if not node.backlog:
            self.at(max(self.now, node.paused_until), None, None, self._go_on, (node,))
        node.backlog.append((life, act, args))

    def _go_on(self, node: Node) -> None:
        if node.paused_until > self.now:
            self.at(node.paused_until, None, None, self._go_on, (node,))
            return
        backlog, node.backlog = node.backlog, []
        for life, act, args in backlog:
            if life is None or (node.alive and node.life == life):
                act(*args)

    def ms(self) -> float:
        return (self.now - BEGINS) / MS

    # --- the story ---------------------------------------------------------------------------------------------------------

    def run(self) -> list[str]:
        """What is wrong, in sentences that begin with the number of the invariant."""
        self._begin()
        self._until(BEGINS + WARM_UP)
        self._let_things_go_wrong()
        self._until(self.now + self.plan.faults_ms * MS)
        self._mend()
        mended_at = self.now
        settled = self._until(self.now + SETTLE_WITHIN, self.judge.settled)
        self.judge.settled_after = self.now - mended_at
        if settled:
            self._until(self.now + 300 * MS)
        return self.judge.verdict(settled)

    def _begin(self) -> None:
        for node in (self.centre, self.access, *self.sites.values()):
            node.start()
        for client in self.clients:
            self.at(self.now + 300 * MS + self.rng.randrange(400 * MS), client, None, client.start, ())

    def _let_things_go_wrong(self) -> None:
        self.faulty, self.weather = True, self.plan.weather
        for fault in self.plan.faults:
            if not fault.moment:
                self.at(self.now + fault.at_ms * MS, None, None, lambda f=fault: self._timed(f), ())
        self.at(self.now, None, None, self._wander, ())
        if self.plan.wishes:
            self.at(self.now + self.rng.randrange(SECOND), None, None, self._wish, ())

    def _mend(self) -> None:
        """The faults are over: whoever is dead comes back, whatever is cut is joined."""
        self.told("mended")
        self.faulty, self.weather = False, Weather()
        self.net.mend()
        for node in self.nodes.values():
            node.paused_until = 0
            self._go_on(node)
            if not node.alive and node.life:
                node.start()
        for site in SITES:
            self._drain(SiteId(site), undo=True)

    def _drain(self, site: SiteId, undo: bool) -> None:
        self.centre.ask(lambda request: AskedDrain(request, site, undo), lambda status, body: None)

    def _wander(self) -> None:
        """Players change cells; one prediction in five is wrong."""
        if not self.faulty:
            return
        rng = self.rng
        ue, cell = rng.randrange(len(self.clients)), rng.randrange(len(SITES))
        predicted = cell if rng.random() < 0.8 else rng.randrange(len(SITES))
        self.access.hand_over(ue, cell, predicted)
        wait = self.plan.handover_every_ms * MS
        self.at(self.now + wait // 2 + rng.randrange(wait), None, None, self._wander, ())

    def _wish(self) -> None:
        """People order a move, drain a site, leave the game."""
        if not self.faulty:
            return
        rng, client = self.rng, self.rng.choice(self.clients)
        match rng.randrange(5):
            case 0 | 1 if client.site_id is not None:
                move = (client.site_id, SiteId(rng.choice(SITES)))
                self.centre.ask(lambda request: AskedMove(request, *move), lambda status, body: None)
            case 2:
                site, undo = SiteId(rng.choice(SITES)), rng.random() < 0.6
                self.centre.ask(lambda request: AskedDrain(request, site, undo), lambda status, body: None)
            case 3:
                client.leave(rng.randrange(2 * SECOND))
            case _:
                self.centre.snapshot()
        self.at(self.now + rng.randrange(300 * MS, 2 * SECOND), None, None, self._wish, ())

    # --- for faults --------------------------------------------------------------------------------------------------------

    def waiting_faults(self, name: str, count: int) -> list[Fault]:
        """The faults whose moment has come."""
        struck = [fault for fault in self._waiting if fault.moment == name and count >= fault.count]
        for fault in struck:
            self._waiting.remove(fault)
        return struck

    def kill(self, name: str, back_after: int) -> None:
        node = self.nodes[name]
        if not node.alive:
            return
        node.crash()
        self.told(f"{name} is killed")
        self.at(self.now + back_after + self.rng.randrange(60 * MS), None, None, self._bring_back, (node,))

    def _bring_back(self, node: Node) -> None:
        if not node.alive:
            node.start()

    def client_of(self, key: int) -> Client:
        """The client that plays the session; else any."""
        for client in self.clients:
            if client.session is not None and client.session.key == key:
                return client
        return self.clients[0]

    def _timed(self, fault: Fault) -> None:
        self.told(f"fault: {fault}")
        duration = fault.for_ms * MS
        match fault.action:
            case "crash":
                self.kill(fault.who, duration)
                if fault.who in self.sites and fault.for_ms > 10_000:
                    self.kill(f"{fault.who}/i", duration)
            case "pause":
                self.nodes[fault.who].paused_until = self.now + duration
            case "forget":
                self.client_of(0).forget()
            case "cut from centre":
                self.net.cut(fault.who, "centre", duration)
            case "cut off":
                for other in self.nodes:
                    if other != fault.who and not other.endswith("/i"):
                        self.net.cut(fault.who, other, duration)

    # --- for people --------------------------------------------------------------------------------------------------------

    def told(self, sentence: str) -> None:
        if self.tracing:
            self.net.trace.append(f"{self.ms():10.2f} * {sentence}")

    def shown(self, data: bytes) -> str:
        """A message in one short line."""
        try:
            return str(codec.decode(data))[:300]
        except codec.BadFrame:
            return data[8:230].decode(errors="replace")
