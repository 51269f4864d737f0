"""A site's part in moves that leave it: its end is the source (`core/transfer/source.py`)."""

from __future__ import annotations

from msgspec.structs import replace

from fedge.core.messages import (
    Answer,
    Drop,
    Frozen,
    MoveAborted,
    MoveActivated,
    MoveOrder,
    Resumed,
    SessionStatus,
    SourceReleased,
)
from fedge.core.model import InstanceId, MoveId, Nanoseconds, SessionKey
from fedge.core.site.holdings import Holdings
from fedge.core.transfer import (
    Effect,
    SetFlow,
    SourceEnd,
    TellControl,
    TellInstance,
)
from fedge.core.transfer.effects import Flow


class Departures(Holdings):
    """Finds the source end that an event is about, or builds it, and keeps the place in step with what it decides."""

    def _begin_copy(self, order: MoveOrder, hold: bool, now: Nanoseconds) -> list[Effect]:
        place = self.places.get(order.key)
        source = self.sources.get(order.key)
        if source is not None and source.order.move == order.move:
            return []
        if place is None and not self._heard_all(order.app):
            return []  # the copy may have handed over already: the order is said again
        if place is None or place.status.state != "serving" or place.status.epoch >= order.epoch:
            epoch = place.status.epoch if place is not None else 0
            reason = "the session is not served here"
            return [TellControl(MoveAborted(self.site, order.move, now, epoch, reason))]
        if now >= order.deadline:
            reason = "the deadline passed before copying"
            return [TellControl(MoveAborted(self.site, order.move, now, place.status.epoch, reason))]
        return self._source(order, place.status, place.instance, now, hold).begin(now)

    def _source(
        self,
        order: MoveOrder,
        status: SessionStatus,
        instance: InstanceId,
        now: Nanoseconds,
        hold: bool = False,
    ) -> SourceEnd:
        source = SourceEnd(order, status.epoch, status.generation, instance, now, self.settings.fencing, hold)
        self.sources[order.key] = source
        return source

    def _source_of(self, key: SessionKey, move: MoveId) -> SourceEnd | None:
        source = self.sources.get(key)
        return source if source is not None and source.order.move == move else None

    def _frozen(self, event: Frozen, now: Nanoseconds) -> list[Effect]:
        source, place = self.sources.get(event.key), self.places.get(event.key)
        if source is None or place is None:
            return []
        place.status = replace(place.status, state="handed_over", order=source.order, tick=event.final.tick)
        return source.frozen(event, now)

    def _peer_answer(self, answer: Answer, now: Nanoseconds) -> list[Effect]:
        source = self.sources.get(answer.key)
        if source is None or source.order.epoch != answer.epoch:
            return []
        return self._settled(source, source.answered(answer, now))

    def _settled(self, source: SourceEnd, effects: list[Effect]) -> list[Effect]:
        """After the answer: where the source let go, the centre may not have heard the target; say it for it."""
        place = self.places.get(source.order.key)
        if source.state == "gone" and place is not None and effects:
            place.status = replace(place.status, state="gone")
            effects.append(
                TellControl(
                    MoveActivated(
                        source.order.target, source.order.move, source.frozen_at, place.status.tick, ""
                    )
                )
            )
        return effects

    def _resumed(self, event: Resumed, now: Nanoseconds) -> list[Effect]:
        source, place = self.sources.get(event.key), self.places.get(event.key)
        if place is not None:
            place.status = replace(place.status, state="serving", epoch=event.epoch)
        if source is None or source.state != "resumed":
            if place is None:
                return []
            return [
                SetFlow(event.key, Flow.LOCAL, place.status.generation, event.epoch, instance=place.instance)
            ]
        if place is not None:
            place.status = replace(place.status, generation=source.generation)
        del self.sources[event.key]
        return source.resumed(now)

    def _release(self, order: MoveOrder, now: Nanoseconds) -> list[Effect]:
        place = self.places.get(order.key)
        if place is None and not self._heard_all(order.app):
            return []
        if place is not None and place.status.state == "serving" and place.status.epoch == order.epoch + 1:
            reason = "the client had refused the target's epoch"
            return [TellControl(MoveAborted(self.site, order.move, now, place.status.epoch, reason))]
        if place is None or place.status.epoch >= order.epoch:
            self.sources.pop(order.key, None)
            return [TellControl(SourceReleased(self.site, order.move))]
        standing = self.sources.get(order.key)
        if standing is not None and standing.state == "resumed":
            return []  # told to go on, and perhaps it does already: it says so next
        effects: list[Effect] = []
        if order.key not in self.sources:
            self.sources[order.key] = SourceEnd(
                order, place.status.epoch, place.status.generation, place.instance, 0
            )
        if self.sources[order.key].state != "gone":  # the centre knows that the target is the writer
            flow = SetFlow(
                order.key, Flow.FORWARD, order.generation, order.epoch, place.instance, order.target
            )
            self.sources[order.key].state = "gone"
            effects.append(flow)
        return [*effects, TellInstance(place.instance, Drop(order.key, place.status.epoch, "released"))]
