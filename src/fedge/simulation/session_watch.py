"""What the access network sees of a UE's session while its packets pass: an instrument of the simulation, not part of a network.

Pure. N6 carries nothing but the UE's packets, so what a round trip was spent on is worked out here: when each input first
reached a user plane function and what radio and backhaul had taken by then, held against the frame that acknowledges it. Also
tells how long a session stood still around a change of writer, as ``report.windows`` does after the run, and counts acknowledged
inputs that a later frame takes back (invariant 3). Formats: ``fedge_sdk.wire``. A UE that sends nonsense spoils its own figures
alone.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from struct import Struct
from typing import NamedTuple

from fedge_sdk.wire import FRAME, FRAME_BYTES, INPUT, INPUT_BYTES

# INPUT: session, life, fenced epoch, first input number, count. FRAME: session, epoch, tick, stable_seq, wait_us.
_INPUT = Struct("!xQI4xIIB")
_FRAME = Struct("!xQIII12xI")
MOST_ARRIVALS = 256
"""Datagrams with new inputs that wait for their acknowledgement: four seconds' worth at 60 a second."""
BEFORE_NS, AFTER_NS = 250_000_000, 1_000_000_000
"""What is looked at around a change of writer: before the last tick of the old one, and after the first of the new one."""
KEPT_TICKS = 32
"""Ticks whose instants are kept: more than come in ``BEFORE_NS`` at 60 a second."""


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


class Change(NamedTuple):
    """Around the change to the writer of ``epoch`` no new tick came for ``gap_ns`` at the longest."""

    epoch: int
    gap_ns: int


class SessionWatch:
    """One UE's. ``lost_inputs``: how many a frame acknowledged and a newer one did not."""

    __slots__ = ("_arrivals", "_changed_by", "_earlier", "_epoch", "_life", "_longest", "_newest", "_past_sessions",
                 "_refused", "_session", "_stable_seq", "_tick", "_ticks_at", "lost_inputs")  # fmt: skip

    def __init__(self) -> None:
        self._session = self._life = self._newest = self._past_sessions = self._stable_seq = 0
        self.lost_inputs = 0
        self._arrivals: deque[Arrival] = deque(maxlen=MOST_ARRIVALS)
        self._ticks_at: deque[int] = deque(maxlen=KEPT_TICKS)
        self._begin()

    def _begin(self) -> None:
        self._past_sessions += self._stable_seq
        self._epoch = self._stable_seq = self._tick = self._earlier = self._refused = 0
        self._changed_by = self._longest = 0
        self._ticks_at.clear()

    @property
    def acknowledged_inputs(self) -> int:
        """How many inputs of this UE's sessions frames have acknowledged."""
        return self._past_sessions + self._stable_seq

    def input_arrived(self, datagram: bytes, radio_us: int, backhaul_us: int, now: int) -> None:
        """A datagram of the UE has reached a user plane function at ``now``; only INPUTs count."""
        if len(datagram) < INPUT_BYTES or datagram[0] != INPUT:
            return
        session, life, fenced, first, count = _INPUT.unpack_from(datagram)
        if session != self._session or life > self._life:
            if session != self._session:
                self._begin()
            self._session, self._life, self._newest = session, life, 0
            self._arrivals.clear()
        if life != self._life:
            return
        self._refused = fenced
        newest = first + count - 1
        if newest > self._newest:
            self._newest = newest
            self._arrivals.append(Arrival(newest, radio_us, backhaul_us, now))

    def frame_arrived(self, frame: Frame, now: int) -> Change | None:
        """A frame enters the UE's downlink at ``now``. Returns the change of writer that has been looked at for long enough.

        A session's first writer counts from the start and is not told, nor is a change after which no tick came.
        """
        if frame.session != self._session or frame.epoch < self._epoch:
            return None
        told = self._new_writer(frame, now) if frame.epoch > self._epoch else None
        if frame.tick > self._tick:
            self._tick = frame.tick
            if frame.stable_seq < self._stable_seq:
                self.lost_inputs += self._stable_seq - frame.stable_seq
                self._stable_seq = frame.stable_seq
            if self._changed_by:
                told = self._look_on(now) or told
            self._ticks_at.append(now)
        return told

    def _new_writer(self, frame: Frame, now: int) -> Change | None:
        told = Change(self._epoch, self._longest) if self._changed_by else None
        if self._epoch:
            # What an epoch acknowledged that its client has promised to refuse, it acknowledged to nobody.
            believed = self._earlier if self._epoch == self._refused else self._stable_seq
            self.lost_inputs += max(0, believed - frame.stable_seq)
            self._earlier = self._stable_seq = min(believed, frame.stable_seq)
            since = max(self._ticks_at[-1] - BEFORE_NS, self._ticks_at[0])
            times = [since, *(at for at in self._ticks_at if at > since), now]
            self._longest = max(later - at for at, later in pairwise(times))
            self._changed_by = now + AFTER_NS
        self._epoch = frame.epoch
        self._tick = min(self._tick, frame.tick - 1)
        return told

    def _look_on(self, now: int) -> Change | None:
        self._longest = max(self._longest, min(now, self._changed_by) - self._ticks_at[-1])
        if now < self._changed_by:
            return None
        self._changed_by = 0
        return Change(self._epoch, self._longest)

    def acknowledged(self, frame: Frame) -> Arrival | None:
        """How input ``stable_seq`` came, where this is the first frame to acknowledge it; call after ``frame_arrived``."""
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
