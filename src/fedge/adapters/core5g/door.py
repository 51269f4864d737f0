"""How an API of the operator is reached: over which connections, at which base URL, and by what each request shows.

Where there is CAPIF, its core function says the URL and gives the tokens (``capif``); where there is none, both were agreed.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Protocol

import httpx2
import msgspec

from fedge.adapters.core5g.token import NoToken, Token
from fedge.adapters.core5g.words import UNREADABLE

WITHIN_S, CONNECT_S = 3.0, 1.0
"""The answer to the acknowledgement of LATE comes once the path is switched: a second or so at worst."""
KEEP_S = 120
"""An idle connection is kept: a TLS handshake in the middle of a move costs milliseconds on both sides."""
LET_END_S = 5.0
"""Calls that are under way when a certificate is replaced end over their old connection."""
JSON, MERGE_PATCH = "application/json", "application/merge-patch+json"
FAULTS = (httpx2.HTTPError, httpx2.InvalidURL, NoToken, OSError, *UNREADABLE)
"""What a call raises that brings no answer."""


class Http:
    """Connections to the operator. Neither redirects nor proxies are followed. ``trust``: who may be the operator, who we are."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self.trust = trust
        self._client = _client(trust)
        self._ending: set[asyncio.Task[None]] = set()

    def client(self) -> httpx2.AsyncClient:
        return self._client

    def change(self, trust: ssl.SSLContext) -> None:
        """From now on with another certificate."""
        old, self._client, self.trust = self._client, _client(trust), trust
        task = asyncio.get_running_loop().create_task(_end(old))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        for task in tuple(self._ending):
            task.cancel()
        await asyncio.gather(*self._ending, self._client.aclose(), return_exceptions=True)


class Door(Protocol):
    """Of one API. ``here``: its base URL as far as it is known, empty before."""

    @property
    def here(self) -> str: ...
    async def url(self) -> str:
        """Raises ``NoToken`` where the API is not to be had."""
        ...

    async def header(self) -> dict[str, str]:
        """What a request shows. Raises ``NoToken``, ``httpx2.HTTPError``."""
        ...

    def refused(self) -> None:
        """What was shown was not accepted (401)."""
        ...


class AgreedDoor:
    """URL and client credentials stand in the account."""

    def __init__(self, url: str, token: Token) -> None:
        self.here = url.rstrip("/")
        self._token = token

    async def url(self) -> str:
        return self.here

    async def header(self) -> dict[str, str]:
        return await self._token.header()

    def refused(self) -> None:
        self._token.refused()


class Caller:
    """Calls of one API. Nothing is tried twice here: the core knows what is worth saying again, and when."""

    def __init__(self, http: Http, door: Door) -> None:
        self._http, self.door = http, door

    async def __call__(
        self, method: str, where: str, said: object = None, media_type: str = JSON
    ) -> httpx2.Response:
        """``where``: beneath the base URL, or a whole URL. Raises ``FAULTS``."""
        url = await self.door.url() + where if where.startswith("/") else where
        headers = await self.door.header() | {"accept": "application/json, application/problem+json"}
        content = None
        if said is not None:
            headers["content-type"], content = media_type, msgspec.json.encode(said)
        answer = await self._http.client().request(method, url, content=content, headers=headers)
        if answer.status_code == 401:
            self.door.refused()
        return answer

    async def close(self) -> None:
        await self._http.close()


def _client(trust: ssl.SSLContext) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        verify=trust,
        trust_env=False,
        follow_redirects=False,
        timeout=httpx2.Timeout(WITHIN_S, connect=CONNECT_S),
        limits=httpx2.Limits(max_connections=32, keepalive_expiry=KEEP_S),
    )


async def _end(client: httpx2.AsyncClient) -> None:
    try:
        await asyncio.sleep(LET_END_S)
    finally:
        await client.aclose()
