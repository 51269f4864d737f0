"""A scenario file's fields: what may be written, and within which bounds. `scenario_file.py` gives it meaning."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from fedge.simulation import limits
from fedge.simulation.people import Access, Fix, Habits, ModeName
from fedge.simulation.scenario_events import ENDLESS_S, Event

LARGEST_M = 10_000.0
"""The radio map is made for one city."""

Metres = Annotated[float, Meta(ge=0, le=LARGEST_M)]
Side = Annotated[float, Meta(ge=100, le=LARGEST_M)]
RttMs = Annotated[float, Meta(ge=0, le=limits.LONGEST_BACKHAUL_MS)]
Seed = Annotated[int, Meta(ge=0, le=limits.LARGEST_SEED)]
Name = Annotated[str, Meta(min_length=1, max_length=60)]
Point = tuple[Metres, Metres]


class _Form(Struct, frozen=True, forbid_unknown_fields=True):
    pass


class SiteForm(_Form, frozen=True):
    """Its id is its name in small letters, with dashes: Old Town is old-town."""

    name: Name
    x_m: Metres
    y_m: Metres


class CellForm(_Form, frozen=True, omit_defaults=True):
    """``radius_m`` is how large it is drawn: how far it is heard follows from its kind. ``site``: its own; else the nearest."""

    kind: Literal["nr", "lte", "wifi", "nsa"]
    x_m: Metres
    y_m: Metres
    name: Annotated[str, Meta(max_length=60)] = ""
    radius_m: Metres = 0.0
    site: str = ""


class BetweenForm(_Form, frozen=True):
    sites: tuple[str, str]
    rtt_ms: RttMs


class BackhaulForm(_Form, frozen=True):
    """Round trip between any two sites, but for those ``between`` which it is another."""

    rtt_ms: RttMs = 5.0
    between: tuple[BetweenForm, ...] = ()


class CityForm(_Form, frozen=True):
    """``sites`` a number: all is drawn from the seed. A list: what is not said is drawn around them."""

    sites: (
        Annotated[int, Meta(ge=1, le=limits.MOST_SITES)]
        | Annotated[tuple[SiteForm, ...], Meta(min_length=1, max_length=limits.MOST_SITES)]
    ) = 4
    backhaul: BackhaulForm = BackhaulForm()
    cells: Annotated[tuple[CellForm, ...], Meta(max_length=1000)] = ()
    width_m: Side | None = None
    height_m: Side | None = None
    streets_x_m: tuple[Metres, ...] = ()
    streets_y_m: tuple[Metres, ...] = ()
    source: str = ""
    origin: tuple[float, float] | None = None


class UeForm(_Form, frozen=True, omit_defaults=True):
    """One UE, or ``count`` alike. On tour (``mode``, ``start``, ``tour``), or ``at`` a place, or along a ``trace`` (a file) or
    ``track`` (the points themselves). ``within_m``: each one's start or place is drawn so near to the one that is said."""

    count: Annotated[int, Meta(ge=1, le=limits.MOST_PLAYERS)] = 1
    mode: ModeName = ""
    start: Point | None = None
    tour: Seed | None = None
    at: Point | None = None
    within_m: Metres = 0.0
    trace: str = ""
    track: tuple[Fix, ...] = ()
    access: Access = ""


class ScenarioForm(_Form, frozen=True):
    seed: Seed = 7
    duration_s: Annotated[float, Meta(ge=0, le=ENDLESS_S)] = 0.0
    time_scale: Annotated[float, Meta(ge=limits.SLOWEST, le=limits.FASTEST)] = 3.0
    policy: Literal["follow", "stay"] = "follow"
    state_bytes: Annotated[int, Meta(ge=limits.SMALLEST_STATE, le=limits.LARGEST_STATE)] = 1 << 20
    city: CityForm = CityForm()
    ues: (
        Annotated[int, Meta(ge=1, le=limits.MOST_PLAYERS)]
        | Annotated[tuple[UeForm, ...], Meta(min_length=1, max_length=limits.MOST_PLAYERS)]
    ) = 24
    players: Habits = Habits()
    events: tuple[Event, ...] = ()
