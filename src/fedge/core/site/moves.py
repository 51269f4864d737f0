"""A site's part in moves: its orders, its two kinds of ends, and the word of the client."""

from __future__ import annotations

from msgspec.structs import replace

from fedge.core.messages import (
    AbortMove,
    Answer,
    Answered,
    CancelMove,
    Drop,
    EpochRefused,
    EpochVoided,
    FenceAnswered,
    FinalDelta,
    Frozen,
    GoOn,
    Message,
    MoveAborted,
    MoveActivated,
    MoveOrder,
    Resumed,
    RoundStored,
    SessionStatus,
    SourceReleased,
    StateRound,
    StateTaken,
    Stored,
    TargetRefused,
    TargetWarmed,
    Unvoid,
    Voided,
    VoidEpoch,
)
from fedge.core.model import InstanceId, MoveId, Nanoseconds, SessionKey
from fedge.core.site.holdings import Holdings, Place
from fedge.core.transfer import (
    ClearFlow,
    Effect,
    SetFlow,
    SourceEnd,
    TargetEnd,
    TellControl,
    TellInstance,
    TellPeer,
)
from fedge.core.transfer.effects import Flow


class Moves(Holdings):
    """Finds the end that an event is about, or builds it, and keeps the places in step with what the ends decide."""

    def _warm(self, order: MoveOrder, now: Nanoseconds) -> list[Effect]:
        standing = self.targets.get(order.key)
        warmed = TellControl(TargetWarmed(self.site, order.move, now))
        if standing is not None and standing.order.move == order.move:
            return [*standing.warm(), warmed] if standing.state == "warm" else [warmed]
        if not self._heard_all(order.app):
            return []  # the order is said again
        refusal = self._refusal(order, now)
        if refusal:
            return [TellControl(TargetRefused(self.site, order.move, refusal))]
        instance = self._roomiest(order.app, order.schema)
        if instance is None:
            schemas = {
                one.schema for one in self.instances.values() if one.app == order.app and one.state == "ready"
            }
            if schemas and order.schema not in schemas:
                reason = f"schema {order.schema} is not among {', '.join(sorted(schemas))}"
            else:
                reason = f"no ready instance of {order.app} with a free place"
            return [TellControl(TargetRefused(self.site, order.move, reason))]
        target = TargetEnd(order, instance)
        self.targets[order.key] = target
        self._clear_at.pop(order.key, None)
        return [*target.warm(), warmed]

    def _refusal(self, order: MoveOrder, now: Nanoseconds) -> str:
        if now >= order.deadline:
            return "the deadline has passed"
        if order.key in self.places:
            return "a copy of this session from an earlier move is still here"
        busy = sum(target.state in ("warm", "answering") for target in self.targets.values())
        busy += sum(
            source.state in ("copying", "freezing", "handed_over") for source in self.sources.values()
        )
        if busy >= self.settings.max_moves:
            return f"{busy} of {self.settings.max_moves} concurrent moves"
        return ""

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

    def _copied(self, event: StateRound | FinalDelta, now: Nanoseconds) -> list[Effect]:
        if isinstance(event, StateRound):
            target = self.targets.get(event.order.key)
            return (
                target.round(event, now)
                if target is not None and target.order.move == event.order.move
                else []
            )
        target = self._target_of(event.order)
        return target.final(event, now) if target is not None else []

    def _target_of(self, order: MoveOrder) -> TargetEnd | None:
        """This site's end of a move, built anew if need be, to tell what is on record; None while no instance could."""
        target = self.targets.get(order.key)
        if target is not None and target.order.epoch >= order.epoch:
            return target if target.order.move == order.move else None
        place = self.places.get(order.key)
        instance = place.instance if place is not None else self._roomiest(order.app, order.schema)
        if instance is None or not self._heard_all(order.app):
            return None  # what asks is said again; by then an instance may be up to answer from the record
        target = self.targets[order.key] = TargetEnd(order, instance)
        return target

    def _answered(self, answer: Answer, serving: bool, now: Nanoseconds) -> list[Effect]:
        target = self.targets.get(answer.key)
        if target is None or target.order.epoch != answer.epoch:
            return []
        effects = target.answered(answer, serving, now)
        order = target.order
        if target.state == "active":
            if answer.key not in self.places or self.places[answer.key].status.epoch < answer.epoch:
                status = SessionStatus(
                    order.session,
                    order.key,
                    order.ue,
                    order.app,
                    order.epoch,
                    "serving",
                    order.generation,
                    answer.tick,
                    order,
                )
                self.places[answer.key] = Place(status, target.instance)
            del self.targets[answer.key]
        elif target.state in ("refused", "past"):
            del self.targets[answer.key]
            if answer.key not in self.places:
                effects.append(ClearFlow(answer.key, order.epoch))
        return effects

    def _void(self, event: VoidEpoch) -> list[Effect]:
        order = event.order
        target = self._target_of(order)
        if target is None:
            return []
        del self.targets[order.key]
        place = self.places.get(order.key)
        if place is not None and place.status.epoch == order.epoch:
            return [TellInstance(place.instance, Drop(order.key, order.epoch, "void"))]
        return target.voided(event)

    def _heard_refusal(self, event: Voided) -> list[Effect]:
        """The copy here is silent: its source, which may not have heard the client, must know; so must the centre."""
        place = self.places.get(event.key)
        if place is None or place.status.epoch != event.epoch:
            return []
        place.status = replace(place.status, state="void")
        return self._say_void(place)

    def _say_void(self, place: Place) -> list[Effect]:
        """Said again until the copy goes on or is dropped: whoever must hear it may be down."""
        status = place.status
        effects: list[Effect] = [TellControl(EpochVoided(self.site, status.session, status.epoch))]
        if status.order is not None:
            effects.append(TellPeer(status.order.source, EpochRefused(status.order)))
        return effects
