"""OAuth2 client credentials (RFC 6749, 4.4) for the NEF: one token for all calls, renewed before it expires."""

from __future__ import annotations

import asyncio
import time

import httpx2
import msgspec
from msgspec import Struct

from fedge.adapters.core5g.words import UNREADABLE

RENEW_S, RENEW_SHARE = 30.0, 0.2
"""A token is renewed when that many seconds, or that share of its life, whichever is less, are left."""


class Granted(Struct, frozen=True):
    access_token: str
    expires_in: float = 60.0


class NoToken(Exception):
    """The token endpoint gave none; ``str`` says why."""


class Token:
    def __init__(self, http: httpx2.AsyncClient, url: str, client_id: str, client_secret: str) -> None:
        self._http, self._url = http, url
        self._basic = httpx2.BasicAuth(client_id, client_secret)
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
        """The NEF does not know it any more: the next call brings a new one."""
        self._renew_at = 0.0

    async def _renew(self) -> None:
        asked = time.monotonic()
        answer = await self._http.post(self._url, data={"grant_type": "client_credentials"}, auth=self._basic)
        try:
            if answer.status_code != 200:
                raise NoToken(f"the token endpoint says {answer.status_code}: {answer.text[:200]}")
            granted = msgspec.json.decode(answer.content, type=Granted)
        except UNREADABLE as error:
            raise NoToken(f"the token endpoint's answer cannot be read: {error}") from None
        self._granted = granted.access_token
        life_s = max(granted.expires_in, 1.0)
        self._renew_at = asked + life_s - min(RENEW_S, RENEW_SHARE * life_s)
