"""Plain aligned tables: no lines, no colour, columns parted by two spaces, so that `awk` and `sort` can
read them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click


def cell(value: Any) -> str:
    """A value in a table: figures short, absent ones as a dash."""
    if value is None or value in ("", [], {}):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".") if abs(value) < 1000 else f"{value:.0f}"
    if isinstance(value, list | tuple):
        return ",".join(cell(each) for each in value)
    if isinstance(value, Mapping):
        return ",".join(f"{key}={cell(each)}" for key, each in value.items())
    return str(value)


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Lines of equal columns."""
    lines = [[name.upper() for name in header], *([cell(value) for value in row] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(header))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def show(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    click.echo(table(header, rows))
