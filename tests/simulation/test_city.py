"""Cities: the same from the same seed, sensible paths, and bad files refused with the place of the fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from fedge.simulation.city import City, from_csv, generate, nearest_site, read_city, write_city

SITES = "SITE_ID,LATITUDE,LONGITUDE,NAME\n" + "".join(
    f"{n},{-37.81 - 0.001 * (n % 4)},{144.95 + 0.002 * (n // 4)},Tower {n} Corner\n" for n in range(16)
)
USERS = "Latitude,Longitude\n" + "".join(f"{-37.811 - 0.0002 * n},{144.951 + 0.0003 * n}\n" for n in range(8))


def files(folder: Path, sites: str = SITES, users: str = USERS) -> tuple[Path, Path]:
    (folder / "sites.csv").write_text(sites)
    (folder / "users.csv").write_text(users)
    return folder / "sites.csv", folder / "users.csv"


def test_a_city_is_its_seed() -> None:
    assert generate(7, 4) == generate(7, 4)
    assert generate(7, 4) != generate(8, 4)


@pytest.mark.parametrize("sites", [1, 2, 4, 5, 9, 20])
def test_every_cell_belongs_to_its_nearest_site_and_all_lies_inside(sites: int) -> None:
    city = generate(3, sites)
    assert [site.index for site in city.sites] == list(range(sites))
    assert len({site.site for site in city.sites}) == sites
    assert len({cell.cell for cell in city.cells}) == len(city.cells) >= 30
    assert {cell.kind for cell in city.cells} == {"nr", "lte", "wifi"}
    for cell in city.cells:
        assert cell.site == nearest_site(city.sites, cell.x_m, cell.y_m).site
        assert 0 <= cell.x_m <= city.width_m
        assert 0 <= cell.y_m <= city.height_m


def test_a_path_to_another_site_costs_the_backhaul() -> None:
    city = generate(7, 4, backhaul_rtt_ms=8.0)
    for cell in city.cells:
        own = cell.path_rtt_ms[cell.site]
        assert 0.8 <= own <= 1.4
        others = [rtt for site, rtt in cell.path_rtt_ms.items() if site != cell.site]
        assert all(8.0 <= rtt - own <= 8.1 for rtt in others)


def test_a_city_survives_its_file(tmp_path: Path) -> None:
    city = generate(7, 4)
    write_city(tmp_path / "city.json", city)
    assert read_city(tmp_path / "city.json") == city


def test_a_city_without_sites_is_none() -> None:
    with pytest.raises(ValueError, match="at least one site"):
        generate(7, 0)


def test_rows_become_cells_and_a_few_host_sites(tmp_path: Path) -> None:
    city: City = from_csv(*files(tmp_path), seed=7, sites=4, players=5)
    assert len(city.cells) == 16
    assert len(city.sites) == 4
    places = {(cell.x_m, cell.y_m) for cell in city.cells}
    assert {(site.x_m, site.y_m) for site in city.sites} <= places
    assert len(city.spawns) == 5
    assert city == from_csv(*files(tmp_path), seed=7, sites=4, players=5)
    # 0.001 degrees of latitude are 111 m
    assert max(cell.y_m for cell in city.cells) - min(cell.y_m for cell in city.cells) == pytest.approx(
        334, abs=1
    )


def test_a_file_may_say_the_kinds_of_its_cells(tmp_path: Path) -> None:
    head, *rows = SITES.splitlines()
    kinds = ["NSA", "lte", " wifi", ""] * 4
    said = "\n".join([f"{head},KIND", *(f"{row},{kind}" for row, kind in zip(rows, kinds, strict=False))])
    city = from_csv(*files(tmp_path, said), seed=7, sites=4, players=5)
    usual = from_csv(*files(tmp_path), seed=7, sites=4, players=5)
    assert [cell.kind for cell in city.cells[:3]] == ["nsa", "lte", "wifi"]
    assert [cell.kind for cell in city.cells[3::4]] == [cell.kind for cell in usual.cells[3::4]]
    with pytest.raises(ValueError, match=r"sites\.csv:2: column KIND: 'umts' is none of nr, lte, wifi, nsa"):
        from_csv(*files(tmp_path, said.replace("NSA", "umts")), seed=7, sites=4, players=5)


def test_more_players_than_users_share_starting_points(tmp_path: Path) -> None:
    assert len(from_csv(*files(tmp_path), seed=7, sites=2, players=40).spawns) == 40


@pytest.mark.parametrize(
    ("sites", "users", "said"),
    [
        (
            SITES.replace("LATITUDE", "LAT"),
            USERS,
            r"sites\.csv:1: column LATITUDE is missing; found SITE_ID, LAT,",
        ),
        (SITES, USERS.replace("Longitude", "lng"), r"users\.csv:1: column LONGITUDE is missing"),
        (
            SITES.replace("3,-37.813,", "3,minus 37,"),
            USERS,
            r"sites\.csv:5: column LATITUDE: 'minus 37' is not a number",
        ),
        (
            SITES,
            USERS.replace("144.951", "944.951"),
            r"users\.csv:2: column LONGITUDE: 944\.951 is not within",
        ),
        (SITES, "Latitude,Longitude\n", r"users\.csv:2: column LATITUDE: the file has no rows"),
        ("", USERS, r"sites\.csv:1: column LATITUDE is missing; found nothing"),
        (
            SITES + "99,10.0,144.95,Far away\n",
            USERS,
            r"sites\.csv:\d+: columns LATITUDE, LONGITUDE: more than 30 km",
        ),
        (SITES, "Latitude,Longitude\n1.0,2.0\n", r"users\.csv: no user lies within the area"),
        (SITES + "17,-37.81\n", USERS, r"sites\.csv:18: column LONGITUDE: None is not a number"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(tmp_path: Path, sites: str, users: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        from_csv(*files(tmp_path, sites, users), seed=7, sites=4, players=3)


def test_a_missing_or_binary_file_is_named(tmp_path: Path) -> None:
    sites, users = files(tmp_path)
    with pytest.raises(ValueError, match=r"nowhere\.csv: No such file"):
        from_csv(tmp_path / "nowhere.csv", users, seed=7, sites=4, players=3)
    sites.write_bytes(b"LATITUDE,LONGITUDE\n\xff\xfe,1\n")
    with pytest.raises(ValueError, match=r"sites\.csv: not UTF-8"):
        from_csv(sites, users, seed=7, sites=4, players=3)


def test_too_few_rows_cannot_host_the_sites(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="16 rows cannot host 17 edge sites"):
        from_csv(*files(tmp_path), seed=7, sites=17, players=3)
