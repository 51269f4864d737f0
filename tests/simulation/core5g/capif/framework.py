"""CAPIF and an exposing function over real TLS sockets in a thread of the test; parties that know nothing but ssl and HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedge.core.model import Address
from fedge.core.pace import Pace
from fedge.programs.core_https import https
from fedge.simulation.core5g.account import open_account
from fedge.simulation.core5g.capif.api import capif_routes
from fedge.simulation.core5g.capif.callers import Callers
from fedge.simulation.core5g.capif.core import CapifCore
from fedge.simulation.core5g.capif.opening import Developers, open_capif, read_developers
from fedge.simulation.core5g.nef.access import LIMITS, Access
from fedge.simulation.core5g.nef.exchange import app_of, guarded, said
from fedge.simulation.core5g.nef.outbox import Letter
from fedge.simulation.core5g.nef.tokens import Tokens
from fedge.simulation.core5g.store import Store

HOOK = "https://127.0.0.1:7443/notifications/capif"
MERGE_PATCH = "application/merge-patch+json"
HOST = "127.0.0.1"
INFLUENCE = "3gpp-traffic-influence"
PATIENCE_S = 20.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Keys:
    """A private key that never leaves its party, and what is handed in for it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.file = folder / f"{name}.key"
        self.file.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    @property
    def public(self) -> str:
        encoded = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return encoded.decode()

    @property
    def request(self) -> str:
        """A certificate signing request."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "whoever asks")])
        signed = x509.CertificateSigningRequestBuilder().subject_name(name).sign(self.key, hashes.SHA256())
        return signed.public_bytes(Encoding.PEM).decode()


class Party:
    """Who calls: by a certificate and its key, or without. ``id``: as CAPIF knows it."""

    def __init__(
        self, framework: Framework, id: str = "", certificate: str = "", key: Path | None = None
    ) -> None:
        self.framework, self.id, self.certificate, self.key = framework, id, certificate, key
        context = ssl.create_default_context(cafile=framework.folder / "tls" / "ca.crt")
        if certificate and key is not None:
            file = framework.folder / f"party-{len(framework.parties)}.crt"
            file.write_text(certificate)
            context.load_cert_chain(file, key)
        heard = {"response": framework.hear}
        self.http = httpx2.Client(verify=context, trust_env=False, timeout=PATIENCE_S, event_hooks=heard)
        framework.parties.append(self)

    def call(self, method: str, path: str, body: Any = None, *, at: str = "", **more: Any) -> Any:
        """``at``: the server, CAPIF's where none is named."""
        headers = more.pop("headers", {})
        if body is not None:
            kind = MERGE_PATCH if method == "PATCH" else "application/json"
            headers = {"content-type": kind} | headers
            more["content"] = body if isinstance(body, (bytes, str)) else json.dumps(body)
        return self.http.request(method, (at or self.framework.capif_url) + path, headers=headers, **more)

    def secure(self, *security: dict[str, Any]) -> Any:
        """A security context; for everything that the exposing function has, where nothing is named."""
        wanted = list(security) or [{"aefId": self.framework.aef, "prefSecurityMethods": ["OAUTH"]}]
        body = {"securityInfo": wanted, "notificationDestination": HOOK}
        return self.call("PUT", f"/capif-security/v1/trustedInvokers/{self.id}", body)

    def ask_token(self, scope: str = "", **more: str) -> Any:
        form = (
            {"grant_type": "client_credentials", "client_id": self.id}
            | ({"scope": scope} if scope else {})
            | more
        )
        return self.http.post(
            f"{self.framework.capif_url}/capif-security/v1/securities/{self.id}/token", data=form
        )

    def token(self, scope: str = "") -> str:
        answer = self.ask_token(scope)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def invoke(self, token: str | None = None, api: str = INFLUENCE) -> Any:
        """A call of the exposing function."""
        headers = {"authorization": f"Bearer {token}"} if token is not None else {}
        return self.call("GET", f"/{api}", at=self.framework.nef_url, headers=headers)


