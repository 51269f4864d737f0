"""Events for sinks: kept until they are taken, in order, within a bound, and found again after a crash."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fedge.core.control import (
    ClientGone,
    ControlPlane,
    ControlSettings,
    Effect,
    State,
    ToSink,
    Untold,
    outbox,
    telling,
)
from fedge.core.control.events.location import FenceEnded, FenceMade
from fedge.core.control.events.objects import ObjectsChanged
from fedge.core.control.events.sinks import SinkAnswered
from fedge.core.control.outbox import Outbox, line_of
from fedge.core.control.telling import kept
from fedge.core.location import Circle, Fence
from fedge.core.messages import Message, Sink, SinkPostponed
from fedge.core.model import SECOND, UeId
from fedge.wire import codec

HERE, THERE = Sink("https://127.0.0.1:1/a"), Sink("https://127.0.0.1:2/a")


def event(name: str, client: str = "studio", sink: Sink = HERE) -> ToSink:
    return ToSink(client, sink, "quality", {"id": name})


def put(box: Outbox, *events: ToSink) -> list[Effect]:
    return kept(State(outbox=box), list(events), 7)


def names(effects: list[Effect]) -> list[str]:
    return [one.facts["id"] for one in effects if isinstance(one, ToSink)]


def untold(effects: list[Effect]) -> list[tuple[str, str]]:
    return [(one.event.facts["id"], one.outcome) for one in effects if isinstance(one, Untold)]


def end(box: Outbox, told: ToSink, outcome: outbox.Outcome = "delivered") -> list[Effect]:
    return outbox.end(box, line_of(told), told.number, outcome)


def test_of_one_line_an_event_goes_out_when_the_one_before_it_has_ended() -> None:
    box = Outbox()
    out = put(box, event("1"), event("2"), event("3", sink=Sink("https://127.0.0.1:1/other")))
    assert names(out) == ["1"]
    assert names(put(box, event("else", sink=THERE), event("other", "rival"))) == ["else", "other"]
    [first] = out
    assert isinstance(first, ToSink)
    assert (first.number, first.at) == (1, 7)
    second = end(box, first)
    assert names(second) == ["2"]
    assert end(box, first) == [], "it has ended already"
    third = end(box, second[0], "failed")  # type: ignore[arg-type]
    assert (names(third), untold(third)) == (["3"], [("2", "failed")])
    assert end(box, third[-1]) == []  # type: ignore[arg-type]
    assert (box.waiting, box.ended) == (2, {"delivered": 2, "failed": 1})


def test_a_sink_that_never_answers_gives_up_its_oldest_and_nobody_elses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox, "MOST_OF_A_CLIENT", 5)
    box = Outbox()
    put(box, event("else", sink=THERE), event("rivals", "rival"))
    out = put(box, *(event(str(number)) for number in range(9)))
    assert names(out) == ["0"], "it is under way, and is not given up"
    assert untold(out) == [(str(number), "dropped") for number in range(1, 6)]
    assert [one.facts["id"] for one in box.lines[f"studio {HERE.origin}"].values()] == ["0", "6", "7", "8"]
    assert (box.waiting, box.ended) == (6, {"dropped": 5})


def test_of_a_clients_lines_so_many_are_under_way_and_each_has_its_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox, "MOST_UNDER_WAY", 2)
    box, sinks = Outbox(), [Sink(f"https://127.0.0.1:{port}/") for port in (1, 2, 3)]
    sent = put(box, *(event(f"{n}{turn}", sink=sink) for turn in "ab" for n, sink in enumerate(sinks)))
    assert names(sent) == ["0a", "1a"]
    assert names(put(box, event("rivals", "rival"))) == ["rivals"]
    order = []
    while under_way := [one for one in box.under_way() if one.client == "studio"]:
        assert len(under_way) <= 2
        order.append(under_way[0].facts["id"])
        out = end(box, under_way[0])
        assert [one for one in out if isinstance(one, ToSink)] == [
            one for one in box.under_way() if one.client == "studio" and one not in under_way
        ], "what comes to the front is sent, and nothing twice"
    assert order == ["0a", "1a", "2a", "0b", "1b", "2b"]


def test_where_all_are_many_who_has_most_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MOST", 4)
    box = Outbox()
    put(box, event("1"), event("2"), event("3"), event("4"))
    out = put(box, event("rivals", "rival"))
    assert (names(out), untold(out)) == (["rivals"], [("2", "dropped")])


def test_where_all_are_under_way_the_new_one_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MOST_OF_A_CLIENT", 2)
    box = Outbox()
    put(box, event("1"), event("2", sink=THERE))
    out = put(box, event("3", sink=Sink("https://127.0.0.1:3/")))
    assert (names(out), untold(out), box.waiting) == ([], [("3", "dropped")], 2)


def test_of_lines_that_wait_altogether_the_oldest_event_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MOST_UNDER_WAY", 2)
    monkeypatch.setattr(outbox, "MOST_OF_A_CLIENT", 5)
    box, sinks = Outbox(), [Sink(f"https://127.0.0.1:{port}/") for port in range(1, 8)]
    put(box, *(event(str(number), sink=sink) for number, sink in enumerate(sinks[:5])))
    out = put(box, event("5", sink=sinks[5]))
    assert (names(out), untold(out)) == ([], [("2", "dropped")]), "0 and 1 are under way"
    put(box, event("6", sink=sinks[3]))
    assert [one.facts["id"] for line in box.lines.values() for one in line.values()] == [
        "0",
        "1",
        "4",
        "5",
        "6",
    ], "its own line was the oldest's"
    out = put(box, event("7", sink=sinks[3]))
    assert untold(out) == [("4", "dropped")]
    assert [one.facts["id"] for one in box.under_way()] == ["0", "1"]


# --- in the control plane ------------------------------------------------------------------------------------------------------

FENCE = Fence(
    "f-1", "studio", UeId("player-1"), Circle(0.0, 0.0, 100.0), "entered", HERE, {"device": None}, "scope"
)


class Centre:
    """``ControlPlane`` with a journal in memory."""

    def __init__(self) -> None:
        self.journal: list[bytes] = []
        self.plane = ControlPlane(ControlSettings())

    def say(self, event: Message) -> list[Effect]:
        self.journal.append(codec.encode(event))
        return self.plane.handle(event, len(self.journal))

    def restart(self, snapshot: bool) -> None:
        """A crash: what is journaled is all that is left."""
        state, entries = State(), self.journal
        if snapshot:
            state, entries = msgspec.msgpack.decode(msgspec.msgpack.encode(self.plane.state), type=State), []
        self.plane = ControlPlane(ControlSettings(), state)
        for at, data in enumerate(entries, 1):
            self.plane.handle(codec.decode(data), at)


def test_what_there_was_no_room_to_send_is_sent_again_while_it_is_under_way() -> None:
    centre = Centre()
    [first] = centre.say(FenceMade(FENCE))
    [rivals] = centre.say(FenceMade(replace(FENCE, id="f-2", client="rival")))
    assert isinstance(first, ToSink)
    assert isinstance(rivals, ToSink)
    for told in (first, rivals):
        assert centre.plane.handle(SinkPostponed(told.number), 5) == []
    centre.say(ObjectsChanged((), (("Tenant", "", "rival"),)))
    look = centre.plane.wake(SECOND)
    assert [one for one in look if isinstance(one, ToSink)] == [first], "with its tenant the rival's is gone"
    assert not any(isinstance(one, ToSink) for one in centre.plane.wake(2 * SECOND)), "once for each time"
    assert centre.plane.state.outbox.ended == {}


def test_who_waited_longest_for_room_has_its_turn_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "MOST_AGAIN", 1)
    centre = Centre()
    told = [centre.say(FenceMade(replace(FENCE, id=id, client=id)))[0] for id in ("f-1", "f-2")]
    turns = []
    for one in reversed(told):
        assert isinstance(one, ToSink)
        centre.plane.handle(SinkPostponed(one.number), 5)
    for at in range(1, 5):
        [turn] = [one for one in centre.plane.wake(at * SECOND) if isinstance(one, ToSink)]
        centre.plane.handle(SinkPostponed(turn.number), at * SECOND)
        turns.append(turn.client)
    assert turns == ["f-2", "f-1", "f-2", "f-1"]


@pytest.mark.parametrize("snapshot", [False, True])
def test_a_crash_between_decision_and_delivery_loses_nothing(snapshot: bool) -> None:
    centre = Centre()
    [first] = centre.say(FenceMade(FENCE))
    assert centre.say(FenceEnded("f-1", "SUBSCRIPTION_DELETED")) == [], "its turn has not come"
    centre.restart(snapshot)
    box = centre.plane.state.outbox
    assert list(box.under_way()) == [first], "the same event, under the same number"
    assert isinstance(first, ToSink)
    [second] = centre.say(SinkAnswered(line_of(first), first.number, "delivered"))
    assert isinstance(second, ToSink)
    assert second.facts["what"] == "ended"
    centre.restart(snapshot)
    assert list(centre.plane.state.outbox.under_way()) == [second], "what was taken is not sent again"
    centre.say(SinkAnswered(line_of(second), second.number, "delivered"))
    centre.restart(snapshot)
    assert centre.plane.state.outbox == Outbox(next=3, ended={"delivered": 2})


def test_with_its_tenant_what_a_client_was_to_be_told_is_gone() -> None:
    centre = Centre()
    [told] = centre.say(FenceMade(FENCE))
    centre.say(FenceMade(replace(FENCE, id="f-2", client="rival")))
    gone = centre.say(ObjectsChanged((), (("Tenant", "", "studio"),)))
    assert [one for one in gone if isinstance(one, ClientGone)] == [ClientGone("studio")]
    centre.restart(snapshot=False)
    assert [one.client for one in centre.plane.state.outbox.under_way()] == ["rival"]
    assert isinstance(told, ToSink)
    assert centre.say(SinkAnswered(line_of(told), told.number, "delivered")) == [], "it was under way then"


# --- whatever happens ----------------------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4)), max_size=120))
def test_each_event_is_sent_and_ends_once_in_the_order_of_its_line(steps: list[tuple[int, int]]) -> None:
    """Steps: an event of client and sink, an answer to one that is under way, a withdrawal, or a crash and what follows it."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(outbox, "MOST_UNDER_WAY", 2)
        patched.setattr(outbox, "MOST_OF_A_CLIENT", 6)
        patched.setattr(outbox, "MOST", 9)
        box, made = Outbox(), 0
        sent: dict[int, ToSink] = {}
        ended: list[ToSink] = []
        for kind, number in steps:
            under_way = list(box.under_way())
            if kind < 3:
                made += 1
                out = put(box, event(str(made), f"client-{kind}", Sink(f"https://127.0.0.1:{number}/")))
            elif kind < 5 and under_way:
                told = under_way[number % len(under_way)]
                assert told.number in sent
                ended.append(told)
                out = end(box, told, "delivered" if kind == 3 else "failed")
            elif kind == 5:
                out = outbox.withdraw(box, lambda told, rest=number: told.number % 5 == rest)  # type: ignore[misc]
                assert list(box.under_way()) == under_way
            else:
                box = msgspec.msgpack.decode(msgspec.msgpack.encode(box), type=Outbox)
                assert [one.number for one in box.under_way()] == [one.number for one in under_way]
                continue
            for one in out:
                if isinstance(one, ToSink):
                    assert one.number not in sent, "it is under way already"
                    sent[one.number] = one
            assert all(one.number in sent for one in box.under_way())
            assert box.waiting <= 9
            assert box.waiting + sum(box.ended.values()) == made
        lines: dict[str, list[int]] = {}
        for one in ended:
            lines.setdefault(line_of(one), []).append(one.number)
        assert all(numbers == sorted(set(numbers)) for numbers in lines.values())
