"""A scenario as the text of a YAML file, so that it says everything: what ``scenario_file`` makes of it is the same run.

Nothing is left to be drawn but people's tours, whose draws hang on seed and number alone.
"""

from __future__ import annotations

import msgspec
import yaml

from fedge.simulation.city_plan import City
from fedge.simulation.movement import Movement
from fedge.simulation.people import Person
from fedge.simulation.scenario import Scenario
from fedge.simulation.scenario_form import (
    BackhaulForm,
    BetweenForm,
    CellForm,
    CityForm,
    ScenarioForm,
    SiteForm,
    UeForm,
)


def text_of(scenario: Scenario, head: str = "") -> str:
    """The file that means ``scenario`` and leaves nothing to be guessed; ``head`` goes before it as a comment."""
    city = scenario.city
    between = tuple(BetweenForm((each.a, each.b), each.rtt_ms) for each in city.apart)
    form = ScenarioForm(
        seed=scenario.seed,
        duration_s=scenario.duration_s,
        time_scale=scenario.time_scale,
        policy=scenario.policy,
        state_bytes=scenario.state_bytes,
        city=CityForm(
            sites=tuple(SiteForm(site.name, site.x_m, site.y_m) for site in city.sites),
            backhaul=BackhaulForm(city.backhaul_rtt_ms, between),
            cells=tuple(
                CellForm(cell.kind, cell.x_m, cell.y_m, cell.cell, cell.radius_m, cell.site)  # type: ignore[arg-type]
                for cell in city.cells
            ),
            width_m=city.width_m,
            height_m=city.height_m,
            streets_x_m=city.streets_x_m,
            streets_y_m=city.streets_y_m,
            source=city.source,
            origin=city.origin,
        ),
        ues=tuple(_ue_form(person, ue, city, mode) for ue, (person, mode) in enumerate(_modes(scenario))),
        players=scenario.habits,
        events=scenario.events,
    )
    comment = "".join(f"# {line}\n" for line in head.splitlines())
    return comment + str(
        yaml.safe_dump(
            msgspec.to_builtins(form), sort_keys=False, default_flow_style=None, width=130, allow_unicode=True
        )
    )


def _modes(scenario: Scenario) -> list[tuple[Person, str]]:
    modes = Movement(scenario.city, scenario.people, scenario.seed).modes
    return list(zip(scenario.people, modes, strict=True))


def _ue_form(person: Person, ue: int, city: City, mode: str) -> UeForm:
    if person.track:
        return UeForm(track=person.track, access=person.access)
    start = person.start or city.spawns[ue % len(city.spawns)]
    return UeForm(mode=mode, start=start, tour=person.tour, access=person.access)  # type: ignore[arg-type]
