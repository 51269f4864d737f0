"""``fedge delete``: take objects away, by file or by name."""

from __future__ import annotations

from pathlib import Path

import click

from fedge.api.manifests import PLURALS
from fedge.cli.apply import found_in
from fedge.cli.kinds import LIVE, named, path_of
from fedge.cli.platform import Platform, Refused

_NOUNS = {kind: noun for noun, kind in PLURALS.items()}


@click.command(short_help="Take away what was applied.")
@click.argument("what", nargs=-1, metavar="[KIND/NAME]")
@click.option(
    "-f", "--filename", "files", multiple=True, type=click.Path(path_type=Path), help="What these describe."
)
@click.option("-n", "--namespace", default=None, help="Where it is; a tenant's own, else default.")
@click.option("--ignore-not-found", is_flag=True, help="What is not there is no error.")
def delete(
    what: tuple[str, ...], files: tuple[Path, ...], namespace: str | None, ignore_not_found: bool
) -> None:
    """Take away what was applied. Deleting a Deployment ends its instances and their sessions, deleting a Tenant all that is
    in its namespace.

    \b
    Examples:
      fedge delete -f examples/arena/
      fedge delete deployment/arena
    """
    if bool(what) == bool(files):
        raise click.UsageError("Say what to delete: KIND/NAME, or -f with the files that describe it.")
    targets = (
        [_of_object(each.object, each.file) for each in found_in(files)] if files else [(*named(what), None)]
    )
    platform = Platform.running()
    missing = 0
    gone: set[tuple[str, str, str]] = set()
    for noun, name, own in targets:
        if noun in LIVE:
            raise click.UsageError(
                f"{noun} cannot be deleted by hand; delete the Deployment, or drain the site."
            )
        singular = PLURALS[noun].lower()
        try:
            where = own or namespace
            answer = platform.delete(*path_of(noun, name), query={"namespace": where} if where else None)
        except Refused as refused:
            if refused.status != 404:
                raise
            if (singular, where or "default", name) in gone:
                continue  # with its Tenant
            missing += 1
            click.echo(f"{singular}/{name} not found", err=True)
        else:
            for one in answer["results"]:
                kind, of = one["kind"].lower(), one["namespace"]
                gone.add((kind, of, one["name"]))
                along = f" (with the Tenant {of})" if (kind, one["name"]) != (singular, name) else ""
                click.echo(f"{kind}/{one['name']} deleted{along}")
    if missing and not ignore_not_found:
        raise SystemExit(1)


def _of_object(raw: object, file: Path) -> tuple[str, str, str | None]:
    """Noun, name, and the namespace that it says it is in."""
    try:
        kind, metadata = str(raw["kind"]), raw["metadata"]  # type: ignore[index]
        return _NOUNS[kind], str(metadata["name"]), metadata.get("namespace")
    except (KeyError, TypeError, AttributeError):
        raise click.ClickException(
            f"{file}: an object without a kind that Fedge knows, or without a name"
        ) from None
