"""A full cell in what is expected of a session: told and held against its QoSPolicy, not moved for; a quality goes before it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from fedge.core.applications.qos import Latency
from fedge.core.control import ControlPlane
from fedge.core.control.deciding import decision_for, sweep
from fedge.core.control.facts import expected_rtt_ms, outside_objective
from fedge.core.messages import CellFigures, CellsMeasured, OperatorOffers, QualityKept
from fedge.core.model import SECOND, AppId, CellId, SessionId
from fedge.core.quality import Flow, QualitySession
from tests.core.control.test_silence import NOW, UE, plane_at, tell

SESSION = SessionId("ue-1")
FREE_MS = 8.0 + 4.0
"""Of the story's federation: radio and path; s1 is loaded a tenth."""


def full(queue_ms: float | None = 280.0, at: int = NOW) -> ControlPlane:
    """A session within its objective of 50 ms, but for the queue of its cell."""
    plane = plane_at(default_service="127.0.0.1:7777")
    app = AppId("ledger")
    plane.applications[app] = replace(plane.applications[app], latency=Latency(objective_ms=50))
    tell(plane, CellsMeasured(at, (CellFigures(CellId("x1"), 0.2, 1.0, queue_ms),)), NOW)
    return plane


def expected(plane: ControlPlane, now: int = NOW) -> float:
    found = expected_rtt_ms(plane, plane.state.sessions[SESSION], now)
    assert found is not None
    return found


def served_well(plane: ControlPlane, server: str = "127.0.0.1", port: int = 7777) -> None:
    tell(plane, OperatorOffers(("QOS_E",), True, True, True), NOW)
    flow = Flow(UE, server, ((port, port),))
    one = QualitySession("q-1", "", flow, "QOS_E", "QOS_E", 600, status="AVAILABLE", started_at=NOW)
    plane.state.quality.sessions[one.id] = one
    plane.quality_watch.put(one)


def test_what_is_expected_has_the_queue_of_its_cell_and_is_held_against_the_objective() -> None:
    plane = full()
    session = plane.state.sessions[SESSION]
    assert expected(plane) == pytest.approx(280 + FREE_MS, abs=1)
    assert outside_objective(plane, session, NOW) is True
    assert outside_objective(full(0.0), session, NOW) is False
    assert outside_objective(plane_at(), session, NOW) is None, "its QoSPolicy wants nothing"
    decision = decision_for(plane, session, NOW)
    assert decision is not None
    assert {each.site: each.queue_ms for each in decision.sites} == dict.fromkeys(("s1", "s2", "s3"), 280.0)
    assert [each.within for each in decision.sites if each.feasible] == [False] * 3


@pytest.mark.parametrize("queue_ms", [None, 0.0])
def test_a_cell_of_which_no_queue_is_known_adds_none(queue_ms: float | None) -> None:
    assert expected(full(queue_ms)) == pytest.approx(FREE_MS, abs=1)


def test_a_figure_that_is_old_says_nothing() -> None:
    plane = full()
    assert expected(plane, NOW + 5 * SECOND) > 280
    assert expected(plane, NOW + 6 * SECOND) < 50


def test_nothing_moves_for_a_full_cell() -> None:
    plane = full()
    for _ in range(4):
        assert sweep(plane, NOW) == []


def test_a_quality_that_is_kept_goes_before_the_queue() -> None:
    plane = full()
    served_well(plane)
    assert expected(plane) == pytest.approx(FREE_MS, abs=1)
    assert outside_objective(plane, plane.state.sessions[SESSION], NOW) is False
    tell(plane, QualityKept("q-1", False), NOW)
    assert expected(plane) > 280
    tell(plane, QualityKept("q-1", True), NOW)
    assert expected(plane) < 50


@pytest.mark.parametrize(("server", "port"), [("127.0.0.2", 7777), ("127.0.0.1", 7778)])
def test_a_quality_for_other_packets_does_not(server: str, port: int) -> None:
    plane = full()
    served_well(plane, server, port)
    assert expected(plane) > 280
