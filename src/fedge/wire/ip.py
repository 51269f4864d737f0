"""IPv4 packets that carry UDP, as they cross N3 (inside GTP-U) and N6: built and read, no I/O (RFC 791, RFC 768, RFC 1071).

Only what a game's datagram needs: no options, no fragments. The hot paths of user plane and gateway build on `Udp4`, which keeps
the parts of a flow's header that never change.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import NamedTuple

_IP = struct.Struct("!BBHHHBBH4s4s")
_UDP = struct.Struct("!HHHH")
IP_BYTES, UDP_BYTES = _IP.size, _UDP.size
HEADERS = IP_BYTES + UDP_BYTES
MAX_PACKET = 65_535
UDP, TTL, DONT_FRAGMENT = 17, 64, 0x4000

Endpoint = tuple[str, int]


class BadPacket(ValueError):
    """Not an IPv4 packet with one whole UDP datagram: counted and dropped, never guessed at."""


class Datagram(NamedTuple):
    """What a packet says: ``source`` and ``destination`` as (IPv4 address, port)."""

    source: Endpoint
    destination: Endpoint
    payload: bytes


@lru_cache(maxsize=65_536)
def address_bytes(text: str) -> bytes:
    """``"127.9.0.1"`` as 4 bytes. Raises ``ValueError``."""
    parts = [int(part) for part in text.split(".")]
    if len(parts) != 4:
        raise ValueError(f"{text!r} is no IPv4 address")
    return bytes(parts)


@lru_cache(maxsize=65_536)
def address_text(four: bytes) -> str:
    return f"{four[0]}.{four[1]}.{four[2]}.{four[3]}"


def _folded(total: int) -> int:
    total = (total & 0xFFFF) + (total >> 16)
    return (total & 0xFFFF) + (total >> 16)


class Udp4:
    """Packets of one direction of a flow: everything but lengths and checksums is worked out once.

    The UDP checksum is left out (0), which RFC 768 allows over IPv4.
    """

    __slots__ = ("_ends", "_ports", "_sum")

    def __init__(self, source: Endpoint, destination: Endpoint) -> None:
        self._ends = (address_bytes(source[0]), address_bytes(destination[0]))
        self._ports = (source[1], destination[1])
        words = struct.unpack("!4H", b"".join(self._ends))
        self._sum = 0x4500 + DONT_FRAGMENT + (TTL << 8 | UDP) + sum(words)

    def packet(self, payload: bytes) -> bytes:
        """The IPv4 packet around ``payload``. Raises ``BadPacket`` where it does not fit into one."""
        size = HEADERS + len(payload)
        if size > MAX_PACKET:
            raise BadPacket(f"a payload of {len(payload)} bytes; at most {MAX_PACKET - HEADERS}")
        checksum = ~_folded(self._sum + size) & 0xFFFF
        head = _IP.pack(0x45, 0, size, 0, DONT_FRAGMENT, TTL, UDP, checksum, *self._ends)
        return head + _UDP.pack(*self._ports, size - IP_BYTES, 0) + payload


def read(packet: bytes) -> Datagram:
    """The datagram in ``packet``. Raises ``BadPacket`` for anything but one whole, unfragmented UDP datagram over IPv4."""
    if len(packet) < HEADERS:
        raise BadPacket(f"{len(packet)} bytes; an IPv4 packet with UDP has at least {HEADERS}")
    first, _, size, _, fragment, _, protocol, _, source, destination = _IP.unpack_from(packet)
    if first >> 4 != 4 or protocol != UDP:
        raise BadPacket("not IPv4 with UDP")
    at = (first & 0x0F) * 4
    if at < IP_BYTES or size > len(packet) or size < at + UDP_BYTES:
        raise BadPacket("its lengths do not fit each other")
    if fragment & 0x3FFF:
        raise BadPacket("a fragment")
    if _folded(sum(struct.unpack(f"!{at // 2}H", packet[:at]))) != 0xFFFF:
        raise BadPacket("its header's checksum is wrong")
    source_port, destination_port, length, _ = _UDP.unpack_from(packet, at)
    if length < UDP_BYTES or at + length > size:
        raise BadPacket("its UDP length does not fit")
    payload = packet[at + UDP_BYTES : at + length]
    return Datagram(
        (address_text(source), source_port), (address_text(destination), destination_port), payload
    )
