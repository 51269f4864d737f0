"""Quality sessions in the control plane: a policy's own, the address beneath a moved session, and restarts in every state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from fedge.core.applications import Application
from fedge.core.applications.application import Template
from fedge.core.applications.qos import QualityWish
from fedge.core.control import (
    DECIDED,
    ControlPlane,
    ControlSettings,
    Effect,
    Propose,
    State,
    Story,
    ToOperator,
    ToSink,
    quality,
    quality_flows,
)
from fedge.core.control.events.moves import MovePlanned
from fedge.core.control.events.quality import AskedQuality, AskedQualityEnd, AskedQualityExtension
from fedge.core.control.events.sessions import SessionClosing
from fedge.core.control.events.sinks import SinkAnswered
from fedge.core.control.outbox import line_of
from fedge.core.control.state import Session
from fedge.core.federation import Site, SiteView
from fedge.core.messages import (
    CellChanged,
    Message,
    MoveOrder,
    OperatorOffers,
    QualityForgotten,
    QualityGranted,
    QualityLost,
    QualityRefused,
    QualityTold,
    ReleaseQuality,
    RequestQuality,
    RouteActivated,
    Sink,
)
from fedge.core.model import (
    SECOND,
    Address,
    AppId,
    CellId,
    MoveId,
    Nanoseconds,
    SessionId,
    SessionKey,
    SiteId,
    UeId,
)
from fedge.core.quality import Flow, QualitySession, Way
from fedge.wire import codec

UE, SESSION, HARBOUR, ARENA = UeId("player-1"), SessionId("player-1"), SiteId("harbour"), AppId("arena")
MARKET, STABLE = SiteId("market"), "127.9.1.1:7777"
OWNS = {HARBOUR: Address("127.9.2.1:7777"), MARKET: Address("127.9.2.2:7777")}
OWN = OWNS[HARBOUR]
SETTINGS = ControlSettings(default_service=STABLE, site_services=OWNS)
OFFERS = OperatorOffers(("QOS_E", "QOS_S"), location=True, radio=True, quality=True)
WISH = QualitySession("q-1", "", Flow(UE, "127.9.1.1"), "QOS_E", "", 600, sink=Sink("https://127.0.0.1/"))


class Told:
    """A control plane with its journal; ``at`` is now."""

    def __init__(self) -> None:
        self.journal: list[tuple[Nanoseconds, bytes]] = []
        self.plane = ControlPlane(SETTINGS)
        self.at: Nanoseconds = SECOND
        self.say(OFFERS)
        self.say(CellChanged(UE, CellId("nr-1"), None, "nr", 10.0, 0.0, self.at))

    def say(self, event: Message) -> list[Any]:
        """What is sent to the operator and to sinks."""
        return self._out(self._one(event))

    def wake(self, seconds: float = 0.6) -> list[Any]:
        self.at += int(seconds * SECOND)
        for view in self.plane.sites.values():
            view.heard_at = self.at
        out: list[Effect] = []
        for effect in self.plane.wake(self.at):
            out += self._one(effect.event) if isinstance(effect, Propose) else [effect]
        return self._out(out)

    def restart(self, snapshot: bool) -> None:
        """A crash: what is journaled is all that is left."""
        state, entries = State(), self.journal
        if snapshot:
            state, entries = msgspec.msgpack.decode(msgspec.msgpack.encode(self.plane.state), type=State), []
        self.plane = ControlPlane(SETTINGS, state)
        for at, event in entries:
            self.plane.handle(codec.decode(event), at)
        self.plane.quality_said.clear()
        self.say(OFFERS)

    def play(self) -> None:
        """The arena is played by the UE, served by harbour."""
        self.plane.state.sites[HARBOUR] = Site(HARBOUR, Address("h:1"), Address("h:2"))
        self.plane.sites[HARBOUR] = SiteView(heard_at=self.at)
        self.plane.state.sessions[SESSION] = Session(
            SESSION, SessionKey(7), ARENA, UE, HARBOUR, state="serving", opened=True, steered=True
        )
        self.wishes("")

    def play_on(self, profile: str) -> None:
        """The same, if it is played, after a restart too."""
        if SESSION in self.plane.state.sessions:
            self.wishes(profile)

    def wishes(self, profile: str) -> None:
        """The arena's QoSPolicy asks for this profile, or for none."""
        made = Application(ARENA, "default", "arena", 1, Template(), ports=(("UDP", 7777),))
        self.plane.applications[ARENA] = replace(
            made, quality=QualityWish(profile=profile) if profile else None
        )

    @property
    def sessions(self) -> dict[str, QualitySession]:
        return self.plane.state.quality.sessions

    def _one(self, event: Message) -> list[Effect]:
        if isinstance(event, DECIDED):
            self.journal.append((self.at, codec.encode(event)))
        out: list[Effect] = []
        for effect in self.plane.handle(event, self.at):
            out += self._one(effect.event) if isinstance(effect, Propose) else [effect]
            if isinstance(effect, ToSink):
                out += self._one(SinkAnswered(line_of(effect), effect.number, "delivered"))
        return out

    @staticmethod
    def _out(effects: list[Effect]) -> list[Any]:
        return [
            one.message if isinstance(one, ToOperator) else one.facts
            for one in effects
            if isinstance(one, ToOperator | ToSink)
        ]


