"""``fedge tenant``: tenants and their tokens, for the operator."""

from __future__ import annotations

from typing import Any

import click

from fedge.cli.platform import Platform


@click.group(short_help="Keep tenants apart: namespaces with a quota, sites and tokens of their own.")
def tenant() -> None:
    """Keep tenants apart: a namespace with a quota, sites and tokens of its own.

    \b
    Examples:
      fedge tenant create studio --sessions 100 --replicas 20 --site harbour --site market
      fedge tenant token studio              # what the studio works with
      fedge tenant token studio --players    # what its players' clients attach with
      fedge get tenants
      fedge delete tenant/studio
    """


@tenant.command(short_help="Create a tenant, or change what it may use.")
@click.argument("name")
@click.option("--replicas", type=click.IntRange(min=0), help="Instances of all its applications together.")
@click.option("--cpu", help="Their requests together, such as 4 or 500m.")
@click.option("--memory", help="Their requests together, such as 8Gi.")
@click.option("--sessions", type=click.IntRange(min=0), help="Sessions of all its applications together.")
@click.option(
    "--site", "sites", multiple=True, help="A site that it may use; may be given several times. None: all."
)
@click.option(
    "--attach",
    type=click.Choice(["token", "proof"]),
    default="token",
    show_default=True,
    help="What a client needs: a token of the tenant's, or besides a proof which device it is.",
)
def create(
    name: str,
    replicas: int | None,
    cpu: str | None,
    memory: str | None,
    sessions: int | None,
    sites: tuple[str, ...],
    attach: str,
) -> None:
    """Create a tenant, or change what it may use. The same as `fedge apply` of a Tenant; sites by labels need that."""
    asked = {"replicas": replicas, "cpu": cpu, "memory": memory, "sessions": sessions}
    spec: dict[str, Any] = {"quota": {key: value for key, value in asked.items() if value is not None}}
    if attach != "token":
        spec["attach"] = attach
    if sites:
        spec["sites"] = {"names": list(sites)}
    raw = {
        "apiVersion": "fedge.dev/v1alpha1",
        "kind": "Tenant",
        "metadata": {"name": name},
        "spec": spec,
    }
    (result,) = Platform.running().post("apply", body={"objects": [raw]})["results"]
    click.echo(f"tenant/{name} {result['action']}")


@tenant.command(short_help="Issue a tenant's token; the one before it ends.")
@click.argument("name")
@click.option("--players", is_flag=True, help="One that lets clients attach, and nothing else.")
@click.option(
    "--redirect-uri",
    "redirect_uris",
    multiple=True,
    metavar="URI",
    help="Where a browser may be sent back with an authorization code; may be given several times.  [default: as before]",
)
def token(name: str, players: bool, redirect_uris: tuple[str, ...]) -> None:
    """Issue a tenant's token. It is shown once: the platform keeps only its digest. The one before it ends."""
    platform = Platform.running()
    body: dict[str, Any] = {"players": players}
    if redirect_uris:
        body["redirect_uris"] = list(redirect_uris)
    secret = platform.post("tenants", name, "token", body=body)["token"]
    click.echo(secret)
    if not players:
        click.echo(
            f"Its command line:  FEDGE_API={platform.url} FEDGE_API_TOKEN=… fedge get sessions", err=True
        )
        click.echo(f"Its dashboard:     {platform.url}/#token=…", err=True)


@tenant.command(short_help="End a tenant's tokens.")
@click.argument("name")
def revoke(name: str) -> None:
    """End a tenant's tokens: its own and its players'. What it runs goes on."""
    Platform.running().delete("tenants", name, "token")
    click.echo(f"the tokens of {name} have ended")
