"""Flows that move while packets are under way: what was lost, what two writers got, what came out of order, how long it took."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from bench.harness.namespaces import INSTANCES, SERVICE, UE, Namespaces
from bench.harness.relays import KEY, RULE, Endpoint, free, roomy, started, udp
from bench.harness.relays import SERVICE as STABLE
from bench.harness.relays import UE as UE_END
from fedge.core.model import InstanceId, SiteId
from fedge.core.transfer import SetFlow
from fedge.core.transfer.effects import Flow
from fedge.dataplane.gateway import Gateway
from fedge.dataplane.nftables import Nftables
from fedge.ports import PlainFlow
from fedge.wire import ip
from fedge_sdk import wire

PACKETS_PER_S = 1000
"""Of one flow; a game's client sends 60."""


@dataclass
class Switches:
    """``millis``: how long each took: the kernel's table changed, or from FROZEN to the target's first packet."""

    millis: list[float] = field(default_factory=list)
    sent: int = 0
    lost: int = 0
    doubled: int = 0
    reordered: int = 0

    def judge(self, sent: int, *arrivals: list[int]) -> None:
        """``arrivals``: the numbers that each instance got as the writer, in their order."""
        self.sent += sent
        got = [number for one in arrivals for number in one]
        self.lost += sent - len(set(got))
        self.doubled += len(got) - len(set(got))
        self.reordered += sum(b < a for one in arrivals for a, b in pairwise(one))


def by_nftables(net: Namespaces, count: int) -> Switches:
    """An established flow goes to and fro between two instances, ``count`` times."""
    found = Switches()
    source = net.socket_in(net.ue, socket.SOCK_DGRAM, (UE, 40_100))
    sinks = [
        net.socket_in(n, socket.SOCK_DGRAM, (end[0], end[1] + 100))
        for n, end in zip(net.instances, INSTANCES, strict=True)
    ]
    for sink in sinks:
        roomy(sink)
    ends = [(host, port + 100) for host, port in INSTANCES]
    driver = Nftables(net.nft())
    driver.serve([SERVICE])
    driver.lead([PlainFlow((UE, 40_100), SERVICE, ends[0])])
    arrived: tuple[list[int], list[int]] = ([], [])
    stop = threading.Event()
    listeners = [
        threading.Thread(target=_listen, args=(sink, one, stop))
        for sink, one in zip(sinks, arrived, strict=True)
    ]
    for one in listeners:
        one.start()
    sent = _Sender(lambda number: source.sendto(number.to_bytes(8, "big"), SERVICE))
    for turn in range(count):
        time.sleep(0.05)
        begun = time.perf_counter()
        driver.lead([PlainFlow((UE, 40_100), SERVICE, ends[(turn + 1) % 2])])
        found.millis.append((time.perf_counter() - begun) * 1e3)
    total = sent.stop()
    stop.set()
    for one in listeners:
        one.join()
    found.judge(total, *arrived)
    source.close()
    for sink in sinks:
        sink.close()
    return found


def _listen(sink: socket.socket, arrived: list[int], stop: threading.Event) -> None:
    sink.settimeout(0.3)
    while True:
        try:
            arrived.append(int.from_bytes(sink.recv(64), "big"))
        except TimeoutError:
            if stop.is_set():
                return


class _Sender:
    """Numbered packets at a steady rate, in a thread of its own."""

    def __init__(self, send: Callable[[int], object]) -> None:
        self._send, self._stop, self._sent = send, threading.Event(), 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        due = time.perf_counter()
        while not self._stop.is_set():
            self._send(self._sent)
            self._sent += 1
            due += 1 / PACKETS_PER_S
            time.sleep(max(0.0, due - time.perf_counter()))

    def stop(self) -> int:
        self._stop.set()
        self._thread.join()
        return self._sent


