"""Either end of N3 (simulated), base stations or user plane function: a GTP-U datagram in, whatever follows out (TS 29.281).

Pure. A tunnel is known by this side's end id; its packets come from one address only and carry one whole UDP datagram of a UE.
What else comes is answered as the standard says, or dropped and counted by its reason.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from typing import Generic, Protocol, TypeVar

from fedge.wire import gtpu, ip

Endpoint = ip.Endpoint

MTU = 1500
"""A UE's packet is at most so large (assumed; N3's own links carry the GTP-U header on top)."""
READ_BYTES = 2048
"""A socket is read with this much room: what fills it was cut off, and is larger than anything that may pass."""


class Tunnelled(Protocol):
    """``far``: the address of the tunnel's other end."""

    far: str


Tunnel = TypeVar("Tunnel", bound=Tunnelled)
Out = TypeVar("Out")


class N3End(ABC, Generic[Tunnel, Out]):
    """``host``: its address. ``counts``: what was dropped, by reason."""

    def __init__(self, host: str, counts: Counter[str]) -> None:
        self.counts = counts
        self._host = host
        self._tunnels: dict[int, Tunnel] = {}

    @abstractmethod
    def _inside(self, tunnel: Tunnel, packet: bytes, ends: bytes) -> Out | None:
        """What follows from a UE's packet, whose ``ip.ends`` are these, in this tunnel."""

    @abstractmethod
    def _back(self, packet: bytes, to: Endpoint) -> Out:
        """To be sent back on N3."""

    def from_n3(self, packet: bytes, source: Endpoint) -> Out | None:
        """What follows from a datagram of the other side (or of anybody)."""
        if len(packet) >= READ_BYTES:
            return self._dropped("n3_too_large")
        opened = gtpu.usual(packet)
        if opened is None:
            try:
                message = gtpu.read(packet)
            except gtpu.BadGtpu:
                return self._dropped("n3_malformed")
            if not isinstance(message, gtpu.Gpdu):
                return self._signalled(message, source)
            opened = message.teid, message.payload
        teid, inner = opened
        tunnel = self._tunnels.get(teid)
        if tunnel is None:
            self.counts["n3_unknown_teid"] += 1
            return self._back(gtpu.encode_error_indication(teid, self._host), (source[0], gtpu.PORT))
        if source[0] != tunnel.far:
            return self._dropped("n3_unknown_source")
        if len(inner) > MTU:
            return self._dropped("n3_too_large")
        try:
            ends = ip.ends(inner)
        except ip.BadPacket:
            return self._dropped("n3_malformed_inside")
        return self._inside(tunnel, inner, ends)

    def _signalled(self, message: gtpu.Message, source: Endpoint) -> Out | None:
        """Messages about paths and tunnels; requests are answered to the port that they came from (TS 29.281, 4.4.2)."""
        match message:
            case gtpu.EchoRequest(sequence):
                self.counts["echo"] += 1
                return self._back(gtpu.encode_echo_response(sequence), source)
            case gtpu.NotUnderstood():
                self.counts["n3_extension_not_understood"] += 1
                return self._back(gtpu.encode_supported_extensions(), source)
            case gtpu.ErrorIndication():  # the other side lost a tunnel: session management learns it from its greeting
                return self._dropped("error_indications")
        return self._dropped("n3_unexpected")

    def _dropped(self, reason: str) -> Out | None:
        self.counts[reason] += 1
        return None


def endpoint(address: str) -> Endpoint:
    """``"127.9.0.3:2152"`` → ``("127.9.0.3", 2152)``. Raises ``ValueError``."""
    host, _, port = address.rpartition(":")
    ip.address_bytes(host)
    number = int(port)
    if not 0 < number <= 0xFFFF:
        raise ValueError(f"{address!r} has no such port")
    return host, number
