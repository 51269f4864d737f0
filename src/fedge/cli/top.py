"""``fedge top sites``: how busy each site is, and how old the figure is."""

from __future__ import annotations

import json
from typing import Any

import click

from fedge.cli.kinds import path_of
from fedge.cli.platform import Platform
from fedge.cli.tables import show

STALE_MS = 3000
"""An agent reports twice a second: older figures are marked, since nobody knows what is true by now."""


@click.command(short_help="Show how busy each site is.")
@click.argument("kind", type=click.Choice(["sites"]))
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True)
def top(kind: str, output: str) -> None:
    """Sites by load, the busiest first.

    LOAD is the share of time that the site's busiest instance spends on ticks; a question mark says that the figure is old.

    \b
    Example:
      fedge top sites
    """
    rows = sorted(
        Platform.running().items(*path_of(kind)), key=lambda row: (-(row.get("load") or 0.0), row["site"])
    )
    if output == "json":
        click.echo(json.dumps({"items": rows}, indent=2))
        return
    columns = ("site", "state", "load", "age", "sessions", "capacity", "instances")
    show(columns, [_cells(row) for row in rows])


def _cells(row: dict[str, Any]) -> list[Any]:
    age_ms = row.get("load_age_ms")
    old = age_ms is None or age_ms > STALE_MS
    load = f"{100 * (row.get('load') or 0.0):.0f}%{' ?' if old else ''}"
    age = "never" if age_ms is None else f"{age_ms / 1000:.1f} s"
    return [
        row["site"],
        row["state"],
        load,
        age,
        row.get("sessions"),
        row.get("capacity"),
        row.get("instances"),
    ]
