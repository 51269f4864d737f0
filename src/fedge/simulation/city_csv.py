"""A city from real coordinates: base stations become cells, sampled users become spawn points.

Written for the EUA data set (Lai et al., ICSOC 2018: 125 base stations and 816 users of Melbourne's centre), whose files work
as they are; any CSV with the columns LATITUDE and LONGITUDE does. A column KIND says what each cell is (nr, nsa, lte or wifi).
Assumed, because the files do not say: the street grid, and the kinds where there is no such column. Raises ``ValueError`` naming
file, line and column for what cannot be read.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np

from fedge.core.location.earth import M_PER_DEGREE
from fedge.core.messages import Cell
from fedge.core.model import CellId, SiteId
from fedge.simulation.city_plan import City, CitySite, nearest_site, path_rtts_ms, slug
from fedge.wire.records import ACCESS_KINDS

MARGIN_M = 120.0
LARGEST_M = 30_000.0
"""A wider map is taken for a wrong row: the projection and the radio map are made for one city."""
NR_SHARE = 0.75
RADIUS_M = {"nr": 150.0, "lte": 400.0, "wifi": 40.0, "nsa": 300.0}
STREET_M = 100.0
_OPERATORS_WORDS = {
    *(
        "",
        "optus",
        "vodafone",
        "telstra",
        "site",
        "ucell",
        "minicell",
        "microcell",
        "microcel",
        "corner",
        "cnr",
    ),
    *("rooftop", "carpark", "bldg", "building", "of", "the", "at"),
}


class Place(NamedTuple):
    """A row: where, what it calls itself, the line it stands on, and which kind of cell it says that it is."""

    latitude: float
    longitude: float
    name: str
    line: int
    kind: str = ""


def from_csv(
    sites_csv: Path | str,
    users_csv: Path | str,
    seed: int,
    sites: int,
    players: int,
    backhaul_rtt_ms: float = 5.0,
) -> City:
    """The city of two files.

    Rows of ``sites_csv`` are cells, ``sites`` of them host edge sites, ``players`` users are sampled.
    """
    stations, users = read_places(Path(sites_csv)), read_places(Path(users_csv))
    if sites < 1 or len(stations) < sites:
        raise ValueError(f"{sites_csv}: {len(stations)} rows cannot host {sites} edge sites")
    rng = Random(f"city-csv/{seed}")
    south = min(place.latitude for place in stations)
    west = min(place.longitude for place in stations)
    middle = (south + max(place.latitude for place in stations)) / 2
    across = M_PER_DEGREE * math.cos(math.radians(middle))

    def project(place: Place) -> tuple[float, float]:  # equirectangular: exact enough within a city
        x = (place.longitude - west) * across + MARGIN_M
        y = (place.latitude - south) * M_PER_DEGREE + MARGIN_M
        return round(x, 1), round(y, 1)

    points = [project(place) for place in stations]
    for place, (x, y) in zip(stations, points, strict=True):
        if max(x, y) > LARGEST_M:
            raise ValueError(
                f"{sites_csv}:{place.line}: columns LATITUDE, LONGITUDE: more than 30 km from the other rows"
            )
    width = max(x for x, _ in points) + MARGIN_M
    height = max(y for _, y in points) + MARGIN_M
    placed: list[CitySite] = []
    for index, row in enumerate(central_rows(np.array(points), sites, seed)):
        name = short_name(stations[row].name) or f"Site {index + 1}"
        site = SiteId(slug(name, [other.site for other in placed]))
        placed.append(CitySite(site, name, *points[row], index))
    cells = []
    for number, (place, (x, y)) in enumerate(zip(stations, points, strict=True), start=1):
        drawn = "nr" if rng.random() < NR_SHARE else "lte"
        kind = place.kind or drawn
        rtts = path_rtts_ms(kind, x, y, placed, backhaul_rtt_ms)
        cell = CellId(f"{kind}-{number:03d}")
        cells.append(Cell(cell, kind, x, y, RADIUS_M[kind], nearest_site(placed, x, y).site, rtts))
    inside = [(x, y) for x, y in map(project, users) if 0 <= x <= width and 0 <= y <= height]
    if not inside:
        raise ValueError(f"{users_csv}: no user lies within the area of {sites_csv}")
    spawns = (
        rng.sample(inside, players)
        if players <= len(inside)
        else [rng.choice(inside) for _ in range(players)]
    )
    return City(
        f"coordinates of {Path(sites_csv).name}", width, height, tuple(placed), tuple(cells), _streets(width), _streets(height),
        tuple(spawns), backhaul_rtt_ms, (south - MARGIN_M / M_PER_DEGREE, west - MARGIN_M / across),
    )  # fmt: skip


def read_places(path: Path) -> list[Place]:
    """All rows of a file with the columns LATITUDE and LONGITUDE, in any case; columns NAME and KIND are kept."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            columns = {name.strip().upper(): name for name in rows.fieldnames or () if name}
            for needed in ("LATITUDE", "LONGITUDE"):
                if needed not in columns:
                    found = ", ".join(columns) or "nothing"
                    raise ValueError(f"{path}:1: column {needed} is missing; found {found}")
            places = [
                Place(
                    _degrees(path, rows.line_num, "LATITUDE", row[columns["LATITUDE"]], 85.0),
                    _degrees(path, rows.line_num, "LONGITUDE", row[columns["LONGITUDE"]], 180.0),
                    (row.get(columns.get("NAME", ""), "") or "").strip(),
                    rows.line_num,
                    _kind(path, rows.line_num, row.get(columns.get("KIND", ""))),
                )
                for row in rows
            ]
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except csv.Error as error:
        raise ValueError(f"{path}: not CSV: {error}") from error
    if not places:
        raise ValueError(f"{path}:2: column LATITUDE: the file has no rows")
    return places


