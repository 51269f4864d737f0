"""Websocket messages that are sent in one turn of the event loop leave in one write.

uvicorn writes each message by itself: over TLS that is a record and a system call for each, at both ends. Gathered, a burst of
small messages costs either end a third of it. What a message is does not change. Neighbour: ``client_certificates``, which wraps
the same protocol classes.
"""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn


def gather_writes(config: uvicorn.Config) -> None:
    """From now on, for the websockets of a server with this configuration."""
    if not config.loaded:
        config.load()
    if config.ws_protocol_class is not None:
        config.ws_protocol_class = _gathering(config.ws_protocol_class)


class Gathered:
    """A transport as a websocket protocol uses it. Whatever it does other than writing, the transport below does."""

    def __init__(self, below: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._below, self._loop = below, loop
        self._waiting: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._waiting:
            self._loop.call_soon(self._leave)
        self._waiting.append(data)

    def close(self) -> None:
        self._leave()
        self._below.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._below, name)

    def _leave(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self._below.write(b"".join(waiting))


def _gathering(protocol: Any) -> Any:
    class Gathering(protocol):  # type: ignore[misc]
        transport: Any

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            self.transport = Gathered(transport, asyncio.get_running_loop())

    return Gathering
