"""One site's decisions: its instances, its session copies, and its ends of moves.

``handle(event, now) -> effects``. The agent holds no truth of its own: after a crash its instances tell it what they hold, and
repeated orders, rounds and final deltas find their place again. It goes on serving when the centre is gone, and never starts
a session on its own.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from fedge.core.messages import (
    AbortMove,
    Answer,
    Answered,
    BeginCopy,
    CancelMove,
    CloseSession,
    DiscardSession,
    Drop,
    Dropped,
    EpochRefused,
    EpochVoided,
    FenceAnswered,
    FinalDelta,
    Frozen,
    GoOn,
    InstanceHello,
    InstanceReport,
    InstanceStatus,
    Message,
    MoveAborted,
    MoveActivated,
    MoveOrder,
    Open,
    Opened,
    OpenRefused,
    OpenSession,
    Proceed,
    ReleaseSource,
    Resumed,
    RoundStored,
    RunInstances,
    SessionClosed,
    SessionDiscarded,
    SessionOpened,
    SessionRefused,
    SessionStatus,
    SourceReleased,
    StateRound,
    StateTaken,
    Stored,
    TargetRefused,
    TargetWarmed,
    Unvoid,
    UplinkSeen,
    Voided,
    VoidEpoch,
    WarmTarget,
)
from fedge.core.model import SECOND, InstanceId, MoveId, Nanoseconds, SessionKey, SiteId
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

FORWARD_LINGER = 5 * SECOND
VOID_RESEND = SECOND // 2


class SiteSettings(Struct, frozen=True):
    """``max_moves``: moves in and out that this site takes part in at once."""

    site: SiteId
    max_moves: int = 8
    fencing: bool = True


class Place(Struct):
    """A session copy here, and the instance that holds it."""

    status: SessionStatus
    instance: InstanceId


class SiteAgent:
    def __init__(self, settings: SiteSettings) -> None:
        self.settings = settings
        self.site = settings.site
        self.wanted: dict[str, RunInstances] = {}
        self.instances: dict[InstanceId, InstanceStatus] = {}
        self.load: dict[InstanceId, float] = {}
        self.places: dict[SessionKey, Place] = {}
        self.sources: dict[SessionKey, SourceEnd] = {}
        self.targets: dict[SessionKey, TargetEnd] = {}
        self.uplink_seen: dict[SessionKey, int] = {}
        self._opening: dict[SessionKey, OpenSession] = {}
        self._closing: dict[SessionKey, CloseSession] = {}
        self._clear_at: dict[SessionKey, tuple[Nanoseconds, int]] = {}
        self._repeated_at: Nanoseconds = 0

    # --- asked by the shell ------------------------------------------------------------------------------------------------

    def inventory(self) -> tuple[SessionStatus, ...]:
        """Every copy here, for the centre."""
        return tuple(
            replace(place.status, uplink_seen=self.uplink_seen.get(key, 0)) for key, place in self.places.items()
        )

    # --- events ------------------------------------------------------------------------------------------------------------

    def handle(self, event: Message, now: Nanoseconds) -> list[Effect]:
        """What to do about one message from the centre, a peer, an instance or the gateway."""
        match event:
            case RunInstances():
                self.wanted[event.app] = event
            case OpenSession():
                return self._open(event)
            case CloseSession():
                return self._close(event)
            case WarmTarget():
                return self._warm(event.order, now)
            case BeginCopy():
                return self._begin_copy(event.order, event.hold, now)
            case Proceed() if source := self._source_of(event.order.key, event.order.move):
                return source.proceed(now)
            case AbortMove():
                return self._abort(event, now)
            case ReleaseSource():
                return self._release(event.order, now)
            case DiscardSession():
                return self._discard(event)
            case InstanceHello():
                return self._instance_up(event, now)
            case InstanceReport():
                self.load[event.instance] = event.load
                if event.instance in self.instances:
                    self.instances[event.instance] = replace(self.instances[event.instance], sessions=event.sessions)
            case UplinkSeen():
                return self._uplink_seen(event)
            case Opened():
                return self._opened(event, now)
            case OpenRefused():
                return self._open_refused(event)
            case Dropped():
                return self._dropped(event, now)
            case _:
                return self._move_event(event, now)
        return []

    def wake(self, now: Nanoseconds) -> list[Effect]:
        """Called every few milliseconds: deadlines, repeats, clean-up."""
        effects: list[Effect] = []
        for source in tuple(self.sources.values()):
            effects += source.wake(now)
            if source.state == "aborted":
                self.sources.pop(source.order.key, None)
        for target in tuple(self.targets.values()):
            effects += target.wake(now)
        if now - self._repeated_at >= VOID_RESEND:
            self._repeated_at = now
            for place in self.places.values():
                effects += self._say_void(place) if place.status.state == "void" else []
        for key, (at, epoch) in tuple(self._clear_at.items()):
            if now >= at:
                del self._clear_at[key]
                effects.append(ClearFlow(key, epoch))
        return effects

    def instance_down(self, instance: InstanceId, reason: str) -> list[Effect]:
        """The process is gone; its sessions come back with its successor, from their logs."""
        status = self.instances.get(instance)
        if status is not None:
            self.instances[instance] = replace(status, state="failed", reason=reason, restarts=status.restarts + 1)
        return []

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
            TellInstance(instance, Open(order.key, order.session, order.ue, order.epoch, order.generation, size))
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

    def _heard_all(self, app: str) -> bool:
        """Has every instance said what it holds? Before that, a copy that is not known may still be here."""
        wanted = self.wanted.get(app)
        return wanted is None or sum(one.app == app for one in self.instances.values()) >= wanted.replicas

    def _heard_everyone(self) -> bool:
        """The same of every application: an order may not say whose session it is about. It is said again, or the copy is reported."""
        return all(self._heard_all(app) for app in self.wanted)

    def _roomiest(self, app: str, schema: str | None = None) -> InstanceId | None:
        held: dict[InstanceId, int] = {}
        for place in self.places.values():
            held[place.instance] = held.get(place.instance, 0) + 1
        for target in self.targets.values():
            if target.state in ("warm", "answering"):
                held[target.instance] = held.get(target.instance, 0) + 1
        fitting = [
            (held.get(one.instance, 0) / one.capacity, one.instance)
            for one in self.instances.values()
            if one.app == app
            and one.state == "ready"
            and held.get(one.instance, 0) < one.capacity
            and (schema is None or one.schema == schema)
        ]
        return min(fitting)[1] if fitting else None

    # --- moves -------------------------------------------------------------------------------------------------------------

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
            schemas = {one.schema for one in self.instances.values() if one.app == order.app and one.state == "ready"}
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
        busy += sum(source.state in ("copying", "freezing", "handed_over") for source in self.sources.values())
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
        self, order: MoveOrder, status: SessionStatus, instance: InstanceId, now: Nanoseconds, hold: bool = False
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
            self.sources[order.key] = SourceEnd(order, place.status.epoch, place.status.generation, place.instance, 0)
        if self.sources[order.key].state != "gone":  # the centre knows that the target is the writer
            flow = SetFlow(order.key, Flow.FORWARD, order.generation, order.epoch, place.instance, order.target)
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
                TellControl(MoveActivated(source.order.target, source.order.move, source.frozen_at, place.status.tick, ""))
            )
        return effects

    def _resumed(self, event: Resumed, now: Nanoseconds) -> list[Effect]:
        source, place = self.sources.get(event.key), self.places.get(event.key)
        if place is not None:
            place.status = replace(place.status, state="serving", epoch=event.epoch)
        if source is None or source.state != "resumed":
            if place is None:
                return []
            return [SetFlow(event.key, Flow.LOCAL, place.status.generation, event.epoch, instance=place.instance)]
        if place is not None:
            place.status = replace(place.status, generation=source.generation)
        del self.sources[event.key]
        return source.resumed(now)

    def _copied(self, event: StateRound | FinalDelta, now: Nanoseconds) -> list[Effect]:
        if isinstance(event, StateRound):
            target = self.targets.get(event.order.key)
            return target.round(event, now) if target is not None and target.order.move == event.order.move else []
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
                    order.session, order.key, order.ue, order.app, order.epoch, "serving", order.generation, answer.tick, order
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

    def _uplink_seen(self, event: UplinkSeen) -> list[Effect]:
        place = next((p for p in self.places.values() if p.status.session == event.session), None)
        if place is None:
            return []
        self.uplink_seen[place.status.key] = max(event.generation, self.uplink_seen.get(place.status.key, 0))
        return [TellControl(event)]
