"""A full cell of the simulated radio, told by the simulated operator's layer 2 measurements, read as any operator's."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from random import Random
from typing import Any, cast

import httpx2
import pytest

from fedge.adapters.core5g.door import Caller
from fedge.adapters.core5g.parties import Clock, Map, Subscribers
from fedge.adapters.core5g.radio import RadioInformation
from fedge.adapters.core5g.words import Identity
from fedge.core.access.cell_numbers import eutra_cell_id
from fedge.core.exposure import Answer, MappedCell, MeasureCells, MeasuredCell, Topology
from fedge.core.exposure.calls import Tell
from fedge.core.exposure.cell_loads import CellLoads
from fedge.core.messages import CellsMeasured, RadioMeasured
from fedge.core.model import MS, SECOND
from fedge.simulation.cell_load import NO_ROOM, cells_shares
from fedge.simulation.measured import cells_measured
from fedge.simulation.profiles import PROFILE_OF_KIND
from tests.simulation.rnis.radio import CELLS, Radio, radio

MAPPED = tuple(
    MappedCell(one.cell, one.kind, 0, 0, 100, one.site, {}, (eutra_cell_id(number),))
    for number, one in enumerate(CELLS, 1)
)
TOPOLOGY = Topology(1, 1, MAPPED, {kind: one.rtt_ms.p50 for kind, one in PROFILE_OF_KIND.items()}, (0, 0))


class Line:
    """Calls that end in the service itself, or with an answer of the test's own."""

    def __init__(self, rnis: Radio | None, body: Any = None) -> None:
        self._rnis, self._body = rnis, body

    async def __call__(self, method: str, where: str, said: object = None, kind: str = "") -> httpx2.Response:
        if self._rnis is None:
            return httpx2.Response(200, json=self._body)
        answer = await asyncio.to_thread(self._rnis.call, method, where)
        return httpx2.Response(answer.status_code, content=answer.content)


def asked(line: Line) -> Answer:
    client = RadioInformation(
        cast(Caller, line), Identity("https://127.0.0.1:7443", "internet", 1), Subscribers({}, {}), Map(TOPOLOGY),
        Clock(time.monotonic_ns),
    )  # fmt: skip
    return asyncio.run(client.carry_out(MeasureCells(7)))


def queues_ms(answer: Answer) -> dict[str, float | None]:
    loads = CellLoads(TOPOLOGY)
    loads.ask(answer.number, 0)
    (told,) = loads.answered(answer, 0)
    assert isinstance(told, Tell)
    assert isinstance(told.message, CellsMeasured)
    return {one.cell: one.queue_ms for one in told.message.cells}


def test_what_packets_wait_in_a_full_cell_is_what_fedge_expects_them_to(tmp_path: Path) -> None:
    shares = cells_shares([one.kind for one in CELLS], 7, 0, Random(7).random)
    shares[0].down.carry(1.2, 0)
    waits_ms = []
    for packet in range(5 * 60):
        now = packet * SECOND // 60
        wait = shares[0].down.enter(now, 400)
        if wait != NO_ROOM:
            waits_ms.append(wait / MS)
        shares[2].down.enter(now, 400)
    with radio(tmp_path) as rnis:
        rnis.attach().say(RadioMeasured(0, (), cells_measured(CELLS, shares, [], 5 * SECOND)))
        found = queues_ms(asked(Line(rnis)))
    mean_ms = sum(waits_ms) / len(waits_ms)
    assert mean_ms > 50, "the cell is full"
    queue_ms = found["nr-1"]
    assert queue_ms is not None
    assert abs(queue_ms - mean_ms) <= 1.0, "delays are told in whole milliseconds, up and down"
    assert found["lte-1"] == 0.0
    assert found["nr-2"] is None, "nobody is there"
    assert "wifi-1" not in found, "another standard's"


CELL = {"plmn": {"mcc": "999", "mnc": "01"}, "cellId": eutra_cell_id(1)}
USE = {"ecgi": CELL, "dl_total_prb_usage_cell": 100, "ul_total_prb_usage_cell": 20}


def delay(**said: Any) -> dict[str, Any]:
    return {"associateId": {"type": 1, "value": "10.0.0.1"}, "ecgi": CELL, **said}


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_cells_delay_is_the_mean_of_those_ues_that_have_one(wrapped: bool) -> None:
    delays = [
        delay(dl_nongbr_delay_ue=100, ul_nongbr_delay_ue=20),
        delay(dl_nongbr_delay_ue=200, ul_nongbr_delay_ue=20),
        delay(dl_nongbr_delay_ue=900),
        delay(dl_gbr_delay_ue=5),
    ]
    said = {"cellInfo": [USE], "cellUEInfo": delays}
    answer = asked(Line(None, {"L2Meas": said} if wrapped else said))
    assert answer.cells == (MeasuredCell(CELLS[0].cell, 0.2, 1.0, 170.0),)


@pytest.mark.parametrize(
    "said",
    [
        [],
        7,
        {"cellInfo": 7},
        {"cellInfo": [{**USE, "dl_total_prb_usage_cell": 101}]},
        {"cellUEInfo": [delay(dl_nongbr_delay_ue=-1)]},
    ],
)
def test_what_cannot_be_read_is_no_sign_that_the_service_is_gone(said: Any) -> None:
    answer = asked(Line(None, said))
    assert (answer.cells, answer.done, answer.doubtful) == ((), False, False)
    assert "layer 2" in answer.reason


def test_cells_that_are_not_on_the_map_are_left_out() -> None:
    elsewhere = {**USE, "ecgi": {**CELL, "cellId": "fffffff"}}
    assert asked(Line(None, {"cellInfo": [elsewhere], "cellUEInfo": []})).cells == ()
