"""One binding decided: filter, score, select, divide; exactly as Karmada's stock scheduler where no QoS is involved.

Read with `question.py` and `fleet.py`; then `filters.py`, `estimate.py`, `spread.py`, `shares.py`; where a QoS asks, `rank.py`
orders equals and `serve.py` divides by players. The steps are those of pkg/scheduler/core/generic_scheduler.go, the order of
affinity terms that of pkg/scheduler/scheduler.go.
"""

from __future__ import annotations

import msgspec
import numpy as np

from fedge.core.placement.estimate import allocatable
from fedge.core.placement.filters import feasible, matching, term_of
from fedge.core.placement.fleet import Fleet, Ints
from fedge.core.placement.question import Decision, Question
from fedge.core.placement.rank import preference
from fedge.core.placement.serve import serve, served_by_players, share_within, worth_moving
from fedge.core.placement.shares import TooFew, shares
from fedge.core.placement.spread import Candidates, Impossible, divided, select

LOCAL = 100
"""score of a cluster that has the binding already (stock's plugin ClusterLocality)"""


def decide(question: Question, fleet: Fleet) -> Decision:
    """Where the binding goes. Affinity terms are tried from the one in use on, until one can be satisfied."""
    terms = question.placement.cluster_affinities
    if not terms:
        return _once(question, fleet)
    names = [term.affinity_name for term in terms]
    start = names.index(question.affinity) if question.affinity in names else 0
    first: Decision | None = None
    for name in names[start:]:
        decision = _once(msgspec.structs.replace(question, affinity=name), fleet)
        if not decision.failure:
            return decision
        first = first or decision
    assert first is not None
    return msgspec.structs.replace(first, affinity=question.affinity)


def _once(question: Question, fleet: Fleet) -> Decision:
    decision = _chosen(question, fleet, LOCAL)
    wanted = question.wanted
    if wanted is None or decision.within is None or not question.clusters or not question.may_move:
        return decision
    if divided(question.placement) and sum(question.clusters.values()) != question.replicas:
        return decision  # growing and shrinking come first, and move nothing
    if decision.within * 100 >= wanted.percentile:
        return decision
    other = _chosen(msgspec.structs.replace(question, fresh=True), fleet, 0)
    better = other.within is not None and worth_moving(wanted, decision.within, other.within)
    return other if better else decision


def _chosen(question: Question, fleet: Fleet, local: int) -> Decision:
    """``local``: what a cluster that has the binding already is worth more than one that has it not."""
    numbers = np.flatnonzero(feasible(fleet, question))
    if not len(numbers):
        return Decision({}, "NoClusterFit", f"0/{fleet.size} clusters are available", question.affinity)
    try:
        chosen = select(fleet, question, _candidates(fleet, question, numbers, local))
        if served_by_players(question):
            served = serve(fleet, question, chosen)
            return Decision(served.replicas, affinity=question.affinity, within=served.within)
        given = shares(fleet, question, chosen)
    except Impossible as error:
        return Decision(None, "SchedulerError", str(error), question.affinity)
    except TooFew as error:
        return Decision(None, "Unschedulable", str(error), question.affinity)
    asked = question.wanted if question.replicas > 0 else None
    within = None if asked is None else share_within(asked, given)
    return Decision(given, affinity=question.affinity, within=within)


def _candidates(fleet: Fleet, question: Question, numbers: Ints, local: int) -> Candidates:
    """In order: tier of affinity, score, preference, room, name."""
    room = allocatable(fleet, question)
    available, score = room.copy(), np.zeros(fleet.size, np.int64)
    for name, has in question.clusters.items():
        if (number := fleet.number.get(name)) is not None:
            available[number] += has
            score[number] = local
    tier = _tiers(fleet, question)
    keys = [-available[numbers], -score[numbers]]
    if question.wanted is not None:
        names = [fleet.names[number] for number in numbers.tolist()]
        order = preference(question.wanted, names, _unwanted(fleet, numbers))
        keys.insert(1, np.array([order[name] for name in names], np.int64))
    if tier is not None:
        keys.append(tier[numbers])
    sorted_ = numbers[np.lexsort(keys)]
    tiers = np.zeros(len(sorted_), np.int64) if tier is None else tier[sorted_]
    return Candidates(sorted_, score[sorted_], available[sorted_], room[sorted_], tiers)


def _unwanted(fleet: Fleet, numbers: Ints) -> frozenset[str]:
    return frozenset(
        fleet.names[number]
        for number in numbers.tolist()
        if any(each.effect == "PreferNoSchedule" for each in fleet.clusters[number].taints)
    )


def _tiers(fleet: Fleet, question: Question) -> Ints | None:
    term = term_of(question)
    if term is None or not term.overflow_affinities:
        return None
    tier = np.full(fleet.size, 1000, np.int64)
    for number in range(len(term.overflow_affinities), 0, -1):
        tier[matching(fleet, term.overflow_affinities[number - 1])] = number
    tier[matching(fleet, term)] = 0
    return tier
