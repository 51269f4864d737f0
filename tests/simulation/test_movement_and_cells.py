"""People and cells: where and when is a matter of the seed alone, and cells change as A3 says."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from fedge.core.messages import Cell
from fedge.core.model import MS, CellId, SiteId
from fedge.simulation.city import City, generate
from fedge.simulation.radio import RadioMap
from fedge.simulation.ran import LEAD_MS, STEP_NS, Handover, Ran
from fedge.simulation.ues import plan_tours


def ride(city: City, players: int, seed: int, seconds: float, time_scale: float) -> list[Handover]:
    tours, radio = plan_tours(city, players, seed), RadioMap(city, seed)
    ran = Ran(city.cells, seed, np.array([mode == "pedestrian" for mode in tours.modes]))
    found = []
    for step in range(int(seconds * 10)):
        found += ran.step(step, radio.at(tours.positions(step * 0.1 * time_scale)))
    return found


def test_positions_are_a_function_of_seed_ue_and_time() -> None:
    city = generate(7, 4)
    few, many = plan_tours(city, 5, 7), plan_tours(city, 50, 7)
    for at_s in (0.0, 12.3, 4000.0):
        np.testing.assert_array_equal(few.positions(at_s), many.positions(at_s)[:5])
    assert not np.allclose(few.positions(60.0), plan_tours(city, 5, 8).positions(60.0))


def test_nobody_jumps_or_leaves_the_city() -> None:
    city = generate(7, 4)
    tours = plan_tours(city, 60, 7)
    before = tours.positions(0.0)
    for step in range(1, 6000):
        now = tours.positions(step * 0.1)
        assert np.abs(now - before).sum(1).max() < 2.0  # 0.1 s at 20 m/s
        before = now
        assert now.min() >= 0.0
        assert now[:, 0].max() <= city.width_m
        assert now[:, 1].max() <= city.height_m


def test_people_move_at_their_pace() -> None:
    tours = plan_tours(generate(7, 4), 200, 7)
    far = np.abs(tours.positions(30.0) - tours.positions(0.0)).sum(1)
    walked = [far[n] for n, mode in enumerate(tours.modes) if mode == "pedestrian"]
    driven = [far[n] for n, mode in enumerate(tours.modes) if mode == "car"]
    assert np.median(walked) < 60 < np.median(driven)
    assert set(tours.modes) == {"pedestrian", "cyclist", "tram", "car"}


def test_the_default_city_keeps_its_players_moving() -> None:
    city = generate(7, 4)
    handovers = ride(city, 24, 7, 30.0, 3.0)
    between_sites = [h for h in handovers if city.cells[h.source].site != city.cells[h.target].site]
    assert 18 <= len(between_sites) <= 35
    per_ue = np.bincount([h.ue for h in handovers], minlength=24)
    assert 2 <= np.median(per_ue) <= 5


def test_handovers_are_a_matter_of_the_seed() -> None:
    city = generate(7, 4)
    assert ride(city, 24, 7, 10.0, 3.0) == ride(city, 24, 7, 10.0, 3.0)


def cells(*kinds: str) -> list[Cell]:
    return [Cell(CellId(f"{kind}-{n}"), kind, 0, 0, 100, SiteId("here")) for n, kind in enumerate(kinds)]


def signals(*dbm: float) -> np.ndarray:
    return np.array([dbm], np.float32)


def test_a_better_cell_is_taken_after_hysteresis_and_time_to_trigger() -> None:
    ran = Ran(cells("nr", "nr"), 1, np.array([False]))
    assert ran.step(0, signals(-80, -90)) == []
    assert ran.step(1, signals(-80, -77)) == []  # 3 dB better: within the hysteresis
    assert ran.step(2, signals(-80, -75)) == []
    assert ran.step(3, signals(-80, -75)) == []
    [handover] = ran.step(4, signals(-80, -75))  # 200 ms later
    assert (handover.source, handover.target, handover.reported_ns) == (0, 1, 4 * STEP_NS)
    assert LEAD_MS[0] * MS <= handover.starts_ns - handover.reported_ns <= LEAD_MS[1] * MS
    assert 15 * MS < handover.gap_ns < 80 * MS
    assert list(ran.serving) == [1]


def test_a_short_peak_triggers_nothing() -> None:
    ran = Ran(cells("nr", "nr"), 1, np.array([False]))
    for step in range(20):
        assert ran.step(step, signals(-80, -70 if step % 3 else -90)) == []


def test_nothing_is_decided_while_a_handover_lasts() -> None:
    ran = Ran(cells("nr", "nr"), 1, np.array([False]))
    found = [
        h
        for step in range(60)
        for h in ran.step(step, signals(-80, -90) if step // 5 % 2 else signals(-90, -80))
    ]
    for earlier, later in pairwise(found):
        assert later.reported_ns >= earlier.starts_ns + earlier.gap_ns


@pytest.mark.parametrize(("walks", "serving"), [(True, 1), (False, 0)])
def test_only_who_walks_uses_a_hotspot(walks: bool, serving: int) -> None:
    ran = Ran(cells("nr", "wifi"), 1, np.array([walks]))
    ran.step(0, signals(-90, -60))
    assert list(ran.serving) == [serving]
