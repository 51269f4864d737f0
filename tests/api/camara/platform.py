"""A platform of two sites whose CAMARA APIs are called without a network. Its operator answers as a test says: a fake one.

What is sent to sinks is only written down.
"""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette

from fedge.adapters.embedded.addresses import ue
from fedge.api.admin import admin_app
from fedge.api.admin.callers import digest_of
from fedge.api.camara import BASES, Authorization, CamaraPlatform, camara_routes, tell_sink
from fedge.api.manifest_files import read_manifests
from fedge.api.pace import paced
from fedge.core.control import ToOperator, ToSink, Untold
from fedge.core.control.events.objects import AskedApply
from fedge.core.control.events.sessions import SessionPlaced
from fedge.core.control.events.tokens import TokenIssued
from fedge.core.messages import (
    CellChanged,
    Message,
    OperatorOffers,
    QualityGranted,
    QualityRefused,
    ReleaseQuality,
    RequestQuality,
    SiteReport,
)
from fedge.core.model import SECOND, AppId, CellId, SessionId, SessionKey, SiteId, UeId
from fedge.core.pace import Limits
from tests.api.camara.written import Written
from tests.api.centre import ARENA, TOKEN, PlainCentre, simulated_subscribers

ORIGIN = "http://127.0.0.1:7001"
NET = 77
NUMBER = "+99901000001"
DEVICE = {"phoneNumber": NUMBER}
ADDRESS = {"ipv4Address": {"publicAddress": ue(NET, 0), "publicPort": 40000}}
SINK = "https://127.0.0.1:9/sink"
STUDIO = "studio-token"
REFERENCES = ("QOS_E", "QOS_L", "QOS_M", "QOS_S")


class CamaraCentre(PlainCentre):
    """``answers``: what the operator says to a ``RequestQuality``; None: nothing. ``asked``: what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.written = Written()
        self.ahead = 0
        self.answers: type[Message] | None = QualityGranted
        self.asked: list[Message] = []
        self.say(AskedApply(0, tuple(one.object for one in read_manifests(ARENA))))
        self.join("harbour", "market")
        self.say(OperatorOffers(REFERENCES, location=True, radio=True, quality=True))
        self.platform = CamaraPlatform(
            self, simulated_subscribers(NET, 3), self.written, ORIGIN, 1_750_000_000.0, self.audit
        )

    def now(self) -> int:
        return super().now() + self.ahead

    def see(self, ue: str, kind: str = "nr") -> None:
        self.say(CellChanged(UeId(ue), CellId("nr-1"), None, kind, 10.0, 0.0, self.now()))

    def studio(self) -> None:
        """A tenant that is let in by ``STUDIO``, whose game player-2 plays."""
        self.say(TokenIssued("studio", digest_of(STUDIO)))
        self.see("player-2")
        placed = SessionPlaced(
            SessionId("s2"), SessionKey(2), AppId("studio:arena"), UeId("player-2"), SiteId("harbour"), ""
        )
        self.say(placed)

    def pass_time(self, seconds: float) -> None:
        """Time passes, sites go on reporting, and the platform looks at everything a few times."""
        for _ in range(4):
            self.ahead += int(seconds * SECOND / 4)
            for name, view in self.plane.sites.items():
                self.say(SiteReport(name, 0.1, 0, view.instances, {}, self.now()))
            self.carry_out(self.plane.wake(self.now()))
            self.operator()

    def operator(self) -> None:
        """It answers what it was asked since the last time."""
        sent, self.sent = self.sent, []
        for effect in sent:
            if isinstance(effect, ToOperator):
                self.asked.append(effect.message)
                if isinstance(effect.message, RequestQuality) and self.answers is QualityGranted:
                    self.say(QualityGranted(effect.message.flow))
                elif isinstance(effect.message, RequestQuality) and self.answers is QualityRefused:
                    self.say(QualityRefused(effect.message.flow, "NO_RESOURCES"))
            elif isinstance(effect, ToSink | Untold):
                tell_sink(effect, self.platform, self.say)
        if any(isinstance(one, ToOperator | ToSink | Untold) for one in self.sent):
            self.operator()

    def told(self) -> list[dict[str, Any]]:
        """The events that were sent since the last time."""
        self.operator()
        posted, self.written.posted = self.written.posted, []
        return [body for _, body, _ in posted]

    def requests(self) -> list[RequestQuality]:
        return [one for one in self.asked if isinstance(one, RequestQuality)]

    def released(self) -> list[str]:
        return [one.flow for one in self.asked if isinstance(one, ReleaseQuality)]


def authorization(centre: CamaraCentre) -> Authorization:
    return Authorization(TOKEN, lambda: centre.plane.state, centre.now, audit=centre.audit)


def application(centre: CamaraCentre, limits: Limits | None = None) -> Starlette:
    asked = paced(limits or Limits(per_second=1e6, burst=10**6), centre.now)
    return admin_app(centre, camara_routes(centre.platform, authorization(centre), asked), own=BASES)
