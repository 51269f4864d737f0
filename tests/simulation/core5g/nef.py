"""The exposure function in one process: the real core network and API, a user plane that answers, notifications that are kept."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import httpx2
from starlette.testclient import TestClient

from fedge.core.location import Earth
from fedge.core.messages import Message
from fedge.core.messages.user_plane import (
    InstallQos,
    InstallTunnel,
    PathSwitched,
    QosInstalled,
    QosRefused,
    RanHello,
    Subscriber,
    SwitchPath,
    TunnelInstalled,
    UpfHello,
)
from fedge.core.model import Address, SiteId, UeId
from fedge.core.pace import Limits, Pace
from fedge.simulation.core5g.nef.access import Access
from fedge.simulation.core5g.nef.exchange import app_of
from fedge.simulation.core5g.nef.influence.api import BASE, influence_routes
from fedge.simulation.core5g.nef.monitoring.api import API as MONITORING
from fedge.simulation.core5g.nef.monitoring.api import monitoring_api
from fedge.simulation.core5g.nef.monitoring.reports import Ground
from fedge.simulation.core5g.nef.operator import Operator
from fedge.simulation.core5g.nef.outbox import Outbox
from fedge.simulation.core5g.nef.qos_references import QOS_REFERENCES
from fedge.simulation.core5g.nef.quality.api import API as QUALITY
from fedge.simulation.core5g.nef.quality.api import quality_api
from fedge.simulation.core5g.nef.resources import resource_routes
from fedge.simulation.core5g.nef.token_api import TOKEN, token_route
from fedge.simulation.core5g.nef.tokens import Tokens
from fedge.simulation.core5g.smf import SessionManagement
from fedge.simulation.core5g.store import Store
from fedge.simulation.core5g.system import CoreNetwork
from fedge.simulation.core5g.words import Event
from tests.simulation.core5g.core import CELLS, SERVICE, A, B

ROOT = "https://127.9.0.4:8443"
HOOK = "https://127.9.0.1:7443/notifications/up-path-change"
GPSI, LTE_GPSI = "msisdn-99901000001", "msisdn-99901000002"
NUMBERS = {GPSI: UeId("ue"), LTE_GPSI: UeId("ue-2"), "msisdn-99901000003": UeId("ue-3")}
SECRETS = {"fedge": "fedge's secret", "another": "another's secret"}
MERGE_PATCH = "application/merge-patch+json"
PATIENCE_S = 10.0
EARTH = Earth(45.0, -30.0, 45.0)
BURST = 100


def route(site: str, port: int = 6000) -> dict[str, Any]:
    return {"dnai": site, "routeInfo": {"ipv4Addr": "127.9.10.1", "portNumber": port}}


def body(**more: Any) -> dict[str, Any]:
    """A subscription such as Fedge's; None takes an attribute away."""
    said = {
        "afServiceId": "arena",
        "afAppId": "arena",
        "afTransId": "t-1",
        "gpsi": GPSI,
        "dnn": "internet",
        "snssai": {"sst": 1},
        "trafficRoutes": [route("a")],
        "subscribedEvents": ["UP_PATH_CHANGE"],
        "dnaiChgType": "EARLY_LATE",
        "notificationDestination": HOOK,
        "afAckInd": True,
    } | more
    return {name: value for name, value in said.items() if value is not None}


