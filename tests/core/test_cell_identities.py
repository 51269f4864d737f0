"""Cell identities and reported signal values: what is written can be read back."""

from __future__ import annotations

import pytest

from fedge.core.access.cell_numbers import CellNumbers, cell_number, eutra_cell_id, nr_cell_id
from fedge.core.access.signal_values import (
    eutra_rsrp_dbm,
    eutra_rsrp_value,
    eutra_rsrq_value,
    nr_rsrp_dbm,
    nr_rsrp_value,
)
from fedge.core.model import CellId

CELLS = CellNumbers([CellId("nr-01"), CellId("lte-01")])


def test_a_cell_is_its_number_in_28_or_36_bits() -> None:
    assert [len(write(2)) * 4 for write in (eutra_cell_id, nr_cell_id)] == [28, 36]
    for write in (eutra_cell_id, nr_cell_id):
        assert CELLS.cell(write(CELLS.number(CellId("lte-01")))) == "lte-01"
    assert CELLS.cell("000000A") is None


@pytest.mark.parametrize("text", ["", "1", "00000001", "0000000", "000000g", " 000001", "-000001", "٠٠٠٠٠٠١"])
def test_what_is_no_identity_names_no_cell(text: str) -> None:
    assert CELLS.cell(text) is None
    assert cell_number(text) in (None, 0)


@pytest.mark.parametrize(
    ("dbm", "eutra", "nr"),
    [(-157.0, 0, 0), (-140.5, 0, 16), (-140.0, 1, 17), (-44.0, 97, 113), (-43.9, 97, 113), (-31.0, 97, 126), (0, 97, 126)],
)  # fmt: skip
def test_signal_strength_in_spans_of_1_db(dbm: float, eutra: int, nr: int) -> None:
    """TS 36.133, table 9.1.4-1; TS 38.133, table 10.1.6.1-1."""
    assert (eutra_rsrp_value(dbm), nr_rsrp_value(dbm)) == (eutra, nr)


def test_the_middle_of_a_span_is_read_back() -> None:
    for dbm in (-139.5, -100.5, -45.5):
        assert eutra_rsrp_dbm(eutra_rsrp_value(dbm)) == dbm
        assert nr_rsrp_dbm(nr_rsrp_value(dbm)) == dbm


@pytest.mark.parametrize(
    ("db", "value"), [(-30, 0), (-19.6, 0), (-19.5, 1), (-10.8, 18), (-3.0, 34), (0, 34)]
)
def test_signal_quality_in_spans_of_half_a_db(db: float, value: int) -> None:
    """TS 36.133, table 9.1.7-1."""
    assert eutra_rsrq_value(db) == value
