"""Plain UDP in user space, with no privilege: one socket of the gateway for each UE's socket, connected to the UE's instance.

The instance sees the gateway's own address and one port a UE; to borrow the UE's address would need root. A connected socket
takes packets of its peer alone, so the instance that a flow was led to before is not heard any more. `nftables.py` is the other
driver.
"""

from __future__ import annotations

import socket
from asyncio import AbstractEventLoop
from collections import Counter
from collections.abc import Callable, Iterable

from fedge.ports import Endpoint, PlainFlow
from fedge.wire import ip

DRAIN = 64
MAX_FLOWS = 4096
MAX_DATAGRAM = 2048
Pair = tuple[Endpoint, Endpoint]


class _Leg:
    """One UE's way to its instance."""

    __slots__ = ("back", "flow", "socket")

    def __init__(self, flow: PlainFlow, host: str) -> None:
        self.flow, self.back = flow, ip.Udp4(flow.service, flow.ue)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind((host, 0))
        self.socket.connect(flow.instance)


class UserspaceForwarding:
    """The driver (`ports.Forwarding`). ``host``: the gateway's address towards instances; ``send``: an IP packet to N6."""

    name = "userspace"

    def __init__(
        self, loop: AbstractEventLoop, host: str, send: Callable[[bytes], None], counts: Counter[str]
    ) -> None:
        self.counts = counts
        self._loop, self._host, self._send = loop, host, send
        self._legs: dict[Pair, _Leg] = {}
        self._waiting: dict[Pair, bytes] = {}

    def serve(self, services: Iterable[Endpoint]) -> None:
        """See `ports.Forwarding`."""
        wanted = frozenset(services)
        for ue, service in (*self._legs, *self._waiting):
            if service not in wanted:
                self.forget(ue, service)

    def uplink(self, ue: Endpoint, service: Endpoint, payload: bytes) -> bool:
        """A UE's datagram to its instance. False: it has none, and its newest datagram waits for ``lead``."""
        leg = self._legs.get((ue, service))
        if leg is not None:
            self._to_instance(leg, payload)
        elif len(self._waiting) < MAX_FLOWS:
            self._waiting[ue, service] = payload
        else:
            self.counts["plain_refused"] += 1
        return leg is not None

    def lead(self, flows: Iterable[PlainFlow]) -> None:
        """See `ports.Forwarding`. Raises ``OSError`` where there is no socket left."""
        for flow in flows:
            pair = (flow.ue, flow.service)
            leg = self._legs.get(pair)
            if leg is None:
                leg = self._legs[pair] = _Leg(flow, self._host)
                self._loop.add_reader(leg.socket, self._from_instance, leg)
            elif leg.flow != flow:
                self._from_instance(
                    leg
                )  # what the instance has said until now leaves; what it says later is not heard
                leg.socket.connect(flow.instance)
                leg.flow = flow
            waiting = self._waiting.pop(pair, None)
            if waiting is not None:
                self._to_instance(leg, waiting)

    def forget(self, ue: Endpoint, service: Endpoint) -> None:
        self._waiting.pop((ue, service), None)
        leg = self._legs.pop((ue, service), None)
        if leg is not None:
            self._loop.remove_reader(leg.socket)
            leg.socket.close()

    def unknown(self) -> list[Pair]:
        """See `ports.Forwarding`."""
        return list(self._waiting)

    def close(self) -> None:
        for pair in tuple(self._legs):
            self.forget(*pair)

    def _to_instance(self, leg: _Leg, payload: bytes) -> None:
        try:
            leg.socket.send(payload)
        except OSError:  # nobody there, or no buffer: a network loses packets without a word
            self.counts["plain_lost"] += 1

    def _from_instance(self, leg: _Leg) -> None:
        for _ in range(DRAIN):
            try:
                payload = leg.socket.recv(MAX_DATAGRAM)
            except BlockingIOError:
                return
            except (
                OSError
            ):  # the instance is down: the kernel says so once for each packet that did not reach it
                self.counts["plain_lost"] += 1
                continue
            self._send(leg.back.packet(payload))
