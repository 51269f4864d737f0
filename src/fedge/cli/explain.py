"""``fedge explain``: why a session is served where it is, or why a Deployment runs where it does."""

from __future__ import annotations

import json
from typing import Any

import click

from fedge.cli.kinds import completing, noun_of
from fedge.cli.platform import Platform
from fedge.cli.tables import show

VERDICTS = {
    "stay": "it stays",
    "move": "it should move",
    "none": "no site can serve it",
}


@click.command(short_help="Why a session, or a Deployment, is where it is.")
@click.argument("what", shell_complete=completing("sessions"), metavar="SESSION|deployment/NAME")
@click.option(
    "-o", "--output", type=click.Choice(["table", "json"]), default="table", help="Form of the answer."
)
def explain(what: str, output: str) -> None:
    """Why a session is served where it is: every site with its expected round trip, term by term, or refused by which rule.

    For a Deployment: every site with its replicas, or why it has none.

    \b
    Examples:
      fedge explain player-7
      fedge explain deployment/arena
    """
    kind, slash, name = what.partition("/")
    platform = Platform.running()
    deployment = bool(slash) and kind in ("deployment", "deployments", "deploy")
    if slash and not deployment and noun_of(kind) != "sessions":
        raise click.UsageError("Only sessions and deployments can be explained.")
    path = ("deployment", name) if deployment else (name if slash else what,)
    answer = platform.get("explain", *path)
    if output == "json":
        click.echo(json.dumps(answer, indent=2))
    elif deployment:
        show_placement(answer)
    else:
        show_decision(answer)


def show_decision(answer: dict[str, Any]) -> None:
    """The ranking of sites for one session."""
    serving = answer.get("serving") or "no site"
    click.echo(
        f"{answer['session']} is served by {serving}: {VERDICTS.get(answer['decision'], answer['decision'])}"
    )
    click.echo(f"  {answer['because']}")
    for told in ("steering", "consent"):
        if answer.get(told):
            click.echo(f"  {answer[told]}")
    click.echo(f"  hysteresis: {answer['hysteresis_ms']:g} ms\n")
    rows = []
    for site in answer["sites"]:
        terms = site["terms_ms"]
        mark = "*" if site["site"] == answer.get("serving") else ""
        refused = f"{site['refused_by']}: {site['reason']}" if site.get("refused_by") else ""
        figures = (
            _ms(site["expected_rtt_ms"]),
            _ms(terms["radio"]),
            _ms(terms["cell_queue"]),
            _ms(terms["backhaul"]),
            _ms(terms["load"]),
        )
        rows.append((site.get("rank"), f"{site['site']}{mark}", *figures, refused))
    show(("rank", "site", "expected", "radio", "cell queue", "backhaul", "load", "refused by"), rows)
    click.echo("\n* serves now; times in ms: expected = radio + cell queue + backhaul + load")


def show_placement(answer: dict[str, Any]) -> None:
    """The placement of one Deployment."""
    click.echo(f"{answer['deployment']}: {answer['because']}")
    if answer.get("mend"):
        click.echo(f"  {answer['mend']}")
    rows = []
    for site in answer["sites"]:
        refused = f"{site['refused_by']}: {site['reason']}" if site.get("refused_by") else ""
        rows.append((site["site"], site["replicas"] or None, refused))
    show(("site", "replicas", "not chosen by"), rows)


def _ms(value: float | None) -> str:
    return "?" if value is None else f"{value:.2f}"
