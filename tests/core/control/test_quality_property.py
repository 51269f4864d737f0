"""Whatever happens in whatever order: the operator ends up serving exactly the quality sessions that live, each as wanted."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fedge.core.control.events.quality import AskedQuality, AskedQualityEnd, AskedQualityExtension
from fedge.core.messages import (
    CellChanged,
    Message,
    QualityForgotten,
    QualityGranted,
    QualityLost,
    QualityRefused,
    QualityTold,
    ReleaseQuality,
    RequestQuality,
    RouteActivated,
)
from fedge.core.model import Address, CellId
from fedge.core.quality import overlap
from tests.core.control.test_quality import OWNS, SESSION, STABLE, UE, WISH, Told

SERVERS = ("127.9.1.1", "127.9.1.0/24", "198.51.100.1")
ADDRESSES = (Address(STABLE), *OWNS.values())

asks = st.tuples(st.just("ask"), st.sampled_from(SERVERS))
named = st.tuples(st.sampled_from(("end", "extend", "grant", "refuse", "no room", "lose")), st.integers(0, 5))
others = st.sampled_from(
    [
        ("wake", 0.1), ("wake", 3.0), ("wake", 700.0), ("restart", True), ("restart", False), ("gateway restarts",),
        ("policy", "QOS_E"), ("policy", "QOS_S"), ("policy", ""), ("wifi",), ("nr",),
        ("sends to", 0), ("sends to", 1), ("sends to", 2),
    ]
)  # fmt: skip


class Operator:
    """``held``: what it was asked for and not released; it answers only when a test says so. ``asked``: sessions so far."""

    def __init__(self) -> None:
        self.held: dict[str, RequestQuality] = {}
        self._told: set[str] | None = None
        self.asked = 0

    def hear(self, out: list[object]) -> None:
        for one in out:
            match one:
                case RequestQuality(flow=flow):
                    self.held[flow] = one
                    if self._told is not None:
                        self._told.add(flow)
                case ReleaseQuality(flow=flow):
                    self.held.pop(flow, None)
                case QualityTold():
                    self.held = {flow: kept for flow, kept in self.held.items() if flow in (self._told or ())}
                    self._told = None

    def restarts(self) -> None:
        self._told = set()


def play(told: Told, operator: Operator, action: tuple[object, ...]) -> None:
    def say(event: Message) -> None:
        operator.hear(told.say(event))

    match action:
        case ("ask", str(server)):
            operator.asked += 1
            flow = replace(WISH.flow, server=server)
            say(AskedQuality(1, replace(WISH, id=f"q-{operator.asked}", flow=flow)))
        case ("wake", float(seconds)):
            operator.hear(told.wake(seconds))
        case ("restart", bool(snapshot)):
            told.restart(snapshot)
            operator.restarts()
            say(QualityForgotten())
        case ("gateway restarts",):
            operator.restarts()
            say(QualityForgotten())
        case ("policy", str(profile)):
            told.play_on(profile)
        case ("wifi",) | ("nr",):
            say(CellChanged(UE, CellId("c"), None, str(action[0]), 10.0, 0.0, told.at))
        case ("sends to", int(number)):
            if SESSION in told.plane.state.sessions:
                say(RouteActivated(SESSION, 1, told.at, ADDRESSES[number], number > 0))
        case (str(verb), int(number)):
            about(told, operator, verb, number)


def about(told: Told, operator: Operator, verb: str, number: int) -> None:
    """Of the ``number``-th of all that there are."""
    names = list(told.sessions)
    if not names:
        return
    name = names[number % len(names)]
    events: dict[str, Message] = {
        "end": AskedQualityEnd(2, name, ""),
        "extend": AskedQualityExtension(2, name, "", 50),
        "grant": QualityGranted(name),
        "refuse": QualityRefused(name, "no"),
        "no room": QualityRefused(name, "no room", final=False),
        "lose": QualityLost(name, "gone"),
    }
    operator.hear(told.say(events[verb]))


@settings(max_examples=150, deadline=None)
@given(st.lists(asks | named | others, min_size=8, max_size=40))
def test_the_operator_serves_what_lives_and_nothing_else(actions: list[tuple[object, ...]]) -> None:
    told, operator = Told(), Operator()
    told.play()
    for action in actions:
        play(told, operator, action)
        live = [one for one in told.sessions.values() if one.live]
        assert not any(overlap(a.flow, b.flow) for a, b in combinations(live, 2)), "no packet belongs to two"
    operator.hear(told.wake(0.1))
    live = [one for one in told.sessions.values() if one.live]
    assert operator.held.keys() == {one.id for one in live}
    sends_to = told.plane.state.sessions[SESSION].service if SESSION in told.plane.state.sessions else ""
    for one in live:
        asked = operator.held[one.id]
        assert (asked.reference, asked.app_server) == (one.reference, one.flow.server)
        redirected = sends_to not in ("", STABLE) and one.flow.server != "198.51.100.1"
        assert asked.further_servers == ((sends_to.rpartition(":")[0],) if redirected else ())
