"""The operator's internet breakout (simulated): every site has an address of its own, and any UE reaches it on any access. Pure.

In a real network this is plain IP routing, and no 5G core is asked about it. Here the same tunnels stand for it: each UE has, for
each site's address, a default path through that site's user plane function, which Traffic Influence never moves. Nothing is
remembered: the paths follow from who is there, with the same tunnel ends each time, so they may be said again at any greeting.
"""

from __future__ import annotations

from collections.abc import Mapping

from fedge.core.model import Address, SiteId
from fedge.simulation.core5g.path_change import Flow
from fedge.simulation.core5g.user_plane import UserPlane
from fedge.simulation.core5g.words import Path, Route

SWITCH_NUMBER = 1
"""There is only ever one path to choose."""


class Breakout:
    """``routes``: by the site's own address, the site and the far end of N6 there.

    Tunnel ends are numbered from 1, fewer than 2**20 in all: those of no life of session management (``steps``).
    """

    def __init__(self, routes: Mapping[Address, Route], plane: UserPlane) -> None:
        self._routes, self._plane = routes, plane

    def say(self, *sites: SiteId) -> None:
        """Install and choose every UE's default path through these sites, as far as both ends are there."""
        for site_number, (service, route) in enumerate(self._routes.items()):
            if route.site not in sites:
                continue
            for ue_number, ue in enumerate(self._plane.subscribers):
                end = ue_number * len(self._routes) + site_number + 1
                path = Path(route.site, route.n6, end, end)
                if self._plane.reaches(path):
                    flow = Flow(ue, service, "", path, SWITCH_NUMBER)
                    self._plane.install(flow, path)
                    self._plane.switch(flow)
