"""What the access network sees of a UE's session while its packets pass: an instrument of the simulation, not part of a network.

Pure. N6 carries nothing but the UE's packets, so what a round trip was spent on is worked out here: when each input first
reached a user plane function and what radio and backhaul had taken by then, held against the frame that acknowledges it. Also
tells the first frame of a new writer. Formats: ``fedge_sdk.wire``. A UE that sends nonsense spoils its own figures alone.
"""

from __future__ import annotations

from collections import deque
from struct import Struct
from typing import NamedTuple

from fedge_sdk.wire import FRAME, FRAME_BYTES, INPUT, INPUT_BYTES

# INPUT: session, life, first input number, count. FRAME: session, epoch, tick, stable_seq, wait_us.
_INPUT = Struct("!xQI8xIB")
_FRAME = Struct("!xQIII12xI")
MOST_ARRIVALS = 256
"""Datagrams with new inputs that wait for their acknowledgement: four seconds' worth at 60 a second."""


class Arrival(NamedTuple):
    """A datagram reached a user plane function at ``at_ns`` and was the first there with inputs up to ``newest``."""

    newest: int
    radio_us: int
    backhaul_us: int
    at_ns: int


class Frame(NamedTuple):
    """``session`` key, ``epoch``, ``tick``, ``stable_seq``, ``wait_us`` of a FRAME."""

    session: int
    epoch: int
    tick: int
    stable_seq: int
    wait_us: int


def frame_of(datagram: bytes) -> Frame | None:
    """The head of a FRAME; None for any other datagram."""
    if len(datagram) < FRAME_BYTES or datagram[0] != FRAME:
        return None
    return Frame(*_FRAME.unpack_from(datagram))


class SessionWatch:
    """One UE's. ``silent_since``: when the newest tick of the present writer was seen, for ``writer_gap_ns``."""

    __slots__ = ("_arrivals", "_epoch", "_life", "_newest", "_session", "_stable_seq", "_tick", "_tick_at")

    def __init__(self) -> None:
        self._session = self._life = self._newest = 0
        self._arrivals: deque[Arrival] = deque(maxlen=MOST_ARRIVALS)
        self._begin()

    def _begin(self) -> None:
        self._epoch = self._stable_seq = self._tick = self._tick_at = 0

    def input_arrived(self, datagram: bytes, radio_us: int, backhaul_us: int, now: int) -> None:
        """A datagram of the UE has reached a user plane function at ``now``; only INPUTs count."""
        if len(datagram) < INPUT_BYTES or datagram[0] != INPUT:
            return
        session, life, first, count = _INPUT.unpack_from(datagram)
        if session != self._session or life > self._life:
            if session != self._session:
                self._begin()
            self._session, self._life, self._newest = session, life, 0
            self._arrivals.clear()
        newest = first + count - 1
        if newest > self._newest and life == self._life:
            self._newest = newest
            self._arrivals.append(Arrival(newest, radio_us, backhaul_us, now))

    def writer_gap_ns(self, frame: Frame, now: int) -> int | None:
        """How long after the last new tick of the old writer the first frame of a new one came; None for any other frame.

        A session's first writer counts from the start and is not told.
        """
        if frame.session != self._session:
            return None
        gap = None
        if frame.epoch > self._epoch:
            gap = now - self._tick_at if self._epoch else None
            self._epoch = frame.epoch
            self._tick = min(self._tick, frame.tick - 1)
            self._stable_seq = min(self._stable_seq, frame.stable_seq)
        if frame.tick > self._tick:
            self._tick, self._tick_at = frame.tick, now
        return gap

    def acknowledged(self, frame: Frame) -> Arrival | None:
        """How input ``stable_seq`` came, where this is the first frame to acknowledge it; call after ``writer_gap_ns``."""
        if (
            frame.session != self._session
            or frame.epoch < self._epoch
            or frame.stable_seq <= self._stable_seq
        ):
            return None
        self._stable_seq = frame.stable_seq
        arrivals = self._arrivals
        while arrivals and arrivals[0].newest < frame.stable_seq:
            arrivals.popleft()
        return arrivals[0] if arrivals else None


def hops_us(
    arrival: Arrival, wait_us: int, radio_us: int, backhaul_us: int, at_ns: int
) -> tuple[int, int, int, int]:
    """Radio, backhaul, gateway, server of a round trip whose frame left a user plane function at ``at_ns``.

    ``radio_us`` and ``backhaul_us``: of the way down. Server is the frame's own ``wait_us``; all else between the two instants
    counts as gateway: user plane function, gateway, instance, and the inputs' second journeys where one was lost there.
    """
    beyond = max(0, at_ns - arrival.at_ns) // 1000
    server = min(wait_us, beyond)
    return arrival.radio_us + radio_us, arrival.backhaul_us + backhaul_us, beyond - server, server
