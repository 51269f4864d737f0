"""UDP sockets of the packet path: an address with a plain socket for whoever comes, and a connected twin for each constant peer.

To a connected socket the kernel gives what its peer sends and nothing else, and it looks up the route once; nor does Python write
and read an address for each packet. That is a fifth to a third of what passing a packet on costs. Whoever is no peer still comes
to the plain socket, so it is known that he came. Used by a site's gateway and by the (simulated) user plane functions.
"""

from __future__ import annotations

import socket
from asyncio import AbstractEventLoop
from collections.abc import Callable
from contextlib import suppress

Endpoint = tuple[str, int]
Take = Callable[[bytes, Endpoint], object]

RECEIVE_BUFFER_BYTES = 8 << 20
BATCH = 64
"""Packets read from one socket before the others have their turn."""
MOST_PEERS = 16
"""So many have a twin; the others are served by the plain socket."""


def bound_udp(address: Endpoint, shared: bool = False) -> socket.socket:
    """A non-blocking UDP socket at ``address`` with as large a receive buffer as the kernel gives. Raises ``OSError``.

    ``shared``: at an address that another of our sockets has and shares.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    for option in (getattr(socket, "SO_RCVBUFFORCE", 33), socket.SO_RCVBUF):
        try:
            sock.setsockopt(socket.SOL_SOCKET, option, RECEIVE_BUFFER_BYTES)
            break
        except OSError:  # only root may go beyond net.core.rmem_max
            continue
    _share(sock, shared)
    try:
        sock.bind(address)
    except OSError:
        sock.close()
        raise
    return sock


class UdpEnd:
    """``take(packet, source)`` is called with each packet, cut off at ``read_bytes``, from the loop given to ``open``.

    Raises ``OSError`` where ``address`` is taken.
    """

    def __init__(self, address: Endpoint, read_bytes: int, take: Take) -> None:
        self._address, self._read_bytes, self._take = address, read_bytes, take
        self._plain = bound_udp(address)
        self._twins: dict[Endpoint, socket.socket] = {}
        self._loop: AbstractEventLoop | None = None

    def open(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        loop.add_reader(self._plain, self._from_anybody)
        for peer, twin in self._twins.items():
            loop.add_reader(twin, self._from_peer, twin.recv, peer)

    def close(self) -> None:
        for sock in (self._plain, *self._twins.values()):
            if self._loop is not None:
                self._loop.remove_reader(sock)
            sock.close()

    def meet(self, peer: Endpoint) -> None:
        """Much will come from ``peer`` and go there. Where no twin is to be had, the plain socket goes on serving it."""
        if peer in self._twins or len(self._twins) >= MOST_PEERS:
            return
        with suppress(OSError):
            _share(self._plain, True)
            try:
                twin = bound_udp(self._address, shared=True)
            finally:  # to nobody else
                _share(self._plain, False)
            _share(twin, False)
            try:
                twin.connect(peer)
            except OSError:
                twin.close()
                raise
            with suppress(BlockingIOError):  # what came between the two calls may be anybody's
                while True:
                    twin.recv(1)
            self._twins[peer] = twin
            if self._loop is not None:
                self._loop.add_reader(twin, self._from_peer, twin.recv, peer)

    def send(self, packet: bytes, to: Endpoint) -> None:
        """Raises ``OSError``: nobody there, or no buffer."""
        twin = self._twins.get(to)
        if twin is None:
            self._plain.sendto(packet, to)
            return
        try:
            twin.send(packet)
        except ConnectionRefusedError:  # that an earlier packet found nobody; this one has not been sent
            twin.send(packet)

    def _from_peer(self, receive: Callable[[int], bytes], peer: Endpoint) -> None:
        take, read_bytes = self._take, self._read_bytes
        for _ in range(BATCH):
            try:
                packet = receive(read_bytes)
            except BlockingIOError:
                return
            except OSError:  # an earlier packet found nobody: a network loses packets without a word
                continue
            take(packet, peer)

    def _from_anybody(self) -> None:
        receive, take, read_bytes = self._plain.recvfrom, self._take, self._read_bytes
        for _ in range(BATCH):
            try:
                packet, source = receive(read_bytes)
            except BlockingIOError:
                return
            except OSError:
                continue
            take(packet, source)


def _share(sock: socket.socket, shared: bool) -> None:
    """May another socket have the same address? The kernel asks both, at the other's bind(2)."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(shared))
