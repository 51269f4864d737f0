"""The radio network information service in one process: the real API, a network that a test speaks for, what was notified."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import httpx2
from starlette.testclient import TestClient

from fedge.core.messages import Cell, CellChanged, HandoverPredicted, Message, RadioMeasured
from fedge.core.messages.user_plane import (
    CellLoad,
    InstallPath,
    Neighbour,
    RanHello,
    Subscriber,
    UeMeasured,
)
from fedge.core.model import SECOND, Address, CellId, SiteId, UeId
from fedge.core.pace import Limits, Pace
from fedge.simulation.core5g.nef import destinations
from fedge.simulation.core5g.nef.access import Access
from fedge.simulation.core5g.nef.exchange import app_of
from fedge.simulation.core5g.nef.outbox import Outbox
from fedge.simulation.core5g.nef.tokens import Tokens
from fedge.simulation.core5g.store import Store
from fedge.simulation.rnis.api import rnis_route
from fedge.simulation.rnis.service import RadioInformation
from fedge.simulation.rnis.subscriptions import BASE

ROOT = "https://127.9.0.4:8443"
HOOK = "https://127.9.0.1:7443/notifications/radio"
SECRETS = {"fedge": "fedge's secret", "another": "another's secret"}
PLMN = {"mcc": "999", "mnc": "01"}
CELLS = tuple(
    Cell(CellId(name), kind, 0, 0, 100, SiteId("a"))
    for name, kind in (("nr-1", "nr"), ("nr-2", "nr"), ("lte-1", "lte"), ("lte-2", "lte"), ("wifi-1", "wifi"))
)
NR_UE, LTE_UE, WIFI_UE = UeId("ue-nr"), UeId("ue-lte"), UeId("ue-wifi")
IPV4 = {NR_UE: "127.9.200.1", LTE_UE: "127.9.200.2", WIFI_UE: "127.9.200.3"}
SUBSCRIBERS = tuple(
    Subscriber(ue, f"msisdn-9990100000{number}", IPV4[ue], kind)
    for number, (ue, kind) in enumerate(((NR_UE, "nr"), (LTE_UE, "lte"), (WIFI_UE, "wifi")), 1)
)
UNIX_NS = 1_800_000_000 * SECOND
PATIENCE_S = 10.0


def ecgi(number: int) -> dict[str, Any]:
    return {"plmn": PLMN, "cellId": f"{number:07x}"}


def nrcgi(number: int) -> dict[str, Any]:
    return {"plmn": PLMN, "nrCellId": f"{number:09x}"}


def ue(name: UeId) -> dict[str, Any]:
    return {"type": 1, "value": IPV4[name]}


def cell_change(**more: Any) -> dict[str, Any]:
    """A subscription, bare; None takes an attribute away."""
    return _without(
        {
            "subscriptionType": "CellChangeSubscription",
            "callbackReference": HOOK,
            "filterCriteriaAssocHo": {},
        }
        | more
    )


def nr_reports(**more: Any) -> dict[str, Any]:
    return _without(
        {
            "subscriptionType": "NrMeasRepUeSubscription",
            "callbackReference": HOOK,
            "filterCriteriaNrMrs": {},
        }
        | more
    )


def lte_reports(**more: Any) -> dict[str, Any]:
    return _without(
        {
            "subscriptionType": "MeasRepUeSubscription",
            "callbackReference": HOOK,
            "filterCriteriaAssocTri": {},
        }
        | more
    )


def _without(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value is not None}


def measured(at: int = SECOND, nr_dbm: float = -80.5) -> RadioMeasured:
    """All three UEs and two loads."""
    return RadioMeasured(
        at,
        (
            UeMeasured(
                NR_UE, 1.0, 2.0, CellId("nr-1"), "nr", nr_dbm,
                (Neighbour(CellId("nr-2"), -91.0), Neighbour(CellId("lte-1"), -99.0)),
            ),
            UeMeasured(
                LTE_UE, 3.0, 4.0, CellId("lte-1"), "lte", -95.2,
                (Neighbour(CellId("lte-2"), -101.0), Neighbour(CellId("nr-1"), -110.0)),
            ),
            UeMeasured(WIFI_UE, 5.0, 6.0, CellId("wifi-1"), "wifi", -60.0),
        ),
        (CellLoad(CellId("nr-1"), 1, 0.1, 0.42), CellLoad(CellId("lte-1"), 1, 0.0, 0.05)),
    )  # fmt: skip


def moved(name: UeId, cell: str, previous: str | None, at: int = 2 * SECOND) -> CellChanged:
    kind = next(one.kind for one in CELLS if one.cell == cell)
    return CellChanged(name, CellId(cell), CellId(previous) if previous else None, kind, 10.0, 30.0, at)


def predicted(name: UeId, cell: str, at: int = 2 * SECOND) -> HandoverPredicted:
    return HandoverPredicted(name, CellId(cell), at)


class Radio:
    """``posted``: notifications that left, as (URL, body). ``receiver``: how their receiver answers."""

    def __init__(self, folder: Path) -> None:
        self.posted: list[tuple[str, dict[str, Any]]] = []
        self.receiver: Callable[[httpx2.Request], httpx2.Response] = lambda _: httpx2.Response(204)
        self.now_s = UNIX_NS / SECOND
        self.store = Store(folder / "core5g.db")
        client = httpx2.AsyncClient(transport=httpx2.MockTransport(self._receive), trust_env=False)
        self.outbox = Outbox(client, destinations.LOOPBACK, Random(7))
        self.service = RadioInformation(CELLS, ROOT, self.store, self.outbox, UNIX_NS, Random(7))
        self.tokens = Tokens(SECRETS, b"k" * 32)
        access = Access(self.tokens, Pace(Limits(1000.0, 1e9)), lambda: self.now_s)
        self.app = app_of(rnis_route(self.service, access, lambda: self.now_s))
        self.http: TestClient

    def say(self, *messages: Message) -> None:
        """What access network and core network say to each other."""
        portal = self.http.portal
        assert portal is not None

        async def hear() -> None:
            for message in messages:
                self.service.hear(message)

        portal.call(hear)

    def attach(self) -> Radio:
        """Everybody is there, measured once, each with a tunnel to site a."""
        paths = [
            InstallPath(ue, Address("127.9.2.1:7777"), SiteId("a"), Address("127.9.10.2:2152"), up, up + 1, 1)
            for ue, up in ((NR_UE, 0x10), (LTE_UE, 0x20))
        ]
        cells = [moved(NR_UE, "nr-1", None), moved(LTE_UE, "lte-1", None), moved(WIFI_UE, "wifi-1", None)]
        self.say(RanHello(Address("127.9.0.3:2152"), SUBSCRIBERS), *cells, measured(), *paths)
        return self

    def wake(self, after_s: float) -> None:
        """So much later."""
        self.now_s += after_s
        assert self.http.portal is not None

        async def wake() -> None:
            self.service.wake(self.now_s)

        self.http.portal.call(wake)

    def headers(self, client: str = "fedge", scope: str = "rni") -> dict[str, str]:
        form = {
            "grant_type": "client_credentials",
            "client_id": client,
            "client_secret": SECRETS[client],
            "scope": scope,
        }
        granted = self.tokens.grant(None, form, int(self.now_s))
        return {"authorization": f"Bearer {granted['access_token']}"}

    def call(self, method: str, path: str, said: Any = None, client: str = "fedge", **more: Any) -> Any:
        headers = self.headers(client) | more.pop("headers", {})
        if said is not None:
            headers.setdefault("content-type", "application/json")
            more["content"] = said if isinstance(said, (bytes, str)) else json.dumps(said)
        return self.http.request(method, BASE + path, headers=headers, **more)

    def create(self, said: dict[str, Any]) -> str:
        """The path of a new subscription, below the base."""
        answer = self.call("POST", "/subscriptions", said)
        assert answer.status_code == 201, answer.text
        return str(answer.headers["location"]).removeprefix(ROOT + BASE)

    def notifications(self, count: int) -> list[dict[str, Any]]:
        """The bodies of all that was posted, once there are ``count`` and nothing waits."""
        deadline = time.monotonic() + PATIENCE_S
        while len(self.posted) < count or self.outbox.waiting:
            assert time.monotonic() < deadline, f"only {len(self.posted)} notifications left"
            time.sleep(0.005)
        assert len(self.posted) == count, self.posted
        return [body for _, body in self.posted]

    def _receive(self, request: httpx2.Request) -> httpx2.Response:
        answer = self.receiver(request)
        if answer.is_success:
            self.posted.append((str(request.url), json.loads(request.content)))
        return answer


@contextmanager
def radio(folder: Path) -> Iterator[Radio]:
    one = Radio(folder)
    with TestClient(one.app, base_url=ROOT, raise_server_exceptions=True) as one.http:
        assert one.http.portal is not None
        yield one
        one.http.portal.call(one.outbox.close)
    one.store.close()
