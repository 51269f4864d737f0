"""``fedge version``."""

from __future__ import annotations

import platform as machine
from importlib.metadata import version as version_of

import click


@click.command(short_help="Which Fedge this is.")
def version() -> None:
    """Which Fedge this is, and on what it runs: for a report of what went wrong.

    \b
    Example:
      fedge version
    """
    click.echo(
        f"fedge {version_of('fedge')} (Python {machine.python_version()}, {machine.system()} {machine.machine()})"
    )
