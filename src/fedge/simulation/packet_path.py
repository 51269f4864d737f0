"""The sockets of the access network: every packet between a UE and a site really passes here, and waits as long as it should.

Upwards: UE → [radio] → the flow's chosen path → [backhaul] → GTP-U to the site's user plane function. Downwards: GTP-U →
[backhaul] → enters the radio downlink (recorded) → [radio] → the UE, bare. Brackets are delays on one heap. ``access`` moves
the UEs and tunes their radio; ``gnb`` knows the paths; ``cell_load`` and ``bearers`` say how long a packet waits for its cell;
``session_watch`` works out the figures of a round trip.

A packet has a timetable of its own: it begins when the kernel had the packet, and each hop begins when the one before should have
ended. So what this process is late at a hop is made good at the next, and only the last one's error reaches the packet.

The hot path: the loop comes by once a pace (``access.PACES``), reads every socket that has something until it is empty, and lets
everything go that is due; one timer is armed for the heap's head.
"""

from __future__ import annotations

import asyncio
import select
import socket
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from math import log
from operator import itemgetter
from random import Random
from time import monotonic_ns
from typing import Any

from fedge.core.messages import Cell, Message, WriterChanged
from fedge.core.model import MS, SECOND, SiteId, UeId
from fedge.simulation.applications import Application
from fedge.simulation.bearers import LOST, Ue
from fedge.simulation.delay import DelayQueue
from fedge.simulation.fading import SLOT_NS, SLOTS, Luck
from fedge.simulation.figures import HopSamples
from fedge.simulation.gnb import Gnb
from fedge.simulation.n3 import MTU, Endpoint
from fedge.simulation.session_watch import frame_of, hops_us
from fedge.simulation.stamped import StampedUdp
from fedge.wire import ip, records

BACKHAUL_JITTER_NS = 30_000
"""Assumed mean of the exponential jitter of the fixed network, one way."""
RELAY_SAMPLE, ADDED_SAMPLE = 16, 8
EARLY_NS = 25_000
"""A packet may go so much before its time, or by half the loop's pace: waking up takes about as long, and the error is even."""
LARGEST = MTU - ip.HEADERS
"""What a UE may send or be sent in one datagram."""
_ARRIVAL = itemgetter(0)


@dataclass(frozen=True)
class Endpoints:
    """Socket addresses: the applications' (stable ones and the sites' own) and the base stations' on N3, all bound here.

    ``ues``: UEs by IP address, to their index.
    """

    services: tuple[Endpoint, ...]
    n3: Endpoint
    ues: Mapping[str, int]


