"""The client's end of a session: it numbers inputs, believes frames, and is the arbiter of a move's commit point.

Pure: datagrams in, datagrams out, no socket and no clock. A game client wraps it around its UDP socket; ``attach.py`` gets it
its session from the platform's discovery. Rules of belief (ADR 0002, ``docs/models/move.pml``): a frame is accepted if its
epoch is not below the highest that this client accepted or was told, and is not one that it promised to refuse. A promise,
once made, is repeated in every later INPUT, so that whoever must know it hears it.

Where INPUTs go is ``way``: one address, or two while the platform leads this client from one site to the next.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import NamedTuple

from fedge_sdk import wire
from fedge_sdk.way import Endpoint, Way

RESEND_WINDOW = 64
"""At most so many unacknowledged inputs travel again in each datagram (fewer if they do not fit)."""


class Verdict(NamedTuple):
    """What became of a datagram. Exactly one of the refusals is true when ``accepted`` is false.

    ``frame`` is None for a FENCE and a REDIRECT. ``acknowledged``: how many inputs this frame newly acknowledged.
    ``chain_mismatch`` to ``tick_twice`` are faults that a correct platform never causes; they are reported, and the frame is
    accepted or not by the epoch rule alone. ``redirected``: a REDIRECT that is believed.
    """

    frame: wire.Frame | None
    accepted: bool
    acknowledged: int = 0
    stale_epoch: bool = False
    refused_epoch: bool = False
    chain_mismatch: bool = False
    stable_went_back: bool = False
    tick_twice: bool = False
    redirected: bool = False

    @property
    def remarkable(self) -> bool:
        """Is there more to say than whether it was accepted, and what it acknowledged?"""
        return True in self[3:]


class ClientSession:
    """One session as its client sees it.

    ``epoch_floor`` comes from attaching: frames of lower epochs are never accepted. ``fresh`` says that the session has had no
    input yet, so that the first gets number 1. A client that comes back without its memory is not ``synced`` until an accepted
    frame of a writer that has heard of its ``life`` told it the number and the hash chain to go on from. ``believe_all``
    switches the epoch rule off and exists so that a test can show what the rule is for. ``way.attached`` says where to send.
    """

    def __init__(
        self, key: int, epoch_floor: int, fresh: bool = True, life: int = 1, believe_all: bool = False
    ) -> None:
        self.key = key
        self.life = life
        self.accepted_epoch = epoch_floor
        self.fenced_epoch = 0
        self.synced = fresh
        self.next_seq = 1
        self.acked_seq = 0
        self.last_tick = 0
        self.way = Way()
        self._heard_epoch = 0
        self._unacked: deque[bytes] = deque()
        self._chains: deque[bytes] = deque([wire.CHAIN_START])
        self._believe_all = believe_all

    def push(self, data: bytes) -> int:
        """Take the player's next input (at most ``wire.MAX_INPUT`` bytes); returns its number."""
        if len(data) > wire.MAX_INPUT:
            raise wire.Malformed(f"an input of {len(data)} bytes; at most {wire.MAX_INPUT}")
        if not self.synced:
            raise wire.Malformed("no input has a number before the first frame told where to go on")
        seq = self.next_seq
        self.next_seq += 1
        self._unacked.append(data)
        self._chains.append(wire.extend_chain(self._chains[-1], seq, data))
        return seq

    def datagram(self) -> bytes:
        """The INPUT to send now: the oldest unacknowledged inputs and this client's promises."""
        inputs = (
            self._unacked
            if len(self._unacked) <= RESEND_WINDOW
            else tuple(islice(self._unacked, RESEND_WINDOW))
        )
        return wire.encode_inputs(
            self.key, self.life, self.accepted_epoch, self.fenced_epoch, self.acked_seq + 1, inputs
        )

    def receive(self, datagram: bytes, source: Endpoint | None = None, now: int = 0) -> Verdict:
        """Take a datagram from the network: from ``source``, at ``now`` on this client's own clock (ns).

        Without ``source`` no REDIRECT is believed. Raises ``wire.Malformed`` for what is none of ours.
        """
        kind = datagram[0] if datagram else 0
        if kind == wire.FENCE:
            return self._fence(*wire.decode_fence(datagram))
        if kind == wire.REDIRECT:
            return self._redirect(wire.decode_redirect(datagram), source, now)
        frame = wire.decode_frame(datagram)
        if frame.session != self.key:
            raise wire.Malformed("a frame of another session")
        if not self._believe_all:
            if frame.epoch < self.accepted_epoch:
                return Verdict(frame, False, stale_epoch=True)
            if frame.epoch == self.fenced_epoch:
                return Verdict(frame, False, refused_epoch=True)
        self.way.accepted(source, newer=frame.epoch > self.accepted_epoch)
        return self._accept(frame)

    def _redirect(self, redirect: wire.Redirect, source: Endpoint | None, now: int) -> Verdict:
        if redirect.session != self.key:
            raise wire.Malformed("a redirect of another session")
        believed = self.way.redirected(redirect.number, redirect.service, source, now)
        return Verdict(None, False, redirected=believed)

    def _fence(self, key: int, epoch: int) -> Verdict:
        if key != self.key:
            raise wire.Malformed("a fence of another session")
        if self.accepted_epoch < epoch and not self._believe_all:
            self.fenced_epoch = max(self.fenced_epoch, epoch)
        return Verdict(None, False)

    def unacknowledged(self) -> tuple[bytes, ...]:
        """The inputs pushed and not acknowledged yet, oldest first."""
        return tuple(self._unacked)

    def raise_floor(self, epoch: int) -> None:
        """Attached again with memory intact: nothing below ``epoch`` is believed from here on.

        Discovery answers once the move in progress is decided: if it went the way that this client had promised to refuse, the
        source is released, nobody relies on that promise any more, and it would only shut out the one writer that is left.
        """
        self.accepted_epoch = max(self.accepted_epoch, epoch)
        if self.fenced_epoch <= epoch:
            self.fenced_epoch = 0

    def _accept(self, frame: wire.Frame) -> Verdict:
        if not self.synced:
            if frame.life < self.life:
                self.accepted_epoch = max(self.accepted_epoch, frame.epoch)
                return Verdict(frame, True)
            self.synced = True
            self.acked_seq, self.next_seq = frame.stable_seq, frame.stable_seq + 1
            self._chains = deque([frame.chain])
        epoch, stable_seq, heard_epoch = frame.epoch, frame.stable_seq, self._heard_epoch
        acknowledged = stable_seq - self.acked_seq
        went_back = mismatch = twice = False
        if stable_seq >= self.next_seq:
            mismatch, acknowledged = True, 0
        elif acknowledged >= 0:
            mismatch = self._chains[acknowledged] != frame.chain
            for _ in range(acknowledged):
                self._unacked.popleft()
                self._chains.popleft()
            self.acked_seq = stable_seq
        if epoch != heard_epoch:
            if heard_epoch > 0:  # a new writer: its ticks must follow all that the old one showed
                twice = frame.tick <= self.last_tick
                went_back = epoch > heard_epoch and acknowledged < 0
            self.accepted_epoch = max(self.accepted_epoch, epoch)
            self._heard_epoch = max(heard_epoch, epoch)
        if frame.tick > self.last_tick:
            self.last_tick = frame.tick
        if acknowledged < 0:
            acknowledged = 0
        if mismatch or went_back or twice:
            return Verdict(frame, True, acknowledged, False, False, mismatch, went_back, twice)
        return Verdict(frame, True, acknowledged)
