"""One direction of a TCP connection between two sites, over the emulated wire: `splice.Direction` with time between its two ends.

Simulated: on a real network, and inside a site, nothing here is used. Bytes wait in this process, in order, for as long as the
backhaul would take; so does the end of the stream. A wire that is cut keeps them, as TCP would send them again.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque

from fedge.dataplane.backhaul import Backhaul, Order
from fedge.dataplane.splice import Buffer, Direction

IN_FLIGHT_BYTES = 1 << 20
"""The sender is not read while more is on its way."""
READ_BYTES = 64 << 10
CUT_S = 0.02
"""How often a wire that is cut is looked at."""


class DelayedDirection(Direction):
    """As `splice.Direction`, over ``wire``."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, source: socket.socket, sink: socket.socket, wire: Backhaul
    ) -> None:
        self._here = Buffer()
        super().__init__(loop, source, sink, self._here)
        self._wire, self._order = wire, Order(wire)
        self._flying_bytes = 0
        self._flying: deque[tuple[float, bytes]] = deque()
        """When each piece arrives; an empty one is the end."""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def empty(self) -> bool:
        return super().empty and not self._flying

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._flying.clear()
        super().close()

    def _turn(self) -> None:
        self._depart()
        over = self._arrive()
        if self._here.held:
            self.carried += self._here.give(self._sink)
        if over and not self._here.held:
            self._read_on(False)
            self._write_on(False)
            if self.passes_end:
                self._sink.shutdown(socket.SHUT_WR)
            self.done.set_result(self.carried)
            return
        self._read_on(self._may_read)
        self._write_on(self._here.held > 0)
        if self._flying and self._timer is None:
            at = self._loop.time() + CUT_S if self._wire.cut else self._flying[0][0]
            self._timer = self._loop.call_at(at, self._again)

    @property
    def _may_read(self) -> bool:
        return not (self._ended or self._paused) and self._flying_bytes + self._here.held < IN_FLIGHT_BYTES

    def _depart(self) -> None:
        while self._may_read:
            try:
                piece = self._source.recv(READ_BYTES)
            except BlockingIOError:
                return
            self._ended = not piece
            self._flying_bytes += len(piece)
            self._flying.append((self._order.arrival(len(piece), self._loop.time()), piece))

    def _arrive(self) -> bool:
        """What is due can be given to the sink. True: so is the end."""
        now = self._loop.time()
        while self._flying and self._flying[0][0] <= now and not self._wire.cut:
            _, piece = self._flying.popleft()
            self._flying_bytes -= len(piece)
            self._here.put(piece)
        return self._ended and not self._flying

    def _again(self) -> None:
        self._timer = None
        self._go_on()
