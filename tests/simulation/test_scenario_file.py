"""A scenario file: what it means, what is refused and by which field, and that what a run writes is the same run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from fedge.simulation.city import generate
from fedge.simulation.limits import MOST_PLAYERS, MOST_SITES
from fedge.simulation.people import Person
from fedge.simulation.scenario import Scenario, handovers
from fedge.simulation.scenario_checks import BadField, needs_platform
from fedge.simulation.scenario_events import Cut, Kill, Stop, one_by_one
from fedge.simulation.scenario_file import BadScenario, read_scenario, scenario_of
from fedge.simulation.scenario_text import text_of

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "scenarios").glob("*.yaml"))

TWO_SITES = """
seed: 9
time_scale: 2
city:
  sites: [{name: Harbour, x_m: 200, y_m: 300}, {name: Old Town, x_m: 800, y_m: 400}]
  backhaul: {rtt_ms: 5, between: [{sites: [old-town, harbour], rtt_ms: 14}]}
  cells:
    - {kind: nr, x_m: 200, y_m: 300}
    - {kind: nr, x_m: 700, y_m: 400, site: harbour, name: far}
    - {kind: lte, x_m: 520, y_m: 350}
ues:
  - {count: 2, mode: tram}
  - {count: 3, at: [300, 300], within_m: 40}
  - {track: [[0, 10, 10], [30, 800, 400, lte], [60, 100, 100]]}
players: {pauses: false}
events:
  - {at_s: 14, do: cut, between: [harbour, old-town]}
  - {at_s: 12, do: stop, site: harbour}
"""


def read(text: str) -> Scenario:
    return scenario_of(yaml.safe_load(text), Path())


def test_what_it_says() -> None:
    scenario = read(TWO_SITES)
    city = scenario.city
    assert [site.site for site in city.sites] == ["harbour", "old-town"]
    assert city.between_ms(city.sites[0].site, city.sites[1].site) == 14
    assert [(cell.cell, cell.site) for cell in city.cells] == [
        ("nr-01", "harbour"),
        ("far", "harbour"),
        ("lte-03", "old-town"),
    ]
    far = city.cells[1].path_rtt_ms
    assert far[city.sites[1].site] - far[city.sites[0].site] == pytest.approx(14, abs=0.1)
    assert [person.mode for person in scenario.people[:2]] == ["tram", "tram"]
    places = {(person.track[0].x_m, person.track[0].y_m) for person in scenario.people[2:5]}
    assert len(places) == 3
    assert all(abs(x - 300) <= 40 and abs(y - 300) <= 40 for x, y in places)
    assert not scenario.habits.pauses
    assert [type(event) for event in scenario.events] == [Stop, Cut]
    assert read("") == scenario_of({}, Path())


def test_a_congested_cell() -> None:
    events = """
events:
  - {at_s: 12, do: congest, load: 1.2, site: harbour, until_s: 30}
  - {at_s: 20, do: congest, load: 0.9, cell: lte-03}
  - {at_s: 25, do: congest, load: 0}
