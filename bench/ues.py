"""10,000 UEs in real time on one core: where they are, what they hear, which cell they are in, and their radio's luck.

`python -m bench.ues` steps the simulation's own parts (`ues`, `radio`, `ran`, `fading`) ten times a second by the clock, on one
CPU, and looks whether it keeps up. Movement and radio only: no packet is sent. How long after its instant a step is done also
says how busy the machine is with other things; its CPU does not.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.harness.demo_run import command, finish
from fedge.simulation.city import generate
from fedge.simulation.fading import Fading
from fedge.simulation.profiles import PROFILE_OF_KIND
from fedge.simulation.radio import RadioMap
from fedge.simulation.ran import STEP_NS, Ran
from fedge.simulation.ues import plan_tours

STEPS_A_SECOND = 10**9 // STEP_NS


class Crowd:
    """All UEs of a run. ``step`` is a tenth of a second of everybody's life, every tenth of them with a second's luck."""

    def __init__(self, ues: int, sites: int, seed: int, time_scale: float) -> None:
        city = generate(seed, sites)
        self.cells = city.cells
        self._time_scale = time_scale
        self._tours = plan_tours(city, ues, seed)
        self._map = RadioMap(city, seed)
        self._ran = Ran(
            city.cells, seed, np.array([mode == "pedestrian" for mode in self._tours.modes], bool)
        )
        self._fading = Fading(seed, ues)
        self.handovers = 0

    def step(self, number: int) -> None:
        positions = self._tours.positions(number / STEPS_A_SECOND * self._time_scale)
        self.handovers += len(self._ran.step(number, self._map.at(positions)))
        if number % STEPS_A_SECOND == 0:
            kinds = [PROFILE_OF_KIND[cell.kind].bursts for cell in self.cells]
            self._fading.next_second([kinds[cell] for cell in self._ran.serving.tolist()])


def played(crowd: Crowd, seconds: float) -> tuple[list[float], list[float]]:
    """CPU of each step (ms), and how much later than due each one was done (ms)."""
    cpu_ms, done_after_ms = [], []
    began = time.monotonic()
    for number in range(round(seconds * STEPS_A_SECOND)):
        due = began + number / STEPS_A_SECOND
        time.sleep(max(0.0, due - time.monotonic()))
        before = time.thread_time_ns()
        crowd.step(number)
        cpu_ms.append((time.thread_time_ns() - before) / 1e6)
        done_after_ms.append((time.monotonic() - due) * 1e3)
    return cpu_ms, done_after_ms


def spread(values: list[float]) -> dict[str, float]:
    p50, p99, most = np.percentile(values, (50, 99, 100))
    return {"p50": round(float(p50), 2), "p99": round(float(p99), 2), "max": round(float(most), 2)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.ues", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--ues", type=int, default=10_000)
    parser.add_argument("--sites", type=int, default=4)
    parser.add_argument("--duration", type=float, default=60.0, metavar="S")
    parser.add_argument("--time-scale", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    crowd = Crowd(given.ues, given.sites, given.seed, given.time_scale)
    cpu_ms, done_after_ms = played(crowd, given.duration)
    cpu, done = spread(cpu_ms), spread(done_after_ms)
    share = sum(cpu_ms) / (given.duration * 1e3)
    print(
        f"{given.ues} UEs, {len(crowd.cells)} cells, {given.duration:g} s at {STEPS_A_SECOND} Hz on one CPU"
    )
    for name, figures in (("CPU of a step", cpu), ("done after its instant", done)):
        print(f"  {name:<23} p50 {figures['p50']:.1f}, p99 {figures['p99']:.1f}, max {figures['max']:.1f} ms")
    print(f"  one core busy           {share:.1%}")
    print(f"  handovers               {crowd.handovers}")
    bars = {
        "no step takes more CPU than its tenth of a second": cpu["max"] <= 1e3 / STEPS_A_SECOND,
        "after the last step nothing is behind": done_after_ms[-1] <= 1e3 / STEPS_A_SECOND,
    }
    for name, held in bars.items():
        print(f"  bar  {name}: {'held' if held else 'NOT held'}")
    figures: dict[str, Any] = {"cpu_ms": cpu, "done_after_ms": done, "core_share": round(share, 4)}
    more = {"ues": given.ues, "cells": len(crowd.cells), "handovers": crowd.handovers}
    return finish({"benchmark": "ues", **more, "bars": bars, **figures}, given.out, all(bars.values()))


if __name__ == "__main__":
    sys.exit(command(main))
