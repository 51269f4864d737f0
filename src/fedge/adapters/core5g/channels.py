"""Websockets on which the operator's notifications come (ETSI GS MEC 009, 6.12a): opened as a client, one a subscription.

A websocket is opened at the API's own authority only, with what a request to it shows. What comes on it is as little believed as
what comes to an address of Fedge's: it is the subscription's own, and ``core.exposure`` holds it against what it knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
import websockets
from websockets.asyncio.client import connect

from fedge.adapters.core5g.door import CONNECT_S, FAULTS, Door, Http
from fedge.adapters.core5g.words import Invalid, same_origin

MOST_BYTES = 64 << 10
PING_S = 5.0
"""A service that vanished is noticed after twice that."""
log = structlog.get_logger("core5g")


class Channels:
    """``heard(token, body)`` raises ``Invalid``; ``changed(token, up)``: a websocket is open, or is not any more."""

    def __init__(
        self,
        http: Http,
        door: Door,
        heard: Callable[[str, bytes], None],
        changed: Callable[[str, bool], None],
    ) -> None:
        self._http, self._door, self._heard, self._changed = http, door, heard, changed
        self._open: dict[str, asyncio.Task[None]] = {}

    def listen(self, token: str, uri: str) -> None:
        """Open it; one that is open already for this subscription is closed."""
        self.hush(token)
        self._open[token] = asyncio.get_running_loop().create_task(self._listen(token, uri))

    def hush(self, token: str) -> None:
        task = self._open.pop(token, None)
        if task is not None:
            task.cancel()

    async def close(self) -> None:
        tasks = tuple(self._open.values())
        for token in tuple(self._open):
            self.hush(token)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, token: str, uri: str) -> None:
        """One connection, until it ends, however it does. Whoever hushed it is not told."""
        try:
            await self._follow(token, uri)
        except (websockets.WebSocketException, *FAULTS) as error:
            log.warning("a websocket of the operator ended", reason=f"{type(error).__name__}: {error}")
        finally:
            if self._open.get(token) is asyncio.current_task():
                del self._open[token]
                self._changed(token, False)

    async def _follow(self, token: str, uri: str) -> None:
        if not same_origin(uri.replace("ws", "http", 1), self._door.here):
            raise Invalid("the websocket is not at the API's own address")
        header = await self._door.header()
        async with connect(
            uri,
            ssl=self._http.trust if uri.startswith("wss:") else None,
            additional_headers=header,
            proxy=None,
            open_timeout=CONNECT_S,
            close_timeout=CONNECT_S,
            ping_interval=PING_S,
            ping_timeout=PING_S,
            max_size=MOST_BYTES,
            compression=None,
        ) as line:
            self._changed(token, True)
            async for message in line:
                self._take(token, message.encode() if isinstance(message, str) else message)

    def _take(self, token: str, body: bytes) -> None:
        try:
            self._heard(token, body)
        except Invalid as wrong:
            log.warning("a notification that cannot be read", reason=wrong.reason[:200])
