"""A WebSocket client of the test's own, at a device's address: RFC 6455 as far as a test needs it."""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
from types import TracebackType
from typing import Any

PATIENCE_S = 10.0


class WebSocket:
    """Connected when it is made. Raises ``OSError`` where nobody answers, and when the connection breaks."""

    def __init__(self, to: tuple[str, int], source: str = "127.0.0.1") -> None:
        self._socket = socket.create_connection(to, PATIENCE_S, source_address=(source, 0))
        self._buffer = b""
        request = f"GET / HTTP/1.1\r\nHost: {to[0]}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        request += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        self._socket.sendall(request.encode())
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        assert b"101 Switching" in head
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head  # the example of RFC 6455, 1.3

    def say(self, text: str) -> dict[str, Any]:
        """A text frame, and the answer to it."""
        data, mask = text.encode(), os.urandom(4)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))
        self._socket.sendall(bytes((0x81, 0x80 | len(data))) + mask + masked)
        return dict(json.loads(self._frame()))

    def close(self) -> None:
        self._socket.close()

    def _frame(self) -> bytes:
        while len(self._buffer) < 4:
            self._more()
        assert self._buffer[0] == 0x81, self._buffer
        size, at = self._buffer[1], 2
        if size == 126:
            (size,), at = struct.unpack_from("!H", self._buffer, 2), 4
        while len(self._buffer) < at + size:
            self._more()
        payload, self._buffer = self._buffer[at : at + size], self._buffer[at + size :]
        return payload

    def _more(self) -> None:
        data = self._socket.recv(4096)
        if not data:
            raise ConnectionResetError("the other side has ended the connection")
        self._buffer += data


class Player:
    """Says something all the time, from another thread, between ``with`` and its end; ``answers`` are what it heard."""

    def __init__(self, connection: WebSocket) -> None:
        self.connection = connection
        self.answers: list[dict[str, Any]] = []
        self.broke: Exception | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._play)

    def _play(self) -> None:
        while not self._over.is_set():
            try:
                self.answers.append(self.connection.say("new" if len(self.answers) % 5 == 0 else "take 1"))
            except OSError as error:
                self.broke = error
                return
            self._over.wait(0.005)

    def __enter__(self) -> Player:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self.connection.close()
