"""The sockets of the access network: every packet between a UE and a site really passes here, and waits as long as it should.

Upwards: UE → [radio] → route of the session → [backhaul] → the site's gateway, in an envelope. Downwards: gateway →
[backhaul] → enters the radio downlink (recorded) → [radio] → the UE, bare. Brackets are delays on one heap; each charges to
the envelope what it really took, lateness included. ``access`` moves the UEs and tunes their radio; ``upf`` knows the routes.

The hot path: sockets are drained with ``recvfrom`` until they are empty, one timer is armed for the heap's head.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from random import Random
from struct import Struct
from time import monotonic_ns
from typing import Any

from fedge.core.messages import Cell, Message, WriterChanged
from fedge.core.model import MS, SECOND, SiteId, UeId
from fedge.simulation.air import Air
from fedge.simulation.delay import DelayQueue
from fedge.simulation.fading import SLOT_NS, SLOTS, Luck
from fedge.simulation.figures import HopSamples
from fedge.simulation.sockets import bound_udp
from fedge.simulation.upf import Gateway, Route, RouteTable
from fedge.wire import records
from fedge_sdk import wire

BATCH = 64
"""Packets read from one socket before the delay queue has its turn."""
BACKHAUL_JITTER_NS = 30_000
"""Assumed mean of the exponential jitter of the fixed network, one way."""
RELAY_SAMPLE, ADDED_SAMPLE = 16, 8
EARLY_NS = 25_000
"""A packet may go so much before its time, or by half the loop's pace: waking up takes about as long, and the error is even."""

# What this module reads of the SDK's packets: INPUT's session; FRAME's session, epoch, tick, stable_seq (fedge_sdk.wire).
_SESSION = Struct("!Q")
_FRAME_HEAD = Struct("!BQIII")


@dataclass(frozen=True)
class Endpoints:
    """Socket addresses: the application's and the N6 side, both bound here; UEs and gateways by IP address, to their index."""

    service: tuple[str, int]
    user_plane: tuple[str, int]
    ues: Mapping[str, int]
    gateways: Mapping[str, int]


class Ue:
    """A UE at the radio: its two directions, the cell it is in, and the socket address it was last heard from."""

    __slots__ = ("address", "cell", "down", "down_last", "index", "up", "up_last")

    def __init__(self, index: int) -> None:
        self.index = index
        self.cell = 0
        self.up, self.down = Air(), Air()
        self.address: tuple[str, int] | None = None
        # the last instant promised on the backhaul and to or from which site: packets of one path keep their order
        self.up_last = self.down_last = (-1, 0)


