"""The source's end of one move: copy in rounds, freeze, hand over, and wait for the one answer that decides.

``copying`` → ``freezing`` → ``handed_over`` → ``gone`` | ``resumed``; before ``handed_over`` also ``aborted``; ``gone`` keeps its
copy until released, and becomes ``resumed`` if the client turns out to have refused the target. The instance
records HANDED_OVER before this end says the final delta; from then on only three facts let it go on: the target's recorded
answer, or the client's promise to refuse the target's epoch, or the client's word that it already believes it
(``docs/models/move.pml``). Time alone never does.
"""

from __future__ import annotations

from fedge.core.messages import (
    Answer,
    AskFence,
    CancelMove,
    FenceAnswered,
    FinalDelta,
    Freeze,
    Frozen,
    MoveAborted,
    MoveFrozen,
    MoveOrder,
    Resume,
    RoundStored,
    StateRound,
    StateTaken,
    TakeState,
    VoidEpoch,
)
from fedge.core.model import MS, SECOND, InstanceId, Nanoseconds
from fedge.core.transfer.effects import Effect, Flow, SetFlow, TellControl, TellInstance, TellPeer

SMALL_ROUND_BYTES = 64 << 10
MAX_DELTAS = 5
"""A state that is written faster than it is sent is frozen all the same after so many rounds of changes."""
ROUND_TIMEOUT = 400 * MS
SLOWEST_BYTES_PER_S = 25_000_000
"""A round that is not stored within ``ROUND_TIMEOUT`` and its bytes at this rate is taken for lost; the copy begins again."""
FREEZE_RESEND = 100 * MS
HELD_ROUND_EVERY = 100 * MS
FINAL_RESEND = 60 * MS
FENCE_AFTER = 250 * MS


