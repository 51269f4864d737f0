"""Dividing replicas over sites: aggregated in few, or by weight after Webster.

Webster (Sainte-Laguë) gives seats one at a time to the largest weight / (2 × seats + 1). One at a time
means house monotone: a larger total only adds. Every function starts from what the sites hold already
(``held``), so growth never takes a replica. Sites come in order of preference (`rank.py`); that order
breaks ties. Source of the method: Balinski and Young, Fair Representation, 2nd ed., ch. 4; Karmada uses it
in pkg/util/helper/webstermethod.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from heapq import heapify, heappop, heappush

from fedge.core.model import SiteId

Seats = dict[SiteId, int]


def webster(
    total: int,
    order: Sequence[SiteId],
    weights: Mapping[SiteId, int],
    caps: Mapping[SiteId, int],
    held: Mapping[SiteId, int],
    prefer: Mapping[SiteId, int] | None = None,
) -> Seats:
    """``held`` plus seats until ``total`` or until all are at their cap. On a tie whoever holds less than
    ``prefer`` goes first.
    """
    seats = {site: held.get(site, 0) for site in order}
    wanted = prefer or {}

    def claim(rank: int, site: SiteId) -> tuple[Fraction, bool, int, SiteId]:
        has = seats[site]
        return (-Fraction(weights[site], 2 * has + 1), has >= wanted.get(site, 0), rank, site)

    claims = [
        claim(rank, site) for rank, site in enumerate(order) if weights[site] > 0 and seats[site] < caps[site]
    ]
    heapify(claims)
    missing = total - sum(seats.values())
    while missing > 0 and claims:
        _, _, rank, site = heappop(claims)
        seats[site] += 1
        missing -= 1
        if seats[site] < caps[site]:
            heappush(claims, claim(rank, site))
    return seats


def without(
    excess: int, order: Sequence[SiteId], weights: Mapping[SiteId, int], seats: Mapping[SiteId, int]
) -> Seats:
    """``excess`` seats fewer, taken back in the reverse of Webster's order: the weakest claim first."""
    left = dict(seats)
    for _ in range(excess):
        holders = [
            (Fraction(weights[site], 2 * left[site] - 1), -rank, site)
            for rank, site in enumerate(order)
            if left[site]
        ]
        left[min(holders)[2]] -= 1
    return left


def few(
    total: int, order: Sequence[SiteId], caps: Mapping[SiteId, int], held: Mapping[SiteId, int], least: int
) -> Seats:
    """Aggregated: ``held`` plus seats in as few further sites as hold them, at least ``least`` sites in
    all.
    """
    seats = {site: held.get(site, 0) for site in order}
    for site in order:
        if sum(1 for has in seats.values() if has) >= least or sum(seats.values()) >= total:
            break
        seats[site] = max(seats[site], min(1, caps[site]))
    for site in sorted(order, key=lambda each: seats[each] == 0):
        missing = total - sum(seats.values())
        seats[site] += max(0, min(missing, caps[site] - seats[site]))
    return seats


def fewer(excess: int, order: Sequence[SiteId], seats: Mapping[SiteId, int], least: int) -> Seats:
    """Aggregated, shrinking: the least wanted sites give theirs up first, while ``least`` sites keep one."""
    left = dict(seats)
    for site in reversed(order):
        keeps = 0 if sum(1 for has in left.values() if has) > least else 1
        gives = min(excess, max(0, left[site] - keeps))
        left[site] -= gives
        excess -= gives
    return left


def covering(
    count: int, total: int, order: Sequence[SiteId], caps: Mapping[SiteId, int], first: Sequence[SiteId]
) -> list[SiteId]:
    """``count`` sites: of ``first``, then the most wanted ones that still leave room for ``total`` replicas.

    Where ``total`` is out of reach the roomiest are taken.
    """
    if count >= len(order):
        return list(order)
    chosen = list(first)[:count]
    while len(chosen) < count:
        have = sum(caps[site] for site in chosen)
        rest = [site for site in order if site not in chosen]
        by_room = sorted(rest, key=lambda each: -caps[each])
        others_may_add = count - len(chosen) - 1
        for site in rest:
            others = [caps[each] for each in by_room[: others_may_add + 1] if each != site][:others_may_add]
            if have + caps[site] + sum(others) >= total or caps[site] == caps[by_room[0]]:
                chosen.append(site)
                break
    return [site for site in order if site in chosen]


def smallest_count(total: int, caps: Mapping[SiteId, int], first: Sequence[SiteId]) -> int:
    """How many sites, ``first`` among them, are enough for ``total`` replicas (all of them if none is)."""
    have, count = sum(caps[site] for site in first), len(first)
    for cap in sorted((caps[site] for site in caps if site not in first), reverse=True):
        if have >= total:
            break
        have, count = have + cap, count + 1
    return count
