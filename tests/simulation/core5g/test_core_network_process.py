"""The core network as a real process on loopback: HTTPS, tokens, notifications, and `kill -9`. No assertion about time."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedge.adapters.embedded import addresses
from fedge.adapters.embedded.link import Dialled, dial
from fedge.core.messages import Message
from fedge.core.messages.user_plane import (
    InstallQos,
    InstallTunnel,
    PathSwitched,
    QosInstalled,
    RadioMeasured,
    RanHello,
    Subscriber,
    SwitchPath,
    TunnelInstalled,
    UeMeasured,
    UpfHello,
)
from fedge.core.model import Address, SiteId, UeId
from fedge.runtime.core_account import CoreAccount, read_account
from fedge.runtime.run import Config
from fedge.simulation.city import generate, write_city
from tests.loopback import free_net

pytestmark = pytest.mark.system

TOKEN = "token"
PATIENCE_S = 30.0
UE, GPSI = UeId("player-1"), "msisdn-99901000001"


class Surroundings:
    """A run folder, the user plane as it answers, and Fedge's receiver of notifications, which asks for the NEF's certificate."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.net = folder, free_net()
        config = Config(
            "embedded", 7, 2, 2, "follow", 1.0, 1 << 20, 5.0, self.net, 0.0, 0, time.monotonic_ns()
        )
        (folder / "config.json").write_bytes(msgspec.json.encode(config))
        (folder / "token").write_text(TOKEN)
        city = generate(7, 2, 5.0)
        write_city(folder / "city.json", city)
        self.sites = [site.site for site in city.sites]
        self.service = addresses.service(self.net)
        self.heard: list[Message] = []
        self.notified: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.links: dict[str, Dialled] = {}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fedge.programs.core_network"],
            env=os.environ | {"FEDGE_RUN_DIR": str(self.folder)},
        )

    def end(self, how: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(PATIENCE_S)

    def dial(self) -> None:
        to = addresses.core_network(self.net)
        for index, site in enumerate(self.sites):
            n3 = Address(addresses.upf_n3(self.net, index))
            self.links[site] = dial(
                to,
                TOKEN,
                role="upf",
                name=site,
                greet=lambda site=site, n3=n3: UpfHello(site, n3),  # type: ignore[misc]
                receive=lambda message, site=site: self._upf(site, message),  # type: ignore[misc]
            )
        hello = RanHello(
            Address(addresses.gnb(self.net)), (Subscriber(UE, GPSI, addresses.ue(self.net, 0), "nr"),)
        )
        self.links["ran"] = dial(to, TOKEN, role="ran", name="ran", greet=lambda: hello, receive=self._ran)

    def _upf(self, site: SiteId, message: Message) -> None:
        self.heard.append(message)
        if isinstance(message, InstallTunnel):
            self.links[site].send(TunnelInstalled(site, message.teid_up))

    def _ran(self, message: Message) -> None:
        self.heard.append(message)
        if isinstance(message, SwitchPath):
            switched = PathSwitched(message.ue, message.service, message.site, message.number, 0)
            self.links["ran"].send(switched)
        elif isinstance(message, InstallQos):
            self.links["ran"].send(QosInstalled(message.flow, message.ue))

    async def until(self, kind: type[Message]) -> Message:
        """The first message of this kind that is heard about the application's stable address, or about none."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for message in self.heard:
                    if (
                        isinstance(message, kind)
                        and getattr(message, "service", self.service) == self.service
                    ):
                        return message
                await asyncio.sleep(0.01)

    async def told(self) -> dict[str, Any]:
        """The next notification."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.notified.get()

    async def account(self) -> CoreAccount:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                with suppress(OSError):
                    return read_account(self.folder)
                await asyncio.sleep(0.02)

    def receiver(self, account: CoreAccount) -> uvicorn.Server:
        async def take(request: Request) -> Response:
            self.notified.put_nowait(await request.json())
            return Response(status_code=204)

        host, port = addresses.endpoint(addresses.application_function(self.net))
        return uvicorn.Server(
            uvicorn.Config(
                Starlette(routes=[Route("/hook", take, methods=["POST"])]),
                host=host,
                port=port,
                log_level="error",
                ssl_certfile=self.folder / account.receiver_crt,
                ssl_keyfile=str(self.folder / account.receiver_key),
                ssl_ca_certs=str(self.folder / account.ca),
                ssl_cert_reqs=ssl.CERT_REQUIRED,
                timeout_graceful_shutdown=1,
            )
        )


@asynccontextmanager
async def surroundings(folder: Path) -> AsyncIterator[Surroundings]:
    one = Surroundings(folder)
    one.start()
    one.dial()
    try:
        yield one
    finally:
        for link in one.links.values():
            await link.close()
        if one.process is not None and one.process.poll() is None:
            one.end(signal.SIGTERM)


class Client:
    """An application function that knows no more than ``core5g.json``."""

    def __init__(self, folder: Path, account: CoreAccount) -> None:
        context = ssl.create_default_context(cafile=folder / account.ca)
        self.http = httpx2.AsyncClient(verify=context, trust_env=False)
        self.account, self.headers = account, {}

    async def log_in(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                with suppress(httpx2.TransportError):
                    secret = (self.account.client_id, self.account.client_secret)
                    form = {"grant_type": "client_credentials"}
                    granted = await self.http.post(self.account.token, data=form, auth=secret)
                    self.headers = {"authorization": f"Bearer {granted.json()['access_token']}"}
                    return
                await asyncio.sleep(0.05)

    async def ask(self, method: str, url: str, said: Any = None, media: str = "application/json") -> Any:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                with suppress(httpx2.TransportError):
                    content = None if said is None else json.dumps(said)
                    headers = self.headers | {"content-type": media}
                    return await self.http.request(method, url, content=content, headers=headers)
                await asyncio.sleep(0.05)


def test_a_path_follows_its_subscription_through_a_kill(tmp_path: Path) -> None:
    async def play() -> None:
        async with surroundings(tmp_path) as around:
            account = await around.account()
            assert (tmp_path / "core5g.json").stat().st_mode & 0o777 == 0o600
            receiver = around.receiver(account)
            serving = asyncio.create_task(receiver.serve())
            client = Client(tmp_path, account)
            await client.log_in()

            def route(index: int) -> dict[str, Any]:
                gateway = {"ipv4Addr": addresses.site_host(around.net, index), "portNumber": 6000}
                return {"dnai": around.sites[index], "routeInfo": gateway}

            async def acknowledge() -> dict[str, Any]:
                async with asyncio.timeout(PATIENCE_S):
                    notification = await around.notified.get()
                answer = await client.ask(
                    "POST", notification["afAckUri"], {"ackResult": {"afStatus": "SUCCESS"}}
                )
                assert answer.status_code == 204, answer.text
                return notification

            made = await client.ask(
                "POST",
                f"{account.nef}/{account.af}/subscriptions",
                {
                    "afAppId": "arena",
                    "gpsi": GPSI,
                    "dnn": account.dnn,
                    "snssai": {"sst": account.sst},
                    "trafficRoutes": [route(0)],
                    "subscribedEvents": ["UP_PATH_CHANGE"],
                    "dnaiChgType": "EARLY_LATE",
                    "notificationDestination": f"{account.receiver}/hook",
                    "afAckInd": True,
                },
            )
            assert made.status_code == 201, made.text
            assert [(await acknowledge())["dnaiChgType"] for _ in range(2)] == ["EARLY", "LATE"]
            assert around.end(signal.SIGKILL) == -signal.SIGKILL
            around.heard.clear()
            around.start()
            said_again = await around.until(SwitchPath)
            assert isinstance(said_again, SwitchPath)
            assert said_again.site == around.sites[0]
            wanted = {"trafficRoutes": [route(1)]}
            where = made.headers["location"]
            patched = await client.ask("PATCH", where, wanted, "application/merge-patch+json")
            assert patched.status_code == 200, "subscription and token are still good"
            early, late = await acknowledge(), await acknowledge()
            assert (early["sourceDnai"], late["targetDnai"]) == tuple(around.sites)
            (tmp_path / "core5g-faults.json").write_text('{"forgetful": true}')
            around.end(signal.SIGKILL)
            around.start()
            assert (await client.ask("GET", where)).status_code == 404, "a restart that lost them"
            receiver.should_exit = True
            await client.http.aclose()
            await serving
            assert around.end(signal.SIGTERM) == 0

    asyncio.run(play())


def test_qualities_and_monitored_events_survive_a_kill(tmp_path: Path) -> None:
    async def play() -> None:
        async with surroundings(tmp_path) as around:
            account = await around.account()
            receiver = around.receiver(account)
            serving = asyncio.create_task(receiver.serve())
            client = Client(tmp_path, account)
            await client.log_in()
            root, hook = account.nef.partition("/3gpp")[0], f"{account.receiver}/hook"
            quality = f"{root}/3gpp-as-session-with-qos/v1/{account.af}/subscriptions"
            monitoring = f"{root}/3gpp-monitoring-event/v1/{account.af}/subscriptions"
            filter = f"permit out 17 from {around.service.replace(':', ' ')} to assigned"
            wanted = {
                "notificationDestination": hook,
                "ueIpv4Addr": addresses.ue(around.net, 0),
                "flowInfo": [{"flowId": 1, "flowDescriptions": [filter]}],
                "qosReference": "QOS_E",
                "usageThreshold": {"duration": 3600},
            }
            made = await client.ask("POST", quality, wanted)
            assert made.status_code == 201, made.text
            assert (await around.told())["eventReports"][0]["event"] == "SUCCESSFUL_RESOURCES_ALLOCATION"
            place = {
                "notificationDestination": hook,
                "externalGroupId": "players@fedge.example",
                "monitoringType": "LOCATION_REPORTING",
                "locationType": "CURRENT_LOCATION",
                "monitorExpireTime": "2100-01-01T00:00:00Z",
                "repPeriod": 1,
            }
            watched = await client.ask("POST", monitoring, place)
            assert watched.status_code == 201, watched.text

            async def measure() -> None:
                cell = generate(7, 2, 5.0).cells[0]
                while True:
                    at = UeMeasured(UE, cell.x_m, cell.y_m, cell.cell, cell.kind, -80.0)
                    around.links["ran"].send(RadioMeasured(time.monotonic_ns(), (at,)))
                    await asyncio.sleep(0.2)

            measuring = asyncio.create_task(measure())

            async def reported() -> dict[str, Any]:
                while True:
                    said = await around.told()
                    if "monitoringEventReports" in said:
                        assert said["subscription"] == watched.headers["location"]
                        return dict(said["monitoringEventReports"][0])

            report = await reported()
            assert (report["msisdn"], report["locationInfo"]["cellId"][:5]) == (GPSI[7:], "99901")
            assert around.end(signal.SIGKILL) == -signal.SIGKILL
            around.heard.clear()
            around.start()
            again = await around.until(InstallQos)
            assert isinstance(again, InstallQos)
            assert again.flow == made.headers["location"].rpartition("/")[2]
            await reported()
            last = await client.ask("DELETE", made.headers["location"])
            assert last.json()["eventReports"][0]["event"] == "USAGE_REPORT"
            assert (await client.ask("DELETE", watched.headers["location"])).status_code == 204
            measuring.cancel()
            receiver.should_exit = True
            await client.http.aclose()
            await serving
            assert around.end(signal.SIGTERM) == 0

    asyncio.run(play())
