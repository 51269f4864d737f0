"""A scenario from a YAML file, with an error that names the field.

Neighbours: ``scenario_form``: the fields and their bounds; ``scenario_checks``: what else can be wrong; ``scenario_text`` writes.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import yaml

from fedge.core.messages import Cell
from fedge.core.model import CellId, SiteId
from fedge.simulation.city import RADIUS_M, furnish, generate
from fedge.simulation.city_plan import Apart, City, CitySite, nearest_site, path_rtts_ms, slug
from fedge.simulation.people import Fix, Person
from fedge.simulation.scenario import Scenario
from fedge.simulation.scenario_checks import BadField, check_city_form, check_scenario, check_ue_form
from fedge.simulation.scenario_events import CANNOT
from fedge.simulation.scenario_form import (
    CellForm,
    CityForm,
    ScenarioForm,
    UeForm,
)
from fedge.simulation.tracks_csv import read_track

MARGIN_M = 150.0
"""Around listed sites and cells, where the file does not say how large the city is."""
MERGE = "tag:yaml.org,2002:merge"
_KNOWN = re.compile(r"`\$?\.?(?P<path>[^`]*)`$")


class BadScenario(ValueError):
    """The file cannot be read, or a field of it is wrong: the message names file and field."""


class _Strict(yaml.SafeLoader):
    """Says no to a field that is said twice, of which YAML would take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: list[Any] = []
        for key, _ in node.value:
            if key.tag == MERGE:
                continue
            said = self.construct_object(key, deep=True)
            if said in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{said!r} is said twice", key.start_mark)
            seen.append(said)
        return super().construct_mapping(node, deep)


