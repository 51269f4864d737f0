"""``fedge audit``: who asked for what about whom over the CAMARA APIs, and was it granted."""

from __future__ import annotations

import json

import click

from fedge.cli.platform import Platform


@click.command(short_help="Who asked about whom, and was it granted.")
@click.option(
    "-n", "limit", type=click.IntRange(1, 2000), default=50, show_default=True, help="So many lines."
)
@click.option("--refused", is_flag=True, help="Refusals alone.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, as in audit.jsonl.")
def audit(limit: int, refused: bool, as_json: bool) -> None:
    """Who asked about whom, and was it granted; the newest last. A tenant sees what it asked itself.

    \b
    Examples:
      fedge audit --refused
      fedge audit -n 500 --json
    """
    for one in Platform.running().get("audit", query={"limit": str(limit)})["items"]:
        if refused and one["decision"] != "refused":
            continue
        if as_json:
            click.echo(json.dumps(one))
            continue
        why = " · ".join(part for part in (one.get("reason"), one.get("because")) if part)
        named = one.get("subjects") or one.get("ues") or []
        gathered = f"{one['times']} times: {' '.join(named)}" if "times" in one else ""
        subject = " ".join(part for part in (one.get("subject"), one.get("ue"), gathered) if part)
        click.echo(
            f"{one['at']}  {one['decision']:11}  {one.get('client') or 'nobody':12}  {one['api']}  {subject}  {why}"
        )
