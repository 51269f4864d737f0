"""The sockets of the access network: every packet between a UE and a site really passes here, and waits as long as it should.

Upwards: UE → [radio] → the flow's chosen path → [backhaul] → GTP-U to the site's user plane function. Downwards: GTP-U →
[backhaul] → enters the radio downlink (recorded) → [radio] → the UE, bare. Brackets are delays on one heap. ``access`` moves
the UEs and tunes their radio; ``gnb`` knows the paths; ``cell_load`` and ``bearers`` say how long a packet waits for its cell;
``session_watch`` works out the figures of a round trip.

The hot path: sockets are drained with ``recvfrom`` until they are empty, one timer is armed for the heap's head.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import log
from random import Random
from time import monotonic_ns
from typing import Any

from fedge.core.messages import Cell, Message, WriterChanged
from fedge.core.model import MS, SECOND, SiteId, UeId
from fedge.simulation.bearers import LOST, Ue
from fedge.simulation.delay import DelayQueue
from fedge.simulation.fading import SLOT_NS, SLOTS, Luck
from fedge.simulation.figures import HopSamples
from fedge.simulation.gnb import Gnb
from fedge.simulation.n3 import MTU, READ_BYTES, Endpoint
from fedge.simulation.session_watch import frame_of, hops_us
from fedge.simulation.sockets import bound_udp
from fedge.wire import ip, records

BATCH = 64
"""Packets read from one socket before the delay queue has its turn."""
BACKHAUL_JITTER_NS = 30_000
"""Assumed mean of the exponential jitter of the fixed network, one way."""
RELAY_SAMPLE, ADDED_SAMPLE = 16, 8
EARLY_NS = 25_000
"""A packet may go so much before its time, or by half the loop's pace: waking up takes about as long, and the error is even."""
LARGEST = MTU - ip.HEADERS
"""What a UE may send or be sent in one datagram."""


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
        self._queue = DelayQueue()
        self._armed: asyncio.TimerHandle | None = None
        self._armed_for = 0
        self._luck: Luck | None = None
        self._luck_begins = 0

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Bind the applications' addresses and the base stations' on N3. Raises ``OSError``."""
        self._loop = loop
        self._services = {service: bound_udp(service) for service in self._endpoints.services}
        self._n3 = bound_udp(self._endpoints.n3)
        for service, sock in self._services.items():
            loop.add_reader(sock, partial(self._from_ues, sock, service))
        loop.add_reader(self._n3, self._from_n3)

    def close(self) -> None:
        """Stop; packets still in the air are gone."""
        for sock in (*self._services.values(), self._n3):
            self._loop.remove_reader(sock)
            sock.close()
        if self._armed is not None:
            self._armed.cancel()
        self._queue.clear()

    def take_luck(self, luck: Luck, begins: int) -> None:
        """The radio's draws for the second that ``begins`` at this instant."""
        self._luck, self._luck_begins = luck, begins

    def _slot(self, now: int) -> int:
        slot = (now - self._luck_begins) // SLOT_NS
        return 0 if slot < 0 else slot if slot < SLOTS else SLOTS - 1

    # --- upwards ------------------------------------------------------------------------------------------------------------

    def _from_ues(self, sock: socket.socket, service: Endpoint) -> None:
        receive, by_address, luck, put = sock.recvfrom, self._by_address, self._luck, self._queue.put
        for _ in range(BATCH):
            try:
                packet, address = receive(READ_BYTES)
            except BlockingIOError:
                break
            now = monotonic_ns()
            ue = by_address.get(address[0])
            size = len(packet)
            if ue is None or luck is None or size > LARGEST:
                reason = "unknown_ue" if ue is None else "too_large_up" if size > LARGEST else "no_radio_yet"
                self.counts[reason] += 1
                continue
            heard = ue.heard.get(service)
            if heard is None or heard[0] != address:
                heard = ue.heard[service] = address, ip.Udp4(address, service)
            slot = self._slot(now)
            if luck.lost_up.item(slot, ue.index):
                self.counts["lost_up"] += 1
                continue
            z, flow = luck.z.item(slot, ue.index), ue.flow(service, address[1]) if ue.flows else None
            if flow is not None:
                due = flow.up.due(ue.queue_up, ue.up, now, size, z)
            else:
                wait = ue.queue_up.enter(now, size)
                due = ue.up.due(now + wait, size, z) if wait >= 0 else wait
            if due <= 0:
                self.counts[f"{LOST[due]}_up"] += 1
                continue
            put(due, self._off_radio_up, ue, packet, service, heard[1], now)
        self._pump()

    def _off_radio_up(self, entry: Any, now: int) -> None:
        """At the base station: choose the path, enter the backhaul."""
        due, _, _, ue, datagram, service, packets, entered = entry
        path = self.gnb.uplink(ue.index, service)
        if path is None:
            self.counts["no_path_up"] += 1
            return
        site = path.site
        at = now + self._oneway_ns[ue.cell][site] + int(-log(1.0 - self._random()) * BACKHAUL_JITTER_NS)
        last_site, last = ue.up_last
        if last_site == site and at < last:
            at = last
        ue.up_last = (site, at)
        packet = path.up.packet(packets.packet(datagram))
        self._queue.put(at, self._off_backhaul_up, ue, packet, datagram, path.n3, entered, now, now - due)

    def _off_backhaul_up(self, entry: Any, now: int) -> None:
        due, count, _, ue, packet, datagram, n3, entered, left_radio, late = entry
        self._send(self._n3, packet, n3)
        ue.watch.input_arrived(datagram, (left_radio - entered) // 1000, (now - left_radio) // 1000, now)
        if not count % ADDED_SAMPLE:
            added = max(0, late + now - due) // 1000
            self._trace.add(records.ADDED, ue.index, now, added, flags=records.WENT_UP)

    # --- downwards ----------------------------------------------------------------------------------------------------------

    def _from_n3(self) -> None:
        receive, put, arrived = self._n3.recvfrom, self._queue.put, self.gnb.from_n3
        for _ in range(BATCH):
            try:
                packet, source = receive(READ_BYTES)
            except BlockingIOError:
                break
            arrival = arrived(packet, source)
            if arrival is None:
                continue
            path, datagram, to = arrival
            if path is None:
                self._send(self._n3, datagram, to)
                continue
            service = path.flow.service
            sock = self._services.get(service)
            if sock is None:
                self.counts["no_such_service"] += 1
                continue
            now = monotonic_ns()
            ue, site = self.ues[path.flow.ue], path.site
            at = now + self._oneway_ns[ue.cell][site] + int(-log(1.0 - self._random()) * BACKHAUL_JITTER_NS)
            last_site, last = ue.down_last
            if last_site == site and at < last:
                at = last
            ue.down_last = (site, at)
            put(at, self._off_backhaul_down, ue, datagram, sock, to, service, now)
        self._pump()

    def _off_backhaul_down(self, entry: Any, now: int) -> None:
        """At the base station: the packet enters the UE's downlink radio, now."""
        due, _, _, ue, datagram, sock, to, service, entered = entry
        frame, arrival, luck = frame_of(datagram), None, self._luck
        if frame is not None:
            self._trace.add(records.DOWN, ue.index, now, frame.epoch, frame.tick, frame.stable_seq)
            change = ue.watch.frame_arrived(frame, now)
            if change is not None:
                name = self._names[ue.index]
                self._emit(WriterChanged(name, change.epoch, round(change.gap_ns / MS, 3), now))
            arrival = ue.watch.acknowledged(frame)
        assert luck is not None
        slot = self._slot(now)
        if luck.lost_down.item(slot, ue.index):
            self.counts["lost_down"] += 1
            return
        size, z = len(datagram), luck.z.item(slot, ue.index)
        flow = ue.flow(service, to[1]) if ue.flows else None
        if flow is not None:
            at = flow.down.due(ue.queue_down, ue.down, now, size, z)
        else:
            wait = ue.queue_down.enter(now, size)
            at = ue.down.due(now + wait, size, z) if wait >= 0 else wait
        if at <= 0:
            self.counts[f"{LOST[at]}_down"] += 1
            return
        trip = None if arrival is None or frame is None else (arrival, frame.wait_us)
        self._queue.put(at, self._off_radio_down, ue, datagram, sock, to, trip, entered, now, now - due)

    def _off_radio_down(self, entry: Any, now: int) -> None:
        due, count, _, ue, datagram, sock, to, trip, entered, entered_radio, late = entry
        self._send(sock, datagram, to)
        if trip is not None:
            arrival, wait_us = trip
            radio_us, backhaul_us = (now - entered_radio) // 1000, (entered_radio - entered) // 1000
            hops = hops_us(arrival, wait_us, radio_us, backhaul_us, entered)
            self._trace.add(records.HOPS, ue.index, now, *hops)
            self.samples.add(ue.index, hops)
        if not count % ADDED_SAMPLE:
            added = max(0, late + now - due) // 1000
            self._trace.add(records.ADDED, ue.index, now, added, flags=records.WENT_DOWN)

    # --- the clock ----------------------------------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Let everything go that is due, then sleep until the next is."""
        take, early_ns = self._queue.take, self._early_ns
        now = monotonic_ns()
        while entry := take(now + early_ns):
            if not entry[1] % RELAY_SAMPLE:
                self._note_lateness(entry, now)
            entry[2](entry, now)
            now = monotonic_ns()
        head = self._queue.next_due
        if head is not None:
            if self._armed is None or head < self._armed_for:
                if self._armed is not None:
                    self._armed.cancel()
                self._armed_for = head
                self._armed = self._loop.call_at((head - early_ns) / SECOND, self._timer)

    def _timer(self) -> None:
        self._armed = None
        self._pump()

    def _note_lateness(self, entry: Any, now: int) -> None:
        late_us = abs(now - entry[0]) // 1000
        upwards = entry[2] in (self._off_radio_up, self._off_backhaul_up)
        self._trace.add(
            records.RELAY,
            entry[3].index,
            now,
            late_us,
            flags=records.WENT_UP if upwards else records.WENT_DOWN,
        )
        self.samples.late_us.append(late_us)

    def _send(self, sock: socket.socket, packet: bytes, to: Endpoint) -> None:
        try:
            sock.sendto(packet, to)
        except OSError as error:  # nobody there, or no buffer: a network loses packets without a word
            self.counts[f"send_{type(error).__name__}"] += 1
