"""Nim over WebSocket: a game without Fedge's SDK, as a studio may have one already. Standard library only (RFC 6455).

A heap of 21 matches; whoever takes the last one loses. A client sends ``take 2``, the server answers with its own move as JSON.
A game is a connection's: there is nothing else to keep, so nothing moves when Fedge leads a player to another site. Where it
listens is told by its environment: ``FEDGE_BIND``, an address and a port.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import signal
import struct

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
MOST = 1024
HEAP = 21


class Game:
    """One player against the server. ``turn`` counts what the player said."""

    def __init__(self) -> None:
        self.heap, self.turn = HEAP, 0

    def said(self, text: str) -> dict[str, object]:
        self.turn += 1
        word, _, number = text.partition(" ")
        if word == "new":
            self.heap = HEAP
            return self._answer()
        if word != "take" or number not in ("1", "2", "3") or int(number) > self.heap:
            return self._answer(error="say: take 1, take 2 or take 3, as many as there are; or: new")
        self.heap -= int(number)
        if not self.heap:
            return self._answer(winner="server")
        took = (self.heap - 1) % 4 or 1
        self.heap -= took
        return self._answer(took=took, **({} if self.heap else {"winner": "you"}))

    def _answer(self, **more: object) -> dict[str, object]:
        return {
            "turn": self.turn,
            "heap": self.heap,
            "instance": os.environ.get("FEDGE_INSTANCE", ""),
            "site": os.path.basename(os.environ.get("FEDGE_SITE_DIR", "")),
            **more,
        }


async def handshake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """The opening of RFC 6455, 4.2; anything else is answered 400."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
    fields = {name.strip().lower(): value.strip() for name, colon, value in lines if colon}
    key = fields.get(b"sec-websocket-key")
    if key is None or b"websocket" not in fields.get(b"upgrade", b"").lower():
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        return False
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    return True


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """(opcode, payload) of a client's frame. Raises ``ValueError`` for one that is split, long, or not masked."""
    first, second = await reader.readexactly(2)
    length = second & 0x7F
    if length == 126:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
    if not first & 0x80 or not second & 0x80 or length > MOST:
        raise ValueError("not a whole, masked, short frame")
    mask = await reader.readexactly(4)
    masked = await reader.readexactly(length)
    return first & 0x0F, bytes(byte ^ mask[at % 4] for at, byte in enumerate(masked))


def frame(opcode: int, payload: bytes) -> bytes:
    length = bytes((len(payload),)) if len(payload) < 126 else b"\x7e" + struct.pack("!H", len(payload))
    return bytes((0x80 | opcode,)) + length + payload


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    game = Game()
    try:
        if not await handshake(reader, writer):
            return
        while True:
            opcode, payload = await read_frame(reader)
            if opcode == CLOSE:
                writer.write(frame(CLOSE, payload[:2]))
                return
            if opcode == PING:
                writer.write(frame(PONG, payload))
            elif opcode == TEXT:
                writer.write(frame(TEXT, json.dumps(game.said(payload.decode("utf-8", "replace"))).encode()))
            await writer.drain()
    except ValueError:
        writer.write(frame(CLOSE, struct.pack("!H", 1002)))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        pass  # it left without a word
    finally:
        writer.close()


async def main() -> None:
    host, _, port = os.environ.get("FEDGE_BIND", "127.0.0.1:8765").rpartition(":")
    server = await asyncio.start_server(serve, host, int(port), limit=MOST * 16)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await stopping.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
