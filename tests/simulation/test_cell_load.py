"""A cell's capacity: waiting grows with the load, the buffer is finite, guaranteed packets go first, the rest share alike."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from fedge.core.messages import Cell
from fedge.core.model import MS, SECOND, CellId, SiteId
from fedge.simulation.background import Load, added, load_of_cells, news
from fedge.simulation.cell_load import (
    BUFFER_NS,
    GUARANTEED_SHARE,
    NO_ROOM,
    PATTERN_SLOTS,
    SWING,
    CellQueue,
    capacity_mbit_s,
    cells_shares,
    swing,
)
from fedge.simulation.profiles import PROFILE_OF_KIND
from fedge.wire.records import ACCESS_KINDS

STEADY = [1.0] * PATTERN_SLOTS
PACKET = 1_000
EVERY_NS = SECOND // 60


def queue(mbit_s: float = 8.0, load: float = 0.0, pattern: list[float] | None = None) -> CellQueue:
    """At 8 Mbit/s a packet of 1,000 bytes takes 1 ms."""
    made = CellQueue(mbit_s, pattern or STEADY, 0, 0, Random(3).random)
    if load:
        made.carry(load, 0)
    return made


def waits_ms(cell: CellQueue, seconds: int, size: int = 100) -> tuple[list[float], float]:
    """Of packets at 60 a second: the waits, and the share that was lost."""
    told = [cell.enter(k * EVERY_NS, size) for k in range(seconds * 60)]
    kept = [wait / MS for wait in told if wait != NO_ROOM]
    return kept, 1 - len(kept) / len(told)


def test_an_empty_cell_lets_everything_pass_at_once() -> None:
    waits, lost = waits_ms(queue(), 10)
    assert (max(waits), lost) == (0.0, 0.0)


def test_packets_that_come_at_once_wait_for_each_other() -> None:
    cell = queue()
    assert [cell.enter(0, PACKET) for _ in range(3)] == [0, MS, 2 * MS]
    assert cell.enter(2 * MS, PACKET) == MS
    assert cell.enter(10 * MS, PACKET) == 0


def test_the_shared_buffer_is_finite() -> None:
    cell = queue()
    told = [cell.enter(0, PACKET) for _ in range(400)]
    assert sum(wait != NO_ROOM for wait in told) == BUFFER_NS // MS
    assert cell.enter(10 * MS, PACKET) != NO_ROOM, "there is room again"


def test_no_more_than_the_capacity_passes_however_much_is_offered() -> None:
    cell = queue()
    passed = sum(
        cell.enter(k * MS // 3, PACKET) != NO_ROOM for k in range(30_000)
    )  # 10 s of three times as much
    assert passed == pytest.approx(10_000, rel=0.02)


def test_waiting_begins_before_the_cell_is_full_and_grows_steeply_near_it() -> None:
    means = [
        float(np.mean(waits_ms(queue(110.0, load, swing(7)), 80)[0])) for load in (0.5, 0.7, 0.9, 1.0, 1.2)
    ]
    assert means == sorted(means)
    assert means[0] < 1
    assert 5 < means[2] < 60
    assert BUFFER_NS / MS * 0.8 < means[4] <= BUFFER_NS / MS


@pytest.mark.parametrize(("load", "left_out"), [(0.8, 0.0), (1.25, 0.2), (2.0, 0.5)])
def test_of_more_than_everything_what_is_too_much_is_lost(load: float, left_out: float) -> None:
    assert waits_ms(queue(110.0, load), 80)[1] == pytest.approx(left_out, abs=0.02)


def test_the_swing_has_the_mean_and_deviation_that_it_says() -> None:
    assert np.mean(swing(7)) == pytest.approx(1.0, abs=0.03)
    assert np.std(swing(7)) == pytest.approx(SWING, abs=0.03)
    assert swing(7) == swing(7)
    assert swing(7) != swing(8)


def test_the_load_of_a_cell_is_a_function_of_simulated_time() -> None:
    asked_often, asked_once = (CellQueue(110.0, swing(7), 40, 0, Random(1).random) for _ in range(2))
    for cell in (asked_often, asked_once):
        cell.carry(1.05, 0)
    for now in range(MS, 900 * MS, 7 * MS):
        asked_often.take(now)
    assert asked_often.enter(900 * MS, 0) == pytest.approx(asked_once.enter(900 * MS, 0), abs=10)


def test_a_load_ends() -> None:
    cell = queue(load=1.5)
    assert cell.enter(SECOND, PACKET) in (NO_ROOM, BUFFER_NS)
    cell.carry(0.0, SECOND)
    assert cell.enter(SECOND + 50 * MS, PACKET) == pytest.approx(100 * MS, abs=2 * MS), (
        "what came waits to be sent"
    )
    assert cell.enter(2 * SECOND, PACKET) == 0


def test_guaranteed_packets_go_first_and_are_never_lost() -> None:
    cell = queue(110.0, 1.5, swing(7))
    first = [cell.enter_first(k * EVERY_NS, 100) for k in range(6_000)]
    assert max(first) == 0
    together = [cell.enter_first(101 * SECOND, 1_375) for _ in range(3)]  # 0.1 ms each
    assert together == pytest.approx([0, MS // 10, MS // 5], abs=2)


def test_what_goes_first_is_taken_from_the_rest() -> None:
    """Half of the capacity goes first: what wants three quarters of it waits, and gets half."""
    cell, passed = queue(), 0
    for k in range(20_000):  # 10 s, two packets a millisecond that carry a quarter of it each
        now = k * MS // 2
        cell.enter_first(now, PACKET // 4)
        passed += cell.enter(now, PACKET * 3 // 8) != NO_ROOM
    assert passed * PACKET * 3 / 8 * 8 / 10 == pytest.approx(4e6, rel=0.03)


def test_the_rest_share_alike() -> None:
    """Eight UEs that offer the same lose the same, and one that offers twice as much gets twice as much."""
    cell, rng = queue(110.0, 1.3, swing(7)), Random(5)
    offered, passed = [0] * 8, [0] * 8
    sent = sorted((rng.randrange(60 * SECOND), ue) for ue in range(8) for _ in range(6_000 if ue else 12_000))
    for now, ue in sent:
        offered[ue] += 1
        passed[ue] += cell.enter(now, 300) != NO_ROOM
    shares = [got / asked for got, asked in zip(passed, offered, strict=True)]
    assert max(shares) - min(shares) < 0.04
    assert passed[0] == pytest.approx(2 * np.mean(passed[1:]), rel=0.04)
    assert max(shares) < 0.9


@pytest.mark.parametrize("load", [0.0, 0.6])
def test_what_a_cell_carries_is_counted(load: float) -> None:
    cell = queue(8.0, load)
    cell.take(0)
    for k in range(1_000):
        cell.enter(k * MS, 200)  # a fifth of the capacity
    carried = cell.take(SECOND)
    assert carried.used == pytest.approx(0.2 + load, abs=0.01)
    assert carried.bytes == 200_000
    assert carried.wait_ms == pytest.approx(0.0, abs=0.2)
    assert cell.take(2 * SECOND).used == pytest.approx(load, abs=0.01)


def test_lost_bytes_were_not_carried() -> None:
    cell = queue()
    for _ in range(1_000):
        cell.enter(0, PACKET)
    carried = cell.take(SECOND)
    assert carried.bytes == BUFFER_NS // MS * PACKET
    assert carried.used == pytest.approx(0.15, abs=0.01)
    assert carried.wait_ms == pytest.approx(74.5, abs=0.5)


def test_every_kind_of_cell_has_a_capacity_and_a_part_that_may_be_promised() -> None:
    assert set(ACCESS_KINDS) == set(PROFILE_OF_KIND) == set(GUARANTEED_SHARE)
    for kind, shares in zip(ACCESS_KINDS, cells_shares(ACCESS_KINDS, 7, 0, Random(1).random), strict=True):
        up, down = capacity_mbit_s(kind)
        assert (shares.up.mbit_s, shares.down.mbit_s) == (up, down)
        assert shares.most_up_kbit_s == up * 1000 * GUARANTEED_SHARE[kind]
        assert shares.most_down_kbit_s == down * 1000 * GUARANTEED_SHARE[kind]


# --- who is loaded ------------------------------------------------------------------------------------------------------------

CELLS = [
    Cell(CellId(name), "nr", 0.0, 0.0, 100.0, SiteId(site))
    for name, site in (("nr-01", "harbour"), ("nr-02", "harbour"), ("nr-03", "market"))
]


def test_later_entries_come_before_earlier_ones() -> None:
    loads: tuple[Load, ...] = ()
    for load, loaded in (
        (Load(0.5), [0.5, 0.5, 0.5]),
        (Load(0.9, site="harbour"), [0.9, 0.9, 0.5]),
        (Load(0.0, cell="nr-02"), [0.9, 0.0, 0.5]),
        (Load(1.2, site="harbour"), [1.2, 1.2, 0.5]),
        (Load(0.0), [0.0, 0.0, 0.0]),
    ):
        loads = added(loads, load)
        assert load_of_cells(loads, CELLS) == loaded
    assert loads == (Load(0.0),)


def test_what_somebody_did_to_the_list_is_found_again() -> None:
    before: tuple[Load, ...] = ()
    for load in (
        Load(0.5),
        Load(0.9, site="harbour"),
        Load(0.2, cell="nr-01"),
        Load(0.0, cell="nr-01"),
        Load(0.0),
    ):
        now = added(before, load)
        assert news(before, now) == [load]
        before = now
    assert news([Load(0.5, cell="nr-01"), Load(0.9)], [Load(0.9)]) == []
    assert news([Load(0.5, cell="nr-01"), Load(0.9, site="harbour")], [Load(0.9, site="harbour")]) == [
        Load(0.0, cell="nr-01")
    ]
    assert news([Load(0.9)], []) == [Load(0.0)]
