"""Sinks are told at least once: what a crash, a refusal or an expired token does to an event that was decided."""

from __future__ import annotations

import asyncio
from typing import Any

from msgspec.structs import replace

from fedge.core.control import ClientGone, ToSink
from fedge.core.control.events.location import ConsentGiven, ConsentWithdrawn, FenceCrossed, FenceMade
from fedge.core.control.events.objects import ObjectsChanged
from fedge.core.location import Circle, Consent, Fence
from fedge.core.messages import Sink
from fedge.core.model import SECOND, UeId
from fedge.runtime.loop import ControlLoop, restored
from tests.api.camara.studio import SINK, StudioCentre
from tests.core.applications.objects import tenant
from tests.runtime.test_control_loop import MemoryJournal, Outside, run

FENCE = Fence(
    "f-1",
    "studio",
    UeId("player-1"),
    Circle(500.0, 500.0, 200.0),
    "entered",
    Sink(SINK),
    {"device": None, "area": {"areaType": "CIRCLE"}},
    "scope",
)


def test_an_event_that_a_crash_cut_short_is_told_again_under_its_id() -> None:
    centre = StudioCentre()
    centre.written.takes = None
    centre.say(FenceMade(FENCE))
    [before] = centre.told()
    assert centre.plane.state.outbox.waiting == 1
    centre.sent = list(centre.plane.state.outbox.under_way())  # as the loop does when it begins
    centre.written.takes = True
    [after] = centre.told()
    assert after == before
    assert centre.plane.state.outbox.waiting == 0


def loop(journal: MemoryJournal, told: list[Any]) -> ControlLoop:
    plane, outside = restored(journal, StudioCentre().plane.settings), Outside()
    send = outside.send
    return ControlLoop(plane, journal, outside, outside, send, send, send, tell_sink=told.append)


def test_what_was_not_taken_before_a_crash_goes_out_when_the_loop_begins() -> None:
    journal, told = MemoryJournal(), list[Any]()
    asyncio.run(run(loop(journal, told), FenceMade(FENCE), until=lambda: bool(told)))
    asyncio.run(run(loop(journal, told), until=lambda: len(told) > 1))
    assert [one.number for one in told if isinstance(one, ToSink)] == [1, 1]


def test_with_a_tenant_goes_what_it_was_to_be_told_also_what_is_under_way() -> None:
    journal, told = MemoryJournal(), list[Any]()
    gone = ObjectsChanged((), (("Tenant", "", "studio"),))
    asyncio.run(
        run(
            loop(journal, told),
            ObjectsChanged((tenant("studio"),)),
            FenceMade(FENCE),
            gone,
            until=lambda: len(told) > 1,
        )
    )
    assert [type(one) for one in told] == [ToSink, ClientGone]
    assert told[-1] == ClientGone("studio")
    assert restored(journal, StudioCentre().plane.settings).state.outbox.waiting == 0


def test_what_no_sink_took_is_written_down_and_the_next_has_its_turn() -> None:
    centre = StudioCentre()
    centre.written.takes = False
    centre.say(FenceMade(FENCE))
    expired = Sink(SINK, "abc", centre.platform.now_s)
    centre.say(FenceMade(replace(FENCE, id="f-2", sink=expired)))
    assert len(centre.told()) == 1, "with its token expired the second is not sent"
    lines = [one for one in centre.audit.newest(client="studio") if one["decision"] == "undelivered"]
    assert [one["reason"].partition(":")[0] for one in lines] == ["failed", "expired"]
    assert [one["subject"] for one in lines] == ["f-1", "f-2"]
    assert centre.plane.state.outbox.ended == {"failed": 1, "expired": 1}


def test_an_event_bears_the_clients_token() -> None:
    centre = StudioCentre()
    sink = Sink(SINK, "abc", centre.platform.now_s + 1)
    centre.say(FenceMade(replace(FENCE, sink=sink)))
    centre.ahead += SECOND // 2
    centre.tell_sinks()
    assert centre.written.still()
    centre.ahead += SECOND
    assert not centre.written.still(), "nor is it tried again once the token has expired"
    [(url, _, headers)] = centre.written.posted
    assert (url, dict(headers)) == (
        SINK,
        {"content-type": "application/cloudevents+json", "authorization": "Bearer abc"},
    )


