"""A site's user plane function (simulated): GTP-U of the base stations on N3, the UE's IP packets in UDP on N6.

Pure: packets and session management's messages in, packets and answers out; ``programs/upf`` has the sockets. What N6 is here is
what TS 29.522's ``routeInfo`` amounts to: a UDP tunnel to the named address and port, with nothing but the UE's packet in it.
N4 is a direct call (``core/messages/user_plane``; PFCP is not emulated). A tunnel is one UE's traffic with one application: a
packet from another address than the UE's own, to another place, or from another gateway than the tunnel's does not pass.
Whatever is dropped is counted by its reason. Nothing survives a restart; session management says its tunnels again.

The hot path: whether a packet passes, and where to, depends on nothing but its headers, its size and its sender, and a flow's
headers repeat. So the headers of what passed are remembered, and forgotten whenever a tunnel comes or goes.
"""

from __future__ import annotations

import struct
from collections import Counter

from fedge.core.messages import Message
from fedge.core.messages.user_plane import (
    EndTunnel,
    InstallTunnel,
    RemoveTunnel,
    TunnelInstalled,
    UpfHello,
)
from fedge.core.model import Address, SiteId
from fedge.simulation.n3 import MTU, Endpoint, N3End, endpoint
from fedge.wire import gtpu, ip

N3, N6 = 0, 1
KNOWN_HEADERS = 16_384
"""So many headers each way are remembered as read and right; then they are read again."""
_GTPU = 16
"""The size of GTP-U's header with the smallest PDU session container."""
_CHECKED = ip.HEADERS - 2
"""Of an IP packet without options all that `ip.ends` looks at: all headers but the checksum of UDP."""
_CHECKED_UP = _GTPU + _CHECKED
Sending = tuple[int, bytes, Endpoint]
"""at which side, what, to whom"""


class Tunnel:
    """One path of a flow through this function."""

    __slots__ = ("down", "far", "flow", "gnb", "n6", "service", "teid_down", "teid_up", "ue")

    def __init__(self, order: InstallTunnel) -> None:
        service = endpoint(order.service)
        self.teid_up, self.teid_down = order.teid_up, order.teid_down
        self.gnb, self.n6 = endpoint(order.gnb), endpoint(order.n6)
        self.far = self.gnb[0]
        self.ue = ip.address_bytes(order.ue_address)
        self.service = ip.address_bytes(service[0]) + struct.pack("!H", service[1])
        # as the first ten bytes of ``ip.ends`` have it on the way down
        self.flow = self.service[:4] + self.ue + self.service[4:]
        self.down = gtpu.Gpdus(order.teid_down, gtpu.Container(order.qfi))


class Upf(N3End[Tunnel, Sending]):
    """``n3``: the address at which it takes GTP-U. ``counts``: what passed and what was dropped, by reason."""

    def __init__(self, site: SiteId, n3: Address) -> None:
        super().__init__(endpoint(n3)[0], Counter())
        self._site, self._n3 = site, n3
        self._by_flow: dict[bytes, Tunnel] = {}
        self._known_up: dict[bytes, tuple[int, str, Endpoint]] = {}
        """The size of a packet with these headers, whence it comes, and whither it goes."""
        self._known_down: dict[bytes, tuple[int, Endpoint, bytes, Endpoint]] = {}
        """The same, and what is put in front of it."""

    def hello(self) -> UpfHello:
        """The greeting of a link to session management."""
        return UpfHello(self._site, self._n3)

    # --- N4, as a direct call -------------------------------------------------------------------------------------------------

    def handle(self, message: Message) -> tuple[Message | None, Sending | None]:
        """An order of session management: the answer to it, and a packet to be sent. A repeated order does no harm."""
        match message:
            case InstallTunnel():
                return self._install(message), None
            case EndTunnel():
                tunnel = self._tunnels.get(message.teid_up)
                if tunnel is not None:
                    self.counts["end_markers"] += 1
                    return None, (N3, gtpu.encode_end_marker(tunnel.teid_down), tunnel.gnb)
            case RemoveTunnel():
                self._remove(message.teid_up)
        return None, None

    def _install(self, order: InstallTunnel) -> Message | None:
        try:
            tunnel = Tunnel(order)
        except (ValueError, struct.error):
            self.counts["order_out_of_range"] += 1
            return None
        self._remove(order.teid_up)
        self._forget_headers()
        self._tunnels[tunnel.teid_up] = self._by_flow[tunnel.flow] = tunnel
        return TunnelInstalled(self._site, tunnel.teid_up)

    def _remove(self, teid_up: int) -> None:
        """Where the flow has another tunnel here it takes that one from now on."""
        gone = self._tunnels.pop(teid_up, None)
        self._forget_headers()
        if gone is not None and self._by_flow.get(gone.flow) is gone:
            del self._by_flow[gone.flow]
            self._by_flow |= {
                other.flow: other for other in self._tunnels.values() if other.flow == gone.flow
            }

    def _forget_headers(self) -> None:
        self._known_up.clear()
        self._known_down.clear()

    # --- packets --------------------------------------------------------------------------------------------------------------

    def from_n3(self, packet: bytes, source: Endpoint) -> Sending | None:
        """A datagram of a base station, or of anybody."""
        known = self._known_up.get(packet[:_CHECKED_UP])
        if known is not None and len(packet) == known[0] and source[0] == known[1]:
            self.counts["up"] += 1
            return N6, packet[_GTPU:], known[2]
        sending = super().from_n3(packet, source)
        if sending is not None and sending[0] == N6:
            _, inner, to = sending
            if len(packet) - len(inner) == _GTPU and inner[0] == ip.NO_OPTIONS:
                if len(self._known_up) >= KNOWN_HEADERS:
                    self._known_up.clear()
                self._known_up[packet[:_CHECKED_UP]] = len(packet), source[0], to
        return sending

    def _inside(self, tunnel: Tunnel, packet: bytes, ends: bytes) -> Sending | None:
        if ends[:4] != tunnel.ue:
            return self._dropped("n3_spoofed_source")
        if ends[4:8] != tunnel.service[:4] or ends[10:] != tunnel.service[4:]:
            return self._dropped("n3_other_destination")
        self.counts["up"] += 1
        return N6, packet, tunnel.n6

    def _back(self, packet: bytes, to: Endpoint) -> Sending:
        return N3, packet, to

    def from_n6(self, packet: bytes, source: Endpoint) -> Sending | None:
        """A UE's packet from an edge data gateway: to the base station, if there is such a flow and this is its gateway."""
        known = self._known_down.get(packet[:_CHECKED])
        if known is not None and len(packet) == known[0] and source == known[1]:
            self.counts["down"] += 1
            return N3, known[2] + packet, known[3]
        if len(packet) > MTU:
            return self._dropped("n6_too_large")
        try:
            ends = ip.ends(packet)
        except ip.BadPacket:
            return self._dropped("n6_malformed")
        tunnel = self._by_flow.get(ends[:10])
        if tunnel is None:
            return self._dropped("n6_unknown_flow")
        if source != tunnel.n6:
            return self._dropped("n6_unknown_source")
        self.counts["down"] += 1
        header = tunnel.down.header(len(packet))
        if packet[0] == ip.NO_OPTIONS:
            if len(self._known_down) >= KNOWN_HEADERS:
                self._known_down.clear()
            self._known_down[packet[:_CHECKED]] = len(packet), source, header, tunnel.gnb
        return N3, header + packet, tunnel.gnb
