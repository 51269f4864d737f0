"""UEs that follow a recorded path, stay where they are, or are held to one kind of cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fedge.simulation.city import generate
from fedge.simulation.movement import Movement, Track
from fedge.simulation.people import Crowd, Fix, Habits, Person, read_crowd, write_crowd
from fedge.simulation.scenario import Scenario, handovers
from fedge.simulation.tracks_csv import read_folder, read_track

CITY = generate(7, 4)
WAY = (Fix(10, 100, 100), Fix(20, 200, 300, "lte"), Fix(30, 400, 300))


@pytest.mark.parametrize(
    ("at_s", "found"),
    [
        (0, (100, 100, "")),
        (10, (100, 100, "")),
        (15, (150, 200, "")),
        (20, (200, 300, "lte")),
        (29, (380, 300, "lte")),
        (30, (400, 300, "")),
        (1e5, (400, 300, "")),
    ],
)
def test_a_path_is_interpolated_and_ends_where_it_ends(at_s: float, found: tuple[float, float, str]) -> None:
    assert Track(WAY).at(at_s) == found


def test_the_others_go_their_way() -> None:
    tours = Movement(CITY, (Person(),) * 3, 7)
    mixed = Movement(CITY, (Person(), Person(track=WAY), Person()), 7)
    for at_s in (0.0, 17.0, 300.0):
        alone, among = tours.at(at_s)[0], mixed.at(at_s)[0]
        np.testing.assert_array_equal(alone[[0, 2]], among[[0, 2]])
    assert mixed.at(25.0)[1] == {1: "lte"}
    assert mixed.at(35.0)[1] == {}


def test_a_wish_changes_nothing_else() -> None:
    drawn = Movement(CITY, (Person(),) * 12, 7)
    told = tuple(Person(mode=mode, start=CITY.spawns[ue]) for ue, mode in enumerate(drawn.modes))  # type: ignore[arg-type]
    for at_s in (0.0, 44.0):
        np.testing.assert_array_equal(drawn.at(at_s)[0], Movement(CITY, told, 7).at(at_s)[0])
    assert Movement(CITY, (Person(mode="tram"),) * 3, 7).modes == ("tram",) * 3
    other = Movement(CITY, (Person(tour=99),), 7)
    assert not np.allclose(other.at(60.0)[0], drawn.at(60.0)[0][:1])


def kinds_used(person: Person, seconds: float) -> list[str]:
    scenario = Scenario(7, CITY, (person,), time_scale=1.0)
    return [CITY.cells[each.target].kind for each in handovers(scenario, seconds)]


@pytest.mark.parametrize("access", ["nr", "lte", "wifi"])
def test_one_kind_of_cell_only(access: str) -> None:
    through = (Fix(0, 50, 450), Fix(60, 1150, 450))
    kinds = kinds_used(Person(track=through, access=access), 60)  # type: ignore[arg-type]
    assert set(kinds) == {access}


def test_the_kind_changes_where_the_path_says_so() -> None:
    through = (Fix(0, 300, 450, "nr"), Fix(10, 310, 450, "lte"), Fix(20, 320, 450, "nr"), Fix(30, 330, 450))
    kinds = kinds_used(Person(track=through), 30)
    assert [kind for kind in kinds if kind == "lte"] == ["lte"]
    assert kinds[-1] == "nr"


def test_files_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("t_s,x_m,y_m\n0,1,2\n")
    (tmp_path / "a.csv").write_text("T_S, x_m ,y_m,access\n0,1,2,NR\n1.5,3,4,\n")
    assert read_folder(tmp_path) == [
        Person(track=(Fix(0, 1, 2, "nr"), Fix(1.5, 3, 4))),
        Person(track=(Fix(0, 1, 2),)),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"t_s,x_m\n0,1\n", "a.csv:1: column y_m is missing"),
        (b"t_s,x_m,y_m,speed\n0,1,2,3\n", "a.csv:1: column speed"),
        (b"t_s,x_m,y_m\n", "a.csv:2: column t_s: the file has no rows"),
        (b"t_s,x_m,y_m\n0,1,north\n", "a.csv:2: column y_m: 'north'"),
        (b"t_s,x_m,y_m\n0,1\n", "a.csv:2: column y_m"),
        (b"t_s,x_m,y_m\n0,1,inf\n", "a.csv:2: column y_m: inf"),
        (b"t_s,x_m,y_m\n5,1,1\n5,2,2\n", "a.csv:3: column t_s: 5 is not after 5"),
        (b"t_s,x_m,y_m,access\n0,1,1,5g\n", "a.csv:2: column access: '5g'"),
        (b"t_s,x_m,y_m\n0,\xff,1\n", "not UTF-8"),
    ],
)
def test_a_file_that_is_no_path(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(ValueError) as refused:
        read_track(tmp_path / "a.csv")
    assert said in str(refused.value)


def test_an_empty_folder_is_no_paths(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no \.csv file"):
        read_folder(tmp_path)


def test_a_run_keeps_its_people(tmp_path: Path) -> None:
    assert read_crowd(tmp_path) == Crowd()
    crowd = Crowd((Person(), Person(mode="tram", start=(1, 2)), Person(track=WAY)), Habits(5, False))
    write_crowd(tmp_path, crowd)
    assert read_crowd(tmp_path) == crowd
