"""What can be wrong with a scenario beyond the bounds of its fields: names that nobody has, places outside, fields that exclude
each other. Pure; each refusal names the field."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fedge.simulation import limits
from fedge.simulation.city_plan import City
from fedge.simulation.people import Person
from fedge.simulation.radio import PITCH_M
from fedge.simulation.scenario import Scenario
from fedge.simulation.scenario_events import (
    Congest,
    CoreFaults,
    Cut,
    Drain,
    End,
    Event,
    Kill,
    Mend,
    Move,
    Start,
    Stop,
    Undrain,
)
from fedge.simulation.scenario_form import CityForm, ScenarioForm, UeForm
from fedge.simulation.tracks_csv import rising

PLATFORM = ("control-plane", "player-fleet")
MOBILE_NETWORK = ("core-network", "access-network")
LARGEST_MAP = 600_000_000
"""Numbers in a radio map: 2.4 GB, a little more than the largest city that can be drawn has."""


class BadField(ValueError):
    """``field`` is its path in the file: ``events[2].site``."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


def check_city_form(form: CityForm) -> None:
    """Raises ``BadField``."""
    if isinstance(form.sites, int):
        for name in ("cells", "width_m", "height_m", "streets_x_m", "streets_y_m", "origin"):
            if getattr(form, name):
                raise BadField(
                    f"city.{name}", "sites is a number, so the city is drawn; list the sites to say this too"
                )
    for name in ("streets_x_m", "streets_y_m"):
        if len(getattr(form, name)) == 1:
            raise BadField(f"city.{name}", "two streets are the least")
    names = [cell.name for cell in form.cells if cell.name]
    for number, cell in enumerate(form.cells):
        if cell.name and names.count(cell.name) > 1:
            raise BadField(f"city.cells[{number}].name", f"another cell is called {cell.name!r} too")


def check_ue_form(form: UeForm, path: str) -> None:
    """Raises ``BadField``."""
    ways = [name for name in ("at", "trace", "track") if getattr(form, name)]
    ways += ["a tour"] if form.mode or form.start is not None or form.tour is not None else []
    if len(ways) > 1:
        raise BadField(path, f"one of these at a time: {', '.join(ways)}")
    if form.within_m and form.at is None and form.start is None:
        raise BadField(f"{path}.within_m", "near to what? say `at` or `start`")
    if not rising(form.track):
        raise BadField(f"{path}.track", "the times do not rise")


def check_scenario(scenario: Scenario, form: ScenarioForm) -> None:
    """Raises ``BadField``."""
    city = scenario.city
    for number, site in enumerate(city.sites):
        _inside(city, f"city.sites[{number}]", site.x_m, site.y_m)
    for number, cell in enumerate(city.cells):
        _inside(city, f"city.cells[{number}]", cell.x_m, cell.y_m)
    if city.width_m * city.height_m / PITCH_M**2 * len(city.cells) > LARGEST_MAP:
        raise BadField(
            "city",
            f"{city.width_m:g} by {city.height_m:g} m with {len(city.cells)} cells is too large a radio map",
        )
    if 0 < scenario.duration_s < limits.SHORTEST_PLAY_S:
        raise BadField("duration_s", f"0, for until it is ended, or at least {limits.SHORTEST_PLAY_S:g}")
    if len(scenario.people) > limits.MOST_PLAYERS:
        raise BadField("ues", f"{len(scenario.people)} UEs, and {limits.MOST_PLAYERS} is the most")
    first = 0
    for number, ue in enumerate(form.ues if not isinstance(form.ues, int) else ()):
        for person in scenario.people[first : first + ue.count]:
            check_person(city, f"ues[{number}]", person)
        first += ue.count
    for number, event in enumerate(form.events):
        _check_event(scenario, f"events[{number}]", event)


def check_person(city: City, path: str, person: Person) -> None:
    """Raises ``BadField``."""
    if person.start is not None:
        _inside(city, f"{path}.start", *person.start)
    for number, fix in enumerate(person.track):
        _inside(city, f"{path}, point {number + 1} of its way", fix.x_m, fix.y_m)
    kinds = {cell.kind for cell in city.cells}
    for access in {person.access, *(fix.access for fix in person.track)} - {"", *kinds}:
        raise BadField(f"{path}.access", f"there is no {access} cell in this city")


def _inside(city: City, path: str, x_m: float, y_m: float) -> None:
    if not (0 <= x_m <= city.width_m and 0 <= y_m <= city.height_m):
        raise BadField(
            path, f"({x_m:g}, {y_m:g}) is outside the city, which is {city.width_m:g} by {city.height_m:g} m"
        )


def needs_platform(event: Event) -> bool:
    """Can this not happen where there is a mobile network only?"""
    match event:
        case Kill(program=program) | Stop(program=program) | Start(program=program):
            return program not in MOBILE_NETWORK and not program.startswith("upf-")
        case CoreFaults() | Congest() | End():
            return False
        case _:
            return True


def _check_event(scenario: Scenario, path: str, event: Event) -> None:
    sites = [site.site for site in scenario.city.sites]
    match event:
        case Kill() | Stop() | Start():
            if bool(event.program) == bool(event.site):
                raise BadField(path, "program or site: one of the two")
            if event.program:
                _check_program(sites, f"{path}.program", event)
            else:
                _check_site(sites, f"{path}.site", event.site)
        case Cut(between=between) | Mend(between=between):
            for number, site in enumerate(between):
                _check_site(sites, f"{path}.between[{number}]", site)
            if between[0] == between[1]:
                raise BadField(f"{path}.between", "two different sites are wanted")
        case Drain(site=site) | Undrain(site=site):
            _check_site(sites, f"{path}.site", site)
        case Move(session=session, to=to):
            _check_site(sites, f"{path}.to", to)
            number_of = re.fullmatch(r"player-([1-9]\d{0,8})", session)
            if number_of is None or int(number_of[1]) > len(scenario.people):
                raise BadField(
                    f"{path}.session", f"player-1 to player-{len(scenario.people)}, not {session!r}"
                )
        case CoreFaults(faults=faults):
            for name in ("drop", "duplicate", "reorder"):
                if not 0 <= getattr(faults, name) <= 1:
                    raise BadField(f"{path}.faults.{name}", "a probability, 0 to 1, is wanted")
        case Congest():
            if event.cell and event.site:
                raise BadField(path, "cell or site: one of the two, or neither for every cell")
            cells = [cell.cell for cell in scenario.city.cells]
            if event.cell and event.cell not in cells:
                raise BadField(
                    f"{path}.cell", f"there is no cell {event.cell!r}; there are {', '.join(cells)}"
                )
            if event.site:
                _check_site(sites, f"{path}.site", event.site)
            if event.until_s is not None and event.until_s <= event.at_s:
                raise BadField(f"{path}.until_s", "later than at_s, or left out")
        case End():
            pass


def _check_site(sites: Sequence[str], path: str, site: str) -> None:
    if site not in sites:
        raise BadField(path, f"there is no site {site!r}; there are {', '.join(sites)}")


def _check_program(sites: Sequence[str], path: str, event: Kill | Stop | Start) -> None:
    site, _, instance = event.program.partition("/")
    if instance:
        _check_site(sites, path, site)
        if not isinstance(event, Kill) or not re.fullmatch(r"[a-z0-9-]+", instance):
            raise BadField(path, "an instance can only be killed: its agent starts it again")
        return
    known = (*PLATFORM, *MOBILE_NETWORK, *(f"{role}-{name}" for name in sites for role in ("agent", "upf")))
    if event.program not in known:
        raise BadField(path, f"there is no program {event.program!r}; there are {', '.join(known)}")
