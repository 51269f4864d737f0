"""A scenario: everything that a run is given, and all that happens in it at set times. ``scenario_file`` reads and writes it.

Pure. From a scenario follow, to the last bit, the city, everybody's way, every draw of the radio and every radio handover
(``handovers``). When a program gets to act on it is up to the machine, and so are the moves that the platform decides.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from fedge.simulation.city_plan import City
from fedge.simulation.movement import Movement
from fedge.simulation.people import Habits, Person
from fedge.simulation.radio import RadioMap
from fedge.simulation.ran import STEP_NS, Handover, Ran
from fedge.simulation.scenario_events import Event


class Scenario(Struct, frozen=True):
    """``duration_s``: how long the players play; 0: until somebody or an event ends it. ``people``: one a UE."""

    seed: int
    city: City
    people: tuple[Person, ...]
    time_scale: float = 3.0
    policy: Literal["follow", "stay"] = "follow"
    state_bytes: int = 1 << 20
    duration_s: float = 0.0
    habits: Habits = Habits()
    events: tuple[Event, ...] = ()


def handovers(scenario: Scenario, seconds: float) -> list[Handover]:
    """Every radio handover that begins in the first ``seconds`` of a run."""
    movement = Movement(scenario.city, scenario.people, scenario.seed)
    radio = RadioMap(scenario.city, scenario.seed)
    ran = Ran(scenario.city.cells, scenario.seed, movement.wifi_capable)
    found: list[Handover] = []
    for number in range(int(seconds * 1e9) // STEP_NS):
        places, held = movement.at(number * STEP_NS / 1e9 * scenario.time_scale)
        found += ran.step(number, radio.at(places), held)
    return found