class Exposure:
    """``posted``: notifications that left, as (URL, body). ``receiver``: how their receiver answers.

    ``ran``: what the access network was told; it has room for each quality in ``room``. ``answers`` off: it is silent about them.
    """

    def __init__(self, folder: Path) -> None:
        self.posted: list[tuple[str, dict[str, Any]]] = []
        self.receiver: Callable[[httpx2.Request], httpx2.Response] = lambda _: httpx2.Response(204)
        self.now_s = 1_800_000_000.0
        self.ran: list[Message] = []
        self.room = set(QOS_REFERENCES.values())
        self.answers = True
        self.store = Store(folder / "core5g.db")
        self.operator = Operator(
            frozenset({A, B}),
            NUMBERS,
            {f"127.9.200.{number}": ue for number, ue in enumerate(NUMBERS.values(), 1)},
            SERVICE,
            {"unheard-of": SERVICE},
            external_ids={f"{ue}@fedge.example": ue for ue in NUMBERS.values()},
        )
        smf = SessionManagement(CELLS, self.store.life, self.store.paths())
        client = httpx2.AsyncClient(transport=httpx2.MockTransport(self._receive), trust_env=False)
        self.outbox = Outbox(client, self.operator.networks, Random(7))
        self.core = CoreNetwork(
            ROOT, self.operator, smf, self.store, self.outbox, self._upf, self._ran, time.monotonic_ns
        )
        common = (ROOT, self.operator, self.store, self.outbox, self._ran, lambda: self.now_s)
        self.quality = quality_api(*common)
        ground = Ground(EARTH, tuple(CELLS))
        self.monitoring = monitoring_api(*common, ground)
        self.parts = (self.core, self.quality, self.monitoring)
        self.tokens = Tokens(SECRETS, b"k" * 32)
        access = Access(self.tokens, Pace(Limits(1000.0, BURST)), lambda: self.now_s)
        self.app = app_of(
            *influence_routes(self.core, access),
            *resource_routes(QUALITY, self.quality, access),
            *resource_routes(MONITORING, self.monitoring, access),
            token_route(self.tokens, lambda: self.now_s),
        )
        self.http: TestClient

    async def attach(self) -> None:
        """Access network and user plane functions are there."""
        self._hear(self.hello())
        for site in (A, B):
            self._hear(UpfHello(site, Address(f"127.9.1{site}.2:2152")))

    def hello(self, *ues: str) -> RanHello:
        """The access network's, with all UEs unless some are named."""
        subscribers = [one for one in self._subscribers() if not ues or one.ue in ues]
        return RanHello(Address("127.9.0.3:2152"), tuple(subscribers))

    def say(self, *events: Event) -> None:
        """Something happens in the network."""
        assert self.http.portal is not None
        for event in events:
            self.http.portal.call(self._hear, event)

    def later(self, seconds: float) -> None:
        """So much time has passed."""
        assert self.http.portal is not None
        self.now_s += seconds
        self.http.portal.call(self._wake)

    def headers(self, client: str = "fedge") -> dict[str, str]:
        granted = self.tokens.grant(
            None,
            {
                "grant_type": "client_credentials",
                "client_id": client,
                "client_secret": SECRETS.get(client, ""),
            },
            int(self.now_s),
        )
        return {"authorization": f"Bearer {granted['access_token']}"}

    def call(self, method: str, path: str = "", said: Any = None, **more: Any) -> Any:
        """A request as ``fedge`` under its subscriptions, with the content type of the operation."""
        headers = self.headers() | more.pop("headers", {})
        if said is not None:
            headers.setdefault("content-type", MERGE_PATCH if method == "PATCH" else "application/json")
            more["content"] = said if isinstance(said, (bytes, str)) else json.dumps(said)
        base = more.pop("base", BASE)
        return self.http.request(method, f"{base}/fedge/subscriptions{path}", headers=headers, **more)

    def create(self, **more: Any) -> str:
        """The path of a new subscription, below the collection."""
        answer = self.call("POST", said=body(**more))
        assert answer.status_code == 201, answer.text
        return "/" + str(answer.headers["location"]).rpartition("/")[2]

    def notification(self, index: int) -> dict[str, Any]:
        """The ``index``-th one that left, once it did."""
        deadline = time.monotonic() + PATIENCE_S
        while len(self.posted) <= index:
            assert time.monotonic() < deadline, f"only {len(self.posted)} notifications left"
            time.sleep(0.005)
        return self.posted[index][1]

    def settled(self) -> None:
        """Returns once every notification has left or been given up."""
        deadline = time.monotonic() + PATIENCE_S
        while self.outbox.waiting:
            assert time.monotonic() < deadline, "notifications are still on their way"
            time.sleep(0.005)

    def ack(self, uri: str, status: str = "SUCCESS", **more: Any) -> Any:
        said = {"ackResult": {"afStatus": status} | more.pop("result", {})} | more
        return self.http.post(uri.removeprefix(ROOT), json=said, headers=self.headers())

    def token(self, form: dict[str, str] | str, **more: Any) -> Any:
        headers = {"content-type": "application/x-www-form-urlencoded"} | more.pop("headers", {})
        if isinstance(form, str):
            return self.http.post(TOKEN, content=form, headers=headers, **more)
        return self.http.post(TOKEN, data=form, headers=headers, **more)

    def _subscribers(self) -> tuple[Subscriber, ...]:
        return tuple(
            Subscriber(ue, gpsi, f"127.9.200.{number}", "lte" if gpsi == LTE_GPSI else "nr")
            for number, (gpsi, ue) in enumerate(NUMBERS.items(), 1)
        )

    def _receive(self, request: httpx2.Request) -> httpx2.Response:
        answer = self.receiver(request)
        if answer.is_success:
            self.posted.append((str(request.url), json.loads(request.content)))
        return answer

    def _upf(self, site: SiteId, message: Message) -> None:
        if isinstance(message, InstallTunnel):
            self._soon(TunnelInstalled(site, message.teid_up))

    def _ran(self, message: Message) -> None:
        self.ran.append(message)
        if isinstance(message, SwitchPath):
            self._soon(PathSwitched(message.ue, message.service, message.site, message.number, 0))
        elif isinstance(message, InstallQos) and self.answers:
            has_room = message.quality in self.room
            self._soon(
                QosInstalled(message.flow, message.ue)
                if has_room
                else QosRefused(message.flow, message.ue, "NO_RESOURCES")
            )

    def _soon(self, answer: Message) -> None:
        asyncio.get_running_loop().call_soon(self._hear, answer)

    def _hear(self, event: Event) -> None:
        for part in self.parts:
            part.handle(event)

    def _wake(self) -> None:
        for part in self.parts:
            part.wake()


@contextmanager
def exposure(folder: Path) -> Iterator[Exposure]:
    one = Exposure(folder)
    with TestClient(one.app, base_url=ROOT, raise_server_exceptions=True) as one.http:
        assert one.http.portal is not None
        one.http.portal.call(one.attach)
        yield one
        one.http.portal.call(one.outbox.close)
    one.store.close()
