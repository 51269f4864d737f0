"""In which order sites are worth having for the players: what breaks ties between equally good clusters in `decide.py`.

Each next site is the one that brings most players within their objective whom none before it serves so; then the one with the
shortest mean round trip. So the first k of the order are a good set of k (greedy covering: at least 1 − 1/e of the best
set's; Nemhauser, Wolsey and Fisher 1978), not the k best one by one. Populations without a known round trip count as outside.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from fedge.core.placement.objective import Floats
from fedge.core.placement.question import Wanted

COVERING = 64
"""clusters that are chosen with a view to those before them"""


def round_trips(wanted: Wanted, names: Sequence[str]) -> Floats:
    """ms, populations × clusters, in the order of their names; infinite where not known."""
    populations = sorted(wanted.players)
    table = [[wanted.rtt_ms.get(name, {}).get(each, np.inf) for name in names] for each in populations]
    return np.array(table, np.float64).reshape(len(populations), len(names))


def weights(wanted: Wanted) -> Floats:
    """Each population's share of the players, in the order of their names."""
    amounts = np.array([wanted.players[name] for name in sorted(wanted.players)], np.float64).clip(0)
    return amounts / total if (total := float(amounts.sum())) else amounts


def preference(wanted: Wanted, names: Sequence[str], unwanted: Collection[str] = ()) -> dict[str, int]:
    """The place of each cluster in the order, from 0. ``unwanted``: those with a PreferNoSchedule taint, which come last.

    Only the first ``COVERING`` are chosen with a view to those before them: no spread over more clusters is worth the time.
    """
    rtt_ms, share = round_trips(wanted, names), weights(wanted)
    within, known = rtt_ms <= wanted.objective_ms, np.isfinite(rtt_ms)
    reached = known.T @ share
    sums = np.where(known, rtt_ms, 0.0).T @ share
    mean_ms = np.round(np.divide(sums, reached, out=np.full(len(names), np.inf), where=reached > 0), 6)
    by_name = np.argsort(np.argsort(np.array(names, dtype=object)))
    late = np.array([name in unwanted for name in names], bool)
    served = np.zeros(len(share), bool)
    left = np.arange(len(names))
    order: list[int] = []
    while len(left):
        gain = np.round(within[:, left].T @ np.where(served, 0.0, share), 9)
        if served.any() and not gain.any():
            served[:] = False  # nobody is left to win: the next clusters are second choices, in the same way
            continue
        ranked = left[np.lexsort((by_name[left], mean_ms[left], -gain, late[left]))]
        taken = ranked[:1] if len(order) < COVERING else ranked
        served |= within[:, taken[0]]
        order += taken.tolist()
        left = left[~np.isin(left, taken)]
    return {names[at]: place for place, at in enumerate(order)}
