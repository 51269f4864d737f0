"""A platform of two sites whose ETSI MEC APIs are called without a network; its notifications are only written down."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.applications import Starlette

from fedge.adapters.notifications import Notifications
from fedge.api.admin import admin_app
from fedge.api.manifest_files import read_manifests
from fedge.api.mec import BASES, Platform, mec_routes, notification
from fedge.api.pace import paced
from fedge.core.control import Notify
from fedge.core.control.events.objects import AskedApply
from fedge.core.messages import AccessHello, Cell, CellChanged, SiteReport
from fedge.core.model import SECOND, CellId, SiteId, UeId
from fedge.core.pace import Limits
from tests.api.centre import ARENA, PlainCentre, simulated_subscribers

ORIGIN = "http://127.0.0.1:7001"
SINK = "http://127.0.0.1:9/sink"
SERVICE: dict[str, Any] = {
    "serName": "leaderboard",
    "serCategory": {"href": "http://127.0.0.1/c", "id": "games", "name": "Games", "version": "1"},
    "version": "1.0",
    "state": "ACTIVE",
    "transportId": "fedge-http",
    "serializer": "JSON",
    "livenessInterval": 0,
}


class Sink:
    """The port ``Notifier``, without sending: (callback, body) of each notification."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, dict[str, Any]]] = []
        self.objection = Notifications().objection

    def post(self, client: str, callback: str, body: bytes) -> bool:
        self.posted.append((callback, msgspec.json.decode(body)))
        return True


class MecCentre(PlainCentre):
    def __init__(self) -> None:
        super().__init__()
        self.sink = Sink()
        self.ahead = 0
        self.say(AskedApply(0, tuple(one.object for one in read_manifests(ARENA))))
        self.join("harbour", "market")

    def now(self) -> int:
        return super().now() + self.ahead

    def pass_time(self, seconds: float) -> None:
        """Time passes, sites go on reporting, and the platform looks at everything a few times."""
        for _ in range(4):
            self.ahead += int(seconds * SECOND / 4)
            for name, view in self.plane.sites.items():
                self.say(SiteReport(name, 0.1, 0, view.instances, {}, self.now()))
            self._hear_everybody()
            self.carry_out(self.plane.wake(self.now()))

    def _hear_everybody(self) -> None:
        """Every client, and where its UE is."""
        for ue in self.plane.access.ues.values():
            ue.seen_at = self.now()
        for session in self.plane.state.sessions.values():
            self.plane.access.client(session.key).heard_at = self.now()

    def walk_to_market(self) -> None:
        """Player 1 is near harbour no more: market is 9 ms faster."""
        paths = {SiteId("harbour"): 10.0, SiteId("market"): 1.0}
        cell = Cell(CellId("nr-2"), "nr", 90.0, 10.0, 100.0, SiteId("market"), paths)
        self.say(AccessHello(100.0, 100.0, (cell,), ()))
        self._hear_everybody()
        self.say(CellChanged(UeId("player-1"), cell.cell, None, "nr", 10.0, 0.0, self.now()))

    def notify(self, notify: Notify) -> None:
        told = notify.subscription
        self.sink.post(told.namespace, told.callback, notification(notify, self.plane, ORIGIN))

    def told(self) -> list[dict[str, Any]]:
        """What subscribers were posted since the last time."""
        sent, self.sent = self.sent, []
        for effect in sent:
            if isinstance(effect, Notify):
                self.notify(effect)
        posted, self.sink.posted = self.sink.posted, []
        return [body for _, body in posted]


OFTEN = Limits(1e6, burst=1e6)


def application(centre: MecCentre, limits: Limits = OFTEN) -> Starlette:
    platform = Platform(
        centre, simulated_subscribers(77, 3), centre.sink, ORIGIN, centre.notify, paced(limits, centre.now)
    )
    return admin_app(centre, mec_routes(platform), own=BASES)
