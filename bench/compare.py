"""Is it worth following a player? Both policies on the same draws, seed after seed, compared pair by pair.

    make bench BENCH=compare          (python -m bench.compare --seeds 5 --duration 60)

A pair is one player in one second of the run; its difference is follow − stay of the median round trips in it.
Bar: the median of the pairs' differences is negative in each seed. Frames over 50 ms of both are printed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from bench.harness.demo_run import command, demo, finish, median_and_range
from fedge.report import compare


def report_of(policy: str, seed: int, arguments: argparse.Namespace) -> dict[str, Any]:
    options = [
        "--policy",
        policy,
        "--seed",
        seed,
        "--duration",
        arguments.duration,
        "--players",
        arguments.players,
    ]
    with demo(*options, "--time-scale", arguments.time_scale) as run:
        return run.report()


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.compare", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1, help="the first")
    parser.add_argument("--duration", type=float, default=60.0, metavar="S")
    parser.add_argument("--players", type=int, default=24)
    parser.add_argument("--time-scale", type=float, default=3.0)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    found = []
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        figures, text = compare(report_of("follow", seed, arguments), report_of("stay", seed, arguments))
        found.append({"seed": seed, **figures})
        print(f"seed {seed}\n{text}\n")
    middles = [run["paired_difference_ms"]["p50"] for run in found]
    print(f"paired difference, median of each seed: {median_and_range(middles)} ms")
    print(f"people move {arguments.time_scale:g} times faster than life")
    bars = {
        "median below 0 in every seed": all(
            run["pairs"] and run["paired_difference_ms"]["p50"] < 0 for run in found
        ),
        "integrity in every run": all(
            run[policy]["integrity_ok"] for run in found for policy in ("follow", "stay")
        ),
    }
    for name, held in bars.items():
        print(f"  bar  {name}: {'held' if held else 'NOT held'}")
    return finish({"benchmark": "compare", "bars": bars, "seeds": found}, arguments.out, all(bars.values()))


if __name__ == "__main__":
    sys.exit(command(main))
