"""``fedge get``: list what runs and what was applied."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import click
import yaml

from fedge.cli.kinds import STORED, complete_noun, name_in, path_of, read_noun
from fedge.cli.platform import Platform
from fedge.cli.tables import show

Row = dict[str, Any]

WANTED = {
    "sites": (
        "site",
        "name",
        "state",
        "instances",
        "sessions",
        "visits",
        "capacity",
        "load",
        "load_age_ms",
        "gateway",
        "forwarding",
    ),
    "sessions": ("session", "ue", "app", "state", "site", "epoch", "generation", "quality", "service"),
    "moves": ("move", "session", "from", "to", "cause", "state", "gain_ms", "gap_ms", "reason"),
    "steering": ("steering", "count"),
    "instances": ("instance", "app", "site", "state", "sessions", "capacity", "restarts", "reason"),
    "operator": ("operator", "state", "circuit", "wanted", "held", "websockets"),
}
"""The columns of the live collections, as far as the platform has them; -o json has everything."""

PROPAGATES: dict[str, Callable[[Row], Any]] = {
    "selects": lambda row: [f"{s['kind']}/{s.get('name', '*')}" for s in row["spec"]["resourceSelectors"]],
    "replicas": lambda row: (
        row["spec"]
        .get("placement", {})
        .get("replicaScheduling", {})
        .get("replicaSchedulingType", "Duplicated")
    ),
}
OVERRIDES: dict[str, Callable[[Row], Any]] = {
    "selects": lambda row: [
        f"{s['kind']}/{s.get('name', '*')}" for s in row["spec"].get("resourceSelectors", ())
    ],
    "rules": lambda row: len(row["spec"].get("overrideRules", ())),
}
OBJECTS: dict[str, dict[str, Callable[[Row], Any]]] = {
    "deployments": {
        "replicas": lambda row: row["spec"].get("replicas", 1),
        "command": lambda row: " ".join(row["spec"]["template"]["spec"]["containers"][0].get("command", ())),
    },
    "services": {
        "selector": lambda row: row["spec"].get("selector"),
        "ports": lambda row: [
            f"{port['port']}/{port.get('protocol', 'TCP')}" for port in row["spec"]["ports"]
        ],
    },
    "propagationpolicies": PROPAGATES,
    "clusterpropagationpolicies": PROPAGATES,
    "overridepolicies": OVERRIDES,
    "clusteroverridepolicies": OVERRIDES,
    "priorityclasses": {"value": lambda row: row["value"]},
    "tenants": {
        "quota": lambda row: row["spec"].get("quota"),
        "sites": lambda row: row["spec"].get("sites", {}).get("names") or row["spec"].get("sites") or "all",
    },
    "qospolicies": {
        "target": lambda row: f"{row['spec']['targetRef']['kind']}/{row['spec']['targetRef']['name']}",
        "objective_ms": lambda row: row["spec"].get("latency", {}).get("objectiveMs"),
        "mode": lambda row: row["spec"].get("mobility", {}).get("mode", "stay"),
        "state": lambda row: row["spec"].get("state", {}).get("kind", "none"),
    },
}


@click.command(short_help="List sites, sessions, moves, instances, the operator's APIs or applied objects.")
@click.argument("kind", callback=read_noun, shell_complete=complete_noun)
@click.argument("name", required=False)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "json", "yaml"]),
    default="table",
    help="Form of the answer.",
)
def get(kind: str, name: str | None, output: str) -> None:
    """List what runs (sites, sessions, moves, instances), what the 5G core said (steering), how the 5G operator's APIs stand
    (operator), or what was applied.

    \b
    What was applied: deployments, services, propagationpolicies, overridepolicies, qospolicies (svc, pp, op, qos for
    short); and in no namespace: tenants, clusterpropagationpolicies, clusteroverridepolicies, priorityclasses.

    \b
    Examples:
      fedge get sites
      fedge get sessions -o json
      fedge get deployment arena -o yaml
    """
    platform = Platform.running()
    if name is None:
        rows = platform.items(*path_of(kind))
        answer: Any = {"items": rows}
    else:
        answer = platform.get(*path_of(kind, name))
        rows = [answer]
    if output == "json":
        click.echo(json.dumps(answer, indent=2))
    elif output == "yaml":
        click.echo(yaml.safe_dump(answer, sort_keys=False, allow_unicode=True).rstrip())
    elif not rows:
        click.echo(f"There are no {kind}.", err=True)
    elif kind in STORED:
        show_objects(kind, rows)
    else:
        show_live(kind, rows)


def show_objects(kind: str, rows: list[Row]) -> None:
    """With a column for the namespace as soon as one is not ``default``."""
    columns: dict[str, Callable[[Row], Any]] = {"name": lambda row: name_in(row, kind)}
    if any(_namespace(row) != "default" for row in rows):
        columns["namespace"] = _namespace
    columns |= OBJECTS[kind]
    ordered = sorted(rows, key=lambda row: (_namespace(row), name_in(row, kind)))
    show(tuple(columns), [tuple(read(row) for read in columns.values()) for row in ordered])


def _namespace(row: Row) -> str:
    return str(row["metadata"].get("namespace") or "default")


def show_live(kind: str, rows: list[Row]) -> None:
    """The wanted columns that some row has, or all plain ones if the platform has none of them."""
    columns = [column for column in WANTED[kind] if any(column in row for row in rows)]
    if kind != "moves":  # those come in the order in which they began
        rows = sorted(
            rows, key=lambda row: [part.zfill(9) for part in re.split(r"(\d+)", name_in(row, kind))]
        )
    columns = columns or [key for key, value in rows[0].items() if not isinstance(value, dict | list)]
    show(columns, [[_plain(row.get(column)) for column in columns] for row in rows])


def _plain(value: Any) -> Any:
    """A list of things is counted: -o json has them."""
    return len(value) if isinstance(value, list) and value and isinstance(value[0], dict) else value