def requested(out: list[Any]) -> list[tuple[str, str]]:
    """Flow and servers."""
    asked = (one for one in out if isinstance(one, RequestQuality))
    return [(one.flow, " ".join((one.app_server, *one.further_servers))) for one in asked]


def released(out: list[Any]) -> list[str]:
    return [one.flow for one in out if isinstance(one, ReleaseQuality)]


# --- a studio's ----------------------------------------------------------------------------------------------------------------


def test_beneath_a_redirected_session_the_operator_is_asked_for_the_sites_address() -> None:
    told = Told()
    told.play()
    assert requested(told.say(AskedQuality(1, WISH))) == [("q-1", "127.9.1.1")]
    told.say(QualityGranted("q-1"))
    told.say(RouteActivated(SESSION, 1, told.at, OWN, True))
    assert requested(told.wake(0.1)) == [("q-1", "127.9.1.1 127.9.2.1")]
    assert told.wake(0.1) == [], "it is asked once"
    told.say(RouteActivated(SESSION, 1, told.at, Address(STABLE), False))
    assert requested(told.wake(0.1)) == [("q-1", "127.9.1.1")], "called home"
    assert told.sessions["q-1"].flow.server == "127.9.1.1", "the studio's own words stay"


def test_a_redirected_move_is_served_at_both_ends_before_its_client_changes() -> None:
    told = Told()
    told.play()
    told.say(CellChanged(UE, CellId("lte-1"), None, "lte", 10.0, 0.0, told.at))
    told.say(AskedQuality(1, WISH))
    told.say(RouteActivated(SESSION, 1, told.at, OWN, True))
    told.wake(0.1)
    order = MoveOrder(
        MoveId("m-1"),
        SESSION,
        SessionKey(7),
        UE,
        ARENA,
        "ordered",
        HARBOUR,
        MARKET,
        2,
        2,
        told.at + 60 * SECOND,
    )
    told.plane.state.sites[MARKET] = Site(MARKET, Address("m:1"), Address("m:2"))
    told.say(MovePlanned(order, 0.0, "somebody wants it there", ordered=True))
    assert requested(told.wake(0.1)) == [("q-1", "127.9.1.1 127.9.2.1 127.9.2.2")]
    told.plane.state.sessions[SESSION].move = None
    told.plane.state.sessions[SESSION].generation = 2
    told.say(RouteActivated(SESSION, 2, told.at, OWNS[MARKET], True))
    assert requested(told.wake(0.1)) == [("q-1", "127.9.1.1 127.9.2.2")]


