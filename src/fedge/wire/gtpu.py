"""GTP-U as N3 carries it: messages as bytes and back, no I/O (3GPP TS 29.281 Rel-17; PDU session container: TS 38.415).

Five messages and one more that a peer may need to hear: G-PDU, Echo Request and Response, Error Indication, End Marker,
Supported Extension Headers Notification. Of the extension headers the PDU session container is understood; others are skipped
where the standard allows it (bit 8 of the type clear), else ``NotUnderstood`` is the answer. Sequence numbers are read and never
asked for. For the hot path: ``Gpdus`` builds one tunnel's packets, ``usual`` reads the most frequent kind.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import NamedTuple

PORT = 2152
MOST_BYTES = 65_535
ECHO_REQUEST, ECHO_RESPONSE, ERROR_INDICATION, SUPPORTED_EXTENSIONS = 1, 2, 26, 31
END_MARKER, G_PDU = 254, 255
PDU_SESSION_CONTAINER = 0x85
MOST_QFI = 63

_HEAD = struct.Struct("!BBHI")  # flags, message type, length of what follows these 8 bytes, tunnel end id
_TAIL = struct.Struct("!HBB")  # sequence number, N-PDU number, next extension header type
# flags and type, length, tunnel end id; no numbers, extension type; its length and PDU type, QFI; next type
_USUAL = struct.Struct("!HHIIHBB")
_USUAL_CONTAINERS = (0x0100, 0x0110)
_PLAIN, _SEQUENCE, _EXTENSION, _ANY_TAIL = 0x30, 0x02, 0x04, 0x07
_COMPREHENSION_REQUIRED = 0x80  # TS 29.281, 5.2.1: bits 8 and 7 of a type, "10" and "11"

_RECOVERY, _TEID_DATA, _EXTENSION_TYPES, _PEER_ADDRESS = 14, 16, 141, 133
_FIXED_SIZES = {_RECOVERY: 1, _TEID_DATA: 4}


class BadGtpu(ValueError):
    """Bytes that are no GTP-U message which we know: counted and dropped, never guessed at."""


class Container(NamedTuple):
    """The PDU session information of TS 38.415, 5.5.2: type 0 (downlink) or 1 (``uplink``).

    ``qfi``: QoS flow, 0 to 63. Downlink alone: ``rqi`` (reflective QoS) and ``ppi`` (paging policy, 0 to 7, or None).
    """

    qfi: int
    uplink: bool = False
    rqi: bool = False
    ppi: int | None = None


class Gpdu(NamedTuple):
    """A user's packet (``payload``) in the tunnel that the receiver knows as ``teid``."""

    teid: int
    payload: bytes
    container: Container | None = None
    sequence: int | None = None


class EchoRequest(NamedTuple):
    sequence: int


class EchoResponse(NamedTuple):
    sequence: int


class ErrorIndication(NamedTuple):
    """The sender knows no tunnel ``teid`` at its address ``peer`` (IPv4 or IPv6)."""

    teid: int
    peer: str


class EndMarker(NamedTuple):
    """No more packets come in this tunnel."""

    teid: int


class SupportedExtensions(NamedTuple):
    """All extension headers that the sender understands, by type."""

    types: tuple[int, ...]


class NotUnderstood(NamedTuple):
    """A message with an extension header that had to be understood and is not: its receiver answers ``SupportedExtensions``."""

    extension: int


Message = (
    Gpdu | EchoRequest | EchoResponse | ErrorIndication | EndMarker | SupportedExtensions | NotUnderstood
)


# --- building ---------------------------------------------------------------------------------------------------------------


