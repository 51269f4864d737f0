"""``fedge locate``: where a player's device is, by the same CAMARA APIs that a studio calls."""

from __future__ import annotations

import re
from typing import Any

import click

from fedge.cli.kinds import completing
from fedge.cli.platform import Platform

VERIFY, RETRIEVE = "/location-verification/v3/verify", "/location-retrieval/v0.5/retrieve"
_NUMBER = re.compile(r"\+[1-9][0-9]{4,14}")
_IPV4 = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}")


class Area(click.ParamType[Any]):
    """Latitude, longitude and radius in metres."""

    name = "lat,lon,radius"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            latitude, longitude, radius_m = map(float, str(value).split(","))
        except ValueError:
            self.fail("three numbers are wanted: LATITUDE,LONGITUDE,RADIUS_IN_METRES", param, ctx)
        return {
            "areaType": "CIRCLE",
            "center": {"latitude": latitude, "longitude": longitude},
            "radius": radius_m,
        }


@click.command(short_help="Where a player's device is, if its subscriber lets you know.")
@click.argument("player", shell_complete=completing("sessions"))
@click.option(
    "--verify", "area", type=Area(), help="Only say whether it is there: LATITUDE,LONGITUDE,RADIUS."
)
@click.option("--max-age", type=click.IntRange(min=0), help="Seconds; 0: as of now.")
def locate(player: str, area: dict[str, Any] | None, max_age: int | None) -> None:
    """Where a player's device is, if its subscriber lets you know. PLAYER: a phone number, an address, or (operator) a name.

    \b
    Examples:
      fedge locate player-7
      fedge locate +99901000007 --max-age 10
      fedge locate player-7 --verify 45.0081,-29.9873,300
    """
    platform = Platform.running()
    asked: dict[str, Any] = {"device": device(platform, player)}
    if max_age is not None:
        asked["maxAge"] = max_age
    if area is not None:
        found = platform.call(VERIFY, {**asked, "area": area})
        rate = f" ({found['matchRate']} %)" if "matchRate" in found else ""
        click.echo(f"{player}: {found['verificationResult']}{rate}, as of {found['lastLocationTime']}")
        return
    found = platform.call(RETRIEVE, asked)
    centre, radius_m = found["area"]["center"], found["area"]["radius"]
    place = f"{centre['latitude']:.6f},{centre['longitude']:.6f} ± {radius_m:.0f} m"
    click.echo(f"{player}: {place}, as of {found['lastLocationTime']}")


def device(platform: Platform, player: str) -> dict[str, Any]:
    """CAMARA's device object."""
    if _IPV4.fullmatch(player):
        return {"ipv4Address": {"publicAddress": player, "privateAddress": player}}
    if _NUMBER.fullmatch(player):
        return {"phoneNumber": player}
    number = platform.get("devices", player)["identifiers"].get("phoneNumber")
    if number is None:
        raise click.ClickException(
            f"{player}: a tenant names a device by its phone number (+…) or IPv4 address"
        )
    return {"phoneNumber": number}
