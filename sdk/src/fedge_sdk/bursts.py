"""Many datagrams in one call, where Linux can (udp(7): UDP_SEGMENT, UDP_GRO; since 4.18 and 5.0). Else one by one.

On the wire they are the same datagrams: the kernel takes several of one size, the last of which may be shorter, through its upper
half at once, and a socket that asks for it is given them together. That spares most of what a packet costs on loopback.
Used by instances for the frames of a tick, and by Fedge's gateways and (simulated) user plane functions.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

MOST_SEGMENTS = 64
"""UDP_MAX_SEGMENTS of the kernels up to 6.9; later ones take more."""
MOST_BYTES = 65_000
"""Of one call; an IPv4 packet is the bound."""
_SOL_UDP, _UDP_SEGMENT, _UDP_GRO = 17, 103, 104
_SIZE = struct.Struct("@H")
_ROOM_FOR_SIZE = socket.CMSG_SPACE(4)
Endpoint = tuple[str, int]
Read = Callable[[int], Sequence[bytes]]
"""The next datagrams, each cut off at so many bytes. Raises ``OSError`` as recv(2) does."""


def runs(packets: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """``packets`` in their order, in pieces that may each leave in one call: of one size, the last perhaps shorter."""
    begin, size, total = 0, -1, 0
    for at, packet in enumerate(packets):
        length = len(packet)
        room = at - begin < MOST_SEGMENTS and total + length <= MOST_BYTES
        if not (room and 0 < length <= size):
            if at:
                yield packets[begin:at]
            begin, size, total = at, length, 0
        total += length
        if length < size:
            size = 0  # nothing may follow a shorter one
    if packets:
        yield packets[begin:]


def send(
    sock: socket.socket,
    packets: Sequence[bytes],
    not_sent: Callable[[OSError], object],
    to: Endpoint | None = None,
) -> None:
    """All ``packets`` to ``to``, or to the peer of a connected socket. ``not_sent`` hears of each that could not be sent."""
    pieces: Iterable[Sequence[bytes]] = (packets,)
    if len(packets) > 1:
        pieces = runs(packets) if _segments() else ((packet,) for packet in packets)
    for run in pieces:
        if len(run) == 1 or not _at_once(sock, run, to):
            for packet in run:
                try:
                    _one(sock, packet, to)
                except OSError as error:  # nobody there, or no buffer
                    not_sent(error)


def _at_once(sock: socket.socket, run: Sequence[bytes], to: Endpoint | None) -> bool:
    """False: an earlier packet found nobody, or the way there takes no segments; none of these was sent."""
    try:
        sock.sendmsg(run, ((_SOL_UDP, _UDP_SEGMENT, _SIZE.pack(len(run[0]))),), 0, to)
    except OSError:
        return False
    return True


def _one(sock: socket.socket, packet: bytes, to: Endpoint | None) -> None:
    if to is not None:
        sock.sendto(packet, to)
        return
    try:
        sock.send(packet)
    except (
        OSError
    ):  # may be an earlier packet's: it found nobody, or was turned away; this one has not been sent
        sock.send(packet)


def reader(sock: socket.socket, several: bool) -> Read:
    """How to read ``sock``. ``several``: the kernel may give several datagrams at once; one alone costs more to read then."""
    if several:
        try:
            sock.setsockopt(_SOL_UDP, _UDP_GRO, 1)
        except OSError:
            several = False
    if not several:
        receive = sock.recv
        return lambda most: (receive(most),)
    room = bytearray(1 << 16)
    rooms, view, receive_into = (room,), memoryview(room), sock.recvmsg_into

    def read(most: int) -> Sequence[bytes]:
        size, extra, _, _ = receive_into(rooms, _ROOM_FOR_SIZE)
        if not extra:
            return (bytes(view[: min(size, most)]),)
        segment = int.from_bytes(extra[0][2], sys.byteorder)
        return [bytes(view[at : min(at + min(segment, most), size)]) for at in range(0, size, segment)]

    return read


@cache
def _segments() -> bool:
    """Does this system know them? One that does not might take the whole for one datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.getsockopt(_SOL_UDP, _UDP_SEGMENT)
        except OSError:
            return False
    return True
