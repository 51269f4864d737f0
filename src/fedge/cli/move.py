"""``fedge move``: order one session to another site."""

from __future__ import annotations

import time

import click

from fedge.cli.kinds import completing
from fedge.cli.platform import Platform

ENDED = ("RELEASED", "ABORTED")
_EVERY_S = 0.05


@click.command(short_help="Move one session to another site.")
@click.argument("session", shell_complete=completing("sessions"))
@click.option(
    "--to", "site", shell_complete=completing("sites"), required=True, help="The site that shall serve it."
)
@click.option(
    "--wait", is_flag=True, help="Tell each step, and end when the move has: status 1 if it was aborted."
)
@click.option(
    "--timeout", type=click.FloatRange(min=0.1), default=30.0, show_default=True, help="Seconds for --wait."
)
def move(session: str, site: str, wait: bool, timeout: float) -> None:
    """Move one session to another site while its player plays.

    \b
    Examples:
      fedge move player-7 --to SITE
      fedge move player-7 --to SITE --wait
    """
    platform = Platform.running()
    answer = platform.post("sessions", session, "move", body={"to": site})
    if "move" not in answer:  # a visit: there is no state to copy, so it is done
        click.echo(f"{session} -> {site}: what it opens anew")
        return
    name = str(answer["move"])
    click.echo(f"{name}: {session} -> {site}")
    if not wait:
        return
    last = said = ""
    deadline = time.monotonic() + timeout
    while last not in ENDED:
        if time.monotonic() > deadline:
            raise click.ClickException(
                f"{name} is still {last or 'unknown'} after {timeout:g} s; it goes on without us."
            )
        row = platform.get("moves", name)
        if row["state"] != last:
            last = row["state"]
            reason = str(row.get("reason") or "")
            click.echo(f"  {last}" + (f": {reason}" if reason != said else ""))
            said = reason
        if last not in ENDED:
            time.sleep(_EVERY_S)
    if last == "ABORTED":
        raise SystemExit(1)
