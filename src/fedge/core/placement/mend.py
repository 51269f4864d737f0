"""Where something does not fit: which constraint, how far off, and the smallest change that would fit.

A change is one change of one thing, and is tried: only those after which `decide.py` places everything are named. They are
looked for in this order, and the first is the smallest: room at one cluster, replicas fewer, a taint tolerated, a spread over
fewer, a wider affinity, a wider border. So what costs players or trust comes after what costs a machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import ceil

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from fedge.core.placement.decide import decide
from fedge.core.placement.estimate import allocatable
from fedge.core.placement.facts import Taint
from fedge.core.placement.filters import bars, feasible, refusals
from fedge.core.placement.fleet import Fleet
from fedge.core.placement.question import Decision, Question
from fedge.core.placement.serve import needed_ms
from fedge.core.placement.spread import divided
from fedge.core.placement.stock_policy import ClusterAffinity, Toleration

NAMED = 3
"""clusters that a sentence names"""
UNITS = {"cpu": ("m CPU", 1), "memory": (" MiB of memory", 1 << 20)}


class Mend(Struct, frozen=True):
    """``off``: which constraint and how far off. ``change``: the smallest that fits; empty: no single one does."""

    off: str
    change: str

    @property
    def sentence(self) -> str:
        return f"{self.off}; {f'it would fit with {self.change}' if self.change else 'no single change would fit'}"


def mend(question: Question, fleet: Fleet, decision: Decision) -> Mend | None:
    """None where everything fits and the objective is met."""
    if decision.failure:
        return Mend(_off(question, fleet, decision), next(_changes(question, fleet), ""))
    wanted, within = question.wanted, decision.within
    if wanted is None or within is None or not decision.clusters or within * 100 >= wanted.percentile:
        return None
    missed = wanted.percentile - within * 100
    off = (
        f"objective: {within:.0%} of the players within {wanted.objective_ms:g} ms, {missed:.0f} points short"
    )
    would_ms = needed_ms(wanted, decision.clusters)
    change = (
        "" if would_ms is None else f"an objective of {ceil(would_ms)} ms instead of {wanted.objective_ms:g}"
    )
    return Mend(off, change)


def _fits(question: Question, fleet: Fleet) -> bool:
    return not decide(question, fleet).failure


def _off(question: Question, fleet: Fleet, decision: Decision) -> str:
    passing = int(feasible(fleet, question).sum())
    if not passing:
        rules = Counter(each.rule for each in refusals(fleet, question).values())
        counted = ", ".join(f"{count} by {rule}" for rule, count in sorted(rules.items()))
        return f"filters: none of {fleet.size} clusters passes" + (f" ({counted})" if counted else "")
    least = max((each.min_groups for each in question.placement.spread_constraints), default=0)
    if decision.failure == "SchedulerError" and least > passing:
        return f"spread: {least} clusters or regions are asked for and {passing} clusters pass"
    if (short := _short(question, fleet)) > 0 and divided(question.placement):
        return f"room: {short} of {question.replicas} replicas find none"
    return f"{decision.failure}: {decision.message}"


def _short(question: Question, fleet: Fleet) -> int:
    """Replicas that the clusters which pass have no room for."""
    numbers = np.flatnonzero(feasible(fleet, question))
    room = int(allocatable(fleet, question)[numbers].sum())
    held = sum(question.clusters.get(fleet.names[number], 0) for number in numbers.tolist())
    return question.replicas - room - held


def _changes(question: Question, fleet: Fleet) -> Iterator[str]:
    yield from _more_room(question, fleet)
    yield from _fewer_replicas(question, fleet)
    yield from _tolerations(question, fleet)
    yield from _narrower_spread(question, fleet)
    yield from _wider(question, fleet)


def _more_room(question: Question, fleet: Fleet) -> Iterator[str]:
    """What one more machine's worth at the roomiest cluster would have to bring, one resource at a time."""
    short = _short(question, fleet)
    numbers = np.flatnonzero(feasible(fleet, question))
    if short <= 0 or not len(numbers) or not question.requests or not divided(question.placement):
        return
    room = allocatable(fleet, question)
    at = int(numbers[np.argsort(-room[numbers], kind="stable")[0]])
    cluster, free = fleet.clusters[at], fleet.clusters[at].free
    if free is None or cluster.grades:
        return
    target = int(room[at]) + short
    needed = {
        kind: target * amount - free.get(kind, 0)
        for kind, amount in {**question.requests, "pods": 1}.items()
        if amount > 0 and target * amount > free.get(kind, 0)
    }
    grown = replace(
        cluster, free={**free, **{kind: free.get(kind, 0) + more for kind, more in needed.items()}}
    )
    others = [each for each in fleet.clusters if each.name != cluster.name]
    if needed and _fits(question, Fleet([*others, grown])):
        yield f"{' and '.join(_amount(kind, more) for kind, more in sorted(needed.items()))} more at {cluster.name}"


def _amount(kind: str, amount: int) -> str:
    unit, size = UNITS.get(kind, (f" {kind}", 1))
    return f"{-(-amount // size)}{unit}"


def _fewer_replicas(question: Question, fleet: Fleet) -> Iterator[str]:
    low, high = 0, question.replicas  # the largest number that fits lies between: fewer never fit worse
    while high - low > 1:
        middle = (low + high) // 2
        if _fits(replace(question, replicas=middle), fleet):
            low = middle
        else:
            high = middle
    if low:
        fewer = question.replicas - low
        yield f"{fewer} replica{'s' if fewer > 1 else ''} fewer"


def _tolerations(question: Question, fleet: Fleet) -> Iterator[str]:
    placement = question.placement
    count: Counter[Taint] = Counter()
    for cluster in fleet.clusters:
        count.update({taint for taint in cluster.taints if bars(taint, placement.cluster_tolerations)})
    for taint, sites in sorted(count.items(), key=lambda pair: (pair[1], pair[0].key, pair[0].value)):
        tolerated = Toleration(key=taint.key, value=taint.value, effect=taint.effect)
        changed = replace(placement, cluster_tolerations=(*placement.cluster_tolerations, tolerated))
        if _fits(replace(question, placement=changed), fleet):
            named = f"{taint.key}={taint.value}" if taint.value else taint.key
            yield f"the taint {named}:{taint.effect} tolerated ({sites} cluster{'s' if sites > 1 else ''})"


def _narrower_spread(question: Question, fleet: Fleet) -> Iterator[str]:
    constraints = question.placement.spread_constraints
    for number, each in enumerate(constraints):
        for least in range(each.min_groups - 1, 0, -1):
            fewer = replace(each, min_groups=least)
            changed = (*constraints[:number], fewer, *constraints[number + 1 :])
            placement = replace(question.placement, spread_constraints=changed)
            if _fits(replace(question, placement=placement), fleet):
                yield f"a spread over {least} instead of {each.min_groups} {each.spread_by_field}s"
                break


def _wider(question: Question, fleet: Fleet) -> Iterator[str]:
    """Clusters that one of affinity and border alone keeps out."""
    affinity = replace(question.placement, cluster_affinity=ClusterAffinity(), cluster_affinities=())
    for changed, what in (
        (replace(question, placement=affinity, affinity=""), "the affinity"),
        (replace(question, border=None), "the data border"),
    ):
        gained = feasible(fleet, changed) & ~feasible(fleet, question)
        if gained.any() and _fits(changed, fleet):
            names = [fleet.names[number] for number in np.flatnonzero(gained).tolist()]
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            yield f"{what} opened to {' or '.join(names[:NAMED])}{more}"