def short_name(name: str) -> str:
    """Up to three words that say where a base station stands, without what operators write around them."""
    words = [
        word for word in name.replace("_", " ").split() if word.lower().strip("-,") not in _OPERATORS_WORDS
    ]
    return " ".join(words[:3])


def central_rows(points: np.ndarray, count: int, seed: int) -> list[int]:
    """``count`` distinct rows nearest to the centres of a seeded k-means (k-means++ start) over ``points``, shape (n, 2)."""
    rng = np.random.default_rng([seed, len(points), count])
    centres = [points[rng.integers(len(points))]]
    while len(centres) < count:
        squared = np.min([((points - centre) ** 2).sum(1) for centre in centres], axis=0)
        weights = squared / squared.sum() if squared.sum() else None
        centres.append(points[rng.choice(len(points), p=weights)])
    middle = np.array(centres)
    for _ in range(50):
        owner = ((points[:, None, :] - middle[None, :, :]) ** 2).sum(2).argmin(1)
        moved = np.array(
            [points[owner == k].mean(0) if (owner == k).any() else middle[k] for k in range(count)]
        )
        if np.allclose(moved, middle):
            break
        middle = moved
    chosen: list[int] = []
    for centre in middle:
        order = ((points - centre) ** 2).sum(1).argsort()
        chosen.append(next(int(row) for row in order if int(row) not in chosen))
    return chosen


def _degrees(path: Path, line: int, column: str, text: str | None, limit: float) -> float:
    try:
        value = float(text or "")
    except ValueError:
        raise ValueError(f"{path}:{line}: column {column}: {text!r} is not a number") from None
    if not -limit <= value <= limit:  # also refuses nan
        raise ValueError(f"{path}:{line}: column {column}: {value} is not within ±{limit:g} degrees")
    return value


def _kind(path: Path, line: int, text: str | None) -> str:
    kind = (text or "").strip().lower()
    if kind and kind not in ACCESS_KINDS:
        raise ValueError(f"{path}:{line}: column KIND: {text!r} is none of {', '.join(ACCESS_KINDS)}")
    return kind


def _streets(length_m: float) -> tuple[float, ...]:
    count = max(2, round(length_m / STREET_M))
    return tuple(round((i + 0.5) * length_m / count, 1) for i in range(count))