class Framework:
    """``letters``: the notifications that left. ``late_s``: by how much the clock of CAPIF and NEF is ahead."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.nef = Address(f"{HOST}:{free_port()}")
        self.capif = Address(f"{HOST}:{free_port()}")
        self.account = open_account(folder, self.nef, self.capif, Address(f"{HOST}:7443"))
        assert self.account.capif is not None
        self.capif_url, self.nef_url, self.onboarding = (
            f"https://{self.capif}",
            f"https://{self.nef}",
            self.account.capif.onboarding,
        )
        self.letters: list[Letter] = []
        self.parties: list[Party] = []
        self.hear: list[Callable[[Any], None]] = []
        self.late_s = 0.0
        self.core: CapifCore
        self.aef: str
        self._start()

    def _start(self) -> None:
        store = Store(self.folder / "core5g.db")
        onboarding = {self.onboarding: self.account.af}
        self.core, self.aef = open_capif(
            self.folder, self.capif_url, self.nef, store, onboarding, self.letters.append, self.now_s
        )
        tokens = Tokens({"fedge": self.account.client_secret}, b"k" * 32)
        access = Access(tokens, Pace(LIMITS), self.now_s, self.core.gate(self.aef))

        async def whoever(request: Request) -> Response:
            return said({"af": access.client(request, request.path_params["api"])})

        exposure = app_of(Route("/{api}", guarded(whoever)))
        framework = app_of(*capif_routes(self.core, Callers(self.core, Pace(LIMITS))))
        self._servers = [
            https(exposure, self.nef, self.folder, "nef"),
            https(framework, self.capif, self.folder, "capif"),
        ]
        self._thread = threading.Thread(target=self._run, args=(self._servers,), daemon=True)
        self._thread.start()
        deadline = time.monotonic() + PATIENCE_S
        while not all(server.started for server in self._servers):
            assert time.monotonic() < deadline, "the servers do not start"
            time.sleep(0.005)

    @staticmethod
    def _run(servers: list[uvicorn.Server]) -> None:
        async def both() -> None:
            await asyncio.gather(*(server.serve() for server in servers))

        asyncio.run(both())

    def stop(self) -> None:
        for server in self._servers:
            server.should_exit = True
        self._thread.join(PATIENCE_S)

    def killed(self) -> None:
        """Everything in memory is gone; the file is as it was."""
        self.stop()
        self._start()

    def close(self) -> None:
        for party in self.parties:
            party.http.close()
        self.stop()

    def now_s(self) -> float:
        return time.time() + self.late_s

    def bearer(self, credential: str = "") -> dict[str, str]:
        return {"authorization": f"Bearer {credential or self.onboarding}"}

    def anybody(self) -> Party:
        return Party(self)

    def enrolment(self, key: str, **more: Any) -> dict[str, Any]:
        return {"onboardingInformation": {"apiInvokerPublicKey": key}, "notificationDestination": HOOK} | more

    def onboarded(self, name: str = "invoker", credential: str = "", **more: Any) -> Party:
        """An invoker, by nothing but a key of its own and the credential."""
        keys = Keys(self.folder, f"{name}-{len(self.parties)}")
        answer = self.anybody().call(
            "POST", "/api-invoker-management/v1/onboardedInvokers", self.enrolment(keys.public, **more),
            headers=self.bearer(credential),
        )  # fmt: skip
        assert answer.status_code == 201, answer.text
        said = answer.json()
        certificate = said["onboardingInformation"]["apiInvokerCertificate"]
        return Party(self, said["apiInvokerId"], certificate, keys.file)

    def provider(self, *roles: str) -> tuple[str, dict[str, Party]]:
        """A new provider domain: its id, and its functions by role."""
        keys = {
            role: Keys(self.folder, f"{role}-{len(self.parties)}") for role in roles or ("AMF", "APF", "AEF")
        }
        functions = [
            {"regInfo": {"apiProvPubKey": one.public}, "apiProvFuncRole": role} for role, one in keys.items()
        ]
        answer = self.anybody().call(
            "POST", "/api-provider-management/v1/registrations", {"regSec": "any", "apiProvFuncs": functions},
            headers=self.bearer(),
        )  # fmt: skip
        assert answer.status_code == 201, answer.text
        return answer.json()["apiProvDomId"], {
            one["apiProvFuncRole"]: Party(
                self, one["apiProvFuncId"], one["regInfo"]["apiProvCert"], keys[one["apiProvFuncRole"]].file
            )
            for one in answer.json()["apiProvFuncs"]
        }

    def party(self, name: str) -> Party:
        """One whose key lies in the run folder: ``nef-aef``, ``developers-invoker`` …"""
        at = self.folder / "tls" / "capif"
        return Party(self, "", (at / f"{name}.crt").read_text(), at / f"{name}.key")

    def developers(self) -> Developers:
        found = read_developers(self.folder)
        assert found is not None
        return found

    def api_id(self, name: str = INFLUENCE) -> str:
        return next(one.id for one in self.core.publications if one.says.api_name == name)

    def told(self) -> list[dict[str, Any]]:
        """The notifications since the last call."""
        found = [json.loads(letter.body) for letter in self.letters]
        self.letters.clear()
        return found


def described(aef: str, name: str = "weather", **more: Any) -> dict[str, Any]:
    """A service API."""
    resource = {"resourceName": "now", "commType": "REQUEST_RESPONSE", "uri": "/now", "operations": ["GET"]}
    profile = {
        "aefId": aef,
        "versions": [{"apiVersion": "v1", "expiry": "2099-01-01T00:00:00Z", "resources": [resource]}],
        "protocol": "HTTP_1_1",
        "dataFormat": "JSON",
        "securityMethods": ["PKI", "OAUTH"],
        "interfaceDescriptions": [{"ipv4Addr": "127.0.0.9", "port": 4443}],
    }
    return {"apiName": name, "aefProfiles": [profile]} | more


def forged(folder: Path, issuer: str, valid: timedelta, name: str = "invoker") -> tuple[str, Path]:
    """A certificate that another authority signed, under whatever name."""
    keys, authority = Keys(folder, f"forged-{issuer}"), ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(keys.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + valid)
        .sign(authority, hashes.SHA256())
    )
    return signed.public_bytes(Encoding.PEM).decode(), keys.file


@contextmanager
def framework(folder: Path) -> Iterator[Framework]:
    one = Framework(folder)
    with contextlib.closing(one):
        yield one
