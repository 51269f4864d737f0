"""OAuth2 client credentials (RFC 6749, 4.4): one token for all calls of an API, renewed before it expires.

``ask`` is who asks for one: a client with its secret (``client_secret``), or an onboarded invoker of CAPIF (``capif``).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import httpx2
import msgspec
from msgspec import Struct

from fedge.adapters.core5g.words import UNREADABLE

RENEW_S, RENEW_SHARE = 30.0, 0.2
"""A token is renewed when that many seconds, or that share of its life, whichever is less, are left."""
Ask = Callable[[], Awaitable[httpx2.Response]]


class Granted(Struct, frozen=True):
    access_token: str
    expires_in: float = 60.0


class NoToken(Exception):
    """There is none; ``str`` says why."""


class Token:
    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._granted = ""
        self._renew_at = 0.0
        self._asking = asyncio.Lock()

    async def header(self) -> dict[str, str]:
        """``Authorization`` for a call. Raises ``NoToken``, ``httpx2.HTTPError``."""
        if time.monotonic() >= self._renew_at:
            async with self._asking:
                if time.monotonic() >= self._renew_at:
                    await self._renew()
        return {"authorization": f"Bearer {self._granted}"}

    def refused(self) -> None:
        """It is not known any more: the next call brings a new one."""
        self._renew_at = 0.0

    async def _renew(self) -> None:
        asked = time.monotonic()
        answer = await self._ask()
        try:
            if answer.status_code != 200:
                raise NoToken(f"the token endpoint says {answer.status_code}: {answer.text[:200]}")
            granted = msgspec.json.decode(answer.content, type=Granted)
        except UNREADABLE as error:
            raise NoToken(f"the token endpoint's answer cannot be read: {error}") from None
        self._granted = granted.access_token
        life_s = max(granted.expires_in, 1.0)
        self._renew_at = asked + life_s - min(RENEW_S, RENEW_SHARE * life_s)


def client_secret(http: Callable[[], httpx2.AsyncClient], url: str, client: str, secret: str) -> Ask:
    """By HTTP Basic (RFC 6749, 2.3.1)."""
    basic = httpx2.BasicAuth(client, secret)

    async def ask() -> httpx2.Response:
        return await http().post(url, data={"grant_type": "client_credentials"}, auth=basic)

    return ask
