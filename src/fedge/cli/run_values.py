"""Values that the options of a run are given in: sizes, files, and how many positions a CSV file has."""

from __future__ import annotations

import csv
from pathlib import Path

import click

from fedge.core.applications.quantity import NotAQuantity, memory_bytes
from fedge.simulation.limits import LARGEST_STATE, SMALLEST_STATE

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
TARGET = click.Path(dir_okay=False, path_type=Path)
_LATITUDE, _LONGITUDE = ("latitude", "lat"), ("longitude", "lon", "lng")


def read_state_size(_ctx: click.Context, _param: click.Parameter, value: str) -> int:
    """Bytes: 1048576, 512Ki, 1MiB."""
    try:
        size = memory_bytes(value.removesuffix("B"))
    except NotAQuantity:
        raise click.BadParameter(f"{value!r} is no size such as 1048576, 512KiB or 1MiB") from None
    if not SMALLEST_STATE <= size <= LARGEST_STATE:
        raise click.BadParameter(f"{value} is not between {SMALLEST_STATE} bytes and 1GiB")
    return size


def positions_in(file: Path) -> int:
    """How many rows of positions a CSV file has. A usage error where it has no such columns, or a row is no
    position.
    """
    with file.open(newline="", encoding="utf-8-sig") as lines:
        reader = csv.DictReader(lines)
        columns = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
        latitude = next((columns[name] for name in _LATITUDE if name in columns), None)
        longitude = next((columns[name] for name in _LONGITUDE if name in columns), None)
        if latitude is None or longitude is None:
            raise click.UsageError(
                f"{file} has no columns Latitude and Longitude; its first line is {list(columns)}."
            )
        rows = 0
        for row in reader:
            rows += 1
            if not _within(row[latitude], 90) or not _within(row[longitude], 180):
                where = f"{row[latitude]!r}, {row[longitude]!r}"
                raise click.UsageError(
                    f"{file}, line {reader.line_num}: {where} is no latitude and longitude."
                )
    if not rows:
        raise click.UsageError(f"{file} has no rows.")
    return rows


def _within(text: str | None, bound: float) -> bool:
    try:
        return abs(float(text or "")) <= bound
    except ValueError:
        return False
