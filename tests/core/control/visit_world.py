"""Three sites with an instance each of a game without the SDK, and gateways that hold what they were told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fedge.core.control import DECIDED, ControlPlane, ControlSettings, Effect, Propose, Reply, Story, ToSite
from fedge.core.control.events.objects import AskedApply
from fedge.core.control.events.sessions import AskedAttach
from fedge.core.messages import (
    AccessHello,
    Cell,
    CellChanged,
    InstanceStatus,
    LeadPlain,
    Message,
    PlainReport,
    SiteHello,
    SiteReport,
)
from fedge.core.model import MS, SECOND, Address, AppId, CellId, InstanceId, SessionKey, SiteId, UeId
from tests.core.applications.objects import changed, deployment, qos, service

APP, UE = AppId("nim"), UeId("ue-1")
SITES = NORTH, SOUTH, WEST = SiteId("north"), SiteId("south"), SiteId("west")
OWN = {site: Address(f"127.9.2.{at}:7777") for at, site in enumerate(SITES, start=1)}
DOORS = {site: Address(f"127.9.{9 + at}.1:4000{at}") for at, site in enumerate(SITES, start=1)}
HOST = "127.9.200.1"


SETTINGS = ControlSettings(
    default_service="127.9.1.1:7777",
    site_services=OWN,
    udp_ports=frozenset((7778,)),
    ue_addresses={UeId(f"ue-{number}"): f"127.9.200.{number}" for number in range(1, 9)},
)


def manifests(protocol: str = "TCP", port: int = 8765) -> tuple[dict[str, Any], ...]:
    told = changed(service("nim"), "spec/ports", [{"port": port, "protocol": protocol}])
    policy = qos("nim")
    policy["spec"] |= {"state": {"kind": "none", "maxSessionsPerInstance": 4}, "mobility": {"mode": "follow"}}
    policy["spec"]["targetRef"] = {"kind": "Deployment", "name": "nim"}
    return deployment("nim"), told, policy, placed_at()


def placed_at(*names: str) -> dict[str, Any]:
    """A policy with an instance at each of these sites; none named: at every site."""
    placement = {
        "clusterAffinity": {"clusterNames": list(names)},
        "replicaScheduling": {"replicaSchedulingType": "Duplicated"},
    }
    selects = [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "nim"}]
    return {
        "apiVersion": "policy.karmada.io/v1alpha1",
        "kind": "PropagationPolicy",
        "metadata": {"name": "nim"},
        "spec": {"resourceSelectors": selects, "placement": placement},
    }


class World:
    """Three sites, the near one north, with an instance each of a game that has no sessions; ``told`` is what gateways hold.

    Of what has neither an instance nor a rule there, a gateway holds nothing (`programs/site_plain.py`).
    """

    def __init__(self, protocol: str = "TCP", port: int = 8765) -> None:
        self.now = SECOND
        self.plane = ControlPlane(SETTINGS)
        self.told: dict[SiteId, LeadPlain] = {}
        self.orders: list[LeadPlain] = []
        self.replies: dict[int, Reply] = {}
        self.said: list[str] = []
        self.journal: list[tuple[int, Message]] = []
        self.say(AskedApply(1, manifests(protocol, port)))
        self.join()
        self.reports()
        self.wake(500)
        self.wake()

    def join(self) -> None:
        """Every agent and the access network say hello, and all UEs are near north."""
        for site in SITES:
            self.say(SiteHello(site, Address(f"{site}:6000"), Address(f"{site}:6002"), (), self.instance()))
        paths = {NORTH: 4.0, SOUTH: 14.0, WEST: 24.0}
        near_south = {NORTH: 24.0, SOUTH: 4.0, WEST: 24.0}
        cells = (
            Cell(CellId("x1"), "nr", 0, 0, 100, NORTH, paths),
            Cell(CellId("x2"), "nr", 0, 0, 100, SOUTH, near_south),
        )
        self.say(AccessHello(1.0, 1.0, cells, ()))
        for ue in SETTINGS.ue_addresses:
            self.say(CellChanged(ue, CellId("x1"), None, "nr", 8.0, 0.0, self.now))

    def restart(self) -> None:
        """The control plane dies and is started again: the journal is replayed, and agents say hello. Gateways hold on."""
        self.plane = self.replayed()
        self.join()

    def replayed(self) -> ControlPlane:
        plane = ControlPlane(SETTINGS)
        for at, event in self.journal:
            plane.handle(event, at)
        return plane

    def instance(self, state: str = "ready") -> tuple[InstanceStatus, ...]:
        return (InstanceStatus(InstanceId("nim-1"), APP, state, 0, 4, plain=True),)

    def reports(self, at: SiteId | None = None, hosts: Sequence[str] = (), open_now: int = 0) -> None:
        for site in SITES:
            here = (
                PlainReport(DOORS[site], open_now, tuple(hosts)) if site == at else PlainReport(DOORS[site])
            )
            self.say(SiteReport(site, 0.1, 0, self.instance(), {}, self.now, "userspace", {APP: here}))

    def say(self, event: Message) -> None:
        self._carry_out([Propose(event)])

    def wake(self, after_ms: int = 100, times: int = 1) -> None:
        for _ in range(times):
            self.now += after_ms * MS
            self._carry_out(self.plane.wake(self.now))

    def _carry_out(self, effects: list[Effect]) -> None:
        while effects:
            match effects.pop(0):
                case Propose(event):
                    if isinstance(event, DECIDED):
                        self.journal.append((self.now, event))
                    effects = self.plane.handle(event, self.now) + effects
                case ToSite(site, LeadPlain() as order):
                    self.orders.append(order)
                    held = order.onto(self.told.get(site, LeadPlain(order.app)))
                    here = site in self.plane.state.placed.get(order.app, {})
                    self.told[site] = held if here or held.rules else LeadPlain(order.app)
                case Reply() as reply:
                    self.replies[reply.request] = reply
                case Story(sentence):
                    self.said.append(sentence)

    def attach(self, request: int = 5, ue: UeId = UE) -> dict[str, Any]:
        self.say(AskedAttach(request, APP, ue, SessionKey(0xABC)))
        reply = self.replies[request]
        assert reply.status == 200, reply
        return reply.body
