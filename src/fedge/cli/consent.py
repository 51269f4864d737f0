"""``fedge consent``: who may locate whose device, as subscribers said or the operator recorded."""

from __future__ import annotations

from typing import Any

import click

from fedge.cli.platform import Platform
from fedge.cli.tables import table


def short(scope: str) -> str:
    """A scope as a person reads it: geofencing's name their event types in full."""
    return scope.replace("org.camaraproject.geofencing-subscriptions.v0.", "")


@click.group(short_help="Record, withdraw and list subscribers' consents.")
def consent() -> None:
    """Record, withdraw and list subscribers' consents. Subscribers themselves are asked by CIBA (docs/location.md).

    \b
    Examples:
      fedge consent grant studio player-7 --days 7
      fedge consent list
      fedge consent revoke consent-3
    """


@consent.command(short_help="Record that a subscriber consents.")
@click.argument("client")
@click.argument("player")
@click.option("--scope", "scopes", multiple=True, help="May be given several times. None: all that locate.")
@click.option("--purpose", default="", help="Such as dpv:FraudPreventionAndDetection; none: any.")
@click.option("--days", type=float, default=30.0, show_default=True, help="How long it holds.")
def grant(client: str, player: str, scopes: tuple[str, ...], purpose: str, days: float) -> None:
    """Record that PLAYER's subscriber lets CLIENT (a tenant, or OPERATOR) locate the device."""
    body: dict[str, Any] = {"client": client, "device": player, "purpose": purpose, "days": days}
    if scopes:
        body["scopes"] = list(scopes)
    click.echo(Platform.running().post("consents", body=body)["id"])


@consent.command(short_help="Withdraw a consent; what rests on it ends.")
@click.argument("id")
def revoke(id: str) -> None:
    """Withdraw a consent: three-legged tokens and geofences that rest on it end at once."""
    Platform.running().delete("consents", id)
    click.echo(f"{id} has ended")


@consent.command("list", short_help="The consents that hold now.")
def list_() -> None:
    """The consents that hold now; a tenant sees its own."""
    rows = [
        (
            one["id"],
            one["client"],
            one["device"],
            " ".join(map(short, one["scopes"])),
            one["purpose"] or "any",
            f"{one['left_s'] / 86400:.1f} d" if one["left_s"] is not None else "for ever",
            one["by"],
        )
        for one in Platform.running().items("consents")
    ]
    click.echo(table(("ID", "CLIENT", "DEVICE", "SCOPES", "PURPOSE", "LEFT", "BY"), rows))