class Gpdus:
    """G-PDUs of one direction of one tunnel. Raises ``BadGtpu`` where id or QoS flow are out of range."""

    __slots__ = ("_before", "_extra", "_rest")

    def __init__(self, teid: int, container: Container) -> None:
        if not 0 < teid <= 0xFFFFFFFF:
            raise BadGtpu(f"{teid} is no tunnel end id")
        content = encode_container(container)
        self._before = bytes((_PLAIN | _EXTENSION, G_PDU))
        units = (len(content) + 2) // 4
        tail = _TAIL.pack(0, 0, PDU_SESSION_CONTAINER) + bytes((units,)) + content + b"\0"
        self._rest = teid.to_bytes(4, "big") + tail
        self._extra = len(tail)

    def packet(self, payload: bytes) -> bytes:
        """Raises ``BadGtpu`` where ``payload`` does not fit."""
        return self.header(len(payload)) + payload

    def header(self, payload_bytes: int) -> bytes:
        """What stands before a payload of this size. Raises ``BadGtpu`` where that does not fit."""
        size = self._extra + payload_bytes
        if size > MOST_BYTES:
            raise BadGtpu(f"a payload of {payload_bytes} bytes; at most {MOST_BYTES - self._extra}")
        return self._before + size.to_bytes(2, "big") + self._rest


def encode_container(container: Container) -> bytes:
    """Its bytes with padding, without the extension header's length and next type. Raises ``BadGtpu``."""
    qfi, uplink, rqi, ppi = container
    paging_fits = ppi is None or (0 <= ppi <= 7 and not uplink)
    if not 0 <= qfi <= MOST_QFI or not paging_fits or (rqi and uplink):
        raise BadGtpu(f"out of range: {container}")
    if uplink:
        return bytes((0x10, qfi))
    flags = qfi | (0x40 if rqi else 0)
    return bytes((0, flags)) if ppi is None else bytes((0, flags | 0x80, ppi << 5, 0, 0, 0))


def encode_echo_request(sequence: int) -> bytes:
    return _sequenced(ECHO_REQUEST, sequence, b"")


def encode_echo_response(sequence: int) -> bytes:
    """With the Recovery element, whose value is 0 (TS 29.281, 8.2)."""
    return _sequenced(ECHO_RESPONSE, sequence, bytes((_RECOVERY, 0)))


def encode_error_indication(teid: int, peer: str) -> bytes:
    """``peer``: the address at which the unknown ``teid`` was asked for. Raises ``ValueError`` for no address."""
    address = ipaddress.ip_address(peer).packed
    elements = struct.pack("!BIBH", _TEID_DATA, teid, _PEER_ADDRESS, len(address)) + address
    return _sequenced(ERROR_INDICATION, 0, elements)


def encode_end_marker(teid: int) -> bytes:
    return _HEAD.pack(_PLAIN, END_MARKER, 0, teid)


def encode_supported_extensions() -> bytes:
    return _sequenced(SUPPORTED_EXTENSIONS, 0, bytes((_EXTENSION_TYPES, 1, PDU_SESSION_CONTAINER)))


def _sequenced(kind: int, sequence: int, elements: bytes) -> bytes:
    """A path message: tunnel end id 0, sequence number present (TS 29.281, 5.1)."""
    return _HEAD.pack(_PLAIN | _SEQUENCE, kind, 4 + len(elements), 0) + _TAIL.pack(sequence, 0, 0) + elements


# --- reading ----------------------------------------------------------------------------------------------------------------


def usual(packet: bytes) -> tuple[int, bytes] | None:
    """Tunnel end id and payload of a G-PDU with nothing but the smallest container; None for all else, which is for ``read``.

    The hot path's one kind of message, looked at in one go.
    """
    if len(packet) < _USUAL.size:
        return None
    start, length, teid, tail, container, qfi, end = _USUAL.unpack_from(packet)
    if start != 0x34FF or tail != PDU_SESSION_CONTAINER or end or length != len(packet) - _HEAD.size:
        return None
    if container not in _USUAL_CONTAINERS or qfi > MOST_QFI:  # above: a bit that says that there is more
        return None
    return teid, packet[_USUAL.size :]


