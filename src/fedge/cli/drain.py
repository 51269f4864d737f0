"""``fedge drain`` and ``fedge undrain``: empty a site of its sessions, and open it again."""

from __future__ import annotations

import click

from fedge.cli.kinds import completing
from fedge.cli.platform import Platform


@click.command(short_help="Move every session away from a site, and let none in.")
@click.argument("site", shell_complete=completing("sites"))
def drain(site: str) -> None:
    """Move every session away from a site, and let none in, until `fedge undrain`. The players go on playing.

    \b
    Example:
      fedge drain SITE
      fedge get sessions
    """
    answer = Platform.running().post("sites", site, "drain") or {}
    sessions, within_s = answer.get("sessions", 0), answer.get("within_ms", 0) / 1000
    visits = answer.get("visits", 0)
    click.echo(
        f"{site} is draining: {sessions} sessions move away"
        + (f", within {within_s:.0f} s" if sessions else "")
        + (f"; {visits} visits are led elsewhere" if visits else "")
    )


@click.command(short_help="Open a drained site again.")
@click.argument("site", shell_complete=completing("sites"))
def undrain(site: str) -> None:
    """Open a drained site again. Sessions come back where it is better for them.

    \b
    Example:
      fedge undrain SITE
    """
    Platform.running().post("sites", site, "undrain")
    click.echo(f"{site} is open")
