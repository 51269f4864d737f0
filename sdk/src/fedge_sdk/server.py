"""``serve(game)``: a game's whole main program.

One thread, one ``select``: packets from the site's gateway, the agent's requests, ticks when they are due. The agent may die and
come back; sessions play on meanwhile and the instance dials again. What it is told comes from the environment: FEDGE_AGENT,
FEDGE_TOKEN, FEDGE_INSTANCE, FEDGE_APP, FEDGE_BIND, FEDGE_GATEWAY, FEDGE_SITE_DIR, FEDGE_CAPACITY, FEDGE_STATE_BYTES; where a
supervisor wants its children to end with it, FEDGE_LIFELINE (a pipe that closes); between machines, FEDGE_CLOCK=wall.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fedge_sdk import bursts
from fedge_sdk.game import TICK_NS, Game
from fedge_sdk.instance import Instance
from fedge_sdk.store import SiteStore

_HEAD = struct.Struct("!II")
REDIAL_NS = 100_000_000
DIAL_NS = 1_000_000_000
REPORT_NS = 500_000_000
SILENT_MS = 5_000
CROWD = 8
LOOK_NS = 5_000_000
"""With so many sessions packets are not waited for one by one: ticks are frequent, and each looks for what has come. Waking up
costs more than a packet does. The kernel's time stamps say when each came."""
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


def _endpoint(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


def _looked_up(at: tuple[str, int]) -> tuple[str, int]:
    return socket.gethostbyname(at[0]), at[1]


def serve(game: Game) -> None:
    """Run ``game`` as an instance of a Fedge site until SIGTERM. Exits with 2 where the environment is not a site's."""
    try:
        env = os.environ
        agent, gateway, bind = (
            _endpoint(env["FEDGE_AGENT"]),
            _endpoint(env["FEDGE_GATEWAY"]),
            _endpoint(env["FEDGE_BIND"]),
        )
        now: Clock = time.time_ns if env.get("FEDGE_CLOCK") == "wall" else time.monotonic_ns
        store = SiteStore(Path(env["FEDGE_SITE_DIR"]))
        capacity, size = int(env.get("FEDGE_CAPACITY", "64")), int(env.get("FEDGE_STATE_BYTES", str(1 << 20)))
        instance = Instance(game, env["FEDGE_APP"], env["FEDGE_INSTANCE"], capacity, size, store)
        token = env["FEDGE_TOKEN"]
    except (KeyError, ValueError) as error:
        print(
            f"this program runs as an instance of a Fedge site; its environment lacks {error}",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    try:  # names are looked up once: later there is no time to wait for an answer
        agent, gateway = _looked_up(agent), _looked_up(gateway)
        packets = PacketSocket(bind, now)
    except OSError as error:
        where = f"FEDGE_AGENT {agent[0]}, FEDGE_GATEWAY {gateway[0]}, FEDGE_BIND {bind[0]}"
        print(f"{where}: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    line = AgentLine(agent, token, instance.name)
    instance.recover(now())
    gc.collect()
    gc.freeze()
    _loop(instance, line, packets, gateway, env["FEDGE_BIND"], int(env.get("FEDGE_LIFELINE", "-1")), now)


def _loop(
    instance: Instance,
    line: AgentLine,
    packets: PacketSocket,
    gateway: tuple[str, int],
    bind: str,
    lifeline: int,
    clock: Clock,
) -> None:
    running = True

    def stop(*_: object) -> None:
        nonlocal running
        running = False

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    busy, since = 0, clock()
    while running:
        now = clock()
        if line.socket is None and line.dial(now):
            line.send(instance.hello(bind), b"")
        due = instance.next_due()
        crowded = len(instance.copies) >= CROWD
        longest = LOOK_NS if crowded else 50_000_000
        wait = (longest if due is None else min(longest, max(0, due - now))) / 1e9
        reading: list[Any] = [lifeline] if lifeline >= 0 else []
        reading += [] if crowded else [packets.socket]
        reading += [line.socket] if line.socket is not None else []
        writing: list[Any] = [line.socket] if line.wants_write() else []
        try:
            readable, writable, _ = select.select(reading, writing, [], wait)
        except InterruptedError:
            continue
        began = clock()
        if writable:
            line.flush()
        if lifeline in readable and not os.read(lifeline, 1):
            return
        replies = []
        if crowded or packets.socket in readable:
            for packet, arrived in packets.read():
                replies += instance.packet(packet, arrived)
        frames, more = instance.run_due(clock())
        if frames:
            packets.send(frames, gateway)
        replies += more
        if line.socket is not None and line.socket in readable:
            for message, body in line.receive():
                replies += instance.handle(message, body, clock())
        for header, body in replies:
            line.send(header, body)
        now = clock()
        busy += now - began
        if now - since >= REPORT_NS:
            load = round(busy / (now - since), 4)
            report = {
                "type": "InstanceReport",
                "instance": instance.name,
                "load": load,
                "sessions": len(instance.copies),
            }
            line.send(report, b"")
            busy, since = 0, now


__all__ = ["TICK_NS", "serve"]
