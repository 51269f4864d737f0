"""What session management says to user plane functions (N4) and to the access network (N2), and which of them are there. Pure.

Whoever is not there is told nothing; it is told everything when it says hello. ``out`` collects what is to be done.
"""

from __future__ import annotations

from fedge.core.messages.user_plane import (
    EndTunnel,
    InstallPath,
    InstallTunnel,
    RanHello,
    RemovePath,
    RemoveTunnel,
    Subscriber,
    SwitchPath,
)
from fedge.core.model import Address, SiteId, UeId
from fedge.simulation.core5g.path_change import Flow
from fedge.simulation.core5g.words import Effect, Held, Path, Remember, ToRan, ToUpf


class UserPlane:
    def __init__(self, qfi: int) -> None:
        self.out: list[Effect] = []
        self.subscribers: dict[UeId, Subscriber] = {}
        self.upfs: dict[SiteId, Address] = {}
        self.gnb: Address | None = None
        self._qfi = qfi

    def ran_hello(self, event: RanHello) -> None:
        self.gnb = event.n3
        self.subscribers = {one.ue: one for one in event.subscribers}

    def reaches(self, path: Path) -> bool:
        """Are both ends of the path's tunnel there?"""
        return path.site in self.upfs and self.gnb is not None

    def install(self, flow: Flow, path: Path) -> None:
        subscriber, n3 = self.subscribers.get(flow.ue), self.upfs.get(path.site)
        if subscriber is None or n3 is None or self.gnb is None:
            return
        up, down = path.teid_up, path.teid_down
        tunnel = InstallTunnel(flow.ue, subscriber.ipv4, flow.service, up, down, self.gnb, path.n6, self._qfi)
        self.out.append(ToUpf(path.site, tunnel))
        self.out.append(ToRan(InstallPath(flow.ue, flow.service, path.site, n3, up, down, self._qfi)))

    def switch(self, flow: Flow) -> None:
        """The uplink takes the flow's path: at its own number, so that it may be said again."""
        if flow.path is not None and self.reaches(flow.path):
            self.out.append(ToRan(SwitchPath(flow.ue, flow.service, flow.path.site, flow.number)))

    def leave(self, path: Path) -> None:
        self.out.append(ToUpf(path.site, EndTunnel(path.teid_up)))

    def remove(self, flow: Flow, *paths: Path) -> None:
        """These paths of the flow go; ``flow.live_paths()`` is what stays. The access network tells paths apart by their site."""
        self.out += [ToUpf(path.site, RemoveTunnel(path.teid_up)) for path in paths]
        kept = {path.site for path in flow.live_paths() if path not in paths}
        for site in dict.fromkeys(path.site for path in paths):
            if site not in kept:
                self.out.append(ToRan(RemovePath(flow.ue, flow.service, site)))

    def remember(self, flow: Flow) -> None:
        retiring = tuple(path for path in flow.live_paths() if path != flow.path)
        held = Held(flow.ue, flow.service, flow.influence, flow.path, flow.number, retiring)
        nothing = flow.path is None and not retiring
        self.out.append(Remember(flow.ue, flow.service, None if nothing else held))

    def forget(self, flow: Flow) -> None:
        if flow.live_paths():
            self.out.append(Remember(flow.ue, flow.service, None))
