"""What a wake, a view and a question cost with many quality sessions: items looked through are counted, not time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from fedge.api.admin import collections
from fedge.api.admin.view import Facts
from fedge.core.control import quality
from fedge.core.control.events.quality import AskedQuality, AskedQualityEnd
from fedge.core.control.state import Session
from fedge.core.messages import CellChanged, QualityGranted, QualityRefused, RequestQuality, RouteActivated
from fedge.core.model import SECOND, CellId, SessionId, SessionKey, UeId
from fedge.core.quality import Flow
from tests.core.control.test_quality import ARENA, HARBOUR, OWN, WISH, Told, released, requested

PLAYERS = 40


class Counted(dict[Any, Any]):
    """``looked``: how many items were walked over."""

    looked = 0

    def __iter__(self) -> Iterator[Any]:
        for one in super().__iter__():
            self.looked += 1
            yield one

    def values(self) -> Any:
        return (self[name] for name in self)

    def items(self) -> Any:
        return ((name, self[name]) for name in self)


class Crowd(Told):
    """Each of ``PLAYERS`` plays, and has a quality session that is served."""

    def __init__(self) -> None:
        super().__init__()
        self.play()
        for number in range(PLAYERS):
            ue = UeId(f"ue-{number}")
            self.say(CellChanged(ue, CellId("nr-1"), None, "nr", 10.0, 0.0, self.at))
            self.plane.state.sessions[SessionId(ue)] = Session(
                SessionId(ue),
                SessionKey(number),
                ARENA,
                ue,
                HARBOUR,
                state="serving",
                opened=True,
                steered=True,
            )
            self.say(
                AskedQuality(1, replace(WISH, id=f"q-{number}", seconds=60, flow=replace(WISH.flow, ue=ue)))
            )
            self.say(QualityGranted(f"q-{number}"))
        self.wake()
        self.wake()
        self.of_quality = self.plane.state.quality.sessions = Counted(self.plane.state.quality.sessions)
        self.of_sessions = self.plane.state.sessions = Counted(self.plane.state.sessions)

    def looked(self) -> tuple[int, int]:
        """(quality sessions, sessions) since the last time."""
        found = self.of_quality.looked, self.of_sessions.looked
        self.of_quality.looked = self.of_sessions.looked = 0
        return found


def test_a_wake_at_which_nothing_is_due_looks_through_no_quality_session() -> None:
    crowd = Crowd()
    crowd.wake(0.05)
    assert crowd.looked()[0] == 0
    other = crowd.of_sessions.looked
    crowd.say(RouteActivated(SessionId("ue-7"), 1, crowd.at, OWN, True))
    assert requested(crowd.wake(0.05)) == [("q-7", "127.9.1.1 127.9.2.1")]
    qualities, sessions = crowd.looked()
    assert qualities == 0
    assert sessions <= other + 4 * PLAYERS, (
        "once more through the sessions, not once for each quality session"
    )


def test_what_nobody_said_has_changed_is_found_in_half_a_second() -> None:
    crowd = Crowd()
    crowd.plane.state.sessions[SessionId("ue-7")].service = OWN
    assert requested(crowd.wake(0.05) + crowd.wake(0.5) + crowd.wake(0.05)) == [
        ("q-7", "127.9.1.1 127.9.2.1")
    ]
    assert crowd.looked()[1] < PLAYERS * PLAYERS


def test_a_session_that_is_due_is_found_without_looking_through_the_others() -> None:
    crowd = Crowd()
    crowd.say(QualityRefused("q-3", "no room", final=False))
    assert requested(crowd.wake(1.98)) == []
    crowd.looked()
    assert [flow for flow, _ in requested(crowd.wake(0.03))] == ["q-3"], "asked again after 2 s"
    assert crowd.looked()[0] == 0
    out = crowd.wake(18.0)
    assert released(out) == ["q-3"], "given up after 20 s"
    assert [name for name, one in crowd.sessions.items() if not one.live] == ["q-3"]


def test_the_table_of_sessions_looks_through_no_quality_session() -> None:
    crowd = Crowd()
    rows = collections.sessions(crowd.plane, Facts({}, {}, lambda a, b: 0.0), crowd.at)
    assert rows["ue-7"]["quality"] == "QOS_E"
    assert crowd.looked()[0] == 0


def test_a_question_looks_through_no_other_clients_sessions() -> None:
    crowd = Crowd()
    out = crowd.say(AskedQuality(1, replace(WISH, id="q-new", flow=Flow(UeId("ue-7"), "192.0.2.1"))))
    assert [one.flow for one in out if isinstance(one, RequestQuality)] == ["q-new"]
    assert crowd.looked()[0] == 0


def test_there_is_a_bound_over_all_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "MOST_OF_ALL", PLAYERS)
    crowd = Crowd()
    new = replace(WISH, id="q-new", owner="studio", flow=Flow(UeId("ue-7"), "192.0.2.1"))
    crowd.say(AskedQuality(1, new))
    assert "q-new" not in crowd.sessions
    crowd.say(AskedQualityEnd(2, "q-0", ""))
    crowd.say(AskedQuality(3, new))
    assert "q-new" in crowd.sessions


def test_made_and_deleted_over_and_over_leaves_nothing_behind() -> None:
    told = Told()
    for number in range(500):
        told.say(AskedQuality(1, replace(WISH, id=f"q-{number}", seconds=86_400)))
        told.say(QualityGranted(f"q-{number}"))
        told.say(AskedQualityEnd(2, f"q-{number}", ""))
    watch = told.plane.quality_watch
    assert (watch.asked_in_all(), watch.of_ue(WISH.flow.ue)) == (0, ())
    assert len(watch._next) < 100
    assert watch.due(told.at + 2 * 86_400 * SECOND) == []
