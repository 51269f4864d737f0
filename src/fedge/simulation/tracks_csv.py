"""Recorded paths as files: CSV with the columns ``t_s,x_m,y_m`` and, if there is one, ``access`` (nr, nsa, lte, wifi or empty).

Seconds of people's time, and local metres from the south-west corner of the city. Raises ``ValueError`` naming file, line and
column for what cannot be read.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import get_args

from fedge.simulation.people import Access, Fix, Person

NEEDED = ("t_s", "x_m", "y_m")
KINDS: tuple[Access, ...] = get_args(Access)
MOST_FIXES = 200_000
"""Two days at one a second."""


def read_folder(folder: Path) -> list[Person]:
    """Everybody of a folder's ``*.csv`` files, in the order of their names."""
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise ValueError(f"{folder}: no .csv file in this folder")
    return [Person(track=read_track(file)) for file in files]


def read_track(path: Path) -> tuple[Fix, ...]:
    """One path: at least one point, times rising."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            columns = {name.strip().lower(): name for name in rows.fieldnames or () if name}
            for needed in NEEDED:
                if needed not in columns:
                    raise ValueError(
                        f"{path}:1: column {needed} is missing; found {', '.join(columns) or 'nothing'}"
                    )
            for column in columns:
                if column not in (*NEEDED, "access"):
                    raise ValueError(f"{path}:1: column {column} means nothing here")
            fixes: list[Fix] = []
            for row in rows:
                at, x, y = (_number(path, rows.line_num, name, row[columns[name]]) for name in NEEDED)
                access = _access(path, rows.line_num, row.get(columns.get("access", ""), ""))
                if fixes and at <= fixes[-1].t_s:
                    raise ValueError(
                        f"{path}:{rows.line_num}: column t_s: {at:g} is not after {fixes[-1].t_s:g}"
                    )
                if len(fixes) == MOST_FIXES:
                    raise ValueError(f"{path}:{rows.line_num}: more than {MOST_FIXES} rows")
                fixes.append(Fix(at, x, y, access))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except csv.Error as error:
        raise ValueError(f"{path}: not CSV: {error}") from error
    if not fixes:
        raise ValueError(f"{path}:2: column t_s: the file has no rows")
    return tuple(fixes)


def rising(fixes: Sequence[Fix]) -> bool:
    """Is each point later than the one before?"""
    return all(before.t_s < after.t_s for before, after in pairwise(fixes))


def _number(path: Path, line: int, column: str, text: str | None) -> float:
    try:
        value = float(text or "")
    except ValueError:
        raise ValueError(f"{path}:{line}: column {column}: {text!r} is not a number") from None
    if not math.isfinite(value):
        raise ValueError(f"{path}:{line}: column {column}: {value} is not a number to work with")
    return value


def _access(path: Path, line: int, text: str | None) -> Access:
    word = (text or "").strip().lower()
    for kind in KINDS:
        if kind == word:
            return kind
    raise ValueError(f"{path}:{line}: column access: {word!r} is none of nr, nsa, lte, wifi")
