"""Plain UDP in user space, with no privilege: one socket of the gateway for each UE's socket, connected to the UE's instance.

The instance sees the gateway's own address and one port a UE; to borrow the UE's address would need root. A connected socket
takes packets of its peer alone, so the instance that a flow was led to before is not heard any more. `nftables.py` is the other
driver. A UE may open any number of sockets, so there is a bound: then the UE's socket that was silent longest is let go.
"""

from __future__ import annotations

import resource
import socket
from asyncio import AbstractEventLoop
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable

from fedge.dataplane.backhaul import Line, WireTo, no_wire
from fedge.ports import Endpoint, PlainFlow
from fedge.wire import ip

DRAIN = 64
MAX_FLOWS = 4096
"""So many wait, and so many are carried where descriptors suffice."""
DESCRIPTORS = 0.5
"""The part of the process's descriptors that flows may take: it has its links to the centre, peers and instances too."""
MAX_DATAGRAM = 2048
Pair = tuple[Endpoint, Endpoint]


class _Leg:
    """One UE's way to its instance."""

    __slots__ = ("back", "carried", "flow", "socket")

    def __init__(self, flow: PlainFlow, host: str) -> None:
        self.flow, self.back = flow, ip.Udp4(flow.service, flow.ue)
        self.carried = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        try:
            self.socket.bind((host, 0))
            self.socket.connect(flow.instance)
        except OSError:
            self.socket.close()
            raise


class UserspaceForwarding:
    """The driver (`ports.Forwarding`). ``host``: the gateway's address towards instances; ``send``: an IP packet to N6.
    ``wire``: the emulated one to another gateway, over which what comes through a door takes its time.
    """

    name = "userspace"

    def __init__(
        self,
        loop: AbstractEventLoop,
        host: str,
        send: Callable[[bytes], None],
        counts: Counter[str],
        wire: WireTo = no_wire,
    ) -> None:
        self.counts = counts
        self._wire = wire
        self._lines: dict[str, tuple[Line, Line]] = {}
        """By the other gateway's address: hither and thither."""
        self._loop, self._host, self._send = loop, host, send
        allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.most = (
            MAX_FLOWS if allowed == resource.RLIM_INFINITY else min(MAX_FLOWS, int(allowed * DESCRIPTORS))
        )
        self._legs: OrderedDict[Pair, _Leg] = OrderedDict()
        """The one whose UE was silent longest first."""
        self._waiting: dict[Pair, bytes] = {}
        self._doors: dict[Endpoint, socket.socket] = {}
        self.arrived: Callable[[], None] = lambda: None
        """Called when somebody without a flow has come through a door."""

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
            self._legs.move_to_end((ue, service))
            self._to_instance(leg, payload)
        elif len(self._waiting) < MAX_FLOWS:
            self._waiting[ue, service] = payload
        else:
            self.counts["plain_refused"] += 1
        return leg is not None

    def lead(self, flows: Iterable[PlainFlow]) -> list[Pair]:
        """See `ports.Forwarding`. Lets go whom there is no socket for, and for each new one too many the most silent one."""
        gone = []
        for flow in flows:
            pair = (flow.ue, flow.service)
            try:
                leg = self._led(pair, flow)
            except OSError:  # no descriptor or no port is left, or the instance has no route
                self.counts["plain_no_socket"] += 1
                self.forget(*pair)
                gone.append(pair)
                continue
            waiting = self._waiting.pop(pair, None)
            if waiting is not None:
                self._to_instance(leg, waiting)
            while len(self._legs) > self.most:
                silent = next(iter(self._legs))
                self.counts["plain_evicted"] += 1
                self.forget(*silent)
                gone.append(silent)
        return gone

    def _led(self, pair: Pair, flow: PlainFlow) -> _Leg:
        leg = self._legs.get(pair)
        if leg is None:
            leg = _Leg(flow, self._host)
            self._loop.add_reader(leg.socket, self._from_instance, leg)
            self._legs[pair] = leg
        elif leg.flow != flow:
            self._from_instance(
                leg
            )  # what the instance has said until now leaves; what it says later is not heard
            leg.socket.connect(flow.instance)
            leg.flow = flow
        return leg

    def forget(self, ue: Endpoint, service: Endpoint) -> None:
        self._waiting.pop((ue, service), None)
        leg = self._legs.pop((ue, service), None)
        if leg is not None:
            self._loop.remove_reader(leg.socket)
            leg.socket.close()

    def unknown(self) -> list[Pair]:
        """See `ports.Forwarding`."""
        return list(self._waiting)

    def carried(self) -> dict[Pair, int]:
        """See `ports.Forwarding`: datagrams, both ways."""
        return {pair: leg.carried for pair, leg in self._legs.items()}

    def open_door(self, host: str) -> Endpoint:
        """See `ports.Forwarding`. Raises ``OSError`` where there is no port."""
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.setblocking(False)
        opened.bind((host, 0))
        door: Endpoint = opened.getsockname()
        self._doors[door] = opened
        self._loop.add_reader(opened, self._through, door)
        return door

    def close_door(self, door: Endpoint) -> None:
        self._loop.remove_reader(self._doors[door])
        self._doors.pop(door).close()

    def _through(self, door: Endpoint) -> None:
        strangers = False
        for _ in range(DRAIN):
            try:
                payload, gateway = self._doors[door].recvfrom(MAX_DATAGRAM)
            except BlockingIOError:
                break
            lines = self._between(gateway[0])
            if lines is not None:
                lines[0].send(payload, gateway, door)
            else:
                strangers |= not self.uplink(gateway, door, payload)
        if strangers:
            self.arrived()

    def _between(self, host: str) -> tuple[Line, Line] | None:
        """The lines of the emulated wire to another gateway, if there is one."""
        wire = self._wire(host)
        if wire is None:
            return None
        if host not in self._lines:
            self._lines[host] = wire.line(self._come), wire.line(self._gone)
        return self._lines[host]

    def _come(self, payload: bytes, gateway: Endpoint, door: Endpoint) -> None:
        if door in self._doors and not self.uplink(gateway, door, payload):
            self.arrived()

    def _gone(self, payload: bytes, door: Endpoint, gateway: Endpoint) -> None:
        opened = self._doors.get(door)
        if opened is not None:
            self._back(opened, gateway, payload)

    def close(self) -> None:
        for door in tuple(self._doors):
            self.close_door(door)
        for pair in tuple(self._legs):
            self.forget(*pair)

    def _to_instance(self, leg: _Leg, payload: bytes) -> None:
        leg.carried += 1
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
            leg.carried += 1
            door = self._doors.get(leg.flow.service)
            if door is None:
                self._send(leg.back.packet(payload))
                continue
            lines = self._between(leg.flow.ue[0])
            if lines is not None:
                lines[1].send(payload, leg.flow.service, leg.flow.ue)
            else:
                self._back(door, leg.flow.ue, payload)

    def _back(self, door: socket.socket, gateway: Endpoint, payload: bytes) -> None:
        """To the gateway that led this UE here."""
        try:
            door.sendto(payload, gateway)
        except OSError:
            self.counts["plain_lost"] += 1
