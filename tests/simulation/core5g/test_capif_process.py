"""CAPIF in the real core-network process: an application function that knows ``core5g.json`` alone, through a ``kill -9``."""

from __future__ import annotations

import asyncio
import signal
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from fedge.runtime.core_account import CoreAccount
from tests.simulation.core5g.test_core_network_process import GPSI, PATIENCE_S, surroundings

pytestmark = pytest.mark.system


class Studio:
    """It makes a key, hands in its public half, and shows the certificate from then on."""

    def __init__(self, folder: Path, account: CoreAccount) -> None:
        assert account.capif is not None
        self.folder, self.account, self.capif = folder, account, account.capif
        self.http = httpx2.AsyncClient(verify=self._trust(), trust_env=False)
        self.id = ""

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.folder / self.capif.ca)

    async def ask(self, method: str, url: str, **more: Any) -> Any:
        """Again until somebody answers."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                with suppress(httpx2.TransportError):
                    return await self.http.request(method, url, **more)
                await asyncio.sleep(0.05)

    async def onboard(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        made = await self.ask(
            "POST", f"{self.capif.url}/api-invoker-management/v1/onboardedInvokers",
            json={"onboardingInformation": {"apiInvokerPublicKey": public}, "notificationDestination": self.hook},
            headers={"authorization": f"Bearer {self.capif.onboarding}"},
        )  # fmt: skip
        assert made.status_code == 201, made.text
        said = made.json()
        crt, file = self.folder / "studio.crt", self.folder / "studio.key"
        crt.write_text(said["onboardingInformation"]["apiInvokerCertificate"])
        file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        trust = self._trust()
        trust.load_cert_chain(crt, file)
        self.http, self.id = httpx2.AsyncClient(verify=trust, trust_env=False), said["apiInvokerId"]

    @property
    def hook(self) -> str:
        return f"{self.account.receiver}/hook"

    async def token(self, aef: str, api: str) -> dict[str, str]:
        form = {"grant_type": "client_credentials", "client_id": self.id, "scope": f"3gpp#{aef}:{api}"}
        granted = await self.ask(
            "POST", f"{self.capif.url}/capif-security/v1/securities/{self.id}/token", data=form
        )
        assert granted.status_code == 200, granted.text
        return {"authorization": f"Bearer {granted.json()['access_token']}"}


def test_a_studio_onboards_and_steers_through_a_kill(tmp_path: Path) -> None:
    async def play() -> None:
        async with surroundings(tmp_path) as around:
            account = await around.account()
            receiver = around.receiver(
                account
            )  # takes notifications with the operator's client certificate only
            serving = asyncio.create_task(receiver.serve())
            studio = Studio(tmp_path, account)
            await studio.onboard()
            query = {"api-invoker-id": studio.id, "api-name": "3gpp-traffic-influence"}
            found = await studio.ask(
                "GET", f"{studio.capif.url}/service-apis/v1/allServiceAPIs", params=query
            )
            (api,) = found.json()["serviceAPIDescriptions"]
            (profile,) = api["aefProfiles"]
            aef = profile["aefId"]
            context = {
                "securityInfo": [{"aefId": aef, "apiId": api["apiId"], "prefSecurityMethods": ["OAUTH"]}],
                "notificationDestination": studio.hook,
            }
            trusted = f"{studio.capif.url}/capif-security/v1/trustedInvokers/{studio.id}"
            assert (await studio.ask("PUT", trusted, json=context)).status_code == 201
            body = {"events": ["API_INVOKER_UPDATED"], "notificationDestination": studio.hook}
            events = f"{studio.capif.url}/capif-events/v1/{studio.id}/subscriptions"
            assert (await studio.ask("POST", events, json=body)).status_code == 201

            headers = await studio.token(aef, "3gpp-traffic-influence")
            (interface,) = profile["interfaceDescriptions"]
            nef = f"https://{interface['ipv4Addr']}:{interface['port']}/3gpp-traffic-influence/v1"
            wanted = {"afAppId": "arena", "gpsi": GPSI}
            url = f"{nef}/{account.af}/subscriptions"
            made = await studio.ask("POST", url, json=wanted, headers=headers)
            assert made.status_code == 201, made.text

            around.end(signal.SIGKILL)
            around.start()
            listed = await studio.ask("GET", url, headers=headers)
            assert [one["self"] for one in listed.json()] == [made.headers["location"]]
            renamed = {"apiInvokerInformation": "after the kill"}
            changed = await studio.ask(
                "PATCH", f"{studio.capif.url}/api-invoker-management/v1/onboardedInvokers/{studio.id}",
                json=renamed, headers={"content-type": "application/merge-patch+json"},
            )  # fmt: skip
            assert changed.status_code == 200, changed.text
            told = await asyncio.wait_for(around.notified.get(), PATIENCE_S)
            assert told["events"] == "API_INVOKER_UPDATED"
            assert told["eventDetail"] == {"apiInvokerIds": [studio.id]}

            gone = await studio.ask("DELETE", trusted)
            assert gone.status_code == 204
            assert (await studio.ask("GET", url, headers=headers)).status_code == 403
            log = (tmp_path / "logs" / "core-network.log").read_text()
            assert any("refused" in line and studio.id in line for line in log.splitlines()), (
                "it is in the log"
            )
            receiver.should_exit = True
            await serving

    asyncio.run(play())
