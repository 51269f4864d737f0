"""A Tenant deleted ends what is in its namespace, over a restart too, and a later one of its name finds nothing of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from fedge.core.control import (
    ControlPlane,
    ControlSettings,
    Effect,
    Propose,
    Reply,
    State,
    ToOperator,
    ToSite,
)
from fedge.core.control.events.asking import SubscriberAsked
from fedge.core.control.events.location import ConsentGiven, FenceMade
from fedge.core.control.events.objects import AskedApply
from fedge.core.control.events.quality import QualityOpened
from fedge.core.control.events.resources import RuleUpdated
from fedge.core.control.events.sessions import SessionPlaced
from fedge.core.control.events.sites import SiteMarked
from fedge.core.control.events.tokens import AccessTokenEnded, TokenIssued
from fedge.core.control.events.visits import VisitBegan
from fedge.core.control.plane import DECIDED
from fedge.core.location import Asking, Circle, Consent, Fence
from fedge.core.messages import (
    CloseSession,
    DnsRule,
    InstanceStatus,
    Message,
    ReleaseQuality,
    RunInstances,
    SessionClosed,
    SessionOpened,
    Sink,
    SiteHello,
    SiteReport,
)
from fedge.core.model import Address, AppId, AppInstanceId, SessionId, SessionKey, SiteId, UeId
from fedge.core.quality import Flow, QualitySession
from fedge.wire import codec
from tests.core.applications.objects import deployment, propagation, qos, service, tenant

HARBOUR, MARKET, UE = SiteId("harbour"), SiteId("market"), UeId("player-1")
SINK = Sink("https://127.0.0.1:1/sink")


def game(namespace: str) -> list[dict[str, Any]]:
    anywhere = propagation(clusterAffinity={}, replicaScheduling={"replicaSchedulingType": "Duplicated"})
    anywhere["spec"]["placement"]["spreadConstraints"] = []
    made = (deployment(), service(), anywhere, qos())
    return [{**raw, "metadata": {**raw["metadata"], "namespace": namespace}} for raw in made]


class Centre:
    """Two sites, and a tenant's game with a session, a visit and all that its clients can have, and a rival's beside it."""

    def __init__(self) -> None:
        self.journal: list[tuple[int, bytes]] = []
        self.plane, self.at = ControlPlane(ControlSettings()), 0
        for site in (HARBOUR, MARKET):
            self.say(SiteHello(site, Address(f"gw-{site}:1"), Address(f"peer-{site}:1"), (), ()))
        for name in ("studio", "rival"):
            assert self.apply(tenant(name), *game(name))[0] == 200
        self.wake()
        for name in ("studio", "rival"):
            self.fill(name)

    def fill(self, name: str) -> None:
        app, session = AppId(f"{name}:arena"), SessionId(f"{name}-1")
        self.say(SessionPlaced(session, SessionKey(1), app, UE, HARBOUR, ""))
        self.say(SessionOpened(HARBOUR, session, 1, 1))
        visit = SessionId(f"{name}-visit")
        self.say(VisitBegan(0, visit, SessionKey(2), app, UE, HARBOUR, ""))
        flow = Flow(UE, "127.0.0.1")
        self.say(QualityOpened(QualitySession(f"{name}-q", name, flow, "QOS_E", "QOS_E", 60)))
        fence = Fence(f"{name}-f", name, UE, Circle(0.0, 0.0, 100.0), "entered", SINK, {"device": None}, "s")
        self.say(FenceMade(fence))
        self.say(ConsentGiven(Consent(name, UE, frozenset({"s"}), id=f"consent-{name}")))
        self.say(TokenIssued(name, f"digest-{name}"))
        self.say(AccessTokenEnded(name, "token", 10**18))
        self.say(SubscriberAsked(Asking(f"asked-{name}", name, frozenset({"s"}), "", UE, 0, 10**18)))
        self.say(RuleUpdated(app, dns=DnsRule("dns-1", "arena.example", "IP_V4", "127.0.0.1", "ACTIVE", 60)))

    def say(self, event: Message) -> list[Effect]:
        self.at += 1
        if isinstance(event, DECIDED):
            self.journal.append((self.at, codec.encode(event)))
        return self.carry_out(self.plane.handle(event, self.at))

    def carry_out(self, effects: list[Effect]) -> list[Effect]:
        out: list[Effect] = []
        for effect in effects:
            out += self.say(effect.event) if isinstance(effect, Propose) else [effect]
        return out

    def wake(self, seconds: float = 1.0) -> list[Effect]:
        self.at += int(seconds * 10**9)
        for site in (HARBOUR, MARKET):
            if self.plane.state.sites[site].marked != "lost":
                self.plane.handle(SiteReport(site, 0.0, 0, self.instances(site), {}, self.at), self.at)
        return self.carry_out(self.plane.wake(self.at))

    def instances(self, site: SiteId) -> tuple[InstanceStatus, ...]:
        return self.plane.sites[site].instances if site in self.plane.sites else ()

    def apply(self, *objects: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        return answer(self.say(AskedApply(1, objects)))

    def delete(self, name: str) -> tuple[int, dict[str, Any], list[Effect]]:
        effects = self.say(AskedApply(1, (), (("Tenant", "", name),)))
        return *answer(effects), effects

    def restart(self, snapshot: bool) -> None:
        """A crash: what is journaled is all that is left."""
        state, entries = State(), self.journal
        if snapshot:
            state, entries = msgspec.msgpack.decode(msgspec.msgpack.encode(self.plane.state), type=State), []
        self.plane = ControlPlane(ControlSettings(), state)
        for at, data in entries:
            self.plane.handle(codec.decode(data), at)

    def said_of(self, name: str) -> str:
        """The durable state as far as it names somebody."""
        state = msgspec.to_builtins(self.plane.state)
        state.pop("ending")
        return " ".join(one for one in msgspec.json.encode(state).decode().split('"') if name in one)


def answer(effects: list[Effect]) -> tuple[int, dict[str, Any]]:
    [reply] = [one for one in effects if isinstance(one, Reply)]
    return reply.status, reply.body


@pytest.mark.parametrize("snapshot", [False, True])
def test_what_is_in_a_namespace_ends_with_its_tenant(snapshot: bool) -> None:
    centre = Centre()
    rivals = centre.said_of("rival")
    status, body, effects = centre.delete("studio")
    assert status == 200
    assert {(one["kind"], one["action"]) for one in body["results"]} == {
        ("Tenant", "deleted"),
        ("Deployment", "deleted"),
        ("Service", "deleted"),
        ("PropagationPolicy", "deleted"),
        ("QoSPolicy", "deleted"),
    }
    assert ToOperator(ReleaseQuality("studio-q")) in effects
    assert any(isinstance(one, ToSite) and isinstance(one.message, CloseSession) for one in effects)
    centre.restart(snapshot)
    assert centre.said_of("rival") == rivals, "nothing of another has changed"
    state = centre.plane.state
    assert [name for name in state.sessions if "studio" in name] == ["studio-1"]
    assert state.sessions[SessionId("studio-1")].state == "closing"
    assert set(state.visits) == {"rival-visit"}
    assert set(state.quality.sessions) == {"rival-q"}
    assert set(state.fences.held) == {"rival-f"}
    assert [one.client for one in state.consents.given.values()] == ["rival"]
    assert (set(state.grants), set(state.ended_tokens)) == ({"digest-rival"}, {"rival"})
    assert set(state.askings.asked) == {"asked-rival"}
    assert set(state.enablement.dns_rules) == {"rival:arena"}
    assert {one.client for one in state.outbox.under_way()} == {"rival"}

    assert centre.apply(tenant("studio"))[0] == 409, "its session is still there"
    status, body = centre.apply(*game("studio"))
    assert (status, body["code"]) == (409, "CONFLICT")
    assert "1 sessions and 4 instances" in body["message"]
    assert centre.apply(*game("rival"))[0] == 200, "elsewhere it goes on"
    centre.say(SessionClosed(HARBOUR, SessionId("studio-1"), 1))
    assert "4 instances" in centre.apply(tenant("studio"))[1]["message"]
    orders = [
        one for one in centre.wake() if isinstance(one, ToSite) and isinstance(one.message, RunInstances)
    ]
    assert {(one.site, one.message.app, one.message.replicas) for one in orders} >= {
        (HARBOUR, "studio:arena", 0),
        (MARKET, "studio:arena", 0),
    }
    assert centre.apply(tenant("studio"))[0] == 200
    centre.restart(snapshot)
    assert set(centre.said_of("studio").split()) == {"Tenant/studio", "studio"}, "nothing but itself"


def test_while_a_site_still_shows_its_instances_the_namespace_has_not_ended() -> None:
    centre = Centre()
    centre.delete("studio")
    centre.say(SessionClosed(HARBOUR, SessionId("studio-1"), 1))
    centre.wake()
    one = InstanceStatus(AppInstanceId("arena-1"), AppId("studio:arena"), "ready", 0, 8, "arena/1")
    centre.say(SiteReport(HARBOUR, 0.0, 0, (one,), {}, centre.at))
    assert "1 instances" in centre.apply(tenant("studio"))[1]["message"]
    centre.say(SiteReport(HARBOUR, 0.0, 0, (), {}, centre.at))
    assert centre.apply(tenant("studio"))[0] == 200


def test_what_a_lost_site_has_does_not_keep_the_name_for_ever() -> None:
    centre = Centre()
    centre.delete("studio")
    centre.say(SiteMarked(HARBOUR, "lost", "not heard"))
    centre.wake()
    assert centre.apply(tenant("studio"))[0] == 200
    assert "studio-1" not in centre.plane.state.sessions
    assert "studio:arena" not in centre.plane.state.placed


def test_a_namespace_without_its_tenant_that_was_never_deleted_is_as_before() -> None:
    """Deleting a Deployment does not end the namespace: it can be applied anew while its sessions close."""
    centre = Centre()
    centre.say(AskedApply(1, (), (("Deployment", "studio", "arena"),)))
    assert centre.plane.state.sessions[SessionId("studio-1")].state == "closing"
    assert centre.apply(*game("studio"))[0] == 200
