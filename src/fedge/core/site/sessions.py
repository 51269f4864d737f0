"""Session copies at a site: opened, closed, dropped, and found again with the instance that holds them."""

from __future__ import annotations

from msgspec.structs import replace

from fedge.core.messages import (
    CloseSession,
    DiscardSession,
    Drop,
    Dropped,
    InstanceHello,
    InstanceStatus,
    Open,
    Opened,
    OpenRefused,
    OpenSession,
    SessionClosed,
    SessionDiscarded,
    SessionLost,
    SessionOpened,
    SessionRefused,
    SessionStatus,
    SourceReleased,
    Voided,
)
from fedge.core.model import SECOND, InstanceId, Nanoseconds, SessionKey
from fedge.core.site.holdings import Place
from fedge.core.site.moves import Moves
from fedge.core.transfer import (
    ClearFlow,
    Effect,
    SetFlow,
    TargetEnd,
    TellControl,
    TellInstance,
)
from fedge.core.transfer.effects import Flow

FORWARD_LINGER = 5 * SECOND


class Sessions(Moves):
    """Places of sessions, and what a new instance brings back."""

    # --- sessions ----------------------------------------------------------------------------------------------------------

    def _open(self, order: OpenSession) -> list[Effect]:
        place = self.places.get(order.key)
        if place is not None and place.status.epoch == order.epoch:
            return [self._told_open(order.key)] if place.status.state != "opening" else []
        if place is None and not self._heard_all(order.app):
            return []
        instance = self._roomiest(order.app)
        if instance is None:
            reason = f"no ready instance of {order.app} with a free place"
            return [TellControl(SessionRefused(self.site, order.session, order.epoch, reason))]
        wanted = self.wanted.get(order.app)
        size = wanted.state_bytes if wanted else 1 << 20
        self._opening[order.key] = order
        status = SessionStatus(
            order.session, order.key, order.ue, order.app, order.epoch, "opening", order.generation
        )
        self.places[order.key] = Place(status, instance)
        return [
            TellInstance(
                instance, Open(order.key, order.session, order.ue, order.epoch, order.generation, size)
            )
        ]

    def _opened(self, event: Opened, now: Nanoseconds) -> list[Effect]:
        order = self._opening.pop(event.key, None)
        place = self.places.get(event.key)
        if order is None or place is None:
            return []
        place.status = replace(place.status, state="serving")
        self._clear_at.pop(event.key, None)
        flow = SetFlow(event.key, Flow.LOCAL, order.generation, order.epoch, instance=place.instance)
        return [flow, self._told_open(event.key)]

    def _told_open(self, key: SessionKey) -> TellControl:
        status = self.places[key].status
        return TellControl(SessionOpened(self.site, status.session, status.epoch, status.generation))

    def _open_refused(self, event: OpenRefused) -> list[Effect]:
        order = self._opening.pop(event.key, None)
        self.places.pop(event.key, None)
        if order is None:
            return []
        return [TellControl(SessionRefused(self.site, order.session, order.epoch, event.reason))]

    def _close(self, order: CloseSession) -> list[Effect]:
        place = self.places.get(order.key)
        if place is None and not self._heard_everyone():
            return []
        if place is None:
            return [
                ClearFlow(order.key, order.epoch),
                TellControl(SessionClosed(self.site, order.session, order.epoch)),
            ]
        self._closing[order.key] = order
        return [TellInstance(place.instance, Drop(order.key, place.status.epoch, "closed"))]

    def _discard(self, order: DiscardSession) -> list[Effect]:
        lost = self._lost.get(order.key)
        if lost is not None and lost.epoch <= order.epoch:
            del self._lost[order.key]
        place = self.places.get(order.key)
        if place is None and not self._heard_everyone():
            return []
        if place is None or place.status.epoch != order.epoch:
            return [TellControl(SessionDiscarded(self.site, order.session, order.epoch, 0))]
        return [TellInstance(place.instance, Drop(order.key, order.epoch, "void"))]

    def _dropped(self, event: Dropped, now: Nanoseconds) -> list[Effect]:
        place = self.places.get(event.key)
        source, target = self.sources.get(event.key), self.targets.get(event.key)
        if target is not None and target.order.epoch == event.epoch:
            del self.targets[event.key]
        if place is None or place.status.epoch != event.epoch:
            return []
        del self.places[event.key]
        if source is not None and event.why != "released":
            del self.sources[event.key]
        session = place.status.session
        if event.why == "closed":
            self._closing.pop(event.key, None)
            return [
                ClearFlow(event.key, event.epoch),
                TellControl(SessionClosed(self.site, session, event.epoch)),
            ]
        if event.why == "released" and source is not None:
            del self.sources[event.key]
            self._clear_at[event.key] = (now + FORWARD_LINGER, source.order.epoch)
            return [TellControl(SourceReleased(self.site, source.order.move))]
        if event.why == "void":
            return [
                ClearFlow(event.key, event.epoch),
                TellControl(SessionDiscarded(self.site, session, event.epoch, event.tick)),
            ]
        return []

    # --- instances ---------------------------------------------------------------------------------------------------------

    def _instance_up(self, hello: InstanceHello, now: Nanoseconds) -> list[Effect]:
        before = self.instances.get(hello.instance)
        self.instances[hello.instance] = InstanceStatus(
            hello.instance,
            hello.app,
            "ready",
            len(hello.sessions),
            hello.capacity,
            hello.schema,
            before.restarts if before else 0,
        )
        effects: list[Effect] = []
        for key, place in tuple(self.places.items()):
            if place.instance == hello.instance and all(status.key != key for status in hello.sessions):
                order = self._opening.get(key)
                del self.places[key]
                effects += self._open(order) if order is not None else self._gone_unheard(key, now)
        for status in hello.sessions:
            effects += self._recovered(status, hello.instance, now)
        return effects

    def instance_gone(self, instance: InstanceId, reason: str) -> list[Effect]:
        """It does not come back, nor do its files: a Pod that was deleted. What it alone held is lost, and said to be.

        A copy that had handed over says nothing here: its target's answer, or the client, decides.
        """
        self.instances.pop(instance, None)
        self.load.pop(instance, None)
        for key, target in tuple(self.targets.items()):
            if target.instance == instance and target.state == "warm":
                del self.targets[key]  # the order to warm is said again and finds another instance
        effects: list[Effect] = []
        for key, place in tuple(self.places.items()):
            if place.instance == instance and place.status.state != "handed_over":
                effects += self._gone_with_instance(key, reason)
        return effects

    def _gone_with_instance(self, key: SessionKey, reason: str) -> list[Effect]:
        status = self.places.pop(key).status
        self.sources.pop(key, None)
        opening, closing = self._opening.pop(key, None), self._closing.pop(key, None)
        clear = ClearFlow(key, status.epoch)
        if opening is not None:
            return [TellControl(SessionRefused(self.site, status.session, status.epoch, reason))]
        if closing is not None:
            return [clear, TellControl(SessionClosed(self.site, status.session, status.epoch))]
        if status.state == "void":
            return [
                clear,
                TellControl(SessionDiscarded(self.site, status.session, status.epoch, status.tick)),
            ]
        lost = self._lost[key] = SessionLost(self.site, status.session, key, status.epoch, reason)
        return [clear, TellControl(lost)]

    def _gone_unheard(self, key: SessionKey, now: Nanoseconds) -> list[Effect]:
        """A copy had ended when its instance could not say so. If it was a source's, its end is over too."""
        source = self.sources.get(key)
        if source is None or source.state != "gone":
            return []
        del self.sources[key]
        self._clear_at[key] = (now + FORWARD_LINGER, source.order.epoch)
        return [TellControl(SourceReleased(self.site, source.order.move))]

    def _recovered(self, status: SessionStatus, instance: InstanceId, now: Nanoseconds) -> list[Effect]:
        if status.state == "restoring":
            if status.order is not None and status.key not in self.targets:
                self.targets[status.key] = TargetEnd(status.order, instance)
            return []
        self.places[status.key] = Place(status, instance)
        source = self.sources.get(status.key)
        if status.state == "serving":
            return [SetFlow(status.key, Flow.LOCAL, status.generation, status.epoch, instance=instance)]
        if status.state == "handed_over" and status.order is not None:
            if source is None:
                source = self._source(status.order, status, instance, now)
                return source.found_stopped(now)
            if source.state in ("copying", "freezing"):
                return source.found_stopped(now)
        if status.state == "void":
            flow = SetFlow(status.key, Flow.LOCAL, status.generation, status.epoch, instance=instance)
            return [flow, *self._heard_refusal(Voided(status.key, status.epoch))]
        return []
