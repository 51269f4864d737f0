"""``fedge drain`` and ``fedge undrain``: empty a site of its sessions, and open it again."""

from __future__ import annotations

from typing import Any

import click

from fedge.cli.kinds import completing
from fedge.cli.platform import Platform
from fedge.cli.tables import cell


@click.command(short_help="Move every session away from a site, and let none in.")
@click.argument("site", shell_complete=completing("sites"))
def drain(site: str) -> None:
    """Move every session away from a site, and let none in, until `fedge undrain`. The players go on playing.

    \b
    Example:
      fedge drain SITE
      fedge get sessions
    """
    _tell(f"{site} is draining", Platform.running().post("sites", site, "drain"))


@click.command(short_help="Open a drained site again.")
@click.argument("site", shell_complete=completing("sites"))
def undrain(site: str) -> None:
    """Open a drained site again. Sessions come back where it is better for them.

    \b
    Example:
      fedge undrain SITE
    """
    _tell(f"{site} is open", Platform.running().post("sites", site, "undrain"))


def _tell(done: str, answer: Any) -> None:
    told = {key: value for key, value in (answer or {}).items() if key not in ("site", "state")}
    click.echo(done + (f" ({cell(told)})" if told else ""))
