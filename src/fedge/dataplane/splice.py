"""One direction of a relayed TCP connection: bytes from one socket to another, in the kernel where it can splice.

Bytes wait in a pipe (or a buffer) while the receiver is slow, and the sender is not read meanwhile. An end of stream is passed on
once everything before it has been. Source: splice(2); tcp(7).
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import socket
from asyncio import AbstractEventLoop, Future
from collections.abc import Callable

PIPE_BYTES = 1 << 20
"""The most that anybody may have. A smaller pipe has fewer slots, and twice the CPU a byte."""
ROUNDS = 16
"""A direction with much to carry lets the others have their turn after so many."""
MUCH_BYTES = 32 << 10
"""After so many there are likely more: to ask at once costs less than to be called again."""
POLL_S = 0.001
REST_S = 0.0005
"""A direction that has just carried much lets more gather for so long: a few large pieces cost less CPU than many small ones.
What carries little, as a game's messages do, never rests."""
_F_SETPIPE_SZ = 1031
_splice: Callable[..., int] | None = getattr(os, "splice", None)  # Linux alone has it
_FLAGS = getattr(os, "SPLICE_F_MOVE", 0) | getattr(os, "SPLICE_F_NONBLOCK", 0)


class Direction:
    """``done`` has the number of bytes carried once ``source`` has ended, or the error that ended either socket.

    ``pipe``: where bytes wait; by default the best that the system has.
    """

    def __init__(
        self,
        loop: AbstractEventLoop,
        source: socket.socket,
        sink: socket.socket,
        pipe: Pipe | Buffer | None = None,
    ) -> None:
        self.done: Future[int] = loop.create_future()
        self.carried = 0
        self._loop, self._source, self._sink = loop, source, sink
        self._pipe = pipe if pipe is not None else Pipe(_splice) if _splice else Buffer()
        self._ended = self._reading = self._writing = False
        self._paused = False
        self.passes_end = True
        """Does the sink learn that the source has ended?"""

    def start(self) -> None:
        self._read_on(True)

    def pause(self) -> None:
        """Read no more; what has been read is still delivered."""
        self._paused = True
        self._read_on(False)

    @property
    def empty(self) -> bool:
        """Is everything delivered that was read?"""
        return not self._pipe.held

    async def delivered(self) -> None:
        """Returns once nothing is left of what has been read. Raises ``OSError`` if the sink breaks before."""
        while not self.empty:
            if self.done.done():
                self.done.result()
            await asyncio.sleep(POLL_S)

    def close(self) -> None:
        """Carry no more. The sockets stay open."""
        self._read_on(False)
        self._write_on(False)
        self._pipe.close()
        if not self.done.done():
            self.done.set_result(self.carried)
        self.done.exception()  # whoever wanted to know has asked

    @property
    def broke(self) -> bool:
        """Has an error ended it?"""
        return self.done.done() and self.done.exception() is not None

    def _carry(self) -> None:
        try:
            self._turn()
        except OSError as error:
            self._read_on(False)
            self._write_on(False)
            if not self.done.done():
                self.done.set_exception(error)

    def _turn(self) -> None:
        pipe, source, sink = self._pipe, self._source, self._sink
        before = self.carried
        for _ in range(ROUNDS):
            taken = 0
            if not (pipe.held or self._ended or self._paused):
                try:
                    taken = pipe.take(source)
                    self._ended = not taken
                except BlockingIOError:
                    break
            if pipe.held:
                self.carried += pipe.give(sink)
                if pipe.held:  # the receiver is slow: let it ask for more before anything else is read
                    self._read_on(False)
                    self._write_on(True)
                    return
            if self._ended:
                self._read_on(False)
                self._write_on(False)
                if self.passes_end:
                    sink.shutdown(socket.SHUT_WR)
                self.done.set_result(self.carried)
                return
            if taken < MUCH_BYTES:  # most likely that was all
                break
        self._write_on(False)
        rests = self.carried - before > MUCH_BYTES
        self._read_on(not (self._paused or rests))
        if rests:
            self._loop.call_later(REST_S, self._go_on)

    def _go_on(self) -> None:
        if not self.done.done():
            self._carry()

    def _read_on(self, on: bool) -> None:
        if on != self._reading:
            self._reading = on
            if on:
                self._loop.add_reader(self._source, self._carry)
            else:
                self._loop.remove_reader(self._source)

    def _write_on(self, on: bool) -> None:
        if on != self._writing:
            self._writing = on
            if on:
                self._loop.add_writer(self._sink, self._carry)
            else:
                self._loop.remove_writer(self._sink)


class Pipe:
    """Bytes that never leave the kernel."""

    def __init__(self, splice: Callable[..., int]) -> None:
        self._splice = splice
        self._out, self._in = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.held = 0
        with contextlib.suppress(OSError):  # over the user's share of pipe memory: it keeps its 64 KiB
            fcntl.fcntl(self._in, _F_SETPIPE_SZ, PIPE_BYTES)

    def take(self, source: socket.socket) -> int:
        """Raises ``BlockingIOError`` where there is nothing; 0 is the end of the stream."""
        taken = self._splice(source.fileno(), self._in, PIPE_BYTES, None, None, _FLAGS)
        self.held += taken
        return taken

    def give(self, sink: socket.socket) -> int:
        """What the sink took of what is held."""
        try:
            given = self._splice(self._out, sink.fileno(), self.held, None, None, _FLAGS)
        except BlockingIOError:
            return 0
        self.held -= given
        return given

    def close(self) -> None:
        if self._in >= 0:
            os.close(self._in)
            os.close(self._out)
            self._in = self._out = -1


class Buffer:
    """The same where the system has no splice: bytes are copied through this process."""

    def __init__(self) -> None:
        self._bytes = b""

    @property
    def held(self) -> int:
        return len(self._bytes)

    def take(self, source: socket.socket) -> int:
        taken = source.recv(PIPE_BYTES)
        self.put(taken)
        return len(taken)

    def put(self, more: bytes) -> None:
        self._bytes += more

    def give(self, sink: socket.socket) -> int:
        try:
            given = sink.send(self._bytes)
        except BlockingIOError:
            return 0
        self._bytes = self._bytes[given:]
        return given

    def close(self) -> None:
        self._bytes = b""
