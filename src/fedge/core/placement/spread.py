"""Which of the feasible clusters a binding is spread over, by cluster and by region, as upstream chooses them.

Source: pkg/scheduler/core/spreadconstraint (select_clusters*.go, group_clusters.go, select_groups.go). Regions are
weighed first by how much of their share they can hold, then by how many of their clusters have the binding
already; a combination of few good regions beats a longer one that begins with it.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from fedge.core.placement.fleet import Fleet, Ints
from fedge.core.placement.question import Question
from fedge.core.placement.stock_policy import SpreadConstraint, StockPlacement

UNIT = 1000
"""a replica that a region can hold outweighs any score of its clusters (0 to 100)"""


class Impossible(Exception):
    """No selection satisfies the constraints; the text is for the binding's condition."""


class Candidates(Struct):
    """Feasible clusters in order of preference: numbers in the fleet, scores, and what each could hold.

    ``available`` counts what it has of the binding already, ``allocatable`` does not.
    """

    number: Ints
    score: Ints
    available: Ints
    allocatable: Ints
    tier: Ints
    """0: the affinity itself, n: the n-th of its overflow affinities"""

    def of(self, places: Ints) -> Candidates:
        return Candidates(
            self.number[places],
            self.score[places],
            self.available[places],
            self.allocatable[places],
            self.tier[places],
        )


def divided(placement: StockPlacement) -> bool:
    scheduling = placement.replica_scheduling
    return scheduling is not None and scheduling.replica_scheduling_type == "Divided"


def ignored(placement: StockPlacement) -> bool:
    """Static weights say themselves who gets replicas: constraints do not count beside them."""
    scheduling = placement.replica_scheduling
    if scheduling is None or not divided(placement) or scheduling.replica_division_preference != "Weighted":
        return False
    preference = scheduling.weight_preference
    return preference is None or bool(preference.static_weight_list and not preference.dynamic_weight)


def select(fleet: Fleet, question: Question, candidates: Candidates) -> Candidates:
    """The clusters to divide over, in order of preference. Raises ``Impossible``."""
    placement = question.placement
    if not placement.spread_constraints or ignored(placement):
        return candidates
    by_field = {each.spread_by_field: each for each in placement.spread_constraints}
    need = question.replicas if divided(placement) else -1
    if region := by_field.get("region"):
        cluster = by_field.get("cluster") or SpreadConstraint(min_groups=0)
        return _by_region(fleet, question, candidates, region, cluster)
    if "cluster" in by_field:
        return _by_cluster(candidates, by_field["cluster"], need)
    raise Impossible("just support cluster and region spread constraint")


def _by_cluster(candidates: Candidates, spread: SpreadConstraint, need: int) -> Candidates:
    known = len(candidates.number)
    if known < spread.min_groups:
        raise Impossible("the number of feasible clusters is less than spreadConstraint.MinGroups")
    count = min(known, spread.max_groups)
    places = np.arange(known)
    if need >= 0:
        _exchange(candidates.available, places, count, need)
        if count == 0 or int(candidates.available[places[:count]].sum()) < need:
            raise Impossible(f"no enough resource when selecting {count} clusters")
    return candidates.of(places[:count])


def _exchange(available: Ints, places: Ints, count: int, need: int) -> None:
    """While the chosen lack room, the least preferred gives way to the roomiest of the rest."""
    room = available[places]
    have = int(room[:count].sum())
    for last in range(count - 1, -1, -1):
        if have >= need or count == len(places):
            return
        best = count + int(np.argmax(room[count:]))
        if room[best] > room[last]:
            have += int(room[best] - room[last])
            places[[last, best]] = places[[best, last]]
            room[[last, best]] = room[[best, last]]


class _Region(Struct, frozen=True):
    name: str
    weight: int
    places: Ints


def _by_region(
    fleet: Fleet,
    question: Question,
    candidates: Candidates,
    region: SpreadConstraint,
    cluster: SpreadConstraint,
) -> Candidates:
    regions = _regions(fleet, question, candidates, region, cluster)
    if len(regions) < region.min_groups:
        raise Impossible("the number of feasible region is less than spreadConstraint.MinGroups")
    chosen = _best(regions, region.min_groups, region.max_groups, cluster.min_groups)
    if not chosen:
        raise Impossible("the number of clusters is less than the cluster spreadConstraint.MinGroups")
    first = np.array([each.places[0] for each in chosen], np.int64)
    rest = np.sort(np.concatenate([each.places[1:] for each in chosen]))
    more = max(0, min(len(rest) + len(first), cluster.max_groups) - len(first))
    return candidates.of(np.concatenate([first, rest[:more]]))


def _regions(
    fleet: Fleet,
    question: Question,
    candidates: Candidates,
    region: SpreadConstraint,
    cluster: SpreadConstraint,
) -> list[_Region]:
    codes = fleet.region_code[candidates.number]
    found = []
    for code in np.unique(codes):
        places = np.flatnonzero(codes == code)
        score, available = candidates.score[places], candidates.available[places]
        if divided(question.placement):
            weight = _weight(question.replicas, score, available, region.min_groups, cluster.min_groups)
        else:
            whole = available >= question.replicas
            count = int(whole.sum())
            weight = count * UNIT + int(score[whole].sum()) // count if count else 0
        found.append(_Region(fleet.regions[code], weight, places))
    return [each for each in found if each.name]


def _weight(replicas: int, score: Ints, available: Ints, groups: int, clusters: int) -> int:
    """Of the share that falls to one of ``groups`` regions: what the region's best clusters can hold of it."""
    share = -(-replicas // groups)
    holding = np.cumsum(available)
    enough = np.flatnonzero(holding >= share)
    used = len(available)
    if len(enough):
        used = min(used, max(int(enough[0]) + 1, clusters, groups))
    held = min(int(holding[used - 1]), share)
    return held * UNIT + int(score[:used].sum()) // used


def _best(regions: list[_Region], least: int, most: int, clusters: int) -> list[_Region]:
    """The heaviest combination of regions with ``clusters`` clusters in all; of its prefixes the shortest."""
    groups = sorted(regions, key=lambda each: (len(each.places), -each.weight, each.name))
    found: list[list[_Region]] = []

    def grow(path: list[_Region], count: int, begin: int) -> None:
        if count >= clusters and least <= len(path) <= most:
            found.append(sorted(path, key=lambda each: (-each.weight, each.name)))
            return
        if len(path) >= most:
            return
        for place in range(begin, len(groups)):
            grow([*path, groups[place]], count + len(groups[place].places), place + 1)
            if len(groups) == least:
                break

    grow([], 0, 0)
    if not found:
        return []
    found.sort(key=lambda path: (-sum(each.weight for each in path), -sum(len(each.places) for each in path)))
    best = found[0]
    for path in found[1:]:
        if len(path) < len(best) and [each.name for each in path] == [
            each.name for each in best[: len(path)]
        ]:
            best = path
    return best
