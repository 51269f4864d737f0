"""Players at sites, one of them moved at a time: what it costs now, the cheapest place for one more, and the way back.

A player is put where there is room by the cheapest chain: it takes a place, whose player moves to another site within its own
objective, and so on (augmenting paths, breadth first). Neighbours: `objective.py` has the problem, `assign.py` makes it better.
Sets of sites are bits of an integer: a search over a hundred sites is a few machine words.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fedge.core.placement.objective import Ints, Problem, weights_of

NEVER = 1 << 60


def bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


class Assignment:
    """At first everybody where room is, those with the fewest sites first. ``total`` is its weighted sum at any time."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        weights = weights_of(problem)
        self._outside, self._unserved = weights.outside, weights.unserved
        self._per = problem.places_per_instance
        self._most = problem.most_instances.tolist()
        self._standby = problem.standby_sites
        self._spare_up_to = [(most - 1) * self._per for most in self._most]
        allowed = np.isfinite(problem.rtt_ms)
        within = problem.rtt_ms <= problem.objective_ms
        free = within | (allowed & ~within.any(axis=1, keepdims=True))
        self.free, self.allowed = _masks(free), _masks(allowed)
        """sites that cost a player nothing, and sites that may serve it"""
        sizes = zip(
            problem.places.tolist(), problem.comfortable.tolist(), problem.opening.tolist(), strict=True
        )
        self.rows = [_row(self._per, *size, weights.crowded) for size in sizes]
        self.sites = len(self.rows)
        self.at = [-1] * len(self.free)
        self.members: list[dict[int, None]] = [{} for _ in range(self.sites)]
        self._leads: list[int | None] = [None] * self.sites
        self.by_price: dict[int, int] = {}
        self.prices: list[int] = []
        for site, row in enumerate(self.rows):
            price = row[1] - row[0]
            self.by_price[price] = self.by_price.get(price, 0) | 1 << site
            self.prices.append(price)
        self._order = sorted(self.by_price)
        self.total = self._unserved * len(self.at) + self._unserved * self._standby
        self._spare = 0
        self._log: list[tuple[int, int, int]] = []
        self._begin()

    def assignment(self) -> Ints:
        return np.array(self.at, np.int64)

    def _move(self, player: int, to: int) -> None:
        """The one place where anything changes; -1: nowhere."""
        before = self.at[player]
        self._log.append((player, before, to))
        if before >= 0:
            members = self.members[before]
            count = len(members)
            del members[player]
            self._leads[before] = None
            self.total += self.rows[before][count - 1] - self.rows[before][count]
            self.total -= 0 if self.free[player] >> before & 1 else self._outside
            self._priced(before, count, count - 1)
        else:
            self.total -= self._unserved
        if to >= 0:
            members = self.members[to]
            count = len(members)
            members[player] = None
            known = self._leads[to]
            self._leads[to] = None if known is None else known | self.free[player]
            self.total += self.rows[to][count + 1] - self.rows[to][count]
            self.total += 0 if self.free[player] >> to & 1 else self._outside
            self._priced(to, count, count + 1)
        else:
            self.total += self._unserved
        self.at[player] = to

    def _priced(self, site: int, before: int, count: int) -> None:
        row = self.rows[site]
        price = row[count + 1] - row[count]
        old = self.prices[site]
        if price != old:
            bit = 1 << site
            self.by_price[old] ^= bit
            if price not in self.by_price:
                self.by_price[price] = 0
                self._order = sorted(self.by_price)
            self.by_price[price] ^= bit
            self.prices[site] = price
        if self._standby:
            limit = self._spare_up_to[site]
            had, has = 0 < before <= limit, 0 < count <= limit
            if had != has:
                missing = max(0, self._standby - self._spare)
                self._spare += has - had
                self.total += (max(0, self._standby - self._spare) - missing) * self._unserved

    def _undo(self, mark: int) -> None:
        log = self._log
        while len(log) > mark:
            player, before, _ = log.pop()
            self._move(player, before)
            log.pop()

    def _put(self, player: int, barred: int) -> bool:
        """Give a player without a place the cheapest one; False: no chain of players leads to one."""
        price, chain = self._cheapest(player, barred, self.free)
        if price > self._outside:
            far = self.allowed[player] & ~self.free[player] & ~barred
            for asked in self._order:
                if asked + self._outside >= price:
                    break
                if there := self.by_price[asked] & far:
                    price, chain = asked, [(player, (there & -there).bit_length() - 1)]
                    break
        if price >= NEVER:
            price, chain = self._cheapest(player, barred, self.allowed)
        if price >= NEVER:
            return False
        for each, to in chain:
            self._move(each, to)
        return True

    def _cheapest(self, player: int, barred: int, free: list[int]) -> tuple[int, list[tuple[int, int]]]:
        """The least price of a place that chains lead to, and the chain, last player first. Breadth first: short chains win."""
        reached = frontier = free[player] & ~barred
        rings = [frontier]
        best, at, depth = NEVER, -1, 0
        cheapest = self._order[0]
        while frontier:
            for price in self._order:
                if price >= best:
                    break
                if there := self.by_price[price] & frontier:
                    best, at, depth = price, (there & -there).bit_length() - 1, len(rings) - 1
                    break
            if best == cheapest:
                break
            grown = 0
            for site in bits(frontier):
                grown |= self._leads_to(site, free)
            frontier = grown & ~reached & ~barred
            reached |= frontier
            rings.append(frontier)
        if best >= NEVER:
            return best, []
        chain = []
        for ring in reversed(rings[:depth]):
            site = next(each for each in bits(ring) if self._leads_to(each, free) >> at & 1)
            chain.append((next(each for each in self.members[site] if free[each] >> at & 1), at))
            at = site
        return best, [*chain, (player, at)]

    def _leads_to(self, site: int, free: list[int]) -> int:
        """Sites that one player or another from there could move to."""
        known = self._leads[site] if free is self.free else None
        if known is None:
            known = 0
            for player in self.members[site]:
                known |= free[player]
            if free is self.free:
                self._leads[site] = known
        return known

    def _begin(self) -> None:
        """Those with the fewest sites first, each to the site with most room for its share; then chains for the rest."""
        room = self.problem.comfortable.tolist()
        scarce = [0] * self.sites
        for mask in self.free:
            for site in bits(mask):
                scarce[site] += 1
        left: list[int] = []
        for player in sorted(range(len(self.at)), key=lambda each: (self.free[each].bit_count(), each)):
            best, ratio = -1, 0.0
            for site in bits(self.free[player]):
                if room[site] > 0 and (worth := room[site] / scarce[site]) > ratio:
                    best, ratio = site, worth
                scarce[site] -= 1
            if best < 0:
                left.append(player)
            else:
                room[best] -= 1
                self._move(player, best)
        for player in left:
            self._put(player, 0)
        self._log.clear()


def _masks(rows: np.ndarray) -> list[int]:
    packed = np.packbits(rows, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]


def _row(per: int, places: int, comfortable: int, opening: int, crowded: int) -> list[int]:
    """What each number of players costs at a site; one more than its places: never."""
    paid = [
        -(-count // per) + (opening if count else 0) + crowded * max(0, count - comfortable)
        for count in range(places + 1)
    ]
    return [*paid, 2 * NEVER]
