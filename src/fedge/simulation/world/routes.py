"""The simulated world's user plane: to which site's gateway the packets of each session go, as the control plane's port says it.

Pure: the control plane's messages in, answers out. Route generations only rise (invariant 2): a repeated message is answered
the same, a lower generation is answered and changes nothing. Nothing survives a restart; the control plane installs its routes
again when it hears an ``AccessHello`` without them. It stands for steering, core network and user plane of a real run.
"""

from __future__ import annotations

from collections.abc import Mapping

from fedge.core.messages import (
    ActivateRoute,
    InstallRoute,
    Message,
    RemoveRoute,
    RouteActivated,
    RouteInstalled,
    RouteStatus,
)
from fedge.core.model import SessionId, SessionKey, SiteId, UeId

Gateway = tuple[str, int]


class Route:
    """One session's route. ``gateway`` and ``site`` (index) are those of the active generation; None before the first."""

    __slots__ = (
        "activated",
        "active",
        "epoch",
        "gateway",
        "installed",
        "key",
        "session",
        "site",
        "stable_seq",
        "tick",
        "tick_at",
        "ue",
    )

    def __init__(self, session: SessionId, key: SessionKey, ue: int) -> None:
        self.session = session
        self.key = key
        self.ue = ue
        self.active = 0
        self.gateway: Gateway | None = None
        self.site = 0
        self.installed: dict[int, tuple[Gateway, int]] = {}
        self.activated: dict[int, int] = {}
        # what was last seen on its way down: tells when a round trip ended and when the writer changed
        self.epoch = 0
        self.stable_seq = 0
        self.tick = 0
        self.tick_at = 0


class RouteTable:
    """All sessions' routes by key. ``ues`` and ``sites``: index of each UE and site."""

    def __init__(self, ues: Mapping[UeId, int], sites: Mapping[SiteId, int]) -> None:
        self._ues = ues
        self._sites = sites
        self.by_key: dict[int, Route] = {}

    def handle(self, message: Message, now: int) -> Message | None:
        """The answer to a message of the control plane; None where there is nothing to answer."""
        match message:
            case InstallRoute():
                return self._install(message)
            case ActivateRoute():
                return self._activate(message, now)
            case RemoveRoute():
                self.by_key.pop(message.key, None)
        return None

    def statuses(self) -> tuple[RouteStatus, ...]:
        """What is held, for the greeting of a link."""
        return tuple(
            RouteStatus(route.key, route.active, max(route.installed, default=0))
            for route in self.by_key.values()
        )

    def _install(self, message: InstallRoute) -> Message | None:
        if message.ue not in self._ues or message.site not in self._sites:
            return None  # of another run: nobody here to route for
        route = self.by_key.get(message.key)
        if route is None:
            route = self.by_key[message.key] = Route(message.session, message.key, self._ues[message.ue])
        if message.generation > route.active:
            host, _, port = message.gateway.rpartition(":")
            route.installed[message.generation] = ((host, int(port)), self._sites[message.site])
        return RouteInstalled(message.session, message.generation)

    def _activate(self, message: ActivateRoute, now: int) -> Message | None:
        route = self.by_key.get(message.key)
        if route is None:
            return None
        generation = message.generation
        if generation > route.active:
            if generation not in route.installed:
                return None  # the install is lost; it will be said again
            route.active = generation
            route.gateway, route.site = route.installed[generation]
            route.installed = {g: to for g, to in route.installed.items() if g >= generation}
            route.activated[generation] = now
        elif generation not in route.activated:
            generation = route.active  # never active here and never will be: answered with what is
        return RouteActivated(message.session, generation, route.activated[generation])
