"""Links between programs: typed messages over TCP, in order while a connection lasts, nothing promised across one.

A dialled link comes back by itself and says its greeting again; whoever needs certainty repeats itself, which every receiver
allows. The first frame of a connection carries the token and who is calling; a wrong token closes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from fedge.core.messages import Message
from fedge.wire import codec

REDIAL_S = 0.1
SILENT_S = 5
log = structlog.get_logger("link")

Receive = Callable[[Message], None]


def end_when_silent(line: socket.socket) -> None:
    """A machine that vanishes says no goodbye: give the connection up after ``SILENT_S``, not after TCP's quarter of an hour."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, SILENT_S)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_S * 1000)


class Join(msgspec.Struct, frozen=True):
    """The first frame: who calls. ``role``: site, access, peer."""

    token: str
    role: str
    name: str


class Line(asyncio.Protocol):
    """One TCP connection. ``joined`` is called once with the caller's ``Join`` and answers where its messages go, or None."""

    def __init__(
        self, joined: Callable[[Join, Line], Receive | None] | None, receive: Receive | None = None
    ) -> None:
        self._joined = joined
        self._receive = receive
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        end_when_silent(raw)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            for frame in codec.take_frames(self._buffer):
                if self._receive is not None:
                    self._receive(codec.decode(frame))
                elif self._joined is not None:
                    self._receive = self._joined(msgspec.msgpack.decode(frame, type=Join), self)
                    if self._receive is None:
                        self.close()
                        return
        except (codec.BadFrame, msgspec.MsgspecError) as error:
            log.warning("closed a link that talks nonsense", error=str(error))
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.closed.set()

    def send(self, message: Message) -> bool:
        """False if the line is down; the message is then gone."""
        return self.send_bytes(codec.encode(message))

    def send_bytes(self, data: bytes) -> bool:
        if self._transport is None:
            return False
        self._transport.write(codec.frame(data))
        return True

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Dialled:
    """A link that this side keeps up. ``send`` while it is down drops the message and answers False."""

    def __init__(
        self, address: str, join: Join, greet: Callable[[], Message | None], receive: Receive
    ) -> None:
        host, _, port = address.rpartition(":")
        self._host, self._port, self._join = host, int(port), join
        self._greet, self._receive = greet, receive
        self._line: Line | None = None
        self.task = asyncio.get_running_loop().create_task(self._keep_up())

    @property
    def up(self) -> bool:
        return self._line is not None

    def send(self, message: Message) -> bool:
        return self._line is not None and self._line.send(message)

    async def _keep_up(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            line = Line(None, self._receive)
            try:
                await loop.create_connection(lambda line=line: line, self._host, self._port)  # type: ignore[misc]
            except OSError:
                await asyncio.sleep(REDIAL_S)
                continue
            line.send_bytes(msgspec.msgpack.encode(self._join))
            self._line = line
            greeting = self._greet()
            if greeting is not None:
                line.send(greeting)
            await line.closed.wait()
            self._line = None
            await asyncio.sleep(REDIAL_S)

    async def close(self) -> None:
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task
        if self._line is not None:
            self._line.close()


def dial(
    address: str, token: str, *, role: str, name: str, greet: Callable[[], Message | None], receive: Receive
) -> Dialled:
    """Keep a link to ``address`` (``"127.9.0.1:7000"``) up; call from inside a running event loop."""
    return Dialled(address, Join(token, role, name), greet, receive)


async def listen(address: str, token: str, accept: Callable[[Join, Line], Receive | None]) -> asyncio.Server:
    """Take calls at ``address``. ``accept`` answers where a caller's messages go, or None to turn it away."""
    host, _, port = address.rpartition(":")

    def joined(join: Join, line: Line) -> Receive | None:
        if join.token != token:
            log.warning("turned a caller away: wrong token", role=join.role, name=join.name)
            return None
        return accept(join, line)

    loop: Any = asyncio.get_running_loop()
    server: asyncio.Server = await loop.create_server(lambda: Line(joined), host, int(port))
    return server
