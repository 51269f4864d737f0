"""What a simulated city consists of, and what its fixed network is worth between any cell and any site.

``city`` draws one from a seed, ``city_csv`` reads one from real coordinates; both end here. Written once a run as
``city.json``, so that every program of the run sees the same map. All coordinates are local metres from the south-west
corner.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from fedge.core.messages import Cell
from fedge.core.model import SiteId

FIBRE_M_PER_MS = 200_000.0
"""Light in fibre: two thirds of c."""
FIBRE_DETOUR = 1.4
"""Assumed: a duct is that much longer than the straight line."""
AGGREGATION_RTT_MS = {"nr": 0.9, "lte": 1.2, "wifi": 1.0, "nsa": 1.2}
"""Assumed: base station, aggregation switches and user plane of a site next door, there and back."""


class CitySite(Struct, frozen=True):
    """An edge site: ``index`` is its place in the run's addressing plan (127.R.(10 + index).1)."""

    site: SiteId
    name: str
    x_m: float
    y_m: float
    index: int


class Apart(Struct, frozen=True):
    """Two sites whose backhaul differs from the others': its round trip."""

    a: SiteId
    b: SiteId
    rtt_ms: float


class City(Struct, frozen=True):
    """A whole city. ``streets_x_m`` are north-south streets, ``streets_y_m`` east-west ones; people move along them.

    ``spawns``: where UE 0, 1, … start (used again from the beginning if there are more UEs). ``origin``: latitude and longitude
    of (0, 0) where the map is a real place. ``backhaul_rtt_ms``: between any two sites that ``apart`` does not name.
    """

    source: str
    width_m: float
    height_m: float
    sites: tuple[CitySite, ...]
    cells: tuple[Cell, ...]
    streets_x_m: tuple[float, ...]
    streets_y_m: tuple[float, ...]
    spawns: tuple[tuple[float, float], ...]
    backhaul_rtt_ms: float
    origin: tuple[float, float] | None = None
    apart: tuple[Apart, ...] = ()

    def between_ms(self, one: SiteId, other: SiteId) -> float:
        """Round trip of the backhaul between two sites, in ms."""
        return between_ms(one, other, self.backhaul_rtt_ms, self.apart)


def distance_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Straight-line metres between two points."""
    return math.hypot(a[0] - b[0], a[1] - b[1])


def nearest_site(sites: Sequence[CitySite], x_m: float, y_m: float) -> CitySite:
    """The site whose straight line to (x_m, y_m) is shortest; the lower index where two are equal."""
    return min(sites, key=lambda site: (distance_m((site.x_m, site.y_m), (x_m, y_m)), site.index))


def between_ms(one: SiteId, other: SiteId, usual_ms: float, apart: Sequence[Apart]) -> float:
    """Round trip between two sites, in ms: as ``apart`` says, in whichever order it names them; else the usual."""
    return next((each.rtt_ms for each in apart if {each.a, each.b} == {one, other}), usual_ms)


def path_rtts_ms(
    kind: str,
    x_m: float,
    y_m: float,
    sites: Sequence[CitySite],
    backhaul_rtt_ms: float,
    own: CitySite | None = None,
    apart: Sequence[Apart] = (),
) -> dict[SiteId, float]:
    """Expected round trip from a cell to each site over the fixed network, in ms.

    To the cell's own site (the nearest unless said): aggregation (by kind of cell) and fibre. To any other: the same and the
    backhaul between sites.
    """
    own = own or nearest_site(sites, x_m, y_m)
    first = AGGREGATION_RTT_MS[kind] + fibre_rtt_ms(distance_m((own.x_m, own.y_m), (x_m, y_m)))
    rtts = {}
    for site in sites:
        between = distance_m((own.x_m, own.y_m), (site.x_m, site.y_m))
        hop = between_ms(own.site, site.site, backhaul_rtt_ms, apart)
        rtts[site.site] = round(first if site is own else first + hop + fibre_rtt_ms(between), 4)
    return rtts


def fibre_rtt_ms(straight_m: float) -> float:
    """Round trip of light over a duct between two points ``straight_m`` apart, in ms."""
    return 2 * straight_m * FIBRE_DETOUR / FIBRE_M_PER_MS


def slug(name: str, taken: Iterable[str]) -> str:
    """``name`` as an id that a person can type, different from all ``taken``."""
    base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "site"
    answer, number = base, 1
    used = set(taken)
    while answer in used:
        number += 1
        answer = f"{base}-{number}"
    return answer


def write_city(path: Path, city: City) -> None:
    """Write ``city`` as JSON, whole or not at all."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(city), indent=1))
    draft.replace(path)


def read_city(path: Path) -> City:
    """Read what ``write_city`` wrote. Raises ``OSError`` and ``msgspec.DecodeError``."""
    return msgspec.json.decode(path.read_bytes(), type=City)
