"""``fedge apply``: hand manifests to the platform; all of them are accepted, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fedge.api.manifest_files import Found, Unreadable, read_manifests
from fedge.cli.platform import Platform, Refused


def found_in(paths: tuple[Path, ...]) -> list[Found]:
    """The objects of all files and folders, or what is wrong with one of them."""
    try:
        return [found for path in paths for found in read_manifests(path)]
    except Unreadable as error:
        raise click.ClickException(str(error)) from None


FILES = click.option(
    "-f",
    "--filename",
    "files",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path),
    help="A YAML or JSON file, or a folder of them. May be given several times.",
)


@click.command(short_help="Deploy what manifests describe.")
@FILES
@click.option("--dry-run", is_flag=True, help="Check everything and change nothing.")
def apply(files: tuple[Path, ...], dry_run: bool) -> None:
    """Deploy what manifests describe: Deployment, Service, PropagationPolicy and OverridePolicy (Karmada's), QoSPolicy (our own).

    An operator also applies what is in no namespace: Tenant (our own), the policies' Cluster… forms, PriorityClass.

    All objects of one call are accepted together. If one is wrong, its field is named and nothing changes.

    \b
    Examples:
      fedge apply -f examples/arena/
      fedge apply -f deployment.yaml -f qospolicy.yaml
      fedge apply -f examples/arena/ --dry-run
    """
    found = found_in(files)
    body = {"objects": [each.object for each in found]}
    try:
        answer = Platform.running().post("apply", body=body, query={"dryRun": "true"} if dry_run else None)
    except Refused as refused:
        origin = next(
            (each.file for each in found if _title(each.object) == _without_namespace(refused.object)), None
        )
        where = f"{origin}: " if origin else ""
        raise click.ClickException(f"{where}{refused.message}\nNothing was changed.") from None
    for result in answer["results"]:
        name = f"{str(result['kind']).lower()}/{result['name']}"
        click.echo(f"{name} {result['action']}" + (" (dry run)" if dry_run else ""))
        for notice in result.get("notices", ()):
            click.echo(f"  note: {notice}", err=True)


def _without_namespace(title: str) -> str:
    kind, _, name = title.partition("/")
    return f"{kind}/{name.rpartition('/')[2]}"


def _title(raw: Any) -> str:
    """How the platform names an object in a refusal, without its namespace."""
    try:
        return f"{raw['kind']}/{raw['metadata']['name']}"
    except (KeyError, TypeError):
        return ""
