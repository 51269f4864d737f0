"""RSRQ as it is worked out of signals and loads."""

from __future__ import annotations

import pytest

from fedge.core.messages.user_plane import CellLoad, Neighbour, UeMeasured
from fedge.core.model import CellId
from fedge.simulation.rnis.quality import rsrq_db
from tests.simulation.rnis.radio import CELLS, LTE_UE

KNOWN = {cell.cell: cell for cell in CELLS}


def rsrq(used: float, *neighbours: Neighbour, dbm: float = -80.0, loaded: str = "lte-1") -> float:
    measured = UeMeasured(LTE_UE, 0, 0, CellId("lte-1"), "lte", dbm, neighbours)
    return rsrq_db(measured, KNOWN, {CellId(loaded): CellLoad(CellId(loaded), 1, 0, used)})


def test_alone_it_is_that_of_the_own_load() -> None:
    assert rsrq(0.0) == pytest.approx(-3.0, abs=0.1), "two subcarriers of twelve"
    assert rsrq(1.0) == pytest.approx(-10.8, abs=0.1), "all twelve"


def test_neighbours_of_the_same_kind_take_from_it_as_they_are_loaded() -> None:
    as_strong = Neighbour(CellId("lte-2"), -80.0)
    assert rsrq(0.0, as_strong) == pytest.approx(-6.0, abs=0.1)
    assert rsrq(1.0, as_strong, loaded="lte-2") < rsrq(0.5, as_strong, loaded="lte-2") < rsrq(0.0, as_strong)
    assert rsrq(0.0, Neighbour(CellId("nr-1"), -40.0), Neighbour(CellId("gone"), -40.0)) == rsrq(0.0)


def test_far_away_noise_takes_over() -> None:
    assert rsrq(0.0, dbm=-125.0) < -10
