"""What a move costs its player: at least 300 moves over five runs, half of them ordered while no radio handover is near.

    make bench BENCH=moves            (python -m bench.moves --runs 5 --duration 90 --out moves.json)

Each run is ``fedge demo`` on its own seed. Besides the moves that players' movements cause, this program orders moves through
``POST /api/v1/sessions/{session}/move``; an ordered move counts as *quiet* if no handover of its player fell into its window.
Bar: platform interruption p99 ≤ no_move p99 + one tick. Aim: ≤ round trip + 1 ms added, no tick lost at p99.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench.harness.demo_run import DemoRun, HTTPError, command, demo, finish, listed, median_and_range

TICK_MS = 1000 / 60
REST_S = 6.0
"""A session is left alone this long between two orders: longer than any hysteresis, so that every order is a move of its own."""
LAST_ORDER_S = 6.0
"""No order in the last seconds, so that no window is cut by the end of the run."""


def order_moves(run: DemoRun, count: int, duration_s: float, rng: random.Random) -> int:
    """Order up to ``count`` moves, evenly over the run, of sessions drawn at random; returns how many were taken on."""
    sites = [str(row.get("site") or row.get("name")) for row in listed(run.get("/api/v1/sites"))]
    pause_s = max(0.05, (duration_s - LAST_ORDER_S - 4.0) / max(count, 1))
    until = time.monotonic() + duration_s - LAST_ORDER_S - 2.0
    ordered: dict[str, float] = {}
    taken = 0
    while run.running and time.monotonic() < until and taken < count:
        now = time.monotonic()
        try:
            rows = listed(run.get("/api/v1/sessions"))
        except OSError:
            break
        rested = [
            row
            for row in rows
            if now - ordered.get(str(row["session"]), -REST_S) >= REST_S and not row.get("move")
        ]
        if rested:
            row = rng.choice(rested)
            session = str(row["session"])
            ordered[session] = now
            others = [site for site in sites if site != row.get("site")]
            try:
                run.post(f"/api/v1/sessions/{session}/move", {"to": rng.choice(others)})
                taken += 1
            except HTTPError as refusal:
                print(f"  order refused: {refusal.code} {refusal.read()[:120]!r}", file=sys.stderr)
            except OSError:
                break
        time.sleep(pause_s)
    return taken


def one_run(seed: int, arguments: argparse.Namespace) -> dict[str, Any]:
    options = ["--duration", arguments.duration, "--seed", seed, "--players", arguments.players]
    options += ["--time-scale", arguments.time_scale, "--state-size", arguments.state_size]
    options += ["--backhaul-rtt", arguments.backhaul_rtt]
    with demo(*options) as run:
        run.wait_until_played(arguments.players * 3 // 4)
        ordered = order_moves(run, arguments.ordered, arguments.duration, random.Random(seed))
        report = run.report()
    rows = report["move_windows"]
    quiet = [row for row in rows if row["cause"] == "ordered" and not row["handover_within"]]
    return {
        "seed": seed,
        "moves": len(rows),
        "ordered": ordered,
        "ordered_quiet": len(quiet),
        "platform_ms": _percentiles([row["platform_ms"] for row in rows]),
        "platform_quiet_ms": _percentiles([row["platform_ms"] for row in quiet]),
        "combined_ms": _percentiles([row["combined_ms"] for row in rows]),
        "no_move_ms": {
            name: report["interruption_ms"]["no_move"][name] for name in ("p50", "p95", "p99", "max")
        },
        "freeze_to_activated_ms": _percentiles([row["freeze_to_activated_ms"] for row in rows]),
        "ticks_lost": {name: report["ticks_lost_per_move"][name] for name in ("p50", "p99", "max")},
        "ticks_lost_without_a_move": {
            name: report["ticks_lost_per_no_move"][name] for name in ("p50", "p99", "max")
        },
        "rtt_p50_ms": report["rtt_ms"]["p50"],
        "outcome": {
            name: report["moves"][name]
            for name in ("released", "aborted", "overdue", "in_flight", "spurious")
        },
        "integrity_ok": report["integrity"]["ok"],
        "inputs_lost": report["inputs"]["lost"],
    }


def _percentiles(values: list[float]) -> dict[str, float]:
    if not values:
        return {"p50": 0.0, "p95": 0.0, "p99": 0.0, "max": 0.0}
    found = np.percentile(values, (50, 95, 99, 100))
    return {
        name: round(float(value), 3) for name, value in zip(("p50", "p95", "p99", "max"), found, strict=True)
    }


def table(runs: list[dict[str, Any]]) -> str:
    """Medians over the runs, with the range of the runs."""
    lines = [f"  {'median of runs (range), ms':<36}{'p50':>20}{'p99':>20}{'max':>20}"]
    for label, name in (
        ("platform interruption, all moves", "platform_ms"),
        ("  ordered, no handover near", "platform_quiet_ms"),
        ("no move, same windows", "no_move_ms"),
        ("at the player, with the radio", "combined_ms"),
        ("FROZEN to ACTIVATED", "freeze_to_activated_ms"),
        ("ticks lost a move (ticks)", "ticks_lost"),
        ("ticks lost without a move (ticks)", "ticks_lost_without_a_move"),
    ):
        cells = [median_and_range([run[name][point] for run in runs], 1) for point in ("p50", "p99", "max")]
        lines.append(f"  {label:<36}" + "".join(f"{cell:>20}" for cell in cells))
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.moves", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1, help="of the first run; each next run takes the next")
    parser.add_argument("--duration", type=float, default=90.0, metavar="S")
    parser.add_argument("--players", type=int, default=24)
    parser.add_argument("--ordered", type=int, default=45, help="moves to order in each run")
    parser.add_argument("--time-scale", type=float, default=3.0)
    parser.add_argument("--state-size", type=int, default=1 << 20, metavar="BYTES")
    parser.add_argument("--backhaul-rtt", type=float, default=5.0, metavar="MS")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    runs = []
    for seed in range(arguments.seed, arguments.seed + arguments.runs):
        run = one_run(seed, arguments)
        runs.append(run)
        told = f"{run['moves']} moves, {run['ordered_quiet']} of them ordered without a handover; {run['outcome']}"
        print(f"seed {seed}: {told}", flush=True)
    moves, quiet = sum(run["moves"] for run in runs), sum(run["ordered_quiet"] for run in runs)
    print(f"\n{moves} moves in {len(runs)} runs, {quiet} of them ordered without a handover near")
    print(f"{arguments.state_size} bytes of state, {arguments.backhaul_rtt:g} ms between sites")
    print(f"people move {arguments.time_scale:g} times faster than life\n")
    print(table(runs))
    bars, aims = judged(runs, moves, quiet)
    for kind, checks in (("bar", bars), ("aim", aims)):
        for name, held in checks.items():
            print(f"  {kind}  {name}: {'held' if held else 'NOT held'}")
    figures = {"benchmark": "moves", "moves": moves, "quiet": quiet, "bars": bars, "aims": aims, "runs": runs}
    return finish(figures, arguments.out, all(bars.values()))


def judged(runs: list[dict[str, Any]], moves: int, quiet: int) -> tuple[dict[str, bool], dict[str, bool]]:
    """(bars, aims) by name; percentiles are medians over the runs."""
    platform_p99, no_move_p99 = (
        median(run[name]["p99"] for run in runs) for name in ("platform_ms", "no_move_ms")
    )
    round_trip_ms = median(run["rtt_p50_ms"] for run in runs)
    bars = {
        "at least 300 moves": moves >= 300,
        "at least 150 ordered without a handover": quiet >= 150,
        "platform p99 ≤ no move p99 + one tick": platform_p99 <= no_move_p99 + TICK_MS,
        "integrity in every run": all(run["integrity_ok"] for run in runs),
        "no input lost": not any(run["inputs_lost"] for run in runs),
    }
    aims = {
        "platform p99 ≤ no move p99 + round trip + 1 ms": platform_p99 <= no_move_p99 + round_trip_ms + 1,
        "no tick lost at p99": median(run["ticks_lost"]["p99"] for run in runs) == 0,
    }
    return bars, aims


if __name__ == "__main__":
    sys.exit(command(main))
