"""A whole federation in one process under a virtual clock: the real pure cores, wired as the programs wire them.

One control plane with its journal, three sites (agent, gateway, instance, disk), the user plane and its players. Everything that
happens follows from the ``Plan``, so a seed that fails fails again. Neighbours: `simulation/faults.py` says what goes wrong,
`judge.py` holds what came of it against ``docs/invariants.md``; the programs know each other by `ports.py` alone.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from fedge.core.control.events.moves import AskedMove
from fedge.core.control.events.sites import AskedDrain
from fedge.core.model import MS, SECOND, SiteId
from fedge.simulation.faults import SITES, Plan, Weather
from fedge.simulation.world.access import Access
from fedge.simulation.world.centre import Centre
from fedge.simulation.world.client import Client
from fedge.simulation.world.clock import BEGINS, Clock
from fedge.simulation.world.judge import Judge
from fedge.simulation.world.network import Network, Treatment
from fedge.simulation.world.node import Node
from fedge.simulation.world.ports import Flows
from fedge.simulation.world.site import SiteNode
from fedge.simulation.world.striking import Strikes

WARM_UP = 1500 * MS
SETTLE_WITHIN = 20 * SECOND


class World(Clock):
    """``run`` plays the plan to its end and answers what the judge found wrong: nothing, if all is well."""

    def __init__(self, plan: Plan, flows: Callable[[], Flows], tracing: bool = False) -> None:
        super().__init__()
        self.plan, self.tracing = plan, tracing
        self.rng = Random(f"world/{plan.seed}")
        self.faulty, self.weather = False, Weather()
        self.net = Network(self, self._struck)
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
        waiting = [fault for fault in plan.faults if fault.moment]
        self._strikes = Strikes(self, self.net, self.nodes, self.sites, self.clients, waiting)

    # --- the story ---------------------------------------------------------------------------------------------------------

    def run(self) -> list[str]:
        """What is wrong, in sentences that begin with the number of the invariant."""
        self._begin()
        self.until(BEGINS + WARM_UP)
        self._let_things_go_wrong()
        self.until(self.now + self.plan.faults_ms * MS)
        self._mend()
        mended_at = self.now
        settled = self.until(self.now + SETTLE_WITHIN, self.judge.settled)
        self.judge.settled_after = self.now - mended_at
        if settled:
            self.until(self.now + 300 * MS)
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
                self.at(self.now + fault.at_ms * MS, None, None, self._strikes.at_its_time, (fault,))
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
            self.go_on(node)
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

    # --- for its programs --------------------------------------------------------------------------------------------------

    def _struck(self, name: str, count: int, source: str, target: str, key: int) -> Treatment:
        return self._strikes.at_a_message(name, count, source, target, key)

    def kill(self, name: str, back_after: int) -> None:
        self._strikes.kill(name, back_after)

    # --- for people --------------------------------------------------------------------------------------------------------

    def told(self, sentence: str) -> None:
        if self.tracing:
            self.net.trace.append(f"{self.ms():10.2f} * {sentence}")
