"""Players to sites, online: a greedy beginning and local repair over `objective.py`'s problem. Placement's `serve.py` asks it.

Three steps, over `assignment.py`'s chains of players: *close* a site and put its players elsewhere, *open* one and close its
neighbours into it, *lighten* one by the players of its last instance. A step that makes the weighted sum larger is undone. So the
solution in hand is complete and feasible at any time, and never gets worse.

The same ``rng`` and the same number of steps give the same answer; there is no clock in here (``go_on`` may look at one).
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from msgspec import Struct

from fedge.core.placement.assignment import Assignment, bits
from fedge.core.placement.objective import Cost, Problem, cost_of

PATIENCE = 3
"""rounds of steps over all sites, each in another order, that must fail before the search ends"""


class Assigned(Struct, frozen=True):
    """A site's column for each player (-1: no site has a place for it), what that costs, and after how many steps."""

    sites: tuple[int, ...]
    cost: Cost
    steps: int


def always() -> bool:
    return True


def assign(
    problem: Problem,
    rng: Random | None = None,
    most_steps: int = 2000,
    go_on: Callable[[], bool] = always,
    in_order: bool = False,
) -> Assigned:
    """The best assignment found within ``most_steps`` steps, or until ``go_on`` says no.

    ``rng``: for the order in which sites are tried after the first round; None: there is no other round without a gain.
    ``in_order``: of equally good sites the first columns are preferred. Else steps to equal sums are kept too: more is found.
    """
    search = Search(problem, in_order)
    steps = search.improve(rng, most_steps, go_on)
    sites = search.assignment()
    return Assigned(tuple(sites.tolist()), cost_of(problem, sites), steps)


class Search(Assignment):
    """An assignment, and steps that make it better."""

    def __init__(self, problem: Problem, in_order: bool = False) -> None:
        super().__init__(problem)
        self._in_order = in_order
        self._neighbours: dict[int, list[int]] = {}
        self._go_on: Callable[[], bool] = always
        self.steps = 0

    def improve(self, rng: Random | None, most_steps: int, go_on: Callable[[], bool]) -> int:
        """Take steps until none helps any more, and tell how many were tried: a site asked to give up players is one."""
        self._go_on = lambda: self.steps < most_steps and go_on()
        failed = 0
        order = sorted(range(self.sites), key=lambda site: (-self._saved_each(site), -site))
        while failed < (PATIENCE if rng is not None else 1):
            before = self.total
            for site in order:
                if not self._go_on():
                    return self.steps
                self._step(site)
                self._log.clear()
            failed = 0 if self.total < before else failed + 1
            if rng is not None:
                rng.shuffle(order)
        return self.steps

    def _saved_each(self, site: int) -> float:
        count = len(self.members[site])
        return self.rows[site][count] / count if count else 0.0

    def _step(self, site: int) -> None:
        if not self.members[site]:
            self._open(site)
        elif not self._close(site):
            self._lighten(site)

    def _kept(self, before: int, mark: int) -> bool:
        """Keep what was done since ``mark`` if it is no worse; it tells whether it is better."""
        if self.total > before or (self._in_order and self.total == before):
            self._undo(mark)
            return False
        return self.total < before

    def _close(self, site: int) -> bool:
        """All its players elsewhere."""
        self.steps += 1
        before, mark = self.total, len(self._log)
        out = list(self.members[site])
        for player in out:
            self._move(player, -1)
        barred = 1 << site
        for rest, player in zip(range(len(out) - 1, -1, -1), out, strict=True):
            hopeless = not self._put(player, barred) or self.total - rest * self._unserved > before
            if hopeless:  # even if the rest cost nothing, there is no gain any more
                self._undo(mark)
                return False
        return self._kept(before, mark)

    def _lighten(self, site: int) -> bool:
        """Players of its last instance, or those that are crowded, elsewhere."""
        self.steps += 1
        row, count = self.rows[site], len(self.members[site])
        less = count - 1
        while less > 0 and row[less] == row[count]:
            less -= 1
        if less <= 0:
            return False
        before, mark = self.total, len(self._log)
        out = list(self.members[site])[: count - less]
        for player in out:
            self._move(player, -1)
        for player in out:
            if not self._put(player, 1 << site):
                self._undo(mark)
                return False
        return self._kept(before, mark)

    def _open(self, site: int) -> bool:
        """Take its cost as paid, and close its neighbours, dearest for a player first, while that saves."""
        if not self._most[site]:
            return False
        row = self.rows[site]
        first = row[1]
        before, mark = self.total, len(self._log)
        self.rows[site] = [first, *row[1:]]
        self.total += first
        self._priced(site, 0, 0)
        near = [at for at in self._near(site) if self.members[at]]
        near.sort(key=lambda at: (-self._saved_each(at), at))
        for at in near:
            if not self._go_on():
                break
            if not self._close(at):
                self._lighten(at)
        self.rows[site] = row
        count = len(self.members[site])
        if count == 0:
            self.total -= first
        self._priced(site, count, count)
        return self._kept(before, mark)

    def _near(self, site: int) -> list[int]:
        """Sites that share a player with it."""
        if site not in self._neighbours:
            shared = 0
            for mask in self.free:
                if mask >> site & 1:
                    shared |= mask
            self._neighbours[site] = list(bits(shared & ~(1 << site)))
        return self._neighbours[site]
