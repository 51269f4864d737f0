"""How people move: every UE follows a closed tour along the streets, on foot, by bicycle, tram or car.

Pure: a position is a function of (seed, ue, simulated time) alone, so neither scheduling nor a restart of the access network
changes where anybody is. Positions of all UEs are computed at once with numpy. Speeds are typical city values (assumed);
``time_scale`` multiplies simulated time and with it every speed and every stop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

import numpy as np
from numpy.typing import NDArray

from fedge.simulation.city_plan import City
from fedge.simulation.people import ANYBODY, Person

Floats = NDArray[np.float64]

STEP_S = 0.1
"""Positions and radio are looked at ten times a second."""


@dataclass(frozen=True)
class Mode:
    """A way to get about.

    ``stop_s``: mean stop at a destination or tram stop; ``reach_m``: how far its destinations lie apart.
    """

    name: str
    share: float
    speed_m_s: float
    speed_spread: float
    stop_s: float
    reach_m: float


MODES = (
    Mode("pedestrian", 0.12, 1.4, 0.2, 20.0, 450.0),
    Mode("cyclist", 0.30, 5.0, 0.7, 5.0, 900.0),
    Mode("tram", 0.20, 8.0, 0.5, 10.0, 300.0),
    Mode("car", 0.38, 10.5, 1.5, 5.0, 5000.0),
)
DESTINATIONS = 14

Leg = tuple[float, float, float, float, float, float]
"""from x, from y, by dx, by dy (metres), seconds on the way, seconds standing at its end"""


@dataclass(frozen=True)
class Tours:
    """Everybody's tour: arrays of shape (UEs, legs), padded with legs that never begin."""

    modes: tuple[str, ...]
    begins_s: Floats
    travel_s: Floats
    x_m: Floats
    y_m: Floats
    dx_m: Floats
    dy_m: Floats
    period_s: Floats
    phase_s: Floats

    def positions(self, at_s: float) -> Floats:
        """Where everybody is at simulated second ``at_s``: shape (UEs, 2), metres."""
        clock = (at_s + self.phase_s) % self.period_s
        leg = (self.begins_s <= clock[:, None]).sum(1) - 1
        row = np.arange(len(leg))
        share = np.minimum((clock - self.begins_s[row, leg]) / self.travel_s[row, leg], 1.0)
        x = self.x_m[row, leg] + share * self.dx_m[row, leg]
        y = self.y_m[row, leg] + share * self.dy_m[row, leg]
        return np.stack((x, y), axis=1)


def plan_tours(city: City, players: int, seed: int, people: Sequence[Person] = ()) -> Tours:
    """The tours of UE 0 to ``players`` - 1; a UE's tour depends on the city, the seed, its own number, and what ``people`` says
    of it (nothing, where that has nobody of this number)."""
    modes, tours, phases = [], [], []
    for ue in range(players):
        wish = people[ue] if ue < len(people) else ANYBODY
        rng = Random(f"ue/{seed if wish.tour is None else wish.tour}/{ue}")
        # drawn anyway: what is drawn after it shall not depend on a wish
        drawn = rng.choices(MODES, [mode.share for mode in MODES])[0]
        mode = next((mode for mode in MODES if mode.name == wish.mode), drawn)
        home = wish.start or city.spawns[ue % len(city.spawns)]
        speed = max(0.5, rng.gauss(mode.speed_m_s, mode.speed_spread))
        tour = _tram_tour(city, rng, speed) if mode.name == "tram" else _tour(city, rng, home, mode, speed)
        period = sum(leg[4] + leg[5] for leg in tour)
        modes.append(mode.name)
        tours.append(tour)
        phases.append(rng.uniform(0, period) if mode.name == "tram" else 0.0)
    longest = max((len(tour) for tour in tours), default=1)
    table = np.zeros((7, players, longest))
    table[0], table[1] = np.inf, 1.0
    for ue, tour in enumerate(tours):
        begins = 0.0
        for number, (x, y, dx, dy, travel, stop) in enumerate(tour):
            table[:, ue, number] = (begins, max(travel, 1e-9), x, y, dx, dy, 0.0)
            begins += travel + stop
        table[6, ue, 0] = begins
    begins_s, travel_s, x_m, y_m, dx_m, dy_m, period_s = table
    return Tours(
        tuple(modes), begins_s, travel_s, x_m, y_m, dx_m, dy_m, period_s[:, 0].copy(), np.array(phases)
    )


def _tour(city: City, rng: Random, home: tuple[float, float], mode: Mode, speed_m_s: float) -> list[Leg]:
    """From ``home`` by way of seeded street corners and back, a turn at every corner."""
    x, y = home
    points = [home]
    for _ in range(DESTINATIONS):
        near_x = [s for s in city.streets_x_m if abs(s - x) <= mode.reach_m / 2 and s != x] or list(
            city.streets_x_m
        )
        near_y = [s for s in city.streets_y_m if abs(s - y) <= mode.reach_m / 2 and s != y] or list(
            city.streets_y_m
        )
        to = rng.choice(near_x), rng.choice(near_y)
        points += _by_streets((x, y), to)
        x, y = to
    points += _by_streets((x, y), home)
    return [
        _leg(a, b, speed_m_s, rng.expovariate(1 / mode.stop_s) if number % 2 else 0.0)
        for number, (a, b) in enumerate(pairwise(points))
    ]


def _by_streets(a: tuple[float, float], b: tuple[float, float]) -> list[tuple[float, float]]:
    return [(a[0], b[1]), b]


def _tram_tour(city: City, rng: Random, speed_m_s: float) -> list[Leg]:
    """End to end along one of the city's tram streets (every third street) and back, with stops."""
    mode = MODES[2]
    along_x = rng.random() < city.width_m / (city.width_m + city.height_m)
    length = city.width_m if along_x else city.height_m
    street = rng.choice((city.streets_y_m if along_x else city.streets_x_m)[1::3])
    stops = max(2, round(length / mode.reach_m) + 1)
    line = [20.0 + i * (length - 40.0) / (stops - 1) for i in range(stops)]
    points = [(at, street) if along_x else (street, at) for at in line + line[-2::-1]]
    return [_leg(a, b, speed_m_s, rng.uniform(0.5, 1.5) * mode.stop_s) for a, b in pairwise(points)]


def _leg(a: tuple[float, float], b: tuple[float, float], speed_m_s: float, stop_s: float) -> Leg:
    dx, dy = b[0] - a[0], b[1] - a[1]
    return (*a, dx, dy, (abs(dx) + abs(dy)) / speed_m_s, stop_s)
