"""``fedge qod``: quality on demand, by the same CAMARA APIs that a studio's server calls."""

from __future__ import annotations

from typing import Any

import click

from fedge.cli.kinds import completing
from fedge.cli.locate import device
from fedge.cli.platform import Platform
from fedge.cli.tables import show, table

SESSIONS = "/quality-on-demand/v1/sessions"
PROFILES = "/qos-profiles/v1/retrieve-qos-profiles"
COLUMNS = ("quality", "ue", "server", "carried", "profile", "status", "kept", "left_s", "by", "reason")


class Ports(click.ParamType[Any]):
    """A port or a range of them."""

    name = "port or from-to"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        first, _, last = str(value).partition("-")
        try:
            return int(first), int(last or first)
        except ValueError:
            self.fail("a port such as 7777, or a range such as 7000-7999, is wanted", param, ctx)


@click.group(short_help="Ask the network for quality: a flow that keeps its rate and delay in a full cell.")
def qod() -> None:
    """Ask the network for quality: a flow that keeps its rate and delay in a full cell.

    \b
    Examples:
      fedge qod profiles
      fedge qod create player-7 --profile QOS_E --seconds 600
      fedge qod list
      fedge qod extend SESSION 300
      fedge qod delete SESSION
    """


@qod.command(short_help="Begin a quality session for a device's flow.")
@click.argument("player", shell_complete=completing("sessions"))
@click.option("--profile", default="QOS_E", show_default=True, help="See `fedge qod profiles`.")
@click.option("--seconds", type=click.IntRange(min=1), default=600, show_default=True, help="How long.")
@click.option(
    "--server", help="Address or prefix of the server.  [default: the applications' stable address]"
)
@click.option(
    "--server-port", "server_ports", type=Ports(), multiple=True, help="Several times if need be. None: all."
)
@click.option("--device-port", "device_ports", type=Ports(), multiple=True, help="The same at the device.")
@click.option("--sink", help="https address that is told of each change.")
@click.option(
    "--sink-token", help="Bearer token that the sink takes events with; needs --sink-token-expires."
)
@click.option("--sink-token-expires", metavar="TIME", help="Such as 2030-01-01T00:00:00Z.")
def create(
    player: str,
    profile: str,
    seconds: int,
    server: str | None,
    server_ports: tuple[tuple[int, int], ...],
    device_ports: tuple[tuple[int, int], ...],
    sink: str | None,
    sink_token: str | None,
    sink_token_expires: str | None,
) -> None:
    """Begin a quality session. PLAYER: a phone number, an address, or (operator) a name. Prints its id."""
    platform = Platform.running()
    body: dict[str, Any] = {
        "device": device(platform, player),
        "applicationServer": {"ipv4Address": server or _stable(platform)},
        "qosProfile": profile,
        "duration": seconds,
    }
    for name, ports in (("applicationServerPorts", server_ports), ("devicePorts", device_ports)):
        if ports:
            body[name] = {"ranges": [{"from": first, "to": last} for first, last in ports]}
    if sink is not None:
        body["sink"] = sink
    if sink_token is not None:
        body["sinkCredential"] = {
            "credentialType": "ACCESSTOKEN",
            "accessToken": sink_token,
            "accessTokenType": "bearer",
            "accessTokenExpiresUtc": sink_token_expires,
        }
    click.echo(platform.call(SESSIONS, body)["sessionId"])


def _stable(platform: Platform) -> str:
    """The host of the applications' stable address."""
    return str(platform.get("view")["run"].get("service", "")).rpartition(":")[0]


@qod.command(short_help="One quality session.")
@click.argument("id")
def get(id: str) -> None:
    """One quality session, as CAMARA's SessionInfo. You find your own alone."""
    for name, value in Platform.running().call(f"{SESSIONS}/{id}", method="GET").items():
        click.echo(f"{name}: {_plain(value)}")


@qod.command("list", short_help="All quality sessions, the platform's own too.")
def list_() -> None:
    """All quality sessions: studios', and those that a QoSPolicy asked for. A tenant sees its own."""
    rows = Platform.running().items("quality")
    show(COLUMNS, [[row.get(column) for column in COLUMNS] for row in rows])


@qod.command(short_help="Let a session last longer.")
@click.argument("id")
@click.argument("seconds", type=click.IntRange(min=1))
def extend(id: str, seconds: int) -> None:
    """Let an AVAILABLE session last SECONDS longer, as far as its profile allows."""
    more = {"requestedAdditionalDuration": seconds}
    found = Platform.running().call(f"{SESSIONS}/{id}/extend", more)
    click.echo(f"{id} lasts {found['duration']} s in all, until {found['expiresAt']}")


@qod.command(short_help="End a session.")
@click.argument("id")
def delete(id: str) -> None:
    """End a session: its flow is like any other again."""
    Platform.running().call(f"{SESSIONS}/{id}", method="DELETE")
    click.echo(f"{id} has ended")


@qod.command(short_help="What can be asked for.")
@click.option("--for", "player", help="Only what this device can have now.")
def profiles(player: str | None) -> None:
    """What can be asked for, and what of it the network strives for."""
    platform = Platform.running()
    body = {"device": device(platform, player)} if player is not None else {}
    rows = [
        (
            one["name"],
            one["status"],
            _figure(one.get("targetMinUpstreamRate")),
            _figure(one.get("targetMinDownstreamRate")),
            _figure(one.get("packetDelayBudget")),
            one.get("description"),
        )
        for one in platform.call(PROFILES, body)
    ]
    click.echo(table(("profile", "status", "up", "down", "delay", "description"), rows))


@qod.command(short_help="Take a profile back, or offer it again.")
@click.argument("profile")
@click.argument("status", type=click.Choice(["ACTIVE", "INACTIVE", "DEPRECATED"]))
def mark(profile: str, status: str) -> None:
    """For the operator: let no new session use a profile (those that do go on), or offer it again (ACTIVE)."""
    Platform.running().post("qos-profiles", profile, body={"status": status})
    click.echo(f"{profile} is {status}")


def _figure(said: dict[str, Any] | None) -> str | None:
    return f"{said['value']} {said['unit']}" if said else None


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    return str(value)
