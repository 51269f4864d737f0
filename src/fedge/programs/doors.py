"""The ways into an operator's APIs, wired of ``core5g.json``: by CAPIF where the operator has it, else as was agreed.

Which of the two it is, and which operator, is configuration alone.
"""

from __future__ import annotations

import asyncio
import hmac
import ssl
from pathlib import Path
from typing import Protocol

from fedge.adapters.core5g import (
    AgreedDoor,
    ApiInvoker,
    Caller,
    CapifDoor,
    Door,
    Http,
    Kept,
    Token,
    client_secret,
)
from fedge.adapters.core5g.words import Identity
from fedge.core.exposure import Api
from fedge.runtime.core_account import Capif, CoreAccount

INFLUENCE, MONITORING, QOS, RADIO = (
    "3gpp-traffic-influence", "3gpp-monitoring-event", "3gpp-as-session-with-qos", "rni",
)  # fmt: skip
NAMES: dict[Api, str] = {"location": MONITORING, "quality": QOS, "radio": RADIO}
"""apiName of each API of the gateway (TS 29.122, 5.2.4; ETSI GS MEC 012)."""
ALL = (INFLUENCE, *NAMES.values())
KEPT = "capif"
"""The folder of what an onboarded invoker keeps."""


class Doors(Protocol):
    """``http``: connections to the exposing functions; ``missing``: why an API cannot be entered now, empty: it can;
    ``settled``: that is not only because nobody has looked yet.

    ``state``: for a person, empty where all is well. ``invoker``: Fedge's name at CAPIF; ``certificate_until_s``: Unix time.
    ``knows``, ``receive``: CAPIF's own notifications (``adapters.core5g.receiver.Taker``).
    """

    http: Http

    def door(self, name: str) -> Door: ...
    def missing(self, name: str) -> str: ...
    @property
    def settled(self) -> bool: ...
    def state(self) -> str: ...
    @property
    def invoker(self) -> str: ...
    @property
    def certificate_until_s(self) -> float: ...
    def knows(self, token: str) -> bool: ...
    def receive(self, token: str, body: bytes) -> None: ...
    async def run(self) -> None: ...


def caller(doors: Doors, name: str) -> Caller:
    return Caller(doors.http, doors.door(name))


def identity_of(account: CoreAccount) -> Identity:
    return Identity(account.receiver, account.dnn, account.sst)


class AgreedDoors:
    """An operator without CAPIF: URLs and a client's secret stand in the account."""

    invoker, certificate_until_s, settled = "", 0.0, True

    def __init__(self, folder: Path, account: CoreAccount) -> None:
        self.http = Http(ssl.create_default_context(cafile=folder / account.ca))
        self._urls = {INFLUENCE: account.nef, **account.apis}
        ask = client_secret(self.http.client, account.token, account.client_id, account.client_secret)
        self._token = Token(ask)

    def door(self, name: str) -> Door:
        return AgreedDoor(self._urls.get(name, ""), self._token)

    def missing(self, name: str) -> str:
        return "" if name in self._urls else f"the account names no API {name}"

    def state(self) -> str:
        return ""

    def knows(self, token: str) -> bool:
        return False

    def receive(self, token: str, body: bytes) -> None:
        """Nobody has this address."""

    async def run(self) -> None:
        """Until cancelled."""
        try:
            await asyncio.Event().wait()
        finally:
            await self.http.close()


class CapifDoors:
    """An operator with CAPIF."""

    def __init__(self, folder: Path, account: CoreAccount, capif: Capif) -> None:
        self._token = _token(capif)
        self._invoker = invoker_of(folder, account, capif)
        self.http = self._invoker.http

    def door(self, name: str) -> Door:
        return CapifDoor(self._invoker, name)

    def missing(self, name: str) -> str:
        return self._invoker.missing(name)

    @property
    def settled(self) -> bool:
        return self._invoker.settled

    def state(self) -> str:
        return self._invoker.why

    @property
    def invoker(self) -> str:
        return self._invoker.invoker.id if self._invoker.invoker is not None else ""

    @property
    def certificate_until_s(self) -> float:
        return self._invoker.invoker.until_s if self._invoker.invoker is not None else 0.0

    def knows(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self._token.encode())

    def receive(self, token: str, body: bytes) -> None:
        self._invoker.receive(body)

    async def run(self) -> None:
        await self._invoker.run()


def invoker_of(folder: Path, account: CoreAccount, capif: Capif) -> ApiInvoker:
    """Raises ``OSError``, ``ssl.SSLError`` where the account's files cannot be used."""
    destination = identity_of(account).destination(_token(capif))
    return ApiInvoker(capif, folder, Kept(folder / KEPT), folder / account.ca, destination, ALL)


def _token(capif: Capif) -> str:
    """Of the address of the core function's notifications: only who has the account can work it out."""
    return hmac.digest(capif.onboarding.encode(), b"notifications", "sha256").hex()[:40]


def doors_of(folder: Path, account: CoreAccount) -> Doors:
    """Raises ``OSError``, ``ssl.SSLError`` where the account's files cannot be used."""
    if account.capif is None:
        return AgreedDoors(folder, account)
    return CapifDoors(folder, account, account.capif)
