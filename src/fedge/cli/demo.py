"""``fedge demo``: the whole of it on one machine: sites, a city, players, and the story of every move."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fedge.cli.run_options import common_options, scenario_options
from fedge.cli.run_settings import checked_settings
from fedge.cli.run_values import TARGET
from fedge.simulation.limits import SHORTEST_PLAY_S


@click.command(short_help="Play the game over a federation of edge sites on this machine.")
@common_options
@click.option(
    "--duration",
    "duration_s",
    type=click.FloatRange(min=SHORTEST_PLAY_S),
    metavar="S",
    help="Seconds to play.  [default: until Ctrl-C]",
)
@click.option(
    "--compare", is_flag=True, help="Play both policies one after the other on the same draws (30 s each)."
)
@scenario_options
@click.option("--report", type=TARGET, metavar="FILE", help="Write the report there (JSON).")
def demo(duration_s: float | None, report: Path | None, **options: Any) -> None:
    """Play a game over a federation of edge sites on this machine, and watch each player's session follow them.

    Sites, game instances, the network and the players are processes of their own; the radio, the city and
    the distance between sites are simulated. Each move is told as it happens. Ctrl-C, or the end of
    --duration, prints a summary. The exit status is not 0 if an integrity check failed.

    \b
    Examples:
      fedge demo
      fedge demo --sites 6 --players 40 --state-size 4MiB
      fedge demo --headless --duration 30 --seed 7 --report out.json
      fedge demo --compare --duration 60
      fedge demo --sites-csv sites.csv --users-csv users.csv --sites 12
      fedge demo --scenario examples/scenarios/site-dies.yaml
    """
    settings = checked_settings(demo=True, duration_s=duration_s or 0.0, report=report, **options)
    from fedge.programs.demo import play  # late: --help and wrong options should not wait for it

    raise SystemExit(play(settings))
