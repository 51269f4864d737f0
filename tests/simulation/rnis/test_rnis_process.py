"""The radio network information service of a real core network: a websocket over TLS, and `kill -9`. No assertion about time."""

from __future__ import annotations

import asyncio
import json
import signal
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from fedge.core.messages import RadioMeasured
from fedge.core.messages.user_plane import UeMeasured
from fedge.simulation.city import read_city
from tests.simulation.core5g.test_core_network_process import (
    PATIENCE_S,
    UE,
    Client,
    Surroundings,
    surroundings,
)

pytestmark = pytest.mark.system

SAID = {
    "NrMeasRepUeSubscription": {
        "subscriptionType": "NrMeasRepUeSubscription",
        "websockNotifConfig": {"requestWebsocketUri": True},
        "filterCriteriaNrMrs": {},
    }
}


def test_reports_over_a_websocket_through_a_kill(tmp_path: Path) -> None:
    async def play() -> None:
        async with surroundings(tmp_path) as around:
            account = await around.account()
            client = Client(tmp_path, account)
            await client.log_in()
            root = account.nef.partition("/3gpp-")[0]
            made = await client.ask("POST", f"{root}/rni/v2/subscriptions", SAID)
            assert made.status_code == 201, made.text
            uri = made.json()["NrMeasRepUeSubscription"]["websockNotifConfig"]["websocketUri"]
            trust = ssl.create_default_context(cafile=tmp_path / account.ca)
            with pytest.raises(InvalidStatus) as refused:
                await connect(uri, ssl=trust, proxy=None)
            assert refused.value.response.status_code == 401
            assert json.loads(refused.value.response.body)["title"] == "Unauthorized"
            with pytest.raises(ssl.SSLCertVerificationError):
                await connect(uri, ssl=ssl.create_default_context(), proxy=None)
            assert await first_report(around, uri, client, trust) == 4
            assert around.end(signal.SIGKILL) == -signal.SIGKILL
            around.start()
            assert await first_report(around, uri, client, trust) == 4, "the subscription is still there"

    asyncio.run(play())


async def first_report(around: Surroundings, uri: str, client: Client, trust: ssl.SSLContext) -> Any:
    """The strength of the first report that comes, while the access network goes on measuring."""
    cell = next(one.cell for one in read_city(around.folder / "city.json").cells if one.kind == "nr")

    async def measure() -> None:
        while True:
            around.links["ran"].send(RadioMeasured(1, (UeMeasured(UE, 0, 0, cell, "nr", -152.5),)))
            await asyncio.sleep(0.05)

    measuring = asyncio.create_task(measure())
    try:
        async with asyncio.timeout(PATIENCE_S):
            socket = await opened(uri, client, trust)
            told = json.loads(await socket.recv())
            await socket.close()
    finally:
        measuring.cancel()
    assert told["notificationType"] == "NrMeasRepUeNotification"
    return told["servCellMeasInfo"][0]["sCell"]["measQuantityResultsSsbCell"]["rsrp"]


async def opened(uri: str, client: Client, trust: ssl.SSLContext) -> ClientConnection:
    while True:
        with suppress(OSError, WebSocketException):
            return await connect(uri, ssl=trust, additional_headers=client.headers, proxy=None)
        await asyncio.sleep(0.05)