def read_scenario(path: Path) -> Scenario:
    """What ``path`` describes. Traces are looked for beside it. Raises ``BadScenario``."""
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), _Strict)
    except OSError as error:
        raise BadScenario(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise BadScenario(f"{path}: not UTF-8 text (byte {error.start})") from None
    except (yaml.YAMLError, RecursionError, TypeError, ValueError) as error:
        raise BadScenario(f"{path} is not YAML: {error}") from None
    try:
        return scenario_of(raw, path.parent)
    except BadField as error:
        raise BadScenario(f"{path}: {error}") from None


def scenario_of(raw: Any, folder: Path) -> Scenario:
    """The scenario that a decoded file means. Raises ``BadField``."""
    form = _form(raw)
    city = city_of(form.city, form.seed)
    people: list[Person] = []
    if isinstance(form.ues, int):
        people = [Person()] * form.ues
    else:
        for number, ue in enumerate(form.ues):
            people += _people(ue, f"ues[{number}]", folder, form.seed, len(people))
    scenario = Scenario(
        seed=form.seed,
        city=city,
        people=tuple(people),
        time_scale=form.time_scale,
        policy=form.policy,
        state_bytes=form.state_bytes,
        duration_s=form.duration_s,
        habits=form.players,
        events=tuple(sorted(form.events, key=lambda event: event.at_s)),
    )
    check_scenario(scenario, form)
    return scenario


def _form(raw: Any) -> ScenarioForm:
    events = raw.get("events") if isinstance(raw, dict) else None
    for number, event in enumerate(events if isinstance(events, list) else ()):
        word = event.get("do") if isinstance(event, dict) else None
        if isinstance(word, str) and word in CANNOT:
            raise BadField(f"events[{number}].do", f"{word!r} cannot be done: {CANNOT[word]}")
    try:
        return msgspec.convert({} if raw is None else raw, ScenarioForm)
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from None


def _refusal(said: str) -> BadField:
    """msgspec's words as a field and what is wrong with it."""
    what, _, where = said.partition(" - at ")
    found = _KNOWN.search(where)
    path = found["path"] if found is not None else ""
    named = re.search(r"(unknown|missing required) field `([^`]*)`", what)
    if named is not None:
        path = f"{path}.{named[2]}".lstrip(".")
        return BadField(path, "there is no such field" if named[1] == "unknown" else "is missing")
    return BadField(path or "the file", what[:1].lower() + what[1:].replace("`", ""))


# --- the city ----------------------------------------------------------------------------------------------------------------


def city_of(form: CityForm, seed: int) -> City:
    """The city that a form means. Raises ``BadField``."""
    check_city_form(form)
    rtt_ms = form.backhaul.rtt_ms
    if isinstance(form.sites, int):
        city = generate(seed, form.sites, rtt_ms)
    else:
        sites: list[CitySite] = []
        for index, each in enumerate(form.sites):
            site = SiteId(slug(each.name, [other.site for other in sites]))
            sites.append(CitySite(site, each.name, each.x_m, each.y_m, index))
        places = [(each.x_m, each.y_m) for each in form.sites] + [(each.x_m, each.y_m) for each in form.cells]
        wide = form.width_m or max(x for x, _ in places) + MARGIN_M
        high = form.height_m or max(y for _, y in places) + MARGIN_M
        source = form.source or "a scenario file"
        city = furnish(Random(f"city/{seed}/listed"), source, sites, wide, high, rtt_ms)
        city = msgspec.structs.replace(
            city,
            streets_x_m=form.streets_x_m or city.streets_x_m,
            streets_y_m=form.streets_y_m or city.streets_y_m,
            origin=form.origin,
        )
    apart = tuple(
        Apart(
            _site(city, each.sites[0], f"city.backhaul.between[{n}].sites[0]"),
            _site(city, each.sites[1], f"city.backhaul.between[{n}].sites[1]"),
            each.rtt_ms,
        )
        for n, each in enumerate(form.backhaul.between)
    )
    cells = form.cells or [CellForm(c.kind, c.x_m, c.y_m, c.cell, c.radius_m, c.site) for c in city.cells]  # type: ignore[arg-type]
    return msgspec.structs.replace(
        city,
        apart=apart,
        cells=tuple(_cell(cell, number, city, apart) for number, cell in enumerate(cells)),
    )


def _cell(form: CellForm, number: int, city: City, apart: tuple[Apart, ...]) -> Cell:
    if form.site:
        named = _site(city, form.site, f"city.cells[{number}].site")
        own = next(site for site in city.sites if site.site == named)
    else:
        own = nearest_site(city.sites, form.x_m, form.y_m)
    rtts = path_rtts_ms(form.kind, form.x_m, form.y_m, city.sites, city.backhaul_rtt_ms, own, apart)
    name = CellId(form.name or f"{form.kind}-{number + 1:02d}")
    return Cell(name, form.kind, form.x_m, form.y_m, form.radius_m or RADIUS_M[form.kind], own.site, rtts)


def _site(city: City, name: str, path: str) -> SiteId:
    names = [site.site for site in city.sites]
    if name not in names:
        raise BadField(path, f"there is no site {name!r}; there are {', '.join(names)}")
    return SiteId(name)


# --- people ------------------------------------------------------------------------------------------------------------------


def _people(form: UeForm, path: str, folder: Path, seed: int, already: int) -> list[Person]:
    check_ue_form(form, path)
    track = form.track
    if form.trace:
        try:
            track = read_track(folder / form.trace)
        except ValueError as error:
            raise BadField(f"{path}.trace", str(error)) from None
    found = []
    for ue in range(already, already + form.count):
        if form.at is not None:
            track = (Fix(0.0, *_near(form.at, form.within_m, seed, ue)),)
        start = None if form.start is None else _near(form.start, form.within_m, seed, ue)
        found.append(Person(form.mode, start, form.tour, track, form.access))
    return found


def _near(place: tuple[float, float], within_m: float, seed: int, ue: int) -> tuple[float, float]:
    """``place``, or one drawn so near to it (in either direction)."""
    if not within_m:
        return place
    rng = Random(f"place/{seed}/{ue}")
    x, y = (max(0.0, round(at + rng.uniform(-within_m, within_m), 1)) for at in place)
    return x, y
