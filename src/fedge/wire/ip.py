"""IPv4 packets that carry UDP, as they cross N3 (inside GTP-U) and N6: built and read, no I/O (RFC 791, RFC 768, RFC 1071).

Only what a game's datagram needs: no options, no fragments. The hot paths of user plane and gateway build on `Udp4`, which keeps
the parts of a flow's header that never change.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import NamedTuple

IP_BYTES, UDP_BYTES = 20, 8
HEADERS = IP_BYTES + UDP_BYTES
MAX_PACKET = 65_535
UDP, TTL, DONT_FRAGMENT = 17, 64, 0x4000
NO_OPTIONS = 0x45
"""The first byte of a packet of version 4 whose header is the shortest."""

KNOWN_SIZES = 64
"""Of so many sizes of a flow's datagrams the headers are kept; a game's have few."""

# version and header length, service; total length; id, fragment, time to live, protocol; checksum; ends; length, checksum of UDP
_BUILT = struct.Struct("!2sH6sH12sHH")
_BEGIN, _MIDDLE = b"\x45\x00", struct.pack("!HHBB", 0, DONT_FRAGMENT, TTL, UDP)
# version and header length, total length, fragment, protocol; the length of UDP if there are no options
_READ = struct.Struct("!BxHxxHxB14xH")
_PORTS = struct.Struct("!HH")

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


class Udp4:
    """Packets of one direction of a flow: everything but lengths and checksums is worked out once, and those once a size.

    The UDP checksum is left out (0), which RFC 768 allows over IPv4.
    """

    __slots__ = ("_ends", "_headers", "_sum")

    def __init__(self, source: Endpoint, destination: Endpoint) -> None:
        hosts = address_bytes(source[0]) + address_bytes(destination[0])
        self._ends = hosts + _PORTS.pack(source[1], destination[1])
        self._sum = 0x4500 + DONT_FRAGMENT + (TTL << 8 | UDP) + sum(struct.unpack("!4H", hosts))
        self._headers: dict[int, bytes] = {}

    def packet(self, payload: bytes) -> bytes:
        """The IPv4 packet around ``payload``. Raises ``BadPacket`` where it does not fit into one."""
        return (self._headers.get(len(payload)) or self._header(len(payload))) + payload

    def _header(self, payload_bytes: int) -> bytes:
        size = HEADERS + payload_bytes
        if size > MAX_PACKET:
            raise BadPacket(f"a payload of {payload_bytes} bytes; at most {MAX_PACKET - HEADERS}")
        checksum = 0xFFFF - ((self._sum + size) % 0xFFFF or 0xFFFF)  # the remainder is the sum of RFC 1071
        header = _BUILT.pack(_BEGIN, size, _MIDDLE, checksum, self._ends, size - IP_BYTES, 0)
        if len(self._headers) >= KNOWN_SIZES:
            self._headers.clear()
        self._headers[payload_bytes] = header
        return header


def ends(packet: bytes) -> bytes:
    """Source and destination address, source and destination port of the one whole UDP datagram in ``packet``: 12 bytes.

    Raises ``BadPacket`` for anything else; the only check that a packet needs.
    """
    if len(packet) < HEADERS:
        raise BadPacket(f"{len(packet)} bytes; an IPv4 packet with UDP has at least {HEADERS}")
    first, size, fragment, protocol, length = _READ.unpack_from(packet)
    if first == NO_OPTIONS and protocol == UDP and not fragment & 0x3FFF:  # as nearly all are
        if UDP_BYTES <= length <= size - IP_BYTES and size <= len(packet):
            if not int.from_bytes(packet[:IP_BYTES], "big") % 0xFFFF:
                return packet[12:24]
    return _rare_ends(packet)


def _rare_ends(packet: bytes) -> bytes:
    """As ``ends``, of a packet with options, or one that has something wrong, which is told."""
    first, size, fragment, protocol, _ = _READ.unpack_from(packet)
    if first >> 4 != 4 or protocol != UDP:
        raise BadPacket("not IPv4 with UDP")
    at = (first & 0x0F) * 4
    if at < IP_BYTES or size > len(packet) or size < at + UDP_BYTES:
        raise BadPacket("its lengths do not fit each other")
    if fragment & 0x3FFF:
        raise BadPacket("a fragment")
    if int.from_bytes(packet[:at], "big") % 0xFFFF:
        raise BadPacket("its header's checksum is wrong")
    length = int.from_bytes(packet[at + 4 : at + 6], "big")
    if length < UDP_BYTES or at + length > size:
        raise BadPacket("its UDP length does not fit")
    return packet[12:20] + packet[at : at + 4]


def payload(packet: bytes) -> bytes:
    """What the datagram carries, of a packet that ``ends`` has accepted."""
    at = (packet[0] & 0x0F) * 4
    return packet[at + UDP_BYTES : at + (packet[at + 4] << 8 | packet[at + 5])]


def read(packet: bytes) -> Datagram:
    """The datagram in ``packet``. Raises ``BadPacket`` for anything but one whole, unfragmented UDP datagram over IPv4."""
    found = ends(packet)
    source_port, destination_port = _PORTS.unpack_from(found, 8)
    return Datagram(
        (address_text(found[:4]), source_port), (address_text(found[4:8]), destination_port), payload(packet)
    )
