"""A city drawn from a seed: districts with an edge site each, cells of three kinds, a street grid.

Pure. The default (four sites) is 1.2 km by 0.9 km with 31 cells; more sites make a larger city of the same density, so that
people cross from district to district as often. Density and cell sizes are assumed, typical of a European city centre.
``from_csv`` (real coordinates) lives in ``city_csv``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

from fedge.core.messages import Cell
from fedge.core.model import CellId, SiteId
from fedge.simulation.city_csv import from_csv
from fedge.simulation.city_plan import (
    City,
    CitySite,
    nearest_site,
    path_rtts_ms,
    read_city,
    slug,
    write_city,
)

__all__ = ["City", "CitySite", "from_csv", "furnish", "generate", "nearest_site", "read_city", "write_city"]

WIDTH_M, HEIGHT_M, USUAL_SITES = 1200.0, 900.0, 4
STREET_M = 95.0
"""Assumed distance between parallel streets."""
CELLS_PER_SITE = {"nr": 5.0, "lte": 1.25, "wifi": 1.5}
RADIUS_M = {"nr": 150.0, "lte": 420.0, "wifi": 40.0, "nsa": 300.0}
SPAWNS = 512
DISTRICTS = (
    "Harbour", "Old Town", "Riverside", "Market", "University", "Station", "Gardens", "Docklands",
    "Hillside", "Arena Park", "Cathedral", "Mill Quarter", "Observatory", "Canal Side", "Brewery", "Northgate",
)  # fmt: skip


def generate(seed: int, sites: int, backhaul_rtt_ms: float = 5.0) -> City:
    """The city of ``seed`` with ``sites`` edge sites (at least 1) that are ``backhaul_rtt_ms`` apart."""
    if sites < 1:
        raise ValueError(f"a city needs at least one site, not {sites}")
    rng = Random(f"city/{seed}/{sites}")
    grown = math.sqrt(max(1.0, sites / USUAL_SITES))
    width, height = round(WIDTH_M * grown), round(HEIGHT_M * grown)
    placed: list[CitySite] = []
    for index, (x, y) in enumerate(_spread(rng, sites, width, height, wobble=0.12)):
        name = DISTRICTS[index] if index < len(DISTRICTS) else f"District {index + 1}"
        site = SiteId(slug(name, [other.site for other in placed]))
        placed.append(CitySite(site, name, round(x, 1), round(y, 1), index))
    return furnish(rng, f"generated from seed {seed}", placed, float(width), float(height), backhaul_rtt_ms)


def furnish(
    rng: Random,
    source: str,
    sites: Sequence[CitySite],
    width_m: float,
    height_m: float,
    backhaul_rtt_ms: float,
) -> City:
    """The city around ``sites``: cells of three kinds, streets, and where people start."""
    cells: list[Cell] = []
    for kind, per_site in CELLS_PER_SITE.items():
        count = math.ceil(per_site * max(len(sites), USUAL_SITES))
        for number, place in enumerate(_spread(rng, count, width_m, height_m, wobble=0.25), start=1):
            x, y = round(place[0], 1), round(place[1], 1)
            own, rtts = nearest_site(sites, x, y).site, path_rtts_ms(kind, x, y, sites, backhaul_rtt_ms)
            cells.append(Cell(CellId(f"{kind}-{number:02d}"), kind, x, y, RADIUS_M[kind], own, rtts))
    streets_x, streets_y = street_grid(rng, width_m), street_grid(rng, height_m)
    spawns = tuple((rng.choice(streets_x), round(rng.uniform(0, height_m), 1)) for _ in range(SPAWNS))
    return City(
        source, width_m, height_m, tuple(sites), tuple(cells), streets_x, streets_y, spawns, backhaul_rtt_ms
    )


def street_grid(rng: Random, length_m: float) -> tuple[float, ...]:
    """Where the streets that cross a side of ``length_m`` lie: about every 95 m, a little uneven."""
    count = max(2, round(length_m / STREET_M))
    pitch = length_m / count
    return tuple(round((i + 0.5) * pitch + rng.uniform(-0.12, 0.12) * pitch, 1) for i in range(count))


def _spread(rng: Random, count: int, width: float, height: float, wobble: float) -> list[tuple[float, float]]:
    """``count`` points that cover the area evenly: rows of a jittered grid, ``wobble`` as a share of its pitch."""
    rows = max(1, round(math.sqrt(count * height / width)))
    points = []
    for row in range(rows):
        columns = count // rows + (1 if row < count % rows else 0)
        for column in range(columns):
            shift = 0.25 if rows > 2 and row % 2 else 0.0
            x = (column + 0.5 + shift + rng.uniform(-wobble, wobble)) * width / columns
            y = (row + 0.5 + rng.uniform(-wobble, wobble)) * height / rows
            points.append((min(x, width - 10.0), y))
    return points
