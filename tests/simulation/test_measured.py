"""What the access network measures: neighbours by strength, use of cells; and cells that are loaded while UEs come and go."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from fedge.core.messages import Cell
from fedge.core.messages.user_plane import (
    InstallQos,
    Neighbour,
    PacketFilter,
    QosFulfilled,
    QosInstalled,
    Quality,
)
from fedge.core.model import SECOND, CellId, SiteId, UeId
from fedge.simulation.background import Load
from fedge.simulation.bearers import Ue
from fedge.simulation.measured import ues_measured
from fedge.simulation.profiles import NR_MID_BAND
from fedge.simulation.radio import FLOOR_DBM
from fedge.simulation.shared_radio import SharedRadio

NAMES = [UeId("player-1"), UeId("player-2")]
KINDS = ("nr", "nr", "lte", "wifi", "nsa")
CELLS = [
    Cell(CellId(f"{kind}-{number}"), kind, 0.0, 0.0, 100.0, SiteId("harbour" if number < 2 else "market"))
    for number, kind in enumerate(KINDS)
]
GAME = ("127.9.1.1", 7777)


def test_a_ue_is_measured_with_its_three_strongest_neighbours() -> None:
    signals = np.array([[-80.04, -70, -90, -85, -60], [-100, -99, FLOOR_DBM, FLOOR_DBM, -98]], np.float32)
    places = np.array([[1.06, 2], [3, 4]])
    first, second = ues_measured(NAMES, CELLS, [0, 4], places, signals)
    assert (first.ue, first.x_m, first.y_m) == (NAMES[0], 1.1, 2.0)
    assert (first.cell, first.kind) == (CELLS[0].cell, "nr")
    assert first.rsrp_dbm == pytest.approx(-80.0, abs=0.01)
    assert first.neighbours == (
        Neighbour(CELLS[4].cell, -60.0),
        Neighbour(CELLS[1].cell, -70.0),
        Neighbour(CELLS[3].cell, -85.0),
    )
    assert [each.cell for each in second.neighbours] == ["nr-1", "nr-0"], "the others are not heard"


@pytest.mark.parametrize("cells", [1, 2, 3])
def test_a_city_may_have_few_cells(cells: int) -> None:
    rng = np.random.default_rng(2)
    signals = rng.uniform(-120, -60, (2, cells)).astype(np.float32)
    for measured in ues_measured(NAMES, CELLS[:cells], [0, 0], np.zeros((2, 2)), signals):
        assert len(measured.neighbours) == cells - 1
        assert all(one.rsrp_dbm >= other.rsrp_dbm for one, other in pairwise(measured.neighbours))


def shared() -> tuple[SharedRadio, list[Ue]]:
    ues = [Ue(index) for index in range(2)]
    for ue in ues:
        for air in (ue.up, ue.down):
            air.tune(NR_MID_BAND.rtt_ms, 0.5, 40.0)
    return SharedRadio(CELLS, 7, 0, NAMES, ues, (GAME,)), ues


def test_cells_are_told_as_full_as_they_are() -> None:
    radio, ues = shared()
    radio.attach(ues[1], 2)
    radio.load((Load(2.0, site="market"),), 0)
    ues[0].queue_down.enter(SECOND // 2, 100_000)
    for tenth in range(1, 11):
        radio.let_pass(tenth * SECOND // 10)
    told = radio.measured(SECOND)
    assert [one.cell for one in told] == [cell.cell for cell in CELLS]
    assert [one.ues for one in told] == [1, 0, 1, 0, 0]
    assert (told[0].bytes_up, told[0].bytes_down, told[0].used_up) == (0, 100_000, 0.0)
    assert told[0].used_down == pytest.approx(0.001, abs=0.0001)
    for one in told[2:]:
        assert min(one.used_up, one.used_down) > 0.95
        assert min(one.wait_up_ms, one.wait_down_ms) > 75
    radio.load((), SECOND)
    assert max(one.used_down for one in radio.measured(3 * SECOND)) < 0.1, "only what had come before is sent"


def test_flows_hear_of_it_when_their_ues_change_cells() -> None:
    radio, ues = shared()
    asked = InstallQos("a", NAMES[0], (PacketFilter(GAME[0]),), Quality(3, 1_000, 1_000))
    assert radio.flows.handle(asked) == [QosInstalled("a", NAMES[0])]
    assert radio.attach(ues[0], 1) == []
    assert radio.attach(ues[1], 3) == []
    assert radio.attach(ues[0], 3) == [QosFulfilled("a", NAMES[0], False)]
    assert radio.attach(ues[0], 4) == [QosFulfilled("a", NAMES[0], True)]