class PacketPath:
    """All packets of the run. ``counts``: drops by reason. Started with ``open``; the luck comes from outside each second."""

    def __init__(
        self,
        endpoints: Endpoints,
        cells: Sequence[Cell],
        sites: Sequence[SiteId],
        routes: RouteTable,
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
        self._endpoints = endpoints
        self._by_address = {address: self.ues[index] for address, index in endpoints.ues.items()}
        self._site_of = endpoints.gateways
        self._oneway_ns = [[int(cell.path_rtt_ms[site] * MS / 2) for site in sites] for cell in cells]
        self._routes = routes.by_key
        self._trace = trace
        self._names, self._emit = names, emit
        self._random = Random(f"backhaul/{seed}").random
        self._queue = DelayQueue()
        self._armed: asyncio.TimerHandle | None = None
        self._armed_for = 0
        self._luck: Luck | None = None
        self._luck_begins = 0

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Bind the application's address and the user plane's N6 side. Raises ``OSError``."""
        self._loop = loop
        self._service = bound_udp(self._endpoints.service)
        self._n6 = bound_udp(self._endpoints.user_plane)
        loop.add_reader(self._service, self._from_ues)
        loop.add_reader(self._n6, self._from_sites)

    def close(self) -> None:
        """Stop; packets still in the air are gone."""
        for sock in (self._service, self._n6):
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

    def _from_ues(self) -> None:
        receive, by_address, luck, put = self._service.recvfrom, self._by_address, self._luck, self._queue.put
        for _ in range(BATCH):
            try:
                packet, address = receive(2048)
            except BlockingIOError:
                break
            now = monotonic_ns()
            ue = by_address.get(address[0])
            size = len(packet)
            if (
                ue is None
                or luck is None
                or size < wire.INPUT_BYTES
                or size > wire.MAX_DATAGRAM
                or packet[0] != wire.INPUT
            ):
                self.counts["malformed_up"] += 1
                continue
            ue.address = address
            slot = self._slot(now)
            if luck.lost_up.item(slot, ue.index):
                self.counts["lost_up"] += 1
                continue
            due = ue.up.due(now, size, luck.z.item(slot, ue.index))
            if not due:
                self.counts["lost_in_roam_up"] += 1
                continue
            put(due, self._off_radio_up, ue, packet, now)
        self._pump()

    def _off_radio_up(self, entry: Any, now: int) -> None:
        """At the user plane: choose the site, enter the backhaul."""
        due, _, _, ue, packet, entered = entry
        route = self._routes.get(_SESSION.unpack_from(packet, 1)[0])
        if route is None or route.ue != ue.index or route.gateway is None:
            self.counts["no_route_up"] += 1
            return
        site = route.site
        at = now + self._oneway_ns[ue.cell][site] + int(-log(1.0 - self._random()) * BACKHAUL_JITTER_NS)
        last_site, last = ue.up_last
        if last_site == site and at < last:
            at = last
        ue.up_last = (site, at)
        self._queue.put(
            at, self._off_backhaul_up, route, packet, entered, now, now - due, route.active, route.gateway
        )

    def _off_backhaul_up(self, entry: Any, now: int) -> None:
        due, count, _, route, packet, entered, left_radio, late, generation, gateway = entry
        envelope = (
            wire.UP,
            0,
            route.key,
            generation,
            (left_radio - entered) // 1000,
            (now - left_radio) // 1000,
            0,
            0,
            now,
        )
        self._send(self._n6, wire.seal(wire.Envelope._make(envelope), packet), gateway)
        if not count % ADDED_SAMPLE:
            added = max(0, late + now - due) // 1000
            self._trace.add(records.ADDED, route.ue, now, added, flags=records.WENT_UP)

    # --- downwards ----------------------------------------------------------------------------------------------------------

    def _from_sites(self) -> None:
        receive, put = self._n6.recvfrom, self._queue.put
        for _ in range(BATCH):
            try:
                packet, address = receive(2048)
            except BlockingIOError:
                break
            now = monotonic_ns()
            site = self._site_of.get(address[0])
            if site is None or len(packet) <= wire.ENVELOPE_BYTES or packet[0] != wire.DOWN:
                self.counts["malformed_down"] += 1
                continue
            envelope = wire.unseal(packet)
            # Any site may speak for a known session: a move's target does before its route is activated.
            route = self._routes.get(envelope.session)
            if route is None:
                self.counts["no_route_down"] += 1
                continue
            ue = self.ues[route.ue]
            at = now + self._oneway_ns[ue.cell][site] + int(-log(1.0 - self._random()) * BACKHAUL_JITTER_NS)
            last_site, last = ue.down_last
            if last_site == site and at < last:
                at = last
            ue.down_last = (site, at)
            put(at, self._off_backhaul_down, route, packet, envelope, now)
        self._pump()

    def _off_backhaul_down(self, entry: Any, now: int) -> None:
        """At the base station: the packet enters the UE's downlink radio, now."""
        due, _, _, route, packet, envelope, entered = entry
        ue, luck = self.ues[route.ue], self._luck
        datagram = packet[wire.ENVELOPE_BYTES :]
        acknowledges = False
        if datagram[0] == wire.FRAME and len(datagram) >= wire.FRAME_BYTES:
            _, _, epoch, tick, stable_seq = _FRAME_HEAD.unpack_from(datagram)
            self._trace.add(records.DOWN, ue.index, now, epoch, tick, stable_seq)
            if epoch > route.epoch:
                self._note_writer(route, epoch, now)
                route.tick, route.stable_seq = min(route.tick, tick - 1), min(route.stable_seq, stable_seq)
            if tick > route.tick:
                route.tick, route.tick_at = tick, now
            acknowledges = _acknowledges(route, epoch, stable_seq)
        assert luck is not None
        slot = self._slot(now)
        if luck.lost_down.item(slot, ue.index):
            self.counts["lost_down"] += 1
            return
        at = ue.down.due(now, len(datagram), luck.z.item(slot, ue.index))
        if not at:
            self.counts["lost_in_roam_down"] += 1
            return
        account = envelope if acknowledges else None
        self._queue.put(at, self._off_radio_down, ue, datagram, account, entered, now, now - due)

    def _note_writer(self, route: Route, epoch: int, now: int) -> None:
        """The first frame of a higher epoch: a move, as its player feels it. A session opened anew counts from the start."""
        if route.epoch:
            gap_ms = (now - route.tick_at) / MS
            self._emit(WriterChanged(self._names[route.ue], epoch, round(gap_ms, 3), now))
        route.epoch = epoch

    def _off_radio_down(self, entry: Any, now: int) -> None:
        due, count, _, ue, datagram, envelope, entered, entered_radio, late = entry
        if ue.address is None:
            self.counts["ue_never_heard"] += 1
            return
        self._send(self._service, datagram, ue.address)
        if envelope is not None:
            hops = (
                envelope.radio_us + (now - entered_radio) // 1000,
                envelope.backhaul_us + (entered_radio - entered) // 1000,
                envelope.gateway_us + max(0, entered - envelope.stamp_ns) // 1000,
                envelope.server_us,
            )
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
        whose = entry[3].index if isinstance(entry[3], Ue) else entry[3].ue
        self._trace.add(
            records.RELAY, whose, now, late_us, flags=records.WENT_UP if upwards else records.WENT_DOWN
        )
        self.samples.late_us.append(late_us)

    def _send(self, sock: socket.socket, packet: bytes, to: Gateway) -> None:
        try:
            sock.sendto(packet, to)
        except OSError as error:  # nobody there, or no buffer: a network loses packets without a word
            self.counts[f"send_{type(error).__name__}"] += 1


def _acknowledges(route: Route, epoch: int, stable_seq: int) -> bool:
    """Is this the first frame that acknowledges input ``stable_seq``?"""
    if epoch < route.epoch or stable_seq <= route.stable_seq:
        return False
    route.stable_seq = stable_seq
    return True
