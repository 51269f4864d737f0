"""One simulated player: what it presses, when it goes and comes back, and what it makes of what it hears.

The client side of a session is the SDK's (``fedge_sdk.client``), as in a real game; this adds only a socket, a habit and a
trace. The clock and the socket are driven by ``players``. Inputs are drawn from (seed, ue, number), pauses from (seed, ue).
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from random import Random

from fedge.core.model import SECOND
from fedge.wire import records
from fedge_sdk import wire
from fedge_sdk.attach import Attachment
from fedge_sdk.client import ClientSession

INPUTS_PER_S = 60
PERIOD_NS = SECOND // INPUTS_PER_S
SILENCE_NS = 3 * SECOND
FAREWELL_NS = 2 * SECOND
HELD_INPUTS = 30
"""A player keeps a direction for half a second."""
LEAVERS_IN = 8
"""One player in so many goes away for a while."""


def intent(seed: int, ue: int, seq: int) -> bytes:
    """Input ``seq`` of a player: a signed step in x and y, and up to six bytes of buttons; 2 to 8 bytes."""
    pressed = blake2b(b"%d/%d/%d" % (seed, ue, seq), digest_size=7).digest()
    return _step(seed, ue, seq // HELD_INPUTS) + pressed[1 : 1 + pressed[0] % 7]


@lru_cache(maxsize=4096)
def _step(seed: int, ue: int, number: int) -> bytes:
    heading = blake2b(b"%d/%d/%d" % (seed, ue, number), digest_size=2).digest()
    dx, dy = heading[0] % 9 - 4, heading[1] % 9 - 4
    return bytes((dx & 0xFF, dy & 0xFF))


@dataclass(frozen=True)
class Pause:
    """The player goes at ``leaves_ns`` and wants to be back at ``returns_ns`` (both since it joined)."""

    leaves_ns: int
    returns_ns: int


def pause_of(seed: int, ue: int) -> Pause | None:
    """Whether and when a player goes away: one in eight does, 6 to 12 s after joining, for 2 to 4 s."""
    if Random(f"leavers/{seed}").randrange(LEAVERS_IN) != ue % LEAVERS_IN:
        return None
    rng = Random(f"pause/{seed}/{ue}")
    leaves_s = rng.uniform(6.0, 12.0)
    return Pause(int(leaves_s * SECOND), int((leaves_s + rng.uniform(2.0, 4.0)) * SECOND))


class Player:
    """A player with its socket. ``attached``: has a session to play; otherwise it waits for discovery's answer."""

    def __init__(self, ue: int, host: str, seed: int, believe_all: bool, trace: records.Trace) -> None:
        self.ue = ue
        self.name = f"player-{ue + 1}"
        self.attached = False
        self.leaving_since = 0
        self.session: ClientSession | None = None
        self.heard_at = 0
        self.sent = self.acknowledged = self.malformed = 0
        self._seed, self._believe_all, self._trace = seed, believe_all, trace
        self._unsaid: tuple[bytes, ...] = ()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind((host, 0))

    def take(self, attachment: Attachment, now: int) -> None:
        """Discovery answered. What this player still remembers of the session stays; else it begins, or waits to be told."""
        session = self.session
        if session is None or session.key != attachment.key or (attachment.fresh and session.acked_seq):
            # The session was begun anew while we remember another: inputs that nobody acknowledged are said again in it.
            if session is not None:
                self._unsaid += session.unacknowledged()
            session = ClientSession(
                attachment.key, attachment.epoch_floor, attachment.fresh, attachment.life, self._believe_all
            )
            self._record_attached(attachment, session, now)
        else:
            session.raise_floor(attachment.epoch_floor)
            self._record_attached(attachment, session, now)
        session.way.attached(attachment.service, attachment.services)
        self.session = session
        self.attached, self.heard_at = True, now

    def play(self, now: int, may_press: bool) -> None:
        """One period of the player's own clock: a new input if it may, and whatever is not acknowledged yet."""
        session = self.session
        if session is None or not self.attached:
            return
        if session.synced and self._unsaid:
            for data in self._unsaid:
                self._press(session, data, now)
            self._unsaid = ()
        if may_press and session.synced and not self.leaving_since:
            self._press(session, intent(self._seed, self.ue, session.next_seq), now)
        datagram = session.datagram()
        for service in session.way.destinations(now):
            try:
                self.socket.sendto(datagram, service)
            except OSError:  # a full buffer: the next datagram says it again
                continue

    def hear(self, datagram: bytes, source: tuple[str, int], now: int) -> None:
        """A datagram from the network."""
        session = self.session
        if session is None or not self.attached:
            return
        try:
            verdict = session.receive(datagram, source, now)
        except wire.Malformed:
            self.malformed += 1
            return
        if verdict.accepted:
            self.heard_at = now
        self.acknowledged += verdict.acknowledged
        frame = verdict.frame
        if frame is None:
            return
        flags = records.ACCEPTED if verdict.accepted else 0
        if verdict.remarkable:
            flags |= (
                verdict.stale_epoch * records.STALE_EPOCH
                | verdict.chain_mismatch * records.CHAIN_MISMATCH
                | verdict.stable_went_back * records.STABLE_WENT_BACK
                | verdict.tick_twice * records.TICK_TWICE
                | verdict.refused_epoch * records.REFUSED_EPOCH
            )
        self._trace.add(
            records.GOT, self.ue, now, frame.epoch, frame.tick, frame.stable_seq, frame.wait_us, flags
        )

    def is_silent(self, now: int) -> bool:
        """Has nothing come for so long that the player should ask discovery again?"""
        return self.attached and now - self.heard_at > SILENCE_NS

    def may_go(self, now: int) -> bool:
        """A player that wants to leave waits until its inputs are acknowledged, though not for ever."""
        session = self.session
        if session is None or not self.leaving_since:
            return False
        return session.acked_seq + 1 >= session.next_seq or now - self.leaving_since > FAREWELL_NS

    def go(self, now: int) -> None:
        """Gone, with its memory."""
        self._trace.add(records.LEFT, self.ue, now)
        self.session, self.attached, self.leaving_since, self._unsaid = None, False, 0, ()

    def _press(self, session: ClientSession, data: bytes, now: int) -> None:
        self._trace.add(records.SENT, self.ue, now, session.push(data))
        self.sent += 1

    def _record_attached(self, attachment: Attachment, session: ClientSession, now: int) -> None:
        first = session.next_seq if session.synced else 0
        self._trace.add(records.ATTACHED, self.ue, now, attachment.epoch_floor, first)
