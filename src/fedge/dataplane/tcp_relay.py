"""TCP and WebSocket games: the gateway takes the client's connection and relays it to an instance here or to another gateway.

`tcp_service.py` opens relays for what is deployed. What a TCP game gets: the site's gateway answers for an instance there; a
connection that ends is the client's to make again. Bytes are relayed in order, none twice, none left out; an end of stream and a
reset reach the other side. What a TCP game does not get: its state does not move with a connection. State moves only with the
SDK's sessions, whose clients speak UDP; so after a move there are two ways for the connections that are open:

- they stay: with the instance that they have, across the sites, until the client reconnects. Right for any
  protocol, WebSocket among them; the old instance must run as long. This is what the platform does.
- they are passed on: the relay stops reading the client, delivers what it has read, ends its connection to the old instance, lets
  that say its last bytes, and goes on with a new connection to the new one. Every byte goes to one instance only. Right for
  protocols in which any message may be the first (each carries its session), sent whole. WebSocket is not one: it begins with a
  handshake.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import struct
from collections import Counter
from collections.abc import Callable
from typing import Any

from fedge.dataplane.backhaul import WireTo, no_wire
from fedge.dataplane.delayed import DelayedDirection
from fedge.dataplane.splice import Direction
from fedge.ports import Endpoint

CONNECT_S = 2.0
LAST_WORDS_S = 1.0
"""An instance that was left has so long to end its connection; what it says later is not relayed."""
MAX_CONNECTIONS, MAX_OF_A_HOST = 4096, 256
DESCRIPTORS, EACH = 0.5, 6
"""A relay may use this share of what the process may have; a connection takes two sockets and two pipes."""
BACKLOG = 512
IDLE_S = 2 * 3600.0 + 4 * 60
"""A connection without a byte either way for longer is ended. Less would break what RFC 5382 (REQ-5) promises applications."""
KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 20, "TCP_KEEPCNT": 3}
"""In s, and times: a client that vanished without a word is found out within two minutes. Linux has them all."""
Choose = Callable[[Endpoint], Endpoint | None]


class _Open:
    """A connection that is open: ``client``, and whoever has it now."""

    __slots__ = ("client", "end", "moved")

    def __init__(self, client: Endpoint) -> None:
        self.client = client
        self.end: Endpoint | None = None
        self.moved = asyncio.Event()


class TcpRelay:
    """``address``: where clients connect. ``target``: an instance, or the relay of another gateway; or who says which it is for
    each client, if any. ``source``: the address that it connects from. ``wire``: the emulated one to a client's address, if its
    connection shall take its time. Started with ``start``.
    """

    def __init__(
        self,
        address: Endpoint,
        target: Endpoint | Choose,
        source: str = "",
        counts: Counter[str] | None = None,
        idle_s: float = IDLE_S,
        wire: WireTo = no_wire,
    ) -> None:
        self.counts: Counter[str] = Counter() if counts is None else counts
        self.target = target
        self._source, self._idle_s, self._wire = source, idle_s, wire
        allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        room = MAX_CONNECTIONS if allowed == resource.RLIM_INFINITY else int(allowed * DESCRIPTORS / EACH)
        self.most = min(MAX_CONNECTIONS, room)
        self.most_of_a_host = min(MAX_OF_A_HOST, max(1, self.most // 4))
        self._hosts: Counter[str] = Counter()
        self.held: Counter[Endpoint] = Counter()
        """Connections by whoever has them."""
        self._open: dict[asyncio.Task[None], _Open] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(address)
        self._socket.listen(BACKLOG)
        self._socket.setblocking(False)

    @property
    def connections(self) -> int:
        return len(self._open)

    @property
    def address(self) -> Endpoint:
        host, port = self._socket.getsockname()
        return host, port

    def clients(self) -> list[Endpoint]:
        """The other end of each connection."""
        return [one.client for one in self._open.values()]

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        loop.add_reader(self._socket, self._accept)

    def lead(self, target: Endpoint | Choose, pass_on: bool = False) -> None:
        """New connections go to ``target``; those that are open too if they are passed on."""
        if target == self.target:
            return
        self.target = target
        if pass_on:
            for one in self._open.values():
                one.moved.set()

    def close(self) -> None:
        """Take no more and end those that are open."""
        self._loop.remove_reader(self._socket)
        self._socket.close()
        for task in tuple(self._open):
            task.cancel()

    def _accept(self) -> None:
        while True:
            try:
                client, address = self._socket.accept()
            except BlockingIOError:
                return
            except OSError:  # no descriptor left: those that are open go on, the others wait in the backlog
                self.counts["not_accepted"] += 1
                return
            full = len(self._open) >= self.most
            if full or self._hosts[address[0]] >= self.most_of_a_host:
                self.counts["too_many" if full else "too_many_of_a_host"] += 1
                client.close()
                continue
            one = _Open(address)
            self._hosts[address[0]] += 1
            task = self._loop.create_task(self._connection(client, one))
            self._open[task] = one
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        one = self._open.pop(task)
        self._give(one, None)
        self._hosts[one.client[0]] -= 1
        if not self._hosts[one.client[0]]:
            del self._hosts[one.client[0]]

    def _give(self, one: _Open, end: Endpoint | None) -> None:
        """From now on ``end`` has it; None: nobody."""
        if one.end is not None:
            self.held[one.end] -= 1
            if not self.held[one.end]:
                del self.held[one.end]
        if end is not None:
            self.held[end] += 1
        one.end = end

    async def _connection(self, client: socket.socket, one: _Open) -> None:
        """One client's connection, over all the instances that it is relayed to."""
        with client:
            _prepare(client)
            goes_on = True
            while goes_on:
                one.moved.clear()
                upstream = await self._connected(one)
                if upstream is None:
                    self.counts["no_target"] += 1
                    _reset(client)
                    return
                with upstream:
                    goes_on = await self._relayed(client, upstream, one)

    async def _connected(self, one: _Open) -> socket.socket | None:
        end = self.target(one.client) if callable(self.target) else self.target
        self._give(one, end)
        if end is None:
            return None
        try:
            upstream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        except OSError:
            return None
        try:
            _prepare(upstream)
            if self._source:
                upstream.bind((self._source, 0))
            await asyncio.wait_for(self._loop.sock_connect(upstream, end), CONNECT_S)
        except (OSError, TimeoutError):
            upstream.close()
            return None
        return upstream

    def _direction(self, source: socket.socket, sink: socket.socket, one: _Open) -> Direction:
        wire = self._wire(one.client[0])
        if wire is None:
            return Direction(self._loop, source, sink)
        return DelayedDirection(self._loop, source, sink, wire)

    async def _relayed(self, client: socket.socket, upstream: socket.socket, one: _Open) -> bool:
        """Relay until both sides have ended, one of them broke, or the connection is passed on (the answer)."""
        with contextlib.ExitStack() as closing:
            try:
                up = closing.enter_context(contextlib.closing(self._direction(client, upstream, one)))
                down = closing.enter_context(contextlib.closing(self._direction(upstream, client, one)))
            except OSError:  # no descriptor left
                self.counts["no_descriptor"] += 1
                _reset(client)
                _reset(upstream)
                return False
            return await self._carried(up, down, client, upstream, one.moved)

    async def _carried(
        self,
        up: Direction,
        down: Direction,
        client: socket.socket,
        upstream: socket.socket,
        moved: asyncio.Event,
    ) -> bool:
        told = self._loop.create_task(moved.wait())
        carried = 0
        try:
            up.start()
            down.start()
            while not moved.is_set() and _goes_on(up, down):
                waited: list[asyncio.Future[Any]] = [one.done for one in (up, down) if not one.done.done()]
                done, _ = await asyncio.wait(
                    [*waited, told], timeout=self._idle_s, return_when=asyncio.FIRST_COMPLETED
                )
                if not done and carried == up.carried + down.carried:
                    self.counts["idle"] += 1
                    _reset(client)
                    _reset(upstream)
                    return False
                carried = up.carried + down.carried
            if moved.is_set() and _goes_on(up, down) and not up.done.done():
                return await self._passed_on(up, down, upstream)
            if up.broke or down.broke:
                self.counts["reset"] += 1
                _reset(client)
                _reset(upstream)
            return False
        finally:
            told.cancel()
            self.counts["bytes_up"] += up.carried
            self.counts["bytes_down"] += down.carried

    async def _passed_on(self, up: Direction, down: Direction, old: socket.socket) -> bool:
        """Both sides' bytes of the old connection are delivered: a new one may go on. If not, the client's is ended too."""
        down.passes_end = False
        up.pause()
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                await up.delivered()
                old.shutdown(socket.SHUT_WR)
                await asyncio.shield(down.done)
        except TimeoutError:
            down.pause()
        except OSError:
            pass  # the old instance is gone: it has said its last
        if not (up.empty and down.empty):
            self.counts["not_passed_on"] += 1
            return False
        self.counts["passed_on"] += 1
        return True


def _goes_on(up: Direction, down: Direction) -> bool:
    """Half a connection may have ended: its other half goes on. A broken one does not."""
    return not (up.broke or down.broke) and not (up.done.done() and down.done.done())


def _prepare(one: socket.socket) -> None:
    one.setblocking(False)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if hasattr(socket, name):
            one.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _reset(one: socket.socket) -> None:
    """Tell the other side that this was no orderly end."""
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
