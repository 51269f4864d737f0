"""Where everybody is, of facts that come late, twice, out of order or not at all."""

from __future__ import annotations

import pytest

from fedge.core.exposure import CellTold, Place, PlacesTold, RadioTold, Topology, Weakness
from fedge.core.exposure.notices import Notice
from fedge.core.messages import (
    AskLocation,
    CellChanged,
    HandoverPredicted,
    LocationTold,
    Message,
    UesSighted,
)
from fedge.core.model import MS, SECOND, CellId
from tests.core.exposure.talk import Talk
from tests.core.exposure.worlds import CELLS, TOPOLOGY, UES

UE = UES[0]
C1, C2, C3 = (one.cell for one in CELLS)


def at(talk: Talk, ms: int = 0) -> int:
    return talk.now + ms * MS


def place(talk: Talk, ms: int, x_m: float, cell: CellId | None = None) -> list[Message]:
    return heard(
        talk, PlacesTold(talk.gateway.token("places"), (Place(UE, at(talk, ms), x_m, 0.0, 5.0, cell),))
    )


def radio(talk: Talk, ms: int, cell: CellId, signal_dbm: float | None = -80.0) -> list[Message]:
    return heard(talk, RadioTold(talk.gateway.token("nr"), UE, at(talk, ms), cell, signal_dbm))


def handover(talk: Talk, ms: int, cell: CellId, done: bool = True) -> list[Message]:
    return heard(talk, CellTold(talk.gateway.token("cells"), UE, at(talk, ms), cell, done=done))


def heard(talk: Talk, notice: Notice) -> list[Message]:
    talk.hear(notice)
    return [*talk.told(CellChanged), *talk.told(HandoverPredicted)]


def test_a_ue_is_seen_once_its_cell_is_known() -> None:
    talk = Talk().begun()
    assert place(talk, 0, 12.0) == []
    talk.later(100)
    assert talk.told(UesSighted) == []
    (attached,) = place(talk, 0, 13.0, C1)
    assert attached == CellChanged(UE, C1, None, "nr", 10.0, 0.0, at(talk))
    talk.later(100)
    (sighted,) = talk.told(UesSighted)
    assert (sighted.ues[0].x_m, sighted.ues[0].cell, sighted.ues[0].uncertainty_m) == (13.0, C1, 5.0)


def test_without_a_place_it_is_where_its_cell_is() -> None:
    talk = Talk().begun()
    radio(talk, 0, C2)
    sighting = talk.gateway.picture.sighting(UE)
    assert sighting is not None
    assert (sighting.x_m, sighting.uncertainty_m, sighting.place_at) == (200.0, 60.0, 0)


def test_an_older_place_changes_nothing() -> None:
    talk = Talk().begun()
    place(talk, 0, 10.0, C1)
    place(talk, -200, 99.0, C1)
    place(talk, 0, 98.0, C1)
    sighting = talk.gateway.picture.sighting(UE)
    assert sighting is not None
    assert sighting.x_m == 10.0
    assert (talk.gateway.counts["too late"], talk.gateway.counts["twice"]) == (1, 1)


def test_a_fact_from_the_future_is_not_taken_and_shuts_nothing_out() -> None:
    talk = Talk().begun()
    place(talk, 3_600_000, 99.0, C1)
    place(talk, 0, 10.0, C1)
    sighting = talk.gateway.picture.sighting(UE)
    assert sighting is not None
    assert sighting.x_m == 10.0
    assert talk.gateway.counts["from the future"] == 1


def test_a_handover_is_predicted_once_and_then_happens() -> None:
    talk = Talk().begun()
    radio(talk, -1000, C1)
    assert handover(talk, -100, C2, done=False) == [HandoverPredicted(UE, C2, at(talk, -100))]
    assert handover(talk, -100, C2, done=False) == []
    assert handover(talk, 0, C2) == [CellChanged(UE, C2, C1, "nr", 10.0, 0.0, at(talk))]
    assert handover(talk, 0, C2) == []


def test_a_prediction_that_comes_after_its_handover_is_too_late() -> None:
    talk = Talk().begun()
    radio(talk, -1000, C1)
    handover(talk, 0, C2)
    assert handover(talk, -100, C2, done=False) == []


def test_a_handover_to_a_cell_that_is_not_on_the_map_is_counted() -> None:
    talk = Talk().begun()
    assert handover(talk, 0, CellId("nowhere")) == []
    assert talk.gateway.counts["unknown cell"] == 1


def test_reports_during_a_handover_do_not_anticipate_it() -> None:
    talk = Talk().begun()
    radio(talk, -1000, C1)
    assert radio(talk, -200, C2) == []
    assert handover(talk, -50, C2) == [CellChanged(UE, C2, C1, "nr", 10.0, 0.0, at(talk, -50))]
    assert radio(talk, 0, C2) == []


def test_a_handover_that_nobody_told_is_noticed() -> None:
    talk = Talk().begun()
    radio(talk, -1000, C1)
    assert radio(talk, -600, C2) == []
    assert radio(talk, -300, C2) == []
    assert radio(talk, -100, C2) == [CellChanged(UE, C2, C1, "nr", 10.0, 0.0, at(talk, -100))]
    assert talk.gateway.counts["healed"] == 1


def test_a_report_from_before_the_handover_does_not_lead_back() -> None:
    talk = Talk().begun()
    radio(talk, -2000, C1)
    handover(talk, -1000, C2)
    assert radio(talk, -1200, C1) == []
    assert radio(talk, -500, C2) == []
    sighting = talk.gateway.picture.sighting(UE)
    assert sighting is not None
    assert sighting.cell == C2


def test_another_carriers_signal_is_forgotten() -> None:
    talk = Talk().begun()
    radio(talk, -1000, C1, -120.0)
    handover(talk, 0, C3)
    sighting = talk.gateway.picture.sighting(UE)
    assert sighting is not None
    assert (sighting.kind, sighting.signal_dbm, sighting.radio_rtt_ms) == ("lte", 0.0, 22.0)


@pytest.mark.parametrize(("signal_dbm", "rtt_ms"), [(-80.0, 10.0), (-110.0, 12.0), (-160.0, 18.0)])
def test_a_weak_signal_is_worth_milliseconds(signal_dbm: float, rtt_ms: float) -> None:
    weak = Topology(1.0, 1.0, (), {"nr": 10.0}, (0.0, 0.0), Weakness(-105.0, 0.4, 8.0))
    assert weak.expected_rtt_ms("nr", signal_dbm) == rtt_ms


def test_the_map_is_told_as_the_access_networks_greeting() -> None:
    hello = TOPOLOGY.hello()
    assert [cell.cell for cell in hello.cells] == [C1, C2, C3]
    assert hello.origin == (52.0, 13.0)
    assert TOPOLOGY.by_id()["000000002"] == C2


def test_a_place_that_is_young_enough_is_told_without_asking() -> None:
    talk = Talk().begun()
    place(talk, -500, 10.0, C1)
    talk.hear(AskLocation(7, UE, 1.0))
    assert talk.told(LocationTold) == [LocationTold(7, UE, True, 10.0, 0.0, 5.0, at(talk, -500))]
    assert SECOND > 0