def crossed_thrice() -> StudioCentre:
    """With consent, three fences at one origin are crossed; the first crossing is under way, and no sink answers."""
    centre = StudioCentre()
    centre.say(ConsentGiven(Consent("studio", FENCE.ue, frozenset({FENCE.scope}), id="consent-1")))
    fences = [f"f-{number}" for number in range(3)]
    for name in fences:
        centre.say(FenceMade(replace(FENCE, id=name, initial=True)))
    assert len(centre.told()) == 3
    centre.written.takes = None
    for name in fences:
        centre.say(FenceCrossed(name, True))
    assert [event["data"]["subscriptionId"] for event in centre.told()] == ["f-0"]
    return centre


def undelivered(centre: StudioCentre) -> list[tuple[str, str]]:
    """As the operator reads it; of what was withdrawn the studio reads nothing."""
    lines = [one for one in centre.audit.newest() if one["decision"] == "undelivered"]
    assert not any("withdrawn" in one["reason"] for one in centre.audit.newest(client="studio"))
    assert all(one["because"] == "for studio" for one in lines if one["reason"].startswith("withdrawn"))
    return [(one["subject"], one["reason"].partition(":")[0]) for one in lines]


def test_with_the_consent_ends_what_waits_to_be_told_of_a_device() -> None:
    centre = crossed_thrice()
    assert centre.written.still()
    centre.say(ConsentWithdrawn("consent-1"))
    assert not centre.written.still(), "what is under way is not tried again"
    assert centre.told() == []
    assert undelivered(centre) == [("f-1", "withdrawn"), ("f-2", "withdrawn")]
    centre.say(ConsentGiven(Consent("studio", FENCE.ue, frozenset({"another"}), id="consent-2")))
    centre.written.takes = True
    centre.sent = list(centre.plane.state.outbox.under_way())  # as after a crash
    assert centre.told() == [], "nor is what was under way"
    assert undelivered(centre)[-1] == ("f-0", "withdrawn")
    assert centre.plane.state.outbox.ended == {"delivered": 3, "withdrawn": 3}
    assert not [one for one in centre.audit.newest() if one["decision"] == "granted"]


def test_while_another_consent_holds_it_is_told() -> None:
    centre = crossed_thrice()
    centre.say(ConsentGiven(Consent("studio", FENCE.ue, frozenset({FENCE.scope}), id="consent-2")))
    centre.say(ConsentWithdrawn("consent-1"))
    centre.written.takes = True
    centre.sent = list(centre.plane.state.outbox.under_way())
    assert len(centre.told()) == 3
    assert undelivered(centre) == []


def test_a_consent_that_has_run_out_lets_nothing_be_told() -> None:
    centre = crossed_thrice()
    ends = Consent("studio", FENCE.ue, frozenset({FENCE.scope}), until=centre.now() + SECOND, id="consent-1")
    centre.say(ConsentGiven(ends))
    centre.ahead += 2 * SECOND
    centre.written.takes = True
    centre.sent = list(centre.plane.state.outbox.under_way())
    assert centre.told() == []
    assert undelivered(centre) == [(f"f-{number}", "withdrawn") for number in range(3)]


def test_without_room_an_event_waits_and_is_not_lost() -> None:
    centre = StudioCentre()
    centre.say(ConsentGiven(Consent("studio", FENCE.ue, frozenset({FENCE.scope}), id="consent-1")))
    centre.written.full = True
    centre.say(FenceMade(FENCE))
    centre.say(FenceMade(replace(FENCE, id="f-2")))
    for _ in range(3):
        assert centre.told() == []
        centre.pass_time(1)
    centre.written.full = False
    assert [event["data"]["subscriptionId"] for event in centre.told()] == ["f-1", "f-2"]
    assert centre.plane.state.outbox.ended == {"delivered": 2}


def test_an_address_that_may_not_be_called_any_more_is_given_up() -> None:
    centre = StudioCentre()
    centre.written.full = True
    centre.say(FenceMade(replace(FENCE, sink=Sink("https://192.0.2.1/sink"))))
    assert centre.told() == []
    assert centre.plane.state.outbox.ended == {"failed": 1}
