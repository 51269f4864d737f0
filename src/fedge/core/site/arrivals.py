"""A site's part in moves that come to it: its end is the target (`core/transfer/target.py`), which its client may refuse."""

from __future__ import annotations

from msgspec.structs import replace

from fedge.core.messages import (
    Answer,
    Drop,
    EpochRefused,
    EpochVoided,
    FinalDelta,
    MoveOrder,
    SessionStatus,
    StateRound,
    TargetRefused,
    TargetWarmed,
    Voided,
    VoidEpoch,
)
from fedge.core.model import Nanoseconds
from fedge.core.site.holdings import Holdings, Place
from fedge.core.transfer import (
    ClearFlow,
    Effect,
    TargetEnd,
    TellControl,
    TellInstance,
    TellPeer,
)


class Arrivals(Holdings):
    """Finds the target end that an event is about, or builds it, and keeps the place in step with what it decides."""

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