def read(packet: bytes) -> Message:
    """The message in ``packet``, the payload of one UDP datagram. Raises ``BadGtpu``."""
    if len(packet) < _HEAD.size:
        raise BadGtpu(f"{len(packet)} bytes; a header has {_HEAD.size}")
    flags, kind, length, teid = _HEAD.unpack_from(packet)
    if flags & 0xF0 != _PLAIN:
        raise BadGtpu("not version 1 of GTP-U")
    if length != len(packet) - _HEAD.size:
        raise BadGtpu(f"a length of {length} with {len(packet) - _HEAD.size} bytes")
    at, sequence, container = _HEAD.size, None, None
    if flags & _ANY_TAIL:
        if length < _TAIL.size:
            raise BadGtpu("ends inside its header")
        number, _, extension = _TAIL.unpack_from(packet, at)
        at += _TAIL.size
        sequence = number if flags & _SEQUENCE else None
        if flags & _EXTENSION:
            at, container, unknown = _extensions(packet, at, extension)
            if unknown:
                return NotUnderstood(unknown)
    if kind == G_PDU:
        return Gpdu(teid, packet[at:], container, sequence)
    if kind == END_MARKER:
        return EndMarker(teid)
    return _path_message(kind, sequence, packet[at:])


def _extensions(packet: bytes, at: int, extension: int) -> tuple[int, Container | None, int]:
    """Follow the chain from type ``extension`` at ``at``: where it ends, the container, a type not understood (or 0)."""
    container, unknown = None, 0
    while extension:
        size = packet[at] * 4 if at < len(packet) else 0
        if not size or at + size > len(packet):
            raise BadGtpu("an extension header with a wrong length")
        if extension == PDU_SESSION_CONTAINER:
            container = read_container(packet[at + 1 : at + size - 1])
        elif extension & _COMPREHENSION_REQUIRED:
            unknown = unknown or extension
        extension = packet[at + size - 1]
        at += size
    return at, container, unknown


def read_container(content: bytes) -> Container:
    """PDU session information; optional fields beyond paging policy are skipped (TS 38.415, 5.5.3). Raises ``BadGtpu``."""
    kind, qfi = content[0] >> 4, content[1] & MOST_QFI
    if kind == 1:
        return Container(qfi, uplink=True)
    if kind != 0:
        raise BadGtpu(f"PDU session information of type {kind}")
    ppi = None
    if content[1] & 0x80:
        if len(content) < 3:
            raise BadGtpu("PDU session information ends before its paging policy")
        ppi = content[2] >> 5
    return Container(qfi, rqi=bool(content[1] & 0x40), ppi=ppi)


def _path_message(kind: int, sequence: int | None, body: bytes) -> Message:
    elements = _elements(body)
    if kind in (ECHO_REQUEST, ECHO_RESPONSE):
        if sequence is None:
            raise BadGtpu("an Echo without a sequence number")
        if kind == ECHO_REQUEST:
            return EchoRequest(sequence)
        if _RECOVERY not in elements:
            raise BadGtpu("an Echo Response without Recovery")
        return EchoResponse(sequence)
    if kind == ERROR_INDICATION:
        try:
            peer = ipaddress.ip_address(elements[_PEER_ADDRESS])
            return ErrorIndication(int.from_bytes(elements[_TEID_DATA], "big"), str(peer))
        except (KeyError, ValueError):
            raise BadGtpu("an Error Indication that does not say which tunnel") from None
    if kind == SUPPORTED_EXTENSIONS:
        if _EXTENSION_TYPES not in elements:
            raise BadGtpu("a notification without its list")
        return SupportedExtensions(tuple(elements[_EXTENSION_TYPES]))
    raise BadGtpu(f"message type {kind}")


def _elements(body: bytes) -> dict[int, bytes]:
    """Information elements by type, the first of each (TS 29.281, 8.1)."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(body):
        kind = body[at]
        if kind < 0x80:
            head = 1
            if kind not in _FIXED_SIZES:
                raise BadGtpu(f"information element {kind} of unknown size")
            size = _FIXED_SIZES[kind]
        else:
            # the extension types alone have a length of one byte (8.5)
            head = 2 if kind == _EXTENSION_TYPES else 3
            size = int.from_bytes(body[at + 1 : at + head], "big")
        if at + head + size > len(body):
            raise BadGtpu(f"information element {kind} is cut off")
        found.setdefault(kind, body[at + head : at + head + size])
        at += head + size
    return found
