"""``fedge access``: the simulated mobile network alone; ``fedge access onboard``: Fedge as an operator's customer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fedge.cli.run_options import KARMADA_HOME, network_options, scenario_options
from fedge.cli.run_settings import checked_settings


@click.group(
    invoke_without_command=True,
    short_help="Start the simulated 5G system alone; `onboard` at an operator's CAPIF.",
)
@network_options
@scenario_options
@click.pass_context
def access(context: click.Context, /, **options: Any) -> None:
    """Start the simulated 5G system alone: access network, user plane functions, and a core network with its NEF (TS 29.522).

    No platform, no sites, nobody plays. It prints where everything is: point an application function of your
    own at the NEF, an edge gateway of your own at N6, and send from a UE's address. docs/core-network.md has
    an example. Ctrl-C ends it.

    \b
    Examples:
      fedge access
      fedge access --sites 2 --players 5 --endpoints 5g.json
      fedge access --traces recorded/ --time-scale 1
      fedge access onboard --account core5g.json
    """
    if context.invoked_subcommand is not None:
        return
    settings = checked_settings(demo=False, engine="embedded", karmada=KARMADA_HOME, **options)
    if settings.scenario is not None:
        from fedge.simulation.scenario_checks import needs_platform

        for event in filter(needs_platform, settings.scenario.events):
            raise click.UsageError(
                f"--scenario: {event}, at {event.at_s:g} s: there is no platform here, only a network."
            )
    from fedge.programs.access_system import run  # late: --help and wrong options should not wait for it

    raise SystemExit(run(settings))


@access.command(short_help="Become an API invoker at an operator's CAPIF core function.")
@click.option(
    "--account",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="What the operator gave: core5g.json (docs/access-gateway.md).",
)
def onboard(account: Path) -> None:
    """Become an API invoker at the CAPIF core function that ACCOUNT names, and look for the APIs that Fedge uses.

    Key and certificate are kept beside the account, in `capif/`, for the control plane; it does the same by
    itself where nobody has done it. Doing it again changes nothing but a certificate that is due.

    \b
    Example:
      fedge access onboard --account state/core5g.json
    """
    from fedge.programs.onboard import NotOnboarded
    from fedge.programs.onboard import onboard as onboarded

    try:
        for line in onboarded(account):
            click.echo(line)
    except NotOnboarded as why:
        raise click.ClickException(str(why)) from None