def test_a_change_that_the_operator_never_makes_room_for_ends_the_session() -> None:
    told = Told()
    told.play()
    told.say(AskedQuality(1, WISH))
    told.say(QualityGranted("q-1"))
    told.say(RouteActivated(SESSION, 1, told.at, OWN, True))
    told.wake(0.1)
    told.say(QualityRefused("q-1", "no room", final=False))
    assert requested(told.wake(3)) == [("q-1", "127.9.1.1 127.9.2.1")], "asked again"
    out = told.wake(30)
    assert released(out) == ["q-1"]
    assert [one["info"] for one in out if isinstance(one, dict)] == ["NETWORK_TERMINATED"]


def test_only_what_a_client_asked_for_counts_as_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "MOST_OF_AN_OWNER", 2)
    told = Told()
    told.play()
    told.wishes("QOS_E")
    told.wake()
    assert own(told) == [("policy-1", "REQUESTED")]
    for number in (1, 2, 3):
        name, server = f"q-{number}", f"192.0.2.{number}"
        told.say(AskedQuality(number, replace(WISH, id=name, flow=Flow(UE, server))))
    assert [name for name in told.sessions if name != "policy-1"] == ["q-1", "q-2"]


def test_what_is_granted_that_is_not_wanted_any_more_is_released() -> None:
    told = Told()
    told.say(AskedQuality(1, WISH))
    told.say(AskedQualityEnd(2, "q-1", ""))
    assert released(told.say(QualityGranted("q-1"))) == ["q-1"]
    assert told.sessions == {}


@pytest.mark.parametrize("snapshot", [False, True])
@pytest.mark.parametrize("status", ["REQUESTED", "AVAILABLE", "extended", "UNAVAILABLE", "deleted"])
def test_a_restart_in_every_state_loses_nothing_and_tells_nothing_twice(status: str, snapshot: bool) -> None:
    told = Told()
    told.say(AskedQuality(1, WISH))
    if status != "REQUESTED":
        told.say(QualityGranted("q-1"))
    if status == "extended":
        told.say(AskedQualityExtension(2, "q-1", "", 100))
    if status == "UNAVAILABLE":
        told.say(QualityLost("q-1", "the network ended it"))
    if status == "deleted":
        told.say(AskedQualityEnd(2, "q-1", ""))
    before = msgspec.to_builtins(told.plane.state.quality)
    told.at += 10 * SECOND
    told.restart(snapshot)
    assert msgspec.to_builtins(told.plane.state.quality) == before
    out = told.say(QualityForgotten())
    assert isinstance(out[-1], QualityTold)
    left = {"REQUESTED": 630, "AVAILABLE": 620, "extended": 720}
    assert [one.seconds for one in out[:-1]] == ([left[status]] if status in left else [])
    assert [one.served for one in out[:-1]] == ([status != "REQUESTED"] if status in left else [])
    again = told.say(QualityGranted("q-1"))
    assert [one["status"] for one in again if isinstance(one, dict)] == (
        ["AVAILABLE"] if status == "REQUESTED" else []
    )


def test_a_session_that_expired_while_the_control_plane_was_down_ends_when_it_is_back() -> None:
    told = Told()
    told.say(AskedQuality(1, WISH))
    told.say(QualityGranted("q-1"))
    told.restart(snapshot=False)
    out = told.wake(700)
    assert [one["info"] for one in out if isinstance(one, dict)] == ["DURATION_EXPIRED"]


def test_what_cannot_be_looked_at_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    told, faults = Told(), list[str]()
    for name, server in (("q-1", "127.9.1.1"), ("q-2", "127.9.1.2")):
        told.say(AskedQuality(1, replace(WISH, id=name, flow=Flow(UE, server))))
        told.say(QualityRefused(name, "no room", final=False))

    def carried(server: str, ways: Iterable[Way]) -> tuple[str, ...]:
        if server == "127.9.1.1":
            raise OverflowError
        return (server,)

    monkeypatch.setattr(quality_flows, "carried", carried)
    told.at += 3 * SECOND
    asked = told.plane.wake(told.at, lambda what, error: faults.append(what))
    assert requested(told._out(asked)) == [("q-2", "127.9.1.2")]
    assert faults == ["quality session q-1"]