class TwoSites:
    """Two gateways in a process of their own; the user plane and both instances are played here."""

    def __init__(self) -> None:
        self.upf, self.instances = udp(), (udp(), udp())
        self.n6 = (free(), free())
        self._pipe, theirs = Pipe()
        upf, homes = self.upf.getsockname(), [one.getsockname() for one in self.instances]
        self.process = started(lambda: _two_gateways(theirs, self.n6, upf, homes))
        self._pipe.recv()

    def set(self, site: int, flow: Flow, number: int) -> int:
        """Returns the instant at which the gateway has it."""
        self._pipe.send((site, flow, number))
        at: int = self._pipe.recv()
        return at


def _two_gateways(pipe: Connection, n6: Sequence[Endpoint], upf: Endpoint, homes: Sequence[Endpoint]) -> None:
    loop = asyncio.new_event_loop()
    between = [free(), free()]
    made: list[Gateway] = []
    with tempfile.TemporaryDirectory() as folder:
        for site in (0, 1):
            gateway = Gateway(
                n6[site], free(), between[site], upf,
                lambda to, packet, site=site: made[site].send_between(packet, between[int(to)]),
                lambda key, generation: None, lambda *arrived: None, Path(folder) / str(site),
            )  # fmt: skip
            gateway.instance_up("one", "game", homes[site])
            gateway.use_rules("game", (RULE,))
            gateway.peers.add(between[1 - site])
            gateway.start(loop)
            made.append(gateway)

        def order() -> None:
            site, flow, number = pipe.recv()
            made[site].apply(SetFlow(KEY, flow, number, number, InstanceId("one"), SiteId(str(1 - site))))
            pipe.send(time.monotonic_ns())

        loop.add_reader(pipe.fileno(), order)
        pipe.send(0)
        loop.run_forever()


def by_gateways(count: int) -> Switches:
    """A session moves to and fro between two gateways, as a move's two agents order it, 3 ms from FROZEN to ACTIVATED."""
    found, sites = Switches(), TwoSites()
    back = ip.Udp4(UE_END, STABLE)
    path = 0

    def send(number: int) -> None:
        inputs = wire.encode_inputs(KEY, 1, 1, 0, number + 1, [b"12345678"])
        sites.upf.sendto(back.packet(inputs), sites.n6[path])

    arrived: list[list[tuple[int, int]]] = [[], []]
    stop = threading.Event()
    listeners = [
        threading.Thread(target=_hear, args=(one, arrived[at], stop))
        for at, one in enumerate(sites.instances)
    ]
    for one in listeners:
        one.start()
    generation, writer = 1, 0
    sites.set(0, Flow.LOCAL, 1)
    sent = _Sender(send)
    shown: list[list[tuple[int, int]]] = [[], []]
    for _ in range(count):
        time.sleep(0.05)
        target = 1 - writer
        generation += 1
        sites.set(target, Flow.EARLY, generation)
        at = sites.set(writer, Flow.HOLD, generation - 1)
        time.sleep(0.003)
        begun = sites.set(target, Flow.LOCAL, generation)
        shown[writer].append((at, sites.set(writer, Flow.FORWARD, generation)))
        found.millis.append((begun - at) / 1e6)
        time.sleep(0.01)
        path = target
        writer = target
    time.sleep(0.05)
    total = sent.stop()
    stop.set()
    for one in listeners:
        one.join()
    sites.process.terminate()
    found.judge(total, *(_written(arrived[at], shown[at]) for at in (0, 1)))
    return found


def _hear(sink: socket.socket, arrived: list[tuple[int, int]], stop: threading.Event) -> None:
    sink.settimeout(0.3)
    while True:
        try:
            packet = sink.recv(2048)
        except TimeoutError:
            if stop.is_set():
                return
            continue
        stamp = wire.unseal(packet).stamp_ns
        arrived.append((stamp, wire.decode_inputs(packet, wire.ENVELOPE_BYTES).first_seq - 1))


def _written(arrived: list[tuple[int, int]], shown: list[tuple[int, int]]) -> list[int]:
    """The numbers that an instance got as the writer: what it was shown while it was stopped is left out."""
    return [number for stamp, number in arrived if not any(since <= stamp <= until for since, until in shown)]


@contextmanager
def namespaces() -> Iterator[Namespaces]:
    made = Namespaces()
    try:
        yield made
    finally:
        made.close()
