"""``fedge describe``: everything about one thing."""

from __future__ import annotations

from typing import Any

import click
import yaml

from fedge.cli.explain import show_placement
from fedge.cli.get import show_live
from fedge.cli.kinds import named, path_of
from fedge.cli.platform import Platform, Refused
from fedge.core.applications import app_id


@click.command(short_help="Everything about one thing.")
@click.argument("what", nargs=-1, required=True, metavar="KIND/NAME")
def describe(what: tuple[str, ...]) -> None:
    """Everything about one thing: what was applied, what runs of it, and where it was placed.

    \b
    Examples:
      fedge describe deployment/arena
      fedge describe session player-7
      fedge describe site/SITE
    """
    noun, name = named(what)
    platform = Platform.running()
    found = platform.get(*path_of(noun, name))
    click.echo(yaml.safe_dump(found, sort_keys=False, allow_unicode=True).rstrip())
    if noun == "deployments":
        app = app_id(found.get("metadata", {}).get("namespace") or "default", name)
        _part("Instances", "instances", [row for row in platform.items("instances") if row.get("app") == app])
        try:
            placement = platform.get("explain", "deployment", app)
        except Refused:
            return
        click.echo("\nPlacement")
        show_placement(placement)
    elif noun == "sites":
        for title, kind in (("Instances", "instances"), ("Sessions", "sessions")):
            _part(title, kind, [row for row in platform.items(kind) if row.get("site") == name])
    elif noun == "sessions":
        _part("Moves", "moves", [row for row in platform.items("moves") if row.get("session") == name])


def _part(title: str, kind: str, rows: list[dict[str, Any]]) -> None:
    click.echo(f"\n{title}")
    if rows:
        show_live(kind, rows)
    else:
        click.echo("none")
