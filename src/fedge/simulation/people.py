"""Who a UE's owner is: how somebody gets about, where from, or the recorded path that is followed instead.

Pure values. `ues.py` plans tours of those who have one, `movement.py` puts everybody together; a run's people are its
``people.json``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

Access = Literal["", "nr", "lte", "wifi", "nsa"]
ModeName = Literal["", "pedestrian", "cyclist", "tram", "car"]


class Fix(Struct, frozen=True, array_like=True):
    """A point of a recorded path. ``access``: the kind of cell used from here on; empty: whichever is best."""

    t_s: float
    x_m: float
    y_m: float
    access: Access = ""


class Person(Struct, frozen=True, omit_defaults=True):
    """One UE's owner. Whatever is not said is drawn.

    ``mode``, ``start`` and ``tour`` (a seed of its own) shape a tour along the streets. ``track`` is followed instead: its times
    rise and are seconds of people's time; one point is a person who stays there. ``access``: the only kind of cell this UE uses.
    """

    mode: ModeName = ""
    start: tuple[float, float] | None = None
    tour: int | None = None
    track: tuple[Fix, ...] = ()
    access: Access = ""


class Habits(Struct, frozen=True, forbid_unknown_fields=True):
    """How people play: all have joined after ``join_within_s``; with ``pauses`` one in eight goes away for a while."""

    join_within_s: Annotated[float, Meta(ge=0, le=3600)] = 2.0
    pauses: bool = True


USUAL = Habits()


class Crowd(Struct, frozen=True):
    """Everybody of a run, UE 0 first. Nobody at all: nothing is said of anybody, and everybody is drawn."""

    people: tuple[Person, ...] = ()
    habits: Habits = USUAL


ANYBODY = Person()
FILE = "people.json"


def write_crowd(folder: Path, crowd: Crowd) -> None:
    """Write everybody into the run folder, whole or not at all."""
    draft = folder / f"{FILE}.draft"
    draft.write_bytes(msgspec.json.encode(crowd))
    draft.replace(folder / FILE)


def read_crowd(folder: Path) -> Crowd:
    """What ``write_crowd`` wrote; the usual if nobody has. Raises ``OSError`` and ``msgspec.DecodeError``."""
    path = folder / FILE
    return msgspec.json.decode(path.read_bytes(), type=Crowd) if path.exists() else Crowd()
