"""How many replicas each chosen cluster gets where a QoS asks: players to clusters first (`assign.py`), then replicas by players.

It takes the place of `shares.py` for Divided replicas without static weights, within the clusters that filters and spread left.

**When anything moves.** Where the replicas asked for are all placed, they stay as they are as long as the percentile asked for
is within its objective, and else until a new division brings ``MARGIN`` of the players more within it (`decide.py` holds a new
choice of clusters to the same rule). More replicas: what is there stays, the difference goes where players are worst supplied.
Fewer: the difference is taken where they are best supplied. A binding that asks for rescheduling is divided anew.
``question.may_move`` says whether players or clusters changed at all: growth alone takes no replica away, not even one decision
later.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from fedge.core.placement.assign import assign
from fedge.core.placement.fleet import Fleet, Ints
from fedge.core.placement.objective import COMFORTABLE, Floats, Problem
from fedge.core.placement.question import Question, Wanted
from fedge.core.placement.rank import round_trips, weights
from fedge.core.placement.shares import TooFew, strategy_of
from fedge.core.placement.spread import Candidates

MARGIN = 0.05
"""of the players: a smaller gain than this moves no replica"""
UNITS = 200
"""players that the populations are counted in: half a per cent each"""
MOST_CLUSTERS = 128
"""that players are divided over at once; where more are left, those that reach most players"""
STEPS = 100
"""of the solver; a fixed number, so that the same question has the same answer"""
AGGREGATED_OPENING = 1
"""what one more cluster costs, in replicas, where the policy wants few"""


class Served(Struct, frozen=True):
    """``within``: share of the players within their objective, 0 to 1."""

    replicas: dict[str, int]
    within: float


def served_by_players(question: Question) -> bool:
    """Does the QoS say how replicas are divided? Static weights say it themselves, copies are everywhere."""
    plain = question.components <= 1 and not any(
        term.overflow_affinities for term in question.placement.cluster_affinities
    )
    divides = strategy_of(question.placement) in ("aggregated", "dynamic")
    return question.wanted is not None and divides and plain and question.replicas > 0


def serve(fleet: Fleet, question: Question, chosen: Candidates) -> Served:
    """Replicas by cluster and the share they serve. Raises ``TooFew``. ``question.wanted`` is not None."""
    wanted, total = question.wanted, question.replicas
    assert wanted is not None
    chosen = _first(chosen, total)
    names = [fleet.names[number] for number in chosen.number.tolist()]
    room = np.minimum(chosen.available, 2 * total)  # more would change nothing
    if int(room.sum()) < total:
        raise TooFew(f"Clusters available replicas {int(room.sum())} are not enough to schedule.")
    rtt_ms = _players(wanted, names)
    held = np.array([question.clusters.get(name, 0) for name in names], np.int64)
    loads = _loads(wanted, rtt_ms, room, total, strategy_of(question.placement) == "aggregated")
    has = int(held.sum())
    if question.fresh or has == 0:
        seats = _seats(loads, room, np.zeros_like(held), total, wanted.standby_sites)
    elif has < total:
        seats = _seats(loads, room, held, total, wanted.standby_sites)
    elif has > total:
        seats = _fewer(loads, held, total)
    elif not question.may_move:
        seats = held
    else:
        fresh = _seats(loads, room, np.zeros_like(held), total, wanted.standby_sites)
        had, could = within(wanted, rtt_ms, held), within(wanted, rtt_ms, fresh)
        seats = fresh if worth_moving(wanted, had, could) else held
    given = {name: seat for name, seat in zip(names, seats.tolist(), strict=True) if seat}
    return Served(given, within(wanted, rtt_ms, seats))


def _first(chosen: Candidates, total: int) -> Candidates:
    """The first ``MOST_CLUSTERS`` in the order of preference, or as many more as hold all replicas."""
    enough = int(np.searchsorted(np.cumsum(np.minimum(chosen.available, total)), total)) + 1
    count = max(MOST_CLUSTERS, enough)
    return chosen if len(chosen.number) <= count else chosen.of(np.arange(count))


def worth_moving(wanted: Wanted, had: float, could: float) -> bool:
    """The written rule: the objective is missed, and ``MARGIN`` of the players would gain."""
    return had * 100 < wanted.percentile and could >= had + MARGIN


def share_within(wanted: Wanted, replicas: Mapping[str, int]) -> float:
    """Share of the players that replicas as they are can serve within the objective, 0 to 1."""
    names = [name for name, count in replicas.items() if count]
    seats = np.array([replicas[name] for name in names], np.int64)
    return within(wanted, _players(wanted, names), seats)


def needed_ms(wanted: Wanted, replicas: Mapping[str, int]) -> float | None:
    """The objective that these replicas would meet for the percentile asked for; None: no round trip is known for so many."""
    names = [name for name, count in replicas.items() if count]
    seats = np.array([replicas[name] for name in names], np.int64)
    rtt_ms = _players(wanted, names)
    steps = np.unique(rtt_ms[np.isfinite(rtt_ms)])
    low, high = -1, len(steps)
    while high - low > 1:
        middle = (low + high) // 2
        asked = replace(wanted, objective_ms=float(steps[middle]))
        if within(asked, rtt_ms, seats) * 100 >= wanted.percentile:
            high = middle
        else:
            low = middle
    return float(steps[high]) if high < len(steps) else None


def within(wanted: Wanted, rtt_ms: Floats, seats: Ints) -> float:
    """The same of players × clusters; each replica takes an equal part of the players, rounded up."""
    total = int(seats.sum())
    if not total or not len(rtt_ms):
        return 1.0 if not len(rtt_ms) else 0.0
    nothing = np.zeros(len(seats), np.int64)
    problem = Problem(rtt_ms, wanted.objective_ms, -(-len(rtt_ms) // total), seats, nothing)
    sites = np.array(assign(problem, most_steps=0).sites, np.int64)
    placed = np.flatnonzero(sites >= 0)
    return float((rtt_ms[placed, sites[placed]] <= wanted.objective_ms).sum()) / len(rtt_ms)


def _players(wanted: Wanted, names: list[str]) -> Floats:
    """Round trips of ``UNITS`` players (rows), shared among the populations by largest remainder."""
    share = weights(wanted) * UNITS
    count = np.floor(share + 1e-9).astype(np.int64)
    missing = (UNITS if share.any() else 0) - int(count.sum())
    count[np.argsort(-(share - count), kind="stable")[:missing]] += 1
    return np.repeat(round_trips(wanted, names), count, axis=0)


def _loads(wanted: Wanted, rtt_ms: Floats, room: Ints, total: int, few: bool) -> Ints:
    """Players at each cluster, were ``total`` replicas used; those in hand carry none. ``few``: full clusters before many."""
    carrying = max(1, total - wanted.standby_sites)
    problem = Problem(
        rtt_ms=rtt_ms,
        objective_ms=wanted.objective_ms,
        places_per_instance=max(1, -(-len(rtt_ms) // carrying)),
        most_instances=room,
        opening=np.full(len(room), AGGREGATED_OPENING if few else 0, np.int64),
        standby_sites=wanted.standby_sites,
        comfortable_share=1.0 if few else COMFORTABLE,
    )
    sites = np.array(assign(problem, most_steps=STEPS, in_order=True).sites, np.int64)
    return np.bincount(sites[sites >= 0], minlength=len(room))


def _seats(loads: Ints, room: Ints, floor: Ints, total: int, standby: int) -> Ints:
    """``total`` seats, at least ``floor`` each: one to the largest load / (2 × seats + 1) in turn, as far as there is room.

    The last ``standby`` of them go to different clusters, the busiest first: these are in hand there.
    """
    seats, missing = floor.copy(), total - int(floor.sum())
    in_hand = np.zeros(len(seats), bool)
    for number in range(missing):
        able = seats < room
        if number >= missing - standby:
            spread = able & (loads > 0) & ~in_hand
            able = spread if spread.any() else able
        busiest = int(np.where(able, (loads + 1e-6) / (2.0 * seats + 1.0), -1.0).argmax())
        in_hand[busiest] = number >= missing - standby
        seats[busiest] += 1
    return seats


def _fewer(loads: Ints, held: Ints, total: int) -> Ints:
    seats = held.copy()
    while int(seats.sum()) > total:
        claim = np.where(seats > 0, loads / (2.0 * seats - 1.0).clip(1), np.inf)
        lowest = np.flatnonzero(claim == claim.min())
        seats[int(lowest[-1])] -= 1
    return seats
