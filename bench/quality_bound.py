"""What is proven about an instance: HiGHS' lower bound on the objective of `objective.py`, as a MIP.

Players' variables may be fractions: once instances are whole numbers the rest is a transport problem, whose corners are whole.
A site's cost has a second, redundant set of lines: the lower hull of what each number of players costs there. It changes
no whole solution and lifts the bound of the relaxation, so more is proven in the same time.
"""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path

import highspy
import msgspec
import numpy as np
from msgspec import Struct

from bench.instances import fingerprint, instance
from fedge.core.placement.objective import Ints, Problem, instances_for, weights_of


class Bound(Struct, frozen=True):
    """``bound`` is proven: no assignment costs less. ``best``: the cost of HiGHS' own solution (None: it has none)."""

    bound: float
    best: int | None
    seconds: float
    status: str


def hull(costs: list[float]) -> list[tuple[float, float]]:
    """The lines (slope, height at 0) of the lower hull of the points (0, costs[0]), (1, costs[1]) …"""
    corners: list[int] = []
    for at in range(len(costs)):
        while len(corners) >= 2:
            a, b = corners[-2], corners[-1]
            if (costs[b] - costs[a]) * (at - a) >= (costs[at] - costs[a]) * (b - a):
                corners.pop()
            else:
                break
        corners.append(at)
    lines = []
    for a, b in pairwise(corners):
        slope = (costs[b] - costs[a]) / (b - a)
        lines.append((slope, costs[a] - slope * a))
    return lines


def site_cost(problem: Problem, site: int, players: int) -> float:
    """What so many players cost at a site: its instances, its opening, those that are crowded."""
    if players == 0:
        return 0.0
    needed = int(instances_for(np.int64(players), problem.places_per_instance))
    crowded = max(0, players - int(problem.comfortable[site]))
    return needed + int(problem.opening[site]) + weights_of(problem).crowded * crowded


def proven(problem: Problem, time_limit_s: float, threads: int = 1) -> Bound:
    """HiGHS' bound after ``time_limit_s``, or sooner where it is the optimum."""
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("time_limit", time_limit_s)
    highs.setOptionValue("threads", threads)
    weights = weights_of(problem)
    players, sites = problem.rtt_ms.shape
    per, most = problem.places_per_instance, problem.most_instances
    within = problem.rtt_ms <= problem.objective_ms
    reachable = within.any(axis=1)
    allowed = np.isfinite(problem.rtt_ms)
    if not allowed.any(axis=1).all():
        raise ValueError("a player has no site at all: the bound is for complete solutions")
    pairs = np.argwhere(allowed)
    dear = ~within[allowed] & reachable[pairs[:, 0]]

    infinity = highspy.kHighsInf

    # columns: x of each pair, then for each site: load, instances, open, standby, crowded, cost
    def block(lower: float, upper: Ints | float, cost: float) -> tuple[Ints, Ints, Ints]:
        shape = np.ones(sites)
        return shape * lower, shape * upper, shape * cost

    blocks = [
        (np.zeros(len(pairs)), np.ones(len(pairs)), np.where(dear, float(weights.outside), 0.0)),
        block(0, problem.places, 0),
        block(0, most, 0),
        block(0, 1, 0),
        block(0, 1, 1.0),
        block(0, problem.places, 0),
        block(0, infinity, 1.0),
    ]
    lower, upper, costs = (np.concatenate([each[part] for each in blocks]).astype(float) for part in range(3))
    count = len(costs)
    highs.addCols(count, costs, lower, upper, 0, np.array([], np.int32), np.array([], np.int32), np.array([]))
    first = len(pairs)
    load, inst, opened, standby, crowd, cost = (first + number * sites for number in range(6))
    for start_of in (inst, opened, standby):
        for site in range(sites):
            highs.changeColIntegrality(start_of + site, highspy.HighsVarType.kInteger)

    rows: list[tuple[float, float, list[int], list[float]]] = []
    of_player: list[list[int]] = [[] for _ in range(players)]
    of_site: list[list[int]] = [[] for _ in range(sites)]
    for column, (player, site) in enumerate(pairs.tolist()):
        of_player[player].append(column)
        of_site[site].append(column)
    for columns in of_player:
        rows.append((1, 1, columns, [1.0] * len(columns)))
    for s in range(sites):
        rows.append((0, 0, [*of_site[s], load + s], [1.0] * len(of_site[s]) + [-1.0]))
        rows.append((0, infinity, [inst + s, standby + s, load + s], [float(per), -float(per), -1.0]))
        rows.append((0, infinity, [opened + s, inst + s], [float(most[s]), -1.0]))
        rows.append((0, infinity, [inst + s, opened + s], [1.0, -1.0]))
        rows.append((0, infinity, [inst + s, standby + s, opened + s], [1.0, -1.0, -1.0]))
        rows.append((-float(problem.comfortable[s]), infinity, [crowd + s, load + s], [1.0, -1.0]))
        # instances bought for players = inst - standby; standby's own instance is costed on the standby column
        rows.append(
            (
                0,
                infinity,
                [cost + s, inst + s, standby + s, opened + s, crowd + s],
                [1.0, -1.0, 1.0, -float(problem.opening[s]), -float(weights.crowded)],
            )
        )
        points = [site_cost(problem, s, each) for each in range(int(problem.places[s]) + 1)]
        for slope, height in hull(points):
            rows.append((height, infinity, [cost + s, load + s], [1.0, -slope]))
    rows.append((problem.standby_sites, infinity, list(range(standby, standby + sites)), [1.0] * sites))
    starts = np.cumsum([0, *(len(row[2]) for row in rows)])[:-1].astype(np.int32)
    index = np.array([column for row in rows for column in row[2]], np.int32)
    value = np.array([each for row in rows for each in row[3]])
    highs.addRows(
        len(rows), np.array([row[0] for row in rows], float), np.array([row[1] for row in rows], float),
        len(index), starts, index, value,
    )  # fmt: skip
    highs.run()
    info = highs.getInfo()
    found = info.primal_solution_status == 2
    best = None
    if found:
        best = round(info.objective_function_value)
    return Bound(
        info.mip_dual_bound, best, highs.getRunTime(), highs.modelStatusToString(highs.getModelStatus())
    )


def main() -> None:
    """``python -m bench.quality_bound FOLDER SEED SECONDS``: one instance's bound as a line of JSON."""
    folder, seed, limit_s = sys.argv[1:]
    problem = instance(Path(folder), int(seed))
    found = proven(problem, float(limit_s))
    told = {
        "fingerprint": fingerprint(problem),
        "limit_s": float(limit_s),
        "highs": highspy.Highs().version(),
    }
    print(json.dumps(told | msgspec.structs.asdict(found)))


if __name__ == "__main__":
    main()