"""
    scenario = read(TWO_SITES[: TWO_SITES.index("events:")] + events)
    assert [str(event) for event in one_by_one(scenario.events)] == [
        "harbour's cells: a load of 120%",
        "cell lte-03: a load of 90%",
        "every cell: no load any more",
        "harbour's cells: no load any more",
    ]
    assert [event.at_s for event in one_by_one(scenario.events)] == [12, 20, 25, 30]
    assert scenario_of(yaml.safe_load(text_of(scenario)), Path()).events == scenario.events
    assert not any(needs_platform(event) for event in scenario.events)


def test_a_cell_of_5g_beside_lte() -> None:
    text = TWO_SITES.replace("kind: lte", "kind: nsa").replace("400, lte]", "400, nsa]")
    scenario = read(text)
    assert scenario.city.cells[2].cell == "nsa-03"
    assert scenario.people[5].track[1].access == "nsa"
    assert scenario_of(yaml.safe_load(text_of(scenario)), Path()).city == scenario.city
    held = [found for found in handovers(scenario, 60) if found.ue == 5]
    assert any(found.target == 2 for found in held)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "the file: expected object"),
        ("sed: 1", "sed: there is no such field"),
        ("seed: -1", "seed: expected int >= 0"),
        ("duration_s: 2", "duration_s: 0, for until it is ended"),
        ("city: {sites: 0}", "city.sites: expected int >= 1"),
        ("city: {sites: []}", "city.sites: expected array of length >= 1"),
        ("city: {sites: 3, cells: [{kind: nr, x_m: 1, y_m: 1}]}", "city.cells: sites is a number"),
        ("city: {sites: [{name: A, x_m: 1}]}", "city.sites[0].y_m: is missing"),
        ("city: {sites: [{name: A, x_m: 1, y_m: 900}], height_m: 500}", "city.sites[0]: (1, 900) is outside"),
        ("city: {sites: [{name: A, x_m: 1, y_m: 1}], streets_x_m: [5]}", "city.streets_x_m: two streets"),
        (
            "city: {sites: [{name: A, x_m: 1, y_m: 1}], cells: [{kind: nr, x_m: 1, y_m: 1, site: b}]}",
            "city.cells[0].site: there is no site 'b'; there are a",
        ),
        ("city: {backhaul: {between: [{sites: [harbour, x], rtt_ms: 1}]}}", "city.backhaul.between[0].sites[1]"),
        ("ues: 0", "ues: expected int >= 1"),
        ("ues: [{mode: plane}]", "ues[0].mode"),
        ("ues: [{}, {mode: tram, at: [1, 2]}]", "ues[1]: one of these at a time"),
        ("ues: [{within_m: 5}]", "ues[0].within_m: near to what?"),
        ("ues: [{at: [5000, 1]}]", "ues[0], point 1 of its way: (5000, 1) is outside the city"),
        ("ues: [{track: [[1, 1, 1], [1, 2, 2]]}]", "ues[0].track: the times do not rise"),
        ("ues: [{trace: nowhere.csv}]", "ues[0].trace: nowhere.csv"),
        ("ues: [{count: 600}, {count: 600}]", "ues: 1200 UEs"),
        ("players: {pause: 1}", "players.pause: there is no such field"),
        ("events: [{do: end}]", "events[0].at_s: is missing"),
        ("events: [{do: end, at_s: .nan}]", "events[0].at_s"),
        ("events: [{do: zap, at_s: 1}]", "events[0].do: invalid value 'zap'"),
        ("events: [{do: join, at_s: 1}]", "events[0].do: 'join' cannot be done: players join at the start"),
        ("events: [{do: congest, at_s: 1}]", "events[0].load: is missing"),
        ("events: [{do: congest, at_s: 1, load: -1}]", "events[0].load: expected float >= 0"),
        ("events: [{do: congest, at_s: 1, load: 11}]", "events[0].load: expected float <= 10"),
        ("events: [{do: congest, at_s: 1, load: 1, cell: x}]", "events[0].cell: there is no cell 'x'; there are nr-01"),
        ("events: [{do: congest, at_s: 1, load: 1, site: x}]", "events[0].site: there is no site 'x'"),
        ("events: [{do: congest, at_s: 1, load: 1, site: harbour, cell: nr-01}]", "events[0]: cell or site"),
        ("events: [{do: congest, at_s: 5, load: 1, until_s: 5}]", "events[0].until_s: later than at_s"),
        ("events: [{do: kill, at_s: 1}]", "events[0]: program or site"),
        ("events: [{do: kill, at_s: 1, program: upf-x}]", "events[0].program: there is no program 'upf-x'"),
        ("events: [{do: stop, at_s: 1, program: harbour/arena-1}]", "events[0].program: an instance can only"),
        ("events: [{do: drain, at_s: 1, site: x}]", "events[0].site: there is no site 'x'; there are harbour"),
        ("events: [{do: cut, at_s: 1, between: [harbour, harbour]}]", "events[0].between: two different"),
        ("events: [{do: move, at_s: 1, session: player-25, to: harbour}]", "events[0].session: player-1 to player-24"),
        ("events: [{do: core-faults, at_s: 1, faults: {drpo: 1}}]", "events[0].faults.drpo: there is no such field"),
        ("events: [{do: core-faults, at_s: 1, faults: {drop: 2}}]", "events[0].faults.drop: a probability"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(text: str, said: str) -> None:
    with pytest.raises(BadField) as refused:
        read(text)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "content", [b"a: [", b"seed: 1\nseed: 2\n", b"\xff\xfe", b"[" * 5000, b"? [a]\n: 1\n", None]
)
def test_a_file_that_is_none(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "s.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadScenario) as refused:
        read_scenario(file)
    assert str(file) in str(refused.value)


@pytest.mark.parametrize("seed", range(5))
def test_what_a_drawn_run_writes_is_the_same_run(seed: int) -> None:
    drawn = Scenario(seed, generate(seed, 4), (Person(),) * 24)
    again = read(text_of(drawn, "a run"))
    assert (again.city.sites, again.city.cells) == (drawn.city.sites, drawn.city.cells)
    assert handovers(again, 20) == handovers(drawn, 20) != []


def test_the_largest_run_can_be_played_again() -> None:
    largest = Scenario(7, generate(7, MOST_SITES), (Person(),) * MOST_PLAYERS)
    again = read(text_of(largest))
    assert (len(again.people), again.city.cells) == (MOST_PLAYERS, largest.city.cells)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: str(file.stem))
def test_two_plays_of_an_example_are_alike(file: Path) -> None:
    first = read_scenario(file)
    second = read(text_of(first))
    assert second.events == first.events != ()
    assert handovers(second, 20) == handovers(first, 20) != []
    assert text_of(second) == text_of(first)


def test_another_seed_is_another_run() -> None:
    raw: dict[str, Any] = yaml.safe_load(TWO_SITES)
    assert handovers(scenario_of(raw | {"seed": 10}, Path()), 60) != handovers(read(TWO_SITES), 60)


def test_an_event_says_what_it_is() -> None:
    assert str(Kill(at_s=1, site="harbour")) == "everything at harbour is killed"
    assert str(Kill(at_s=1, program="upf-harbour")) == "upf-harbour is killed"
