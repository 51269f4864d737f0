"""Load for `bench.gateway`: a window of UDP packets, one packet at a time, bytes over TCP, messages over TCP."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.sharedctypes import RawValue

from bench.harness.relays import Endpoint, cpu_ns, started

WINDOW = 192
"""Packets under way: enough that a relay never waits, too few to fill its buffer."""
CHUNK = 256 << 10


@dataclass
class Figures:
    """Of one way: what each slice showed. CPU is the relay's own, in µs a packet (or message) or ms a GB."""

    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    latency_us: list[float] = field(default_factory=list)
    lost: int = 0


@dataclass(frozen=True)
class UdpPath:
    """Packets leave ``source`` for ``to`` and arrive at ``sink``; ``pid``: the relay between them, 0 for none."""

    source: socket.socket
    to: Endpoint
    sink: socket.socket
    packet: bytes
    pid: int = 0

    def flood(self, seconds: float, figures: Figures) -> None:
        """As many as pass, with never more than a window under way."""
        source, sink, packet, to = self.source, self.sink, self.packet, self.to
        sink.setblocking(False)
        waiting = selectors.DefaultSelector()
        waiting.register(sink, selectors.EVENT_READ)
        began, cpu = time.perf_counter(), cpu_ns(self.pid) if self.pid else 0
        under_way = got = 0
        while time.perf_counter() - began < seconds:
            while under_way < WINDOW:
                source.sendto(packet, to)
                under_way += 1
            try:
                while True:
                    sink.recv(2048)
                    under_way -= 1
                    got += 1
            except BlockingIOError:
                if under_way > WINDOW // 2 and not waiting.select(0.2):
                    figures.lost += under_way
                    under_way = 0
        took = time.perf_counter() - began
        if self.pid:
            figures.cpu.append((cpu_ns(self.pid) - cpu) / 1000 / max(1, got))
        figures.rates.append(got / took)
        while waiting.select(0.05):
            sink.recv(2048)
        waiting.close()

    def one_by_one(self, count: int, figures: Figures) -> None:
        """The time of single packets, from the call that sends to the call that has it."""
        self.sink.setblocking(True)
        self.sink.settimeout(0.5)
        for _ in range(count):
            began = time.perf_counter_ns()
            self.source.sendto(self.packet, self.to)
            try:
                self.sink.recv(2048)
            except TimeoutError:
                figures.lost += 1
                continue
            figures.latency_us.append((time.perf_counter_ns() - began) / 1000)
            time.sleep(0.0003)


class TcpServer:
    """Swallows what it gets, or gives it back; in a process of its own."""

    def __init__(self, echo: bool) -> None:
        self._got = RawValue("Q", 0)
        self._echo = echo
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        host, port = self._listening.getsockname()
        self.address: Endpoint = (host, port)
        self.process = started(self._accept)

    @property
    def got(self) -> int:
        """Bytes so far."""
        return int(self._got.value)

    def _accept(self) -> None:
        while True:
            one, _ = self._listening.accept()
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(one,), daemon=True).start()

    def _serve(self, one: socket.socket) -> None:
        buffer = bytearray(CHUNK)
        with one:
            while count := one.recv_into(buffer):
                self._got.value += count
                if self._echo:
                    one.sendall(memoryview(buffer)[:count])


def bulk(to: Endpoint, server: TcpServer, seconds: float, pid: int, figures: Figures) -> None:
    """Bytes of one connection, as fast as they go."""
    data = bytes(CHUNK)
    with socket.create_connection(to) as one:
        one.sendall(data)
        begun, before, cpu = time.perf_counter(), server.got, cpu_ns(pid) if pid else 0
        while time.perf_counter() - begun < seconds:
            one.sendall(data)
        took, passed = time.perf_counter() - begun, server.got - before
        figures.rates.append(passed / took / 1e6)
        if pid:
            figures.cpu.append((cpu_ns(pid) - cpu) / 1e6 / (passed / 1e9))


def messages(to: Endpoint, count: int, pid: int, figures: Figures) -> None:
    """A small message there and back, again and again."""
    with socket.create_connection(to) as one:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.sendall(bytes(64))
        one.recv(64, socket.MSG_WAITALL)
        cpu, begun = cpu_ns(pid) if pid else 0, time.perf_counter()
        for _ in range(count):
            sent = time.perf_counter_ns()
            one.sendall(bytes(64))
            one.recv(64, socket.MSG_WAITALL)
            figures.latency_us.append((time.perf_counter_ns() - sent) / 1000)
        figures.rates.append(count / (time.perf_counter() - begun))
        if pid:
            figures.cpu.append((cpu_ns(pid) - cpu) / 1000 / count)
