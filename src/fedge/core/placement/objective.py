"""The one objective: the share of players within their objective first, then spread, then cost, as one weighted sum.

Placement asks it for a whole solution, discovery and mobility for one player; `bench/quality` holds it against a proven bound.

- *outside*: a player whose round trip is over the objective although some site would keep it. (Who has no such site costs
  nothing: no decision could change it.)
- *crowded* (spread): a player in the last fifth of a site's places; what a lost neighbour or a busy hour would need.
- *cost*: instances, and what opening a site costs, in instances.

**Weights.** One instance costs 1. The most that one player's place can save is an instance and the dearest opening. So a
crowded player weighs one more than that, a player outside one more than all that together, and an unserved player one more than
everything before: no player is crowded, put outside or refused to save what comes after it. That is lexicographic for
each player's own place, not for any exchange of many for one; a sum is what a bound can be proven for.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COMFORTABLE = 0.8
"""share of a site's places that may fill before its players count as crowded"""


class Problem(Struct, frozen=True):
    """Players (rows) and sites (columns). An infinite round trip: that site may not serve that player (border, reach).

    ``most_instances``: what a site has room for; ``opening``: what its first instance costs beyond an instance;
    ``standby_sites``: that many open sites need room for one instance more than their players do, and it is paid for.
    """

    rtt_ms: Floats
    objective_ms: float
    places_per_instance: int
    most_instances: Ints
    opening: Ints
    standby_sites: int = 0
    comfortable_share: float = COMFORTABLE

    @property
    def places(self) -> Ints:
        return self.most_instances * self.places_per_instance

    @property
    def comfortable(self) -> Ints:
        """Places before a site's players count as crowded."""
        return (self.places * self.comfortable_share + 1e-9).astype(np.int64)


class Weights(Struct, frozen=True):
    """In instances."""

    crowded: int
    outside: int
    unserved: int


class Cost(Struct, frozen=True):
    """What an assignment costs. ``weighted`` is the sum that is minimised; ``out_of_reach`` players cost nothing in it."""

    unserved: int
    outside: int
    crowded: int
    instances: int
    opening: int
    standby_missing: int
    out_of_reach: int
    weighted: int


def weights_of(problem: Problem) -> Weights:
    """The lexicographic order as weights; see the module's text."""
    dearest = int(problem.opening.max(initial=0)) + 1
    crowded = dearest + 1
    outside = crowded + dearest + 1
    return Weights(crowded, outside, outside + crowded + dearest + 1)


class Standing(NamedTuple):
    """One player's part of the objective, at one site; the smaller is the better, before the round trip is looked at."""

    outside: bool
    crowded: bool


def standing(rtt_ms: float, objective_ms: float | None, players: int, places: int) -> Standing:
    """Of a player who would be one of ``players`` at a site with so many ``places``. No objective: round trips alone count.

    Who is outside anyway is better off nearer than where there is more room: then a crowd does not count.
    """
    outside = objective_ms is not None and rtt_ms > objective_ms
    full = players > int(places * COMFORTABLE + 1e-9)
    return Standing(outside, objective_ms is not None and not outside and full)


def instances_for(players: Ints, places_per_instance: int) -> Ints:
    """Instances that so many players need."""
    return -(-players // places_per_instance)


def cost_of(problem: Problem, assignment: Ints) -> Cost:
    """The cost of ``assignment`` (a site's column for each player, -1 unserved).

    Raises ``ValueError`` where it is not feasible: a site that may not serve its player, or more players than places.
    """
    weights = weights_of(problem)
    players, sites = problem.rtt_ms.shape
    served = np.flatnonzero(assignment >= 0)
    rtts = problem.rtt_ms[served, assignment[served]]
    if not np.isfinite(rtts).all():
        raise ValueError(f"{int((~np.isfinite(rtts)).sum())} players are at sites that may not serve them")
    loads = np.bincount(assignment[served], minlength=sites)
    if (loads > problem.places).any():
        raise ValueError(f"{int((loads > problem.places).sum())} sites have more players than places")
    reachable = np.any(problem.rtt_ms <= problem.objective_ms, axis=1)
    outside = int(((rtts > problem.objective_ms) & reachable[served]).sum())
    crowded = int((loads - problem.comfortable).clip(0).sum())
    needed = instances_for(loads, problem.places_per_instance)
    opened = loads > 0
    spare = int((opened & (needed < problem.most_instances)).sum())
    missing = max(0, problem.standby_sites - spare)
    instances = int(needed.sum()) + problem.standby_sites - missing
    opening = int(problem.opening[opened].sum())
    unserved = players - len(served)
    weighted = (
        weights.unserved * (unserved + missing)
        + weights.outside * outside
        + weights.crowded * crowded
        + instances
        + opening
    )
    beyond = int((~reachable).sum())
    return Cost(unserved, outside, crowded, instances, opening, missing, beyond, weighted)


def unavoidable(problem: Problem) -> int:
    """What every complete assignment costs: the players' instances, were all full, and the standby."""
    return -(-len(problem.rtt_ms) // problem.places_per_instance) + problem.standby_sites
