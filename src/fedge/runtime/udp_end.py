"""UDP sockets of the packet path: an address with a plain socket for whoever comes, and a connected twin for each constant peer.

To a connected socket the kernel gives what its peer sends and nothing else, and it looks up the route once; nor does Python write
and read an address for each packet. Whoever is no peer still comes to the plain socket, so it is known that he came. What goes to
one peer in one awakening goes in one call where sizes allow (``fedge_sdk.bursts``), and may come so (what that is
worth: docs/benchmarks.md, the gateway against a bare loop). Used by a site's gateway and by the (simulated) user plane functions.
"""

from __future__ import annotations

import socket
from asyncio import AbstractEventLoop
from collections.abc import Callable
from contextlib import suppress

from fedge_sdk import bursts

Endpoint = tuple[str, int]
Take = Callable[[bytes, Endpoint], object]

RECEIVE_BUFFER_BYTES = 8 << 20
BATCH = 64
"""Packets of one socket before the others have their turn. The last read may give more: as many as one call may send."""
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


class _Twin:
    """``waiting``: what is to go to ``peer`` at the end of this awakening."""

    __slots__ = ("peer", "read", "socket", "waiting")

    def __init__(self, sock: socket.socket, peer: Endpoint, read: bursts.Read) -> None:
        self.socket, self.peer, self.read = sock, peer, read
        self.waiting: list[bytes] = []


class UdpEnd:
    """``take(packet, source)`` is called with each packet, cut off at ``read_bytes``, and ``taken()`` when that was all for now:
    then is the time to ``flush`` all ends to which packets were sent meanwhile. ``not_sent`` hears of each packet that could not
    be sent. Raises ``OSError`` where ``address`` is taken.
    """

    def __init__(
        self,
        address: Endpoint,
        read_bytes: int,
        take: Take,
        taken: Callable[[], object],
        not_sent: Callable[[OSError], object],
    ) -> None:
        self._address, self._read_bytes = address, read_bytes
        self._take, self._taken, self._not_sent = take, taken, not_sent
        self._plain = bound_udp(address)
        self._twins: dict[Endpoint, _Twin] = {}
        self._loaded: list[_Twin] = []
        self._loop: AbstractEventLoop | None = None

    def open(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        loop.add_reader(self._plain, self._from_anybody)
        for twin in self._twins.values():
            loop.add_reader(twin.socket, self._from_peer, twin)

    def close(self) -> None:
        for sock in (self._plain, *(twin.socket for twin in self._twins.values())):
            self._shut(sock)

    def _shut(self, sock: socket.socket) -> None:
        if self._loop is not None:
            self._loop.remove_reader(sock)
        sock.close()

    def meet(self, peer: Endpoint, in_bursts: bool = False) -> None:
        """Much will come from ``peer`` (``in_bursts``: many at once, of one size) and go there. Where no twin is to be had, the
        plain socket goes on serving it.
        """
        if peer in self._twins or len(self._twins) >= MOST_PEERS:
            return
        with suppress(OSError):
            sock = self._connected(peer)
            self._twins[peer] = twin = _Twin(sock, peer, bursts.reader(sock, in_bursts))
            if self._loop is not None:
                self._loop.add_reader(sock, self._from_peer, twin)

    def leave(self, peer: Endpoint) -> None:
        """``peer`` has gone: another may have a twin. What waits for it leaves now; what it sent and nobody read is lost."""
        self.flush()
        twin = self._twins.pop(peer, None)
        if twin is not None:
            self._shut(twin.socket)

    def _connected(self, peer: Endpoint) -> socket.socket:
        ours = [self._plain, *(twin.socket for twin in self._twins.values())]
        try:
            for one in ours:  # bind(2) asks each that has the address
                _share(one, True)
            sock = bound_udp(self._address, shared=True)
        finally:  # with nobody else
            for one in ours:
                _share(one, False)
        try:
            _share(sock, False)
            sock.connect(peer)
        except OSError:
            sock.close()
            raise
        with suppress(BlockingIOError):  # what came between bind and connect may be anybody's
            while True:
                sock.recv(1)
        return sock

    def send(self, packet: bytes, to: Endpoint) -> None:
        """``packet`` leaves for ``to`` with the next ``flush``."""
        twin = self._twins.get(to)
        if twin is not None:
            if not twin.waiting:
                self._loaded.append(twin)
            twin.waiting.append(packet)
            return
        try:
            self._plain.sendto(packet, to)
        except OSError as error:
            self._not_sent(error)

    def flush(self) -> None:
        if self._loaded:
            loaded, self._loaded = self._loaded, []
            for twin in loaded:
                packets, twin.waiting = twin.waiting, []
                bursts.send(twin.socket, packets, self._not_sent)

    def _from_peer(self, twin: _Twin) -> None:
        take, peer, read, most = self._take, twin.peer, twin.read, self._read_bytes
        left = BATCH
        while left > 0:
            try:
                packets = read(most)
            except BlockingIOError:
                break
            except OSError:  # an earlier packet found nobody: a network loses packets without a word
                left -= 1
                continue
            left -= len(packets)
            for packet in packets:
                take(packet, peer)
        self._taken()

    def _from_anybody(self) -> None:
        receive, take, read_bytes = self._plain.recvfrom, self._take, self._read_bytes
        for _ in range(BATCH):
            try:
                packet, source = receive(read_bytes)
            except BlockingIOError:
                break
            except OSError:  # as above
                continue
            take(packet, source)
        self._taken()


def _share(sock: socket.socket, shared: bool) -> None:
    """May another socket have the same address? The kernel asks both, at the other's bind(2)."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(shared))
