"""The target's end of one move: collect rounds, complete the copy, and give exactly one answer.

``warm`` → ``answering`` → ``active`` | ``refused``; ``cancelled`` when the source gave up before it froze. The answer is what
the instance has on record, never what this end remembers, so a restarted agent answers a repeated final delta the same.
"""

from __future__ import annotations

from fedge.core.messages import (
    Activate,
    Answer,
    CancelMove,
    Decline,
    Drop,
    FinalDelta,
    MoveActivated,
    MoveOrder,
    RoundStored,
    StateRound,
    Store,
    Stored,
    TargetRefused,
    VoidEpoch,
)
from fedge.core.model import MS, InstanceId, Nanoseconds
from fedge.core.transfer.effects import ClearFlow, Effect, Flow, SetFlow, TellControl, TellInstance, TellPeer

ANSWER_GRACE = 200 * MS
"""Past the deadline the target refuses on record what has not been handed to it by then."""


class TargetEnd:
    def __init__(self, order: MoveOrder, instance: InstanceId) -> None:
        self.order = order
        self.instance = instance
        self.state = "warm"
        self._declined_at = 0

    def warm(self) -> list[Effect]:
        """Keep packets that arrive before the copy is complete."""
        return [self._flow(Flow.EARLY)]

    def round(self, received: StateRound, now: Nanoseconds) -> list[Effect]:
        if self.state != "warm":
            return []
        return [
            self._tell(Store(self.order.key, self.order, received.round, received.state_bytes, received.body))
        ]

    def stored(self, stored: Stored) -> list[Effect]:
        return [TellPeer(self.order.source, RoundStored(stored.move, stored.round))]

    def final(self, final: FinalDelta, now: Nanoseconds) -> list[Effect]:
        """The source has stopped: let the instance complete the copy and record its answer. Repeats get the same answer."""
        if self.state == "warm":
            self.state = "answering"
        return [self._tell(Activate(self.order.key, final, final.body))]

    def answered(self, answer: Answer, serving: bool, now: Nanoseconds) -> list[Effect]:
        """What stands on record goes to the source; if it is ACTIVATED, and that copy still writes here, the packets may come."""
        effects: list[Effect] = [TellPeer(self.order.source, answer)]
        if answer.verdict == "ACTIVATED" and not serving:
            self.state = "past"
        elif answer.verdict == "ACTIVATED" and self.state != "active":
            self.state = "active"
            told = MoveActivated(self.order.target, self.order.move, answer.at, answer.tick, answer.digest)
            effects = [self._flow(Flow.LOCAL), *effects, TellControl(told)]
        elif answer.verdict == "REFUSED" and self.state != "refused":
            self.state = "refused"
            effects.append(ClearFlow(self.order.key, self.order.epoch))
            effects.append(TellControl(TargetRefused(self.order.target, self.order.move, answer.reason)))
        return effects

    def cancelled(self, cancel: CancelMove) -> list[Effect]:
        if self.state != "warm":
            return []
        self.state = "cancelled"
        return [
            self._tell(Drop(self.order.key, self.order.epoch, "cancelled")),
            ClearFlow(self.order.key, self.order.epoch),
        ]

    def voided(self, void: VoidEpoch) -> list[Effect]:
        """The client will never believe this epoch: whatever was done under it goes, and nothing more will be done."""
        self.state = "cancelled"
        return [
            self._tell(Decline(self.order.key, self.order, "the client refuses this epoch")),
            self._tell(Drop(self.order.key, self.order.epoch, "void")),
            ClearFlow(self.order.key, self.order.epoch),
        ]

    def decline(self, reason: str, now: Nanoseconds) -> list[Effect]:
        """Put a refusal on record, unless an answer stands; either way the answer is told."""
        if self.state not in ("warm", "answering"):
            return []
        self._declined_at = now
        return [self._tell(Decline(self.order.key, self.order, reason))]

    def wake(self, now: Nanoseconds) -> list[Effect]:
        """Past the deadline put a refusal on record, unless the copy is already the writer."""
        if self.state not in ("warm", "answering") or now < self.order.deadline + ANSWER_GRACE:
            return []
        if now - self._declined_at < 5 * ANSWER_GRACE:
            return []
        return self.decline("nothing was handed over by the deadline", now)

    def _flow(self, flow: Flow) -> SetFlow:
        return SetFlow(self.order.key, flow, self.order.generation, self.order.epoch, instance=self.instance)

    def _tell(self, message: Store | Activate | Decline | Drop) -> TellInstance:
        return TellInstance(self.instance, message)
