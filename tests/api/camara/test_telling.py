"""Sinks are told at least once: what a crash, a refusal or an expired token does to an event that was decided."""

from __future__ import annotations

import asyncio
from typing import Any

from msgspec.structs import replace

from fedge.core.control import ToSink
from fedge.core.control.events.location import FenceMade
from fedge.core.location import Circle, Fence
from fedge.core.messages import Sink
from fedge.core.model import SECOND, UeId
from fedge.runtime.loop import ControlLoop, restored
from tests.api.camara.studio import SINK, StudioCentre
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


def test_what_was_not_taken_before_a_crash_goes_out_when_the_loop_begins() -> None:
    journal, outside, told = MemoryJournal(), Outside(), list[Any]()

    def loop() -> ControlLoop:
        plane = restored(journal, StudioCentre().plane.settings)
        send = outside.send
        return ControlLoop(plane, journal, outside, outside, send, send, send, tell_sink=told.append)

    asyncio.run(run(loop(), FenceMade(FENCE), until=lambda: bool(told)))
    asyncio.run(run(loop(), until=lambda: len(told) > 1))
    assert [one.number for one in told if isinstance(one, ToSink)] == [1, 1]


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
    [(url, _, headers)] = centre.written.posted
    assert (url, dict(headers)) == (
        SINK,
        {"content-type": "application/cloudevents+json", "authorization": "Bearer abc"},
    )
