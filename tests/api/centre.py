"""A centre for the API tests: the real core and shell, no journal on disk, no agents; sites say hello by hand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fedge.adapters.core5g import Subscribers
from fedge.adapters.embedded.addresses import SimulatedSubscribers
from fedge.api.admin import Page
from fedge.api.admin.metrics import Metrics
from fedge.api.admin.view import Facts
from fedge.core.control import ControlPlane, ControlSettings, Effect, Propose, Reply
from fedge.core.messages import (
    AccessHello,
    Cell,
    CellChanged,
    InstanceStatus,
    Message,
    RouteActivated,
    SessionOpened,
    SiteHello,
    SiteReport,
)
from fedge.core.model import UeId
from fedge.dashboard import CONTENT_SECURITY_POLICY, INDEX, STATIC_DIR
from fedge.runtime.audit import AuditLog

TOKEN = "the-token"
ARENA = Path(__file__).resolve().parents[2] / "examples" / "arena"


def simulated_subscribers(net: int, players: int) -> Subscribers:
    """Those of a simulated run."""
    drawn = SimulatedSubscribers(net, players)
    return Subscribers(drawn.by_gpsi(), drawn.by_address())


class PlainCentre:
    """``fedge.api.admin.Centre`` around a ``ControlPlane``; ``sent`` keeps what would have left the program."""

    def __init__(self) -> None:
        self.token = TOKEN
        self.audit = AuditLog(None)
        self.subscribers = simulated_subscribers(77, 3)
        self.page = Page(INDEX, STATIC_DIR, CONTENT_SECURITY_POLICY)
        self.plane = ControlPlane(
            ControlSettings(default_service="127.1.1.1:7777", started_at=time.monotonic_ns())
        )
        self.steering: dict[str, int] = {}
        self.facts = Facts({}, {"engine": "embedded"}, lambda one, other: 5.0, steering=lambda: self.steering)
        self.sent: list[Effect] = []
        self._metrics = Metrics(self.plane, self.now, steering=lambda: self.steering)
        self._answers: dict[int, tuple[int, dict[str, Any]]] = {}
        self._requests = 0
        self._keys = 100

    def now(self) -> int:
        return time.monotonic_ns()

    def draw_key(self) -> int:
        self._keys += 1
        return self._keys

    def proven(self, proof: str) -> tuple[str, UeId] | None:
        return None

    def metrics(self) -> bytes:
        return self._metrics.text()

    async def ask(self, make: Callable[[int], Message]) -> tuple[int, dict[str, Any]]:
        self._requests += 1
        self.say(make(self._requests))
        for _ in range(50):
            if self._requests in self._answers:
                return self._answers.pop(self._requests)
            self.play_sites()
            await asyncio.sleep(0)
        return 503, {"code": "TIMEOUT", "message": "no answer"}

    def say(self, event: Message) -> None:
        self.carry_out(self.plane.handle(event, self.now()))

    def carry_out(self, effects: list[Effect]) -> None:
        while effects:
            effect = effects.pop(0)
            if isinstance(effect, Propose):
                effects = self.plane.handle(effect.event, self.now()) + effects
            elif isinstance(effect, Reply):
                self._answers[effect.request] = (effect.status, effect.body)
            else:
                self.sent.append(effect)

    def play_sites(self) -> None:
        """Every session that is being opened is opened and routed."""
        for session in tuple(self.plane.state.sessions.values()):
            if session.state == "opening":
                self.say(SessionOpened(session.site, session.session, session.epoch, session.generation))
                self.say(RouteActivated(session.session, session.generation, self.now()))

    def join(self, *sites: str) -> None:
        """These sites are up with a ready instance of the arena, and player-1 stands near the first."""
        paths = {site: 1.0 + 5.0 * n for n, site in enumerate(sites)}
        cell = Cell("nr-1", "nr", 10.0, 10.0, 100.0, sites[0], paths)  # type: ignore[arg-type]
        self.say(AccessHello(100.0, 100.0, (cell,), ()))
        for site in sites:
            instance = InstanceStatus("arena-1", "arena", "ready", 0, 8, "arena/1")  # type: ignore[arg-type]
            self.say(SiteHello(site, f"gw-{site}", f"peer-{site}", (), (instance,)))  # type: ignore[arg-type]
            self.say(SiteReport(site, 0.1, 0, (instance,), {}, self.now()))  # type: ignore[arg-type]
        self.say(CellChanged("player-1", "nr-1", None, "nr", 10.0, 0.0, self.now()))  # type: ignore[arg-type]
