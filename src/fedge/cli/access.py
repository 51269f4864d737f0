"""``fedge access``: the simulated mobile network alone, for whoever writes an application function of their own."""

from __future__ import annotations

from typing import Any

import click

from fedge.cli.run_options import KARMADA_HOME, checked_settings, network_options, scenario_options


@click.command(short_help="Start the simulated 5G system alone.")
@network_options
@scenario_options
def access(**options: Any) -> None:
    """Start the simulated 5G system alone: access network, user plane functions, and a core network with its NEF (TS 29.522).

    No platform, no sites, nobody plays. It prints where everything is: point an application function of your
    own at the NEF, an edge gateway of your own at N6, and send from a UE's address. docs/core-network.md has
    an example. Ctrl-C ends it.

    \b
    Examples:
      fedge access
      fedge access --sites 2 --players 5 --endpoints 5g.json
      fedge access --traces recorded/ --time-scale 1
    """
    settings = checked_settings(demo=False, engine="embedded", karmada=KARMADA_HOME, **options)
    if settings.scenario is not None:
        from fedge.simulation.scenario_checks import needs_platform

        for event in filter(needs_platform, settings.scenario.events):
            raise click.UsageError(
                f"--scenario: {event}, at {event.at_s:g} s: there is no platform here, only a network."
            )
    from fedge.programs.access_system import run  # late: --help and wrong options should not wait for it

    raise SystemExit(run(settings))
