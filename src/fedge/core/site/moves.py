"""A site's part in moves: which of its two ends an event is for. Neighbours: `departures.py` and `arrivals.py`."""

from __future__ import annotations

from fedge.core.messages import (
    AbortMove,
    Answer,
    Answered,
    CancelMove,
    EpochRefused,
    FenceAnswered,
    FinalDelta,
    Frozen,
    GoOn,
    Message,
    MoveAborted,
    Resumed,
    RoundStored,
    StateRound,
    StateTaken,
    Stored,
    Unvoid,
    Voided,
    VoidEpoch,
)
from fedge.core.model import Nanoseconds
from fedge.core.site.arrivals import Arrivals
from fedge.core.site.departures import Departures
from fedge.core.transfer import (
    Effect,
    TellControl,
    TellInstance,
)


class Moves(Departures, Arrivals):
    """Dispatch, and the order to give a move up, which either end may get."""

    def _abort(self, event: AbortMove, now: Nanoseconds) -> list[Effect]:
        key = event.order.key
        source = self.sources.get(key)
        if source is not None and source.order.move == event.order.move:
            effects = source.cancel(event.reason, now)
            if source.state == "aborted":
                del self.sources[key]
            return effects
        if event.order.target == self.site:
            target = self._target_of(event.order)
            return target.decline(event.reason, now) if target is not None else []
        if event.order.source == self.site and key in self.places:
            epoch = self.places[key].status.epoch
            return [TellControl(MoveAborted(self.site, event.order.move, now, epoch, event.reason))]
        return []

    def _move_event(self, event: Message, now: Nanoseconds) -> list[Effect]:
        match event:
            case StateTaken() if source := self._source_of(event.key, event.move):
                return source.state_taken(event, now)
            case RoundStored():
                for source in self.sources.values():
                    if source.order.move == event.move:
                        return source.round_stored(event, now)
            case Frozen():
                return self._frozen(event, now)
            case Answer():
                return self._peer_answer(event, now)
            case FenceAnswered() if source := self.sources.get(event.key):
                return self._settled(source, source.fence_answered(event, now))
            case Resumed():
                return self._resumed(event, now)
            case StateRound() | FinalDelta():
                return self._copied(event, now)
            case Stored() if target := self.targets.get(event.key):
                return target.stored(event)
            case Answered():
                return self._answered(event.answer, event.serving, now)
            case CancelMove() if target := self.targets.get(event.order.key):
                effects = target.cancelled(event) if target.order.move == event.order.move else []
                if target.state == "cancelled":
                    del self.targets[event.order.key]
                return effects
            case VoidEpoch():
                return self._void(event)
            case Voided():
                return self._heard_refusal(event)
            case EpochRefused() if source := self._source_of(event.order.key, event.order.move):
                refused = FenceAnswered(event.order.key, event.order.epoch, "FENCED")
                return self._settled(source, source.fence_answered(refused, now))
            case Unvoid() if place := self.places.get(event.key):
                return [TellInstance(place.instance, GoOn(event.key, event.epoch, event.as_epoch))]
            case _:
                pass
        return []
