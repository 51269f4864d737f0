"""What all paths share: sites and their names in the core network, addresses, the numbers of calls, and whether calls go out."""

from __future__ import annotations

from collections.abc import Mapping

from fedge.core.model import Address, SessionKey, SiteId
from fedge.core.steering.calls import N6Route
from fedge.core.steering.dnai import Dnais
from fedge.core.steering.path import Target


class Desk:
    """``offered``: every site that may be chosen, and its end of N6. ``open``: the NEF answers, and its list was read.

    ``stable``: the address that the core network leads. ``own``: each site's, which it does not; none: nobody is redirected.
    """

    def __init__(self, dnais: Dnais, stable: Address, own: Mapping[SiteId, Address]) -> None:
        self.dnais, self.stable, self.own = dnais, stable, own
        self.offered: dict[SiteId, Address] = {}
        self.open = False
        self.calls: dict[int, SessionKey | None] = {}
        self._last = 0

    def number(self, key: SessionKey | None = None) -> int:
        """Of a new call, of a path or of nobody."""
        self._last += 1
        self.calls[self._last] = key
        return self._last

    def routes(self, goal: Target, alone: bool) -> tuple[N6Route, ...]:
        """The goal's route alone, or with those of all sites on offer."""
        others = {} if alone else self.offered
        ends = {**others, goal.site: goal.gateway}
        return tuple(N6Route(self.dnais.of(site), gateway) for site, gateway in ends.items())
