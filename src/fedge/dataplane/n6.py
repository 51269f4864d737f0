"""N6 at a site: the UE's IPv4/UDP packets from and to the user plane function, and what lies between them and the flow table.

Pure: packets in, packets out. Up: which rule does it fall under, whose session is it (by the SDK's token in the datagram, never
by its address), and where does its UE speak from now. Down: the instance's datagram, from the address that the UE sent to, to
where the UE was last heard. One socket of a UE speaks for one session of an application: an address that another session speaks
from has changed hands.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from fedge.core.applications.traffic_rules import forwards, matching
from fedge.core.messages import TrafficRule
from fedge.core.transfer import ClearFlow
from fedge.core.transfer.effects import Flow
from fedge.dataplane.flows import Delivery, FlowTable
from fedge.ports import Endpoint
from fedge.wire import ip
from fedge_sdk import wire

KNOWN_HEADERS = 16_384
"""So many headers are remembered as read and right; then they are read again."""
_CHECKED = slice(0, 26)
"""IP header, ports and UDP length: what `ip.read` checks of a packet, besides that it is whole."""
_ENDS = slice(12, 24)
_KIND_KEY = struct.Struct("!BQ")
_PORTS = struct.Struct("!HH")
_SMALLEST, _LARGEST = ip.HEADERS + wire.INPUT_BYTES, ip.HEADERS + wire.MAX_DATAGRAM


class UeFlow:
    """One UE's socket (``ue``) and the application's address that it sends to (``service``)."""

    __slots__ = ("back", "key", "plain", "service", "ue")

    def __init__(self, ue: Endpoint, service: Endpoint, plain: bool) -> None:
        self.ue, self.service, self.plain = ue, service, plain
        self.key: int | None = None
        self.back = ip.Udp4(service, ue)


class N6:
    """``apps``: the application of each instance here; sessions are told apart by application through theirs.

    ``carry``: where datagrams go that are for applications without sessions, `use_plain`; never an INPUT of a session here.
    """

    def __init__(self, table: FlowTable) -> None:
        self.table, self.counts = table, table.counts
        self.apps: dict[str, str] = {}
        self.carry: Callable[[Endpoint, Endpoint, bytes], None] = lambda ue, service, payload: None
        self._plain: frozenset[Endpoint] = frozenset()
        self._rules: dict[str, tuple[TrafficRule, ...]] = {}
        self._ues: dict[int, UeFlow] = {}
        self._flows: dict[bytes, UeFlow] = {}
        self._known: dict[bytes, tuple[int, UeFlow]] = {}

    # --- what passes -------------------------------------------------------------------------------------------------------

    def uplink(self, packet: bytes, now: int) -> tuple[list[Delivery], int, int]:
        """Where a packet from the user plane function goes; its session; and what ``FlowTable.direct`` says of the generation."""
        known = self._known.get(packet[_CHECKED])
        if known is None or len(packet) < known[0]:
            known = self._read(packet)
            if known is None:
                return [], 0, 0
        size, flow = known
        if flow.plain and not self._of_session(packet, size):
            self.carry(flow.ue, flow.service, packet[ip.HEADERS : size])
            return [], 0, 0
        kind, key = _KIND_KEY.unpack_from(packet, ip.HEADERS)
        if kind != wire.INPUT:
            self.counts["malformed"] += 1
            return [], 0, 0
        if self._ues.get(key) is not flow and not self._speaks_from(key, flow):
            return [], 0, 0
        deliveries, generation = self.table.direct(key, packet[ip.HEADERS : size], now)
        return deliveries, key, generation

    def _of_session(self, packet: bytes, size: int) -> bool:
        """Sessions come first: all applications are reached at one address, and each may be of another tenant."""
        if not _SMALLEST <= size <= _LARGEST:
            return False
        kind, key = _KIND_KEY.unpack_from(packet, ip.HEADERS)
        return kind == wire.INPUT and key in self.table.entries

    def downlink(self, packet: bytes) -> bytes | None:
        """The IP packet for the user plane function around an instance's datagram, if it may leave and its UE is known."""
        key = self.table.downlink(packet)
        if key is None:
            return None
        flow = self._ues.get(key)
        if flow is None:
            self.counts["ue_unknown"] += 1
            return None
        return flow.back.packet(packet[wire.ENVELOPE_BYTES :])

    def towards(self, key: int, datagram: bytes) -> bytes | None:
        """The IP packet around a word of the gateway's own for a session's client, if it is known where that is."""
        flow = self._ues.get(key)
        return flow.back.packet(datagram) if flow is not None else None

    def _read(self, packet: bytes) -> tuple[int, UeFlow] | None:
        """A packet's size and flow, remembered by its header; None for what is no datagram of a client (counted)."""
        try:
            datagram = ip.read(packet)
        except ip.BadPacket:
            self.counts["malformed"] += 1
            return None
        size = ip.HEADERS + len(datagram.payload)
        plain = datagram.destination in self._plain
        if len(datagram.payload) > wire.MAX_DATAGRAM and not plain:
            self.counts["oversized"] += 1
            return None
        whole = packet[0] == 0x45 and int.from_bytes(packet[2:4], "big") == size
        if not whole or (
            size < _SMALLEST and not plain
        ):  # no game sends header options, or bytes behind its datagram
            self.counts["malformed"] += 1
            return None
        if len(self._known) >= KNOWN_HEADERS:
            self._known.clear()
            self._flows = {ends: flow for ends, flow in self._flows.items() if flow.key is not None}
        ends = packet[_ENDS]
        flow = self._flows.get(ends)
        if flow is None:
            flow = self._flows[ends] = UeFlow(datagram.source, datagram.destination, plain)
        known = self._known[packet[_CHECKED]] = (size, flow)
        return known

    # --- who speaks from where ---------------------------------------------------------------------------------------------

    def _speaks_from(self, key: int, flow: UeFlow) -> bool:
        """A session is heard from another socket than before: learn it, if a rule lets its traffic pass."""
        entry = self.table.entries.get(key)
        if entry is None:
            self.counts["no_flow"] += 1
            return False
        if not self._passes(self.apps.get(entry.instance, ""), flow):
            self.counts["no_rule"] += 1
            return False
        before = self._ues.get(key)
        if before is None or before.service != flow.service:
            entry.expected = True  # the client sends to another address now: what leads it there has to know
        self._forget(key)
        if flow.key is not None:
            self._forget(flow.key)
        flow.key, self._ues[key] = key, flow
        return True

    def _forget(self, key: int) -> None:
        flow = self._ues.pop(key, None)
        if flow is not None:
            flow.key = None

    def cleared(self, effect: ClearFlow) -> None:
        """Forget where a session's UE is, with the session."""
        self.table.clear(effect)
        if effect.key not in self.table.entries:
            self._forget(effect.key)

    def whereabouts(self, key: int) -> tuple[Endpoint, Endpoint] | None:
        """Where a session's UE was last heard, and the address it sends to."""
        flow = self._ues.get(key)
        return (flow.ue, flow.service) if flow is not None else None

    def teach(self, key: int, ue: Endpoint, service: Endpoint) -> None:
        """Another gateway heard this session's UE there. Nothing new once the writer is here: then it is heard here."""
        entry = self.table.entries.get(key)
        if entry is None or (entry.flow is Flow.LOCAL and key in self._ues):
            return
        try:
            ends = ip.address_bytes(ue[0]) + ip.address_bytes(service[0]) + _PORTS.pack(ue[1], service[1])
        except (ValueError, struct.error):
            self.counts["malformed"] += 1
            return
        flow = self._flows.get(ends)
        if flow is None:
            flow = self._flows[ends] = UeFlow(ue, service, service in self._plain)
        if self._ues.get(key) is not flow:
            self._speaks_from(key, flow)

    # --- rules -------------------------------------------------------------------------------------------------------------

    def use_rules(self, app: str, rules: tuple[TrafficRule, ...]) -> None:
        """From now on these rules say what passes to an application, both ways, whoever spoke before."""
        self._rules[app] = rules
        for key, flow in tuple(self._ues.items()):
            entry = self.table.entries.get(key)
            if entry is not None and self.apps.get(entry.instance) == app and not self._passes(app, flow):
                self._forget(key)

    def use_plain(self, services: frozenset[Endpoint]) -> None:
        """From now on what is sent to these addresses and is of no session here is carried as it is."""
        if services != self._plain:
            self._plain = services
            self._known.clear()
            self._flows = {ends: flow for ends, flow in self._flows.items() if flow.key is not None}
            for flow in self._flows.values():
                flow.plain = flow.service in services

    def _passes(self, app: str, flow: UeFlow) -> bool:
        """Where no rules were told yet (the centre is away), who knows a session's key is let through."""
        rules = self._rules.get(app)
        return rules is None or forwards(matching(rules, flow.ue, flow.service, "UDP"))