class PacketPath:
    """All packets of the run. ``counts``: drops by reason. Started with ``open``; the luck comes from outside each second."""

    def __init__(
        self,
        endpoints: Endpoints,
        cells: Sequence[Cell],
        sites: Sequence[SiteId],
        trace: records.Trace,
        seed: int,
        names: Sequence[UeId],
        emit: Callable[[Message], None],
        pace_s: float = 0.0,
    ) -> None:
        self._early_ns = max(EARLY_NS, int(pace_s * SECOND / 2))
        self.ues = [Ue(index) for index in range(len(endpoints.ues))]
        self.samples = HopSamples()
        self.counts: Counter[str] = Counter()
        self.gnb = Gnb(
            endpoints.n3[0],
            {name: index for index, name in enumerate(names)},
            {index: address for address, index in endpoints.ues.items()},
            {site: index for index, site in enumerate(sites)},
            self.counts,
        )
        self._endpoints = endpoints
        self._by_address = {address: self.ues[index] for address, index in endpoints.ues.items()}
        self._oneway_ns = [[int(cell.path_rtt_ms[site] * MS / 2) for site in sites] for cell in cells]
        self._trace = trace
        self._names, self._emit = names, emit
        self._random = Random(f"backhaul/{seed}").random
        queue = DelayQueue()
        self._heap, self._number = queue.heap, queue.number
        self._armed: asyncio.TimerHandle | None = None
        self._armed_for = 0
        self._luck: Luck | None = None
        self._luck_begins = 0
        self._slot = -1
        self._z: list[float] = []
        self._lost_up: list[bool] = []
        self._lost_down: list[bool] = []

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Bind the applications' addresses and the base stations' on N3. Raises ``OSError``."""
        self._loop = loop
        self._applications = {service: Application(service) for service in self._endpoints.services}
        self._n3 = StampedUdp(self._endpoints.n3)
        self._send_n3 = self._n3.socket
        self._by_fd = {one.udp.socket.fileno(): one for one in self._applications.values()}
        self._poll = select.epoll()
        for fd in (*self._by_fd, self._n3.socket.fileno()):
            self._poll.register(fd, select.EPOLLIN)
        loop.add_reader(self._poll.fileno(), self._look)

    def close(self) -> None:
        """Stop; packets still in the air are gone."""
        self._loop.remove_reader(self._poll.fileno())
        self._poll.close()
        for udp in (*(one.udp for one in self._applications.values()), self._n3):
            udp.socket.close()
        if self._armed is not None:
            self._armed.cancel()
        self._heap.clear()

    def take_luck(self, luck: Luck, begins: int) -> None:
        """The radio's draws for the second that ``begins`` at this instant."""
        self._luck, self._luck_begins, self._slot = luck, begins, -1

    def _look(self) -> None:
        """Something came: read it, and let go what is due."""
        now = monotonic_ns()
        self._draw(now)
        up, sockets = [], 0
        for fd, _ in self._poll.poll(0):
            application = self._by_fd.get(fd)
            if application is None:
                self._from_n3(now)
            else:
                up += application.udp.read(now, application)
                sockets += 1
        if sockets > 1:
            up.sort(key=_ARRIVAL)  # for they share their cells' queues
        self._from_ues(up)
        self._pump()

    def _draw(self, now: int) -> None:
        """The radio's draws of this slot, as lists by UE."""
        luck = self._luck
        slot = min(max((now - self._luck_begins) // SLOT_NS, 0), SLOTS - 1)
        if slot != self._slot and luck is not None:
            self._slot, self._z = slot, luck.z[slot].tolist()
            self._lost_up, self._lost_down = luck.lost_up[slot].tolist(), luck.lost_down[slot].tolist()

    # --- upwards ------------------------------------------------------------------------------------------------------------

    def _from_ues(self, arrived: list[tuple[int, bytes, Endpoint, Application]]) -> None:
        heap, number, off_radio, early_ns = self._heap, self._number, self._off_radio_up, self._early_ns
        counts, lost, zs, ues = self.counts, self._lost_up, self._z, self._by_address
        for at, packet, address, application in arrived:
            sender = application.senders.get(address) or application.new_sender(address, ues)
            size = len(packet)
            if sender is None or not zs or size > LARGEST:
                reason = (
                    "unknown_ue" if sender is None else "too_large_up" if size > LARGEST else "no_radio_yet"
                )
                counts[reason] += 1
                continue
            ue = sender.ue
            if lost[ue.index]:
                counts["lost_up"] += 1
                continue
            z, flow = zs[ue.index], ue.flow(sender.service, address[1]) if ue.flows else None
            if flow is not None:
                due = flow.up.due(ue.queue_up, ue.up, at, size, z)
            else:
                wait = ue.queue_up.enter(at, size)
                due = ue.up.due(at + wait, size, z) if wait >= 0 else wait
            if due <= 0:
                counts[f"{LOST[due]}_up"] += 1
                continue
            heappush(heap, (due - early_ns, number(), off_radio, sender, packet, at, due))

    def _off_radio_up(self, entry: Any) -> None:
        """At the base station: choose the path, enter the backhaul."""
        _, _, _, sender, datagram, entered, left_radio = entry
        ue, flow = sender.ue, sender.flow
        path = flow.chosen if flow is not None else None
        if path is None:  # a flow without one may have given way to another
            flow = sender.flow = self.gnb.flow(ue.index, sender.service)
            path = flow.chosen if flow is not None else None
            if path is None:
                self.counts["no_path_up"] += 1
                return
        site = path.site
        due = (
            left_radio + self._oneway_ns[ue.cell][site] + int(-log(1.0 - self._random()) * BACKHAUL_JITTER_NS)
        )
        last_site, last = ue.up_last
        if last_site == site and due < last:
            due = last
        ue.up_last = (site, due)
        packet = path.up.packet(sender.packets.packet(datagram))
        due -= self._early_ns
        then = self._off_backhaul_up
        heappush(self._heap, (due, self._number(), then, ue, packet, datagram, path.n3, entered, left_radio))

    def _off_backhaul_up(self, entry: Any) -> None:
        due, count, _, ue, packet, datagram, n3, entered, left_radio = entry
        now = monotonic_ns()
        self._send(self._send_n3, packet, n3)
        if left_radio > now:
            left_radio = now  # it was let go early
        ue.watch.input_arrived(datagram, (left_radio - entered) // 1000, (now - left_radio) // 1000, now)
        if not count % ADDED_SAMPLE:
            self._note_lateness(ue.index, now, now - due - self._early_ns, count, records.WENT_UP)

    # --- downwards ----------------------------------------------------------------------------------------------------------

    def _from_n3(self, now: int) -> None:
        heap, number, off_backhaul = self._heap, self._number, self._off_backhaul_down
        from_n3, applications = self.gnb.from_n3, self._applications
        for at, packet, source, _ in self._n3.read(now, None):
            arrival = from_n3(packet, source)
            if arrival is None:
                continue
            path, datagram, to = arrival
            if path is None:
                self._send(self._send_n3, datagram, to)
                continue
            application = applications.get(path.flow.service)
            if application is None:
                self.counts["no_such_service"] += 1
                continue
            ue, site = self.ues[path.flow.ue], path.site
            due = at + self._oneway_ns[ue.cell][site] + int(-log(1.0 - self._random()) * BACKHAUL_JITTER_NS)
            last_site, last = ue.down_last
            if last_site == site and due < last:
                due = last
            ue.down_last = (site, due)
            heappush(heap, (due, number(), off_backhaul, ue, datagram, application, to, at))

    def _off_backhaul_down(self, entry: Any) -> None:
        """At the base station: the packet enters the UE's downlink radio. Never early: UEs share their cell's queue."""
        at, _, _, ue, datagram, application, to, entered = entry
        frame, arrival = frame_of(datagram), None
        if frame is not None:
            self._trace.add(records.DOWN, ue.index, at, frame.epoch, frame.tick, frame.stable_seq)
            change = ue.watch.frame_arrived(frame, at)
            if change is not None:
                name = self._names[ue.index]
                self._emit(WriterChanged(name, change.epoch, round(change.gap_ns / MS, 3), at))
            arrival = ue.watch.acknowledged(frame)
        if self._lost_down[ue.index]:
            self.counts["lost_down"] += 1
            return
        size, z = len(datagram), self._z[ue.index]
        flow = ue.flow(application.udp.address, to[1]) if ue.flows else None
        if flow is not None:
            due = flow.down.due(ue.queue_down, ue.down, at, size, z)
        else:
            wait = ue.queue_down.enter(at, size)
            due = ue.down.due(at + wait, size, z) if wait >= 0 else wait
        if due <= 0:
            self.counts[f"{LOST[due]}_down"] += 1
            return
        trip = None if arrival is None or frame is None else (arrival, frame.wait_us)
        due -= self._early_ns
        then, sock = self._off_radio_down, application.udp.socket
        heappush(self._heap, (due, self._number(), then, ue, datagram, sock, to, trip, entered, at))

    def _off_radio_down(self, entry: Any) -> None:
        due, count, _, ue, datagram, sock, to, trip, entered, entered_radio = entry
        now = monotonic_ns()
        self._send(sock, datagram, to)
        if trip is not None:
            arrival, wait_us = trip
            radio_us, backhaul_us = (now - entered_radio) // 1000, (entered_radio - entered) // 1000
            hops = hops_us(arrival, wait_us, radio_us, backhaul_us, entered)
            self._trace.add(records.HOPS, ue.index, now, *hops)
            self.samples.add(ue.index, hops)
        if not count % ADDED_SAMPLE:
            self._note_lateness(ue.index, now, now - due - self._early_ns, count, records.WENT_DOWN)

    # --- the clock ----------------------------------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Let everything go that is due, then sleep until the next is."""
        heap, now = self._heap, monotonic_ns()
        while heap and heap[0][0] <= now:
            while heap and heap[0][0] <= now:
                entry = heappop(heap)
                entry[2](entry)
            now = monotonic_ns()
        if heap and (self._armed is None or heap[0][0] < self._armed_for):
            if self._armed is not None:
                self._armed.cancel()
            self._armed_for = heap[0][0]
            self._armed = self._loop.call_at(self._armed_for / SECOND, self._timer)

    def _timer(self) -> None:
        self._armed = None
        self._draw(monotonic_ns())
        self._pump()

    def _note_lateness(self, ue: int, now: int, late_ns: int, count: int, way: int) -> None:
        """Of a packet that is on its way: how far from its time it went, and what that added to it."""
        self._trace.add(records.ADDED, ue, now, max(0, late_ns) // 1000, flags=way)
        if not count % RELAY_SAMPLE:
            late_us = abs(late_ns) // 1000
            self._trace.add(records.RELAY, ue, now, late_us, flags=way)
            self.samples.late_us.append(late_us)

    def _send(self, sock: socket.socket, packet: bytes, to: Endpoint) -> None:
        try:
            sock.sendto(packet, to)
        except OSError as error:  # nobody there, or no buffer: a network loses packets without a word
            self.counts[f"send_{type(error).__name__}"] += 1
