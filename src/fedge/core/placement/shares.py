"""How many replicas each chosen cluster gets: Karmada's four strategies, from what it has now.

Duplicated: all everywhere. Static weights: divided anew each time. Aggregated and dynamic weight: growth divides the
difference by what clusters could still take, shrinking divides by what they have, and an unchanged total stays; a
fresh division counts what they have as free. Source: pkg/scheduler/core/{assignment,division_algorithm}.go.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from fedge.core.placement.filters import matching, term_of
from fedge.core.placement.fleet import Fleet, Ints
from fedge.core.placement.question import Question
from fedge.core.placement.spread import Candidates, Impossible
from fedge.core.placement.stock_policy import StockPlacement
from fedge.core.placement.webster import webster

Strategy = Literal["duplicated", "aggregated", "static", "dynamic", ""]


class TooFew(Exception):
    """The clusters cannot hold as many replicas: the binding is Unschedulable."""


def strategy_of(placement: StockPlacement) -> Strategy:
    scheduling = placement.replica_scheduling
    if scheduling is None or scheduling.replica_scheduling_type == "Duplicated":
        return "duplicated"
    if scheduling.replica_division_preference == "Aggregated":
        return "aggregated"
    if scheduling.replica_division_preference != "Weighted":
        return ""
    preference = scheduling.weight_preference
    return "dynamic" if preference is not None and preference.dynamic_weight else "static"


def shares(fleet: Fleet, question: Question, chosen: Candidates) -> dict[str, int]:
    """Replicas by cluster. Raises ``Impossible`` or ``TooFew``."""
    if not len(chosen.number):
        raise Impossible("no clusters available to schedule")
    names = [fleet.names[number] for number in chosen.number.tolist()]
    if (
        not question.workload
        or question.components > 1
        or (question.replicas <= 0 and question.requests is None)
    ):
        return dict.fromkeys(names, 0)
    term = term_of(question)
    if term is not None and question.affinity and term.overflow_affinities:
        given = _by_tier(fleet, question, chosen)
    else:
        given = _assigned(fleet, question, chosen, question.replicas)
    if question.keep_empty:
        given = given | {name: 0 for name in names if name not in given}
    return given


def _by_tier(fleet: Fleet, question: Question, chosen: Candidates) -> dict[str, int]:
    """The affinity itself takes what it can, then each overflow affinity in turn."""
    given: dict[str, int] = {}
    left = question.replicas
    for tier in range(int(chosen.tier.max()) + 1):
        places = np.flatnonzero(chosen.tier == tier)
        if not len(places):
            continue
        part = chosen.of(places)
        takes = min(left, int(part.available.sum()))
        given |= _assigned(fleet, question, part, takes)
        left -= takes
        if left <= 0:
            return given
    raise TooFew("Clusters available replicas are not enough to schedule.")


def _assigned(fleet: Fleet, question: Question, chosen: Candidates, total: int) -> dict[str, int]:
    strategy = strategy_of(question.placement)
    if strategy == "duplicated":
        seats = np.full(len(chosen.number), total, np.int64)
        return _named(fleet, chosen.number, seats)
    if strategy == "static":
        weights = _static_weights(fleet, question, chosen)
        return _named(fleet, chosen.number, webster(total, weights, chosen.number, question.uid))
    if strategy == "":
        raise Impossible("unsupported replica scheduling strategy: no division preference")
    return _dynamic(fleet, question, chosen, total, strategy == "aggregated")


def _named(fleet: Fleet, numbers: Ints, seats: Ints) -> dict[str, int]:
    some = np.flatnonzero(seats > 0)
    return {fleet.names[n]: has for n, has in zip(numbers[some].tolist(), seats[some].tolist(), strict=True)}


def _static_weights(fleet: Fleet, question: Question, chosen: Candidates) -> Ints:
    """The largest weight that is meant for each; where none is for any, all weigh alike."""
    weights = np.zeros(len(chosen.number), np.int64)
    scheduling = question.placement.replica_scheduling
    if scheduling is not None and scheduling.weight_preference is not None:
        for each in scheduling.weight_preference.static_weight_list:
            meant = matching(fleet, each.target_cluster)[chosen.number]
            weights[meant] = np.maximum(weights[meant], each.weight)
    return weights if weights.any() else np.ones_like(weights)


def _dynamic(fleet: Fleet, question: Question, chosen: Candidates, total: int, few: bool) -> dict[str, int]:
    place = {number: index for index, number in enumerate(chosen.number.tolist())}
    held = {
        fleet.number[name]: has for name, has in question.clusters.items() if fleet.number.get(name) in place
    }
    assigned = sum(held.values())
    if question.fresh:
        room = chosen.allocatable.copy()
        for number, has in held.items():
            room[place[number]] += has
        return _given(fleet, question, chosen.number, room, total, few, {})
    if assigned == total:
        return {fleet.names[number]: has for number, has in held.items() if has > 0}
    if assigned > total:
        numbers = np.array(list(held), np.int64)
        return _given(fleet, question, numbers, np.array(list(held.values()), np.int64), total, few, {})
    return _given(fleet, question, chosen.number, chosen.allocatable, total - assigned, few, held)


def _given(
    fleet: Fleet, question: Question, numbers: Ints, room: Ints, total: int, few: bool, held: dict[int, int]
) -> dict[str, int]:
    """``total`` by the weights ``room``, beside what is held; Aggregated: over the fewest, holders first."""
    whole = _int32(int(room.sum()))
    if whole < total:
        raise TooFew(f"Clusters available replicas {whole} are not enough to schedule.")
    if few:
        order = np.argsort(-room, kind="stable")
        if holding := [number for number, has in held.items() if has > 0]:
            late = ~np.isin(numbers[order], holding)
            order = order[np.argsort(late, kind="stable")]
        sums = np.cumsum(room[order])
        order = order[: int(np.searchsorted(sums, total)) + 1]
        numbers, room = numbers[order], room[order]
    given = _named(fleet, numbers, webster(total, room, numbers, question.uid))
    for number, has in held.items():
        if has > 0:
            name = fleet.names[number]
            given[name] = given.get(name, 0) + has
    return given


def _int32(value: int) -> int:
    """As upstream sums: in 32 bits, which wrap round."""
    return (value + 2**31) % 2**32 - 2**31
