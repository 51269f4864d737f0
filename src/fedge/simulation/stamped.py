"""A UDP socket read many packets at a time, each with the instant at which the kernel had it, however late it is read.

recvmmsg(2) with SO_TIMESTAMPNS of socket(7). Python's socket has no such call, so libc's is made by ``ctypes``. With stamps it
takes what ``recvfrom`` takes without them, and six tenths of ``recvmsg``, which makes an address and a list of control messages
each time and ends with an exception (ADR 0009). Where libc has none, ``recvmsg`` has to do.
"""

from __future__ import annotations

import contextlib
import ctypes
import socket
import sys
from struct import Struct
from time import time_ns
from typing import TypeVar

from fedge.core.model import SECOND, Nanoseconds
from fedge.runtime.udp_end import bound_udp
from fedge.simulation.n3 import READ_BYTES, Endpoint
from fedge.wire import ip

BATCH = 64
"""Packets read from one socket before others have their turn."""
MOST_SOURCES = 4096
"""So many addresses are remembered as text."""
T = TypeVar("T")

_SO_TIMESTAMPNS = 35


class _Header(ctypes.Structure):
    """struct msghdr"""

    _fields_ = (("name", ctypes.c_void_p), ("name_size", ctypes.c_uint32), ("spans", ctypes.c_void_p),
                ("span_count", ctypes.c_size_t), ("control", ctypes.c_void_p), ("control_size", ctypes.c_size_t),
                ("flags", ctypes.c_int))  # fmt: skip


class _Message(ctypes.Structure):
    """struct mmsghdr"""

    _fields_ = (("header", _Header), ("size", ctypes.c_uint32))


class _Span(ctypes.Structure):
    """struct iovec"""

    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


_SIZES, _SIZE_AT = ctypes.sizeof(_Message) // 4, _Message.size.offset // 4
_AS_LAID_OUT = sys.maxsize > 1 << 32
"""Sizes are those of 64 bits: an address of 16 bytes, and a stamp of 16 behind a control message's header."""
_STAMP = Struct(f"@{socket.CMSG_LEN(0)}xqq")


class StampedUdp:
    """``address``: where it is bound."""

    def __init__(self, address: Endpoint) -> None:
        """Raises ``OSError``."""
        self.address = address
        self.socket = bound_udp(address)
        with contextlib.suppress(OSError):  # not Linux: the time of reading has to do
            self.socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._fd = self.socket.fileno()
        self._sources: dict[int, Endpoint] = {}
        packets, names, controls = bytearray(BATCH * READ_BYTES), bytearray(BATCH * 16), bytearray(BATCH * 32)
        at_packets, at_names, at_controls = _start(packets), _start(names), _start(controls)
        spans = (_Span * BATCH)(*(_Span(at_packets + i * READ_BYTES, READ_BYTES) for i in range(BATCH)))
        messages = (_Message * BATCH)()
        for i, message in enumerate(messages):
            at_span = ctypes.addressof(spans) + i * ctypes.sizeof(_Span)
            message.header = _Header(at_names + i * 16, 16, at_span, 1, at_controls + i * 32, 32)
        self._kept = spans, messages
        self._packets = memoryview(packets)
        self._names = memoryview(names).cast("Q")[::2]
        self._stamps = memoryview(controls).cast("q")
        self._sizes = memoryview(messages).cast("B").cast("I")
        self._at = ctypes.c_void_p(ctypes.addressof(messages))
        self._receive = getattr(ctypes.CDLL(None), "recvmmsg", None) if _AS_LAID_OUT else None

    def read(self, now: Nanoseconds, about: T) -> list[tuple[Nanoseconds, bytes, Endpoint, T]]:
        """Up to ``BATCH`` packets that are there at ``now`` (monotonic), in the order in which they came.

        When the kernel had each, the packet, its source, and ``about``.
        """
        if self._receive is None:
            return self._read_one_by_one(now, about)
        count = self._receive(self._fd, self._at, BATCH, socket.MSG_DONTWAIT, None)
        if count <= 0:
            return []
        ahead, begins, found, packets, sources = time_ns() - now, 0, [], self._packets, self._sources
        sizes, names, stamps = self._sizes, self._names, self._stamps
        for i in range(count):
            size, name = sizes[i * _SIZES + _SIZE_AT], names[i]
            at = stamps[i * 4 + 2] * SECOND + stamps[i * 4 + 3] - ahead
            if not now - SECOND < at < now:  # there is no stamp, or the wall clock was set meanwhile
                at = now
            source = sources.get(name) or self._new_source(name)
            found.append((at, bytes(packets[begins : begins + size]), source, about))
            begins += READ_BYTES
        return found

    def _new_source(self, name: int) -> Endpoint:
        if len(self._sources) >= MOST_SOURCES:
            self._sources.clear()
        raw = name.to_bytes(8, sys.byteorder)  # struct sockaddr_in: family, port, address
        source = self._sources[name] = ip.address_text(raw[4:]), raw[2] << 8 | raw[3]
        return source

    def _read_one_by_one(self, now: Nanoseconds, about: T) -> list[tuple[Nanoseconds, bytes, Endpoint, T]]:
        ahead, found = time_ns() - now, []
        with contextlib.suppress(BlockingIOError):
            for _ in range(BATCH):
                packet, extra, _, source = self.socket.recvmsg(READ_BYTES, _STAMP.size)
                seconds, nanoseconds = _STAMP.unpack(bytes(16) + extra[0][2]) if extra else (0, 0)
                at = seconds * SECOND + nanoseconds - ahead
                found.append((at if now - SECOND < at < now else now, packet, source, about))
        return found


def _start(buffer: bytearray) -> int:
    """Its address: it never changes, for it is never made longer or shorter."""
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))