class SourceEnd:
    """Built when a move may begin to copy, or when a stopped copy is found whose hand-over has no answer yet.

    ``epoch`` and ``generation`` are those under which the source serves. ``fencing=False`` resumes on a time-out alone,
    whatever the client says: it exists to show that the checker notices.
    """

    def __init__(
        self,
        order: MoveOrder,
        epoch: int,
        generation: int,
        instance: InstanceId,
        now: Nanoseconds,
        fencing: bool = True,
        hold: bool = False,
    ) -> None:
        self.order = order
        self.epoch = epoch
        self.generation = generation
        self.instance = instance
        self.fencing = fencing
        self.hold = hold
        self.state = "copying"
        self.bytes_held = 0
        self.round = 0
        self.bytes_total = 0
        self.frozen_at = 0
        self._asked_at = now
        self._final: FinalDelta | None = None
        self._asked_fence = False
        self._last_round_bytes = self._left_bytes = self._deltas = 0
        self._waiting = False
        self._reason = ""
        self._void = False

    def begin(self, now: Nanoseconds) -> list[Effect]:
        """Ask for the first pages."""
        self.round, self._asked_at, self._deltas = 0, now, 0
        return [self._tell(TakeState(self.order.key, self.order.move, 0))]

    def found_stopped(self, now: Nanoseconds) -> list[Effect]:
        """The copy here had already handed over when this end was built: ask it for its last words again."""
        self.state, self._asked_at = "freezing", now
        self.generation = (
            self.order.generation
        )  # the gateway may have been forwarding before: it cannot fall below
        return [self._tell(Freeze(self.order.key, self.order))]

    def state_taken(self, taken: StateTaken, now: Nanoseconds) -> list[Effect]:
        if self.state != "copying" or taken.round != self.round:
            return []
        self.bytes_total += len(taken.body)
        self._asked_at = now
        self._last_round_bytes, self._left_bytes = len(taken.body), taken.left_bytes
        return [
            TellPeer(self.order.target, StateRound(self.order, taken.round, taken.state_bytes, taken.body))
        ]

    def round_stored(self, stored: RoundStored, now: Nanoseconds) -> list[Effect]:
        """The target has the round: one more, or, when little is left, freeze."""
        if self.state != "copying" or stored.round != self.round:
            return []
        self._asked_at = now
        if not self._left_bytes:
            self._deltas += 1  # everything was sent at least once; from here on only what was written since
        small = self._deltas > 1 and self._last_round_bytes <= SMALL_ROUND_BYTES
        if small and self.hold:
            self._waiting = True  # another round before long keeps the difference small
            self.bytes_held = self.bytes_total
            return []
        if small or (self._deltas > MAX_DELTAS and not self.hold):
            self.state = "freezing"
            return [self._tell(Freeze(self.order.key, self.order))]
        return self._next_round(now)

    def proceed(self, now: Nanoseconds) -> list[Effect]:
        """The handover is over: nothing holds the move back any more."""
        if not self.hold:
            return []
        self.hold = False
        if self.state == "copying" and self._waiting:
            self._waiting = False
            self.state, self._asked_at = "freezing", now
            return [self._tell(Freeze(self.order.key, self.order))]
        return []

    def _next_round(self, now: Nanoseconds) -> list[Effect]:
        self._waiting, self._asked_at = False, now
        self.round += 1
        return [self._tell(TakeState(self.order.key, self.order.move, self.round))]

    def frozen(self, frozen: Frozen, now: Nanoseconds) -> list[Effect]:
        """HANDED_OVER is on record and nobody writes: hold the uplink and say the final delta until it is answered."""
        if self.state not in ("freezing", "copying"):
            return []
        final = frozen.final
        self._final = FinalDelta(
            order=self.order,
            tick=final.tick,
            due=final.due,
            stable_seq=final.stable_seq,
            chain=final.chain,
            digest=final.digest,
            rounds=final.rounds,
            form=final.form,
            life=final.life,
            pending=final.pending,
            body=frozen.body,
        )
        self.state, self._asked_at, self.frozen_at = "handed_over", now, now
        self.bytes_total += len(frozen.body)
        late = self.bytes_total - self.bytes_held
        told = MoveFrozen(self.order.source, self.order.move, frozen.at, final.tick, self.bytes_total, late)
        return [TellPeer(self.order.target, self._final), self._flow(Flow.HOLD), TellControl(told)]

    def answered(self, answer: Answer, now: Nanoseconds) -> list[Effect]:
        """The target's recorded word."""
        if answer.epoch != self.order.epoch or self.state != "handed_over":
            return []
        if answer.verdict == "ACTIVATED":
            return self._let_go()
        return self._resume(answer.reason or "refused by the target")

    def fence_answered(self, answer: FenceAnswered, now: Nanoseconds) -> list[Effect]:
        """The arbiter's word: it refused the target's epoch for good, or it already believes it.

        A refusal counts even after the target's ACTIVATED was heard: what a client refuses nobody else can serve.
        """
        if self.state not in ("handed_over", "gone") or answer.epoch != self.order.epoch or not self.fencing:
            return []
        if answer.verdict == "TOO_LATE":
            return self._let_go() if self.state == "handed_over" else []
        self._void = True
        return self._resume("the client refused the target's epoch")

    def cancel(self, reason: str, now: Nanoseconds) -> list[Effect]:
        """Give up if nothing is handed over yet; afterwards this changes nothing."""
        if self.state not in ("copying", "freezing"):
            return []
        if self.state == "freezing":
            return []  # the copy may have stopped already: its answer or the client decides
        self.state = "aborted"
        return [
            TellPeer(self.order.target, CancelMove(self.order, reason)),
            self._aborted(self.epoch, now, reason),
        ]

    def wake(self, now: Nanoseconds) -> list[Effect]:
        """Say again what may be lost; before FREEZE give up at the deadline; later ask the arbiter."""
        waited = now - self._asked_at
        if self.state == "copying":
            if now >= self.order.deadline:
                return self.cancel("deadline passed while copying", now)
            if self._waiting:
                return self._next_round(now) if waited > HELD_ROUND_EVERY else []
            patience = ROUND_TIMEOUT + self._last_round_bytes * SECOND // SLOWEST_BYTES_PER_S
            return self.begin(now) if waited > patience else []
        if self.state == "freezing" and waited > FREEZE_RESEND:
            self._asked_at = now
            return [self._tell(Freeze(self.order.key, self.order))]
        if self.state == "resumed" and waited > FREEZE_RESEND:
            self._asked_at = now
            return [self._tell(Resume(self.order.key, self.epoch, self.generation))]
        if self.state != "handed_over" or self._final is None:
            return []
        effects: list[Effect] = []
        if waited > FINAL_RESEND:
            self._asked_at = now
            effects.append(TellPeer(self.order.target, self._final))
        if now - self.frozen_at > FENCE_AFTER and not self.fencing:
            return self._resume("no answer in time (fencing is off)")
        if now - self.frozen_at > FENCE_AFTER and (not self._asked_fence or effects):
            self._asked_fence = True
            effects.append(self._tell(AskFence(self.order.key, self.order.epoch)))
        return effects

    def _let_go(self) -> list[Effect]:
        self.state = "gone"
        return [self._flow(Flow.FORWARD)]

    def _resume(self, reason: str) -> list[Effect]:
        if (
            self.state == "gone"
        ):  # the gateway has been forwarding at the target's generation: it cannot fall below
            self.generation = self.order.generation
        self.state, self.epoch = "resumed", self.order.epoch + 1
        self._reason = reason
        return [self._tell(Resume(self.order.key, self.epoch, self.generation)), self._flow(Flow.LOCAL)]

    def resumed(self, now: Nanoseconds) -> list[Effect]:
        """The copy serves again, on record: only now may the target's go, for until now it was the only one that could."""
        if self.state != "resumed":
            return []
        void: list[Effect] = [TellPeer(self.order.target, VoidEpoch(self.order))] if self._void else []
        return [*void, self._aborted(self.epoch, now, self._reason)]

    def _flow(self, flow: Flow) -> SetFlow:
        forward = flow is Flow.FORWARD
        generation = self.order.generation if forward else self.generation
        epoch = self.order.epoch if forward else self.epoch
        peer = self.order.target if forward else None
        return SetFlow(self.order.key, flow, generation, epoch, instance=self.instance, peer=peer)

    def _aborted(self, epoch: int, now: Nanoseconds, reason: str) -> TellControl:
        return TellControl(MoveAborted(self.order.source, self.order.move, now, epoch, reason))

    def _tell(self, message: TakeState | Freeze | AskFence | Resume) -> TellInstance:
        return TellInstance(self.instance, message)
