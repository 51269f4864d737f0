"""One binding decided: filter, score, select, divide; exactly as Karmada's stock scheduler where no QoS is involved.

Read with `question.py` and `fleet.py`; then `filters.py`, `estimate.py`, `spread.py`, `shares.py`. The steps are those of
pkg/scheduler/core/generic_scheduler.go, the order of affinity terms that of pkg/scheduler/scheduler.go.
"""

from __future__ import annotations

import msgspec
import numpy as np

from fedge.core.placement.estimate import allocatable
from fedge.core.placement.filters import feasible, matching, term_of
from fedge.core.placement.fleet import Fleet, Ints
from fedge.core.placement.question import Decision, Question
from fedge.core.placement.shares import TooFew, shares
from fedge.core.placement.spread import Candidates, Impossible, select

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
    numbers = np.flatnonzero(feasible(fleet, question))
    if not len(numbers):
        return Decision({}, "NoClusterFit", f"0/{fleet.size} clusters are available", question.affinity)
    try:
        chosen = select(fleet, question, _candidates(fleet, question, numbers))
        return Decision(shares(fleet, question, chosen), affinity=question.affinity)
    except Impossible as error:
        return Decision(None, "SchedulerError", str(error), question.affinity)
    except TooFew as error:
        return Decision(None, "Unschedulable", str(error), question.affinity)


def _candidates(fleet: Fleet, question: Question, numbers: Ints) -> Candidates:
    """In order: tier of affinity, score, preference, room, name."""
    room = allocatable(fleet, question)
    available, score = room.copy(), np.zeros(fleet.size, np.int64)
    for name, has in question.clusters.items():
        if (number := fleet.number.get(name)) is not None:
            available[number] += has
            score[number] = LOCAL
    tier = _tiers(fleet, question)
    keys = [-available[numbers], -score[numbers]]
    if question.preference is not None:
        worst = float("inf")
        costs = [question.preference.get(fleet.names[number], worst) for number in numbers.tolist()]
        keys.insert(1, np.array(costs, np.float64))
    if tier is not None:
        keys.append(tier[numbers])
    order = numbers[np.lexsort(keys)]
    tiers = np.zeros(len(order), np.int64) if tier is None else tier[order]
    return Candidates(order, score[order], available[order], room[order], tiers)


def _tiers(fleet: Fleet, question: Question) -> Ints | None:
    term = term_of(question)
    if term is None or not term.overflow_affinities:
        return None
    tier = np.full(fleet.size, 1000, np.int64)
    for number in range(len(term.overflow_affinities), 0, -1):
        tier[matching(fleet, term.overflow_affinities[number - 1])] = number
    tier[matching(fleet, term)] = 0
    return tier
