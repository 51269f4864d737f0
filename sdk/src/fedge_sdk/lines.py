"""An instance's two ways out: packets from and to the site's gateway (UDP), and its conversation with the agent (TCP).

Nothing here waits: ``server`` selects. The agent may die and come back; it is dialled again.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from fedge_sdk import bursts

_HEAD = struct.Struct("!II")
REDIAL_NS = 100_000_000
DIAL_NS = 1_000_000_000
SILENT_MS = 5_000
Clock = Callable[[], int]
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@qq")


class PacketSocket:
    """The instance's UDP socket; tells with each packet when the kernel had it, by the clock ``now``."""

    def __init__(self, bind: tuple[str, int], now: Clock) -> None:
        self._now = now
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        with contextlib.suppress(OSError):  # not Linux: the time of reading has to do
            self.socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.socket.bind(bind)
        self.socket.setblocking(False)

    def read(self) -> list[tuple[bytes, int]]:
        """Every packet that is there: (packet, arrival)."""
        found = []
        receive, unpack = self.socket.recvmsg, _TIMESPEC.unpack_from
        now = self._now()
        since_epoch = time.time_ns() - now  # the kernel's stamps are of the wall clock
        with contextlib.suppress(BlockingIOError):
            while True:
                packet, extra, _, _ = receive(2048, 64)
                at = now
                if extra:
                    seconds, nanoseconds = unpack(extra[0][2])
                    at = min(now, seconds * 1_000_000_000 + nanoseconds - since_epoch)
                found.append((packet, at))
        return found

    def send(self, packets: list[bytes], to: tuple[str, int]) -> None:
        """A network loses packets without a word."""
        bursts.send(self.socket, packets, lambda error: None, to)


class AgentLine:
    """The conversation with the agent over TCP: u32 header size, u32 body size, JSON header, body."""

    def __init__(self, address: tuple[str, int], token: str, name: str) -> None:
        self._address, self._token, self._name = address, token, name
        self.socket: socket.socket | None = None
        self._in = bytearray()
        self._out = bytearray()
        self._next_dial = self._give_up = 0
        self._dialling: socket.socket | None = None

    def dial(self, now: int) -> bool:
        """Begin to connect, at most once per ``REDIAL_NS``, or see what came of it; True when just connected. Never waits."""
        if self._dialling is None:
            if now < self._next_dial:
                return False
            self._next_dial = now + REDIAL_NS
            self._give_up = now + DIAL_NS
            self._dialling = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self._dialling.setblocking(False)
            self._dialling.connect_ex(self._address)
        line = self._dialling
        if not select.select([], [line], [], 0)[1]:
            if now > self._give_up:
                line.close()
                self._dialling = None
            return False
        self._dialling = None
        if line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or not _has_peer(line):
            line.close()
            return False
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # a machine that vanishes says no goodbye
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_MS)
        self.socket, self._in, self._out = line, bytearray(), bytearray()
        self.send({"type": "Join", "token": self._token, "instance": self._name}, b"")
        return True

    def hang_up(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def send(self, header: dict[str, Any], body: bytes) -> None:
        if self.socket is None:
            return
        head = json.dumps(header, separators=(",", ":")).encode()
        self._out += _HEAD.pack(len(head), len(body)) + head + body
        self.flush()

    def wants_write(self) -> bool:
        return bool(self._out) and self.socket is not None

    def flush(self) -> None:
        while self._out and self.socket is not None:
            try:
                sent = self.socket.send(self._out)
            except BlockingIOError:
                return
            except OSError:
                self.hang_up()
                return
            del self._out[:sent]

    def receive(self) -> list[tuple[dict[str, Any], bytes]]:
        """Every whole message that has arrived; hangs up at the end of the stream."""
        assert self.socket is not None
        try:
            while True:
                data = self.socket.recv(1 << 18)
                if not data:
                    self.hang_up()
                    break
                self._in += data
        except BlockingIOError:
            pass
        except OSError:
            self.hang_up()
        messages = []
        at = 0
        while len(self._in) - at >= _HEAD.size:
            head_size, body_size = _HEAD.unpack_from(self._in, at)
            end = at + _HEAD.size + head_size + body_size
            if end > len(self._in):
                break
            head = bytes(self._in[at + _HEAD.size : at + _HEAD.size + head_size])
            messages.append((json.loads(head), bytes(self._in[at + _HEAD.size + head_size : end])))
            at = end
        del self._in[:at]
        return messages


def _has_peer(line: socket.socket) -> bool:
    try:
        line.getpeername()
    except OSError:
        return False
    return True