# --- the platform's own ---------------------------------------------------------------------------------------------------------


def own(told: Told) -> list[tuple[str, str]]:
    return [(one.id, one.status) for one in told.sessions.values() if one.session is not None]


def test_a_policy_that_asks_for_it_gets_a_quality_session_for_each_session() -> None:
    told = Told()
    told.play()
    assert told.wake() == []
    told.wishes("QOS_E")
    [asked] = told.wake()
    assert (asked.flow, asked.ue, asked.app_server, asked.server_ports, asked.reference) == (
        "policy-1", UE, "127.9.1.1", ((7777, 7777),), "QOS_E",
    )  # fmt: skip
    told.say(QualityGranted("policy-1"))
    assert own(told) == [("policy-1", "AVAILABLE")]
    assert told.wake() == []


def test_it_is_prolonged_while_the_session_lives_and_ends_with_it() -> None:
    told = Told()
    told.play()
    told.wishes("QOS_E")
    told.wake()
    told.say(QualityGranted("policy-1"))
    assert [one.seconds for one in told.wake(400)] == [830]
    told.wake(500)
    assert own(told) == [("policy-1", "AVAILABLE")]
    told.say(SessionClosing(SESSION))
    assert released(told.wake()) == ["policy-1"]
    assert own(told) == []


def test_it_follows_the_policy() -> None:
    told = Told()
    told.play()
    told.wishes("QOS_E")
    told.wake()
    told.wishes("QOS_S")
    assert released(told.wake()) == ["policy-1"]
    assert [one.reference for one in told.wake()] == ["QOS_S"]
    told.wishes("")
    assert released(told.wake()) == ["policy-2"]
    assert told.wake() == []


def test_what_the_network_refuses_is_tried_again_after_a_while() -> None:
    told = Told()
    told.play()
    told.wishes("QOS_E")
    told.wake()
    told.say(QualityRefused("policy-1", "NO_RESOURCES"))
    assert own(told) == [("policy-1", "UNAVAILABLE")]
    assert told.wake(5) == []
    told.wake(6)
    assert requested(told.wake()) == [("policy-2", "127.9.1.1")]


def test_nothing_is_asked_for_where_nothing_can_be_had() -> None:
    told = Told()
    told.play()
    told.wishes("QOS_NONE")
    assert told.wake() == []
    told.wishes("QOS_E")
    told.say(CellChanged(UE, CellId("w-1"), None, "wifi", 10.0, 0.0, told.at))
    assert told.wake() == []
    told.say(CellChanged(UE, CellId("nr-1"), None, "nr", 10.0, 0.0, told.at))
    told.say(replace(OFFERS, quality=False))
    assert told.wake() == []


def test_a_studios_own_session_for_the_flow_comes_first_and_the_policys_blocks_a_later_one() -> None:
    told = Told()
    told.play()
    told.say(AskedQuality(1, WISH))
    told.wishes("QOS_E")
    assert requested(told.wake()) == []
    told.say(AskedQualityEnd(2, "q-1", ""))
    assert requested(told.wake()) == [("policy-1", "127.9.1.1")]
    assert requested(told.say(AskedQuality(3, replace(WISH, id="q-2")))) == []
    assert "q-2" not in told.sessions


def test_a_person_reads_what_happens() -> None:
    told = Told()
    said = [
        one.sentence
        for event in (AskedQuality(1, WISH), QualityGranted("q-1"), QualityLost("q-1", "the cell is full"))
        for one in told._one(event)
        if isinstance(one, Story)
    ]
    assert said == [
        "player-1's flow to 127.9.1.1 is served as QOS_E",
        "player-1's flow to 127.9.1.1 has no quality any more: the cell is full",
    ]
