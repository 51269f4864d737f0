"""``fedge doctor``: what a Karmada lacks for Fedge, and what will then not happen."""

from __future__ import annotations

import json
from pathlib import Path

import click
import msgspec

from fedge.core.federation.checkup import Finding, checkup, healthy

MARKS = {"ok": "ok", "warning": "warning", "missing": "MISSING", "unknown": "?"}


@click.command(short_help="Say what a Karmada lacks for Fedge.")
@click.option(
    "--kubeconfig",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="Of Karmada's API server.",
)
@click.option("--context", metavar="NAME", help="Of the kubeconfig.  [default: its current one]")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def doctor(kubeconfig: Path, context: str | None, output: str) -> None:
    """Ask a Karmada what it has, say what is missing, and what will then not happen. Changes nothing.

    The exit status is 1 if something is missing, 2 if the API server does not answer.

    \b
    Example:
      fedge doctor --kubeconfig .fedge/karmada/pki/karmada/admin.kubeconfig
    """
    from fedge.adapters.karmada.facts import (
        gather,
    )  # late: other verbs should not wait for a Kubernetes client
    from fedge.adapters.kubernetes.client import FAILURES

    try:
        facts = gather(str(kubeconfig), context)
    except FAILURES as error:
        click.echo(f"fedge: {kubeconfig}: the API server does not answer: {error}", err=True)
        raise SystemExit(2) from None
    findings = checkup(facts)
    if output == "json":
        click.echo(json.dumps(msgspec.to_builtins(findings), indent=1))
    else:
        for each in findings:
            _tell(each)
    raise SystemExit(0 if healthy(findings) else 1)


def _tell(finding: Finding) -> None:
    click.echo(f"{MARKS[finding.state]:8} {finding.what}")
    if finding.consequence:
        click.echo(f"{'':8} then: {finding.consequence}")
    if finding.remedy:
        click.echo(f"{'':8} do:   {finding.remedy}")
