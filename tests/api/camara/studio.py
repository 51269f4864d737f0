"""A studio, a rival and the operator before the CAMARA APIs, without a network: who has which token, and where the devices are.

player-1 plays the studio's game, player-2 the rival's, player-3 (the number +99901000003) nobody's. Subscribers answer
CIBA as ``screen`` says. What is sent to sinks is only written down.
"""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.testclient import TestClient

from fedge.adapters.embedded.addresses import ue
from fedge.api.admin import admin_app
from fedge.api.admin.callers import digest_of
from fedge.api.camara import BASES, Authorization, CamaraPlatform, camara_routes, tell_sink
from fedge.api.camara.asking import Answer, Questions
from fedge.api.camara.oauth import AuthorizationServer, oauth_routes
from fedge.api.pace import paced
from fedge.core.control import ToOperator, ToSink, Untold
from fedge.core.control.events.objects import ObjectsChanged
from fedge.core.control.events.sessions import SessionPlaced
from fedge.core.control.events.tokens import TokenIssued
from fedge.core.control.fencing import TURNS
from fedge.core.location import earth_of
from fedge.core.messages import (
    AccessHello,
    AskLocation,
    Cell,
    OperatorOffers,
    SiteReport,
    UeSighting,
    UesSighted,
)
from fedge.core.model import SECOND, AppId, CellId, SessionId, SessionKey, SiteId, UeId
from fedge.core.pace import Limits
from tests.api.camara.written import Written
from tests.api.centre import TOKEN, PlainCentre, simulated_subscribers
from tests.core.applications.objects import tenant

ORIGIN = "http://127.0.0.1:7001"
NET = 77
STUDIO, RIVAL, PLAYERS = "studio-token", "rival-token", "players-token"
NUMBER, OTHER, NOBODYS = "+99901000001", "+99901000003", "+99901999999"
ADDRESS = {"ipv4Address": {"publicAddress": ue(NET, 0), "publicPort": 40000}}
SINK = "https://127.0.0.1:9/sink"
EARTH = earth_of(None, 1000.0)


class Screen:
    """The port ``ConsentScreen``."""

    def __init__(self) -> None:
        self.says: Answer = "yes"

    def answer(self, client: str, ue: UeId, scopes: frozenset[str], waited_s: float) -> Answer:
        return self.says


