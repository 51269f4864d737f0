"""The binary records of ``fleet.bin`` (the players' view) and ``access.bin`` (the network's view) of a run.

Written by the player fleet and the access network, a record an event, 28 bytes each, big-endian; read by ``fedge.report``.
``RECORD`` = kind, flags, UE index, a, b, c, d, t_ns (monotonic). UE index u is the UE ``player-<u+1>``.

=========  ====  ==========================================================================================================
SENT          1  an input left the client for the first time: a = its number
GOT           2  a frame reached the client: a = epoch, b = tick, c = stable_seq, d = wait_us; flags below
ATTACHED      3  a = epoch floor, b = the first input number to be sent, 0 if only the first frame will tell
LEFT          4  the player is gone
DOWN         11  a frame enters the UE's downlink radio: a = epoch, b = tick, c = stable_seq
HOPS         12  microseconds of the round trip of input stable_seq: a = radio, b = backhaul, c = gateway, d = server
                 (d: the frame's wait_us; c: all else beyond the backhaul, the user plane function included)
HANDOVER     13  a = gap_us, b = from cell index, c = to cell index; t_ns = its start
RELAY        14  a = how many microseconds off its timetable a packet left the access network; flags 0 up, 1 down; one of 16
ADDED        15  a = microseconds that relays added one way, beyond what they emulate; flags 0 up, 1 down; one of 8
IN_CELL      16  the UE is in a cell from now on: a = cell index, b = its kind, an index of ``ACCESS_KINDS``
=========  ====  ==========================================================================================================
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

RECORD = struct.Struct("!BBHIIIIQ")

SENT, GOT, ATTACHED, LEFT = 1, 2, 3, 4
DOWN, HOPS, HANDOVER, RELAY, ADDED, IN_CELL = 11, 12, 13, 14, 15, 16
ACCESS_KINDS = ("nr", "lte", "wifi", "nsa")

# flags of GOT
ACCEPTED, STALE_EPOCH, CHAIN_MISMATCH, STABLE_WENT_BACK, TICK_TWICE, REFUSED_EPOCH = 1, 2, 4, 8, 16, 32
# flags of RELAY and ADDED
WENT_UP, WENT_DOWN = 0, 1

_MOST = 0xFFFFFFFF


def pack(
    kind: int, ue: int, t_ns: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0, flags: int = 0
) -> bytes:
    """One record; figures that do not fit are clipped, not refused: a trace must never stop what it traces."""
    clipped = [min(max(figure, 0), _MOST) for figure in (a, b, c, d)]
    return RECORD.pack(kind, flags, ue, *clipped, t_ns)


class Record(NamedTuple):
    """One event, as read back."""

    kind: int
    flags: int
    ue: int
    a: int
    b: int
    c: int
    d: int
    t_ns: int


class Trace:
    """Records on their way to a file: cheap to add, taken away in bulk."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def add(
        self, kind: int, ue: int, t_ns: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0, flags: int = 0
    ) -> None:
        """Add a record; the figures as for ``pack``."""
        try:
            self._bytes += RECORD.pack(kind, flags, ue, a, b, c, d, t_ns)
        except struct.error:
            self._bytes += pack(kind, ue, t_ns, a, b, c, d, flags)

    def take(self) -> bytes:
        """All records added since the last time."""
        taken = bytes(self._bytes)
        self._bytes.clear()
        return taken


def read_records(data: bytes) -> Iterator[Record]:
    """All whole records of ``data``; a torn last one (its writer was killed) is ignored."""
    whole = len(data) - len(data) % RECORD.size
    return map(Record._make, RECORD.iter_unpack(memoryview(data)[:whole]))