class StudioCentre(PlainCentre):
    """``place(ue, x_m, y_m)`` is the operator's report."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.screen, self.ahead = Written(), Screen(), 0
        self.join("harbour", "market")
        paths = {SiteId("harbour"): 1.0, SiteId("market"): 6.0}
        cell = Cell(CellId("nr-1"), "nr", 500.0, 500.0, 400.0, SiteId("harbour"), paths)
        self.say(AccessHello(1000.0, 1000.0, (cell,), ()))
        self.say(ObjectsChanged((tenant("studio"), tenant("rival"))))
        self.say(TokenIssued("studio", digest_of(STUDIO)))
        self.say(TokenIssued("rival", digest_of(RIVAL)))
        self.say(TokenIssued("studio", digest_of(PLAYERS), players=True))
        for number, app in ((1, "studio:arena"), (2, "rival:arena")):
            self.place(f"player-{number}", 500.0, 500.0)
            session, device = SessionId(f"s{number}"), UeId(f"player-{number}")
            self.say(SessionPlaced(session, SessionKey(number), AppId(app), device, SiteId("harbour"), ""))
        self.place("player-3", 500.0, 500.0)
        self.authorization = Authorization(
            TOKEN, lambda: self.plane.state, self.now, b"k" * 32, self.audit, lambda: self.platform.now_s
        )
        subscribers = simulated_subscribers(NET, 3)
        self.platform = CamaraPlatform(
            self,
            subscribers,
            self.written,
            ORIGIN,
            1_750_000_000.0,
            self.audit,
            {SiteId("harbour"): "Harbour"},
        )
        drawn = iter(f"asked-{n}" for n in range(10**6))
        self.questions = Questions(self, subscribers, self.screen, lambda: next(drawn))
        self.asked = paced(Limits(per_second=1e6, burst=10**6), self.now)
        browsers = paced(Limits(per_second=1e6, burst=10**6), self.now)
        self.server = AuthorizationServer(
            self.authorization, self, self.questions, self.asked, browsers, ORIGIN
        )

    def proven(self, proof: str) -> tuple[str, UeId] | None:
        return self.authorization.proven(proof)

    def now(self) -> int:
        return super().now() + self.ahead

    def place(self, ue: str, x_m: float, y_m: float, uncertainty_m: float = 50.0, age_s: float = 0.0) -> None:
        at = self.now() - int(age_s * SECOND)
        seen = UeSighting(UeId(ue), x_m, y_m, CellId("nr-1"), "nr", -80.0, 10.0, at, uncertainty_m)
        self.say(UesSighted(self.now(), (seen,)))

    def pass_time(self, seconds: float) -> None:
        """Time passes; the devices stand still, and the operator goes on saying so, and the sites that they are there."""
        self.ahead += int(seconds * SECOND)
        for site, there in tuple(self.plane.sites.items()):
            self.say(SiteReport(site, 0.1, 0, there.instances, {}, self.now()))
        for name, view in tuple(self.plane.access.ues.items()):
            at = view.sighting
            self.place(name, at.x_m, at.y_m, at.uncertainty_m)
        self.sweep()

    def sweep(self) -> None:
        """The platform looks at everything, and carries out what it decides."""
        for _ in range(2 * TURNS):
            self.ahead += SECOND // 20
            self.carry_out(self.plane.wake(self.now()))

    def operator_can_be_asked(self) -> None:
        self.say(OperatorOffers((), location=True, radio=True, quality=True))

    def asked_of_the_operator(self) -> list[AskLocation]:
        return [
            one.message
            for one in self.sent
            if isinstance(one, ToOperator) and isinstance(one.message, AskLocation)
        ]

    def told(self) -> list[dict[str, Any]]:
        """The events that were sent since the last time."""
        self.tell_sinks()
        posted, self.written.posted = self.written.posted, []
        return [body for _, body, _ in posted]

    def tell_sinks(self) -> None:
        while self.sent:
            effect = self.sent.pop(0)
            if isinstance(effect, ToSink | Untold):
                tell_sink(effect, self.platform, self.say)


def application(centre: StudioCentre) -> Starlette:
    apis = camara_routes(centre.platform, centre.authorization, centre.asked)
    return admin_app(centre, [*oauth_routes(centre.server), *apis], own=BASES)


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def token_of(client: TestClient, name: str, secret: str, **form: str) -> Any:
    """The token endpoint's answer."""
    said = {"grant_type": "client_credentials", "client_id": name, "client_secret": secret, **form}
    return client.post("/oauth2/token", data=said)


def three_legged(client: TestClient, scope: str, hint: str = f"tel:{NUMBER}", secret: str = STUDIO) -> str:
    """An access token that the subscriber said yes to."""
    name = "studio" if secret == STUDIO else "rival"
    who = {"client_id": name, "client_secret": secret}
    asked = client.post("/oauth2/bc-authorize", data={**who, "scope": f"openid {scope}", "login_hint": hint})
    assert asked.status_code == 200, asked.text
    kind = "urn:openid:params:grant-type:ciba"
    found = token_of(client, name, secret, grant_type=kind, auth_req_id=asked.json()["auth_req_id"])
    assert found.status_code == 200, found.text
    return str(found.json()["access_token"])


def circle(x_m: float, y_m: float, radius_m: float) -> dict[str, Any]:
    latitude, longitude = EARTH.degrees(x_m, y_m)
    return {
        "areaType": "CIRCLE",
        "center": {"latitude": latitude, "longitude": longitude},
        "radius": radius_m,
    }
