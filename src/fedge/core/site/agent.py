"""One site's decisions: its instances, its session copies, and its ends of moves.

``handle(event, now) -> effects``. The agent holds no truth of its own: after a crash its instances tell it what they hold, and
repeated orders, rounds and final deltas find their place again. It goes on serving when the centre is gone, and never starts
a session on its own.
"""

from __future__ import annotations

from msgspec.structs import replace

from fedge.core.messages import (
    AbortMove,
    BeginCopy,
    CloseSession,
    DiscardSession,
    Dropped,
    InstanceHello,
    InstanceReport,
    Message,
    Opened,
    OpenRefused,
    OpenSession,
    Proceed,
    ReleaseSource,
    RunInstances,
    UplinkSeen,
    WarmTarget,
)
from fedge.core.model import SECOND, InstanceId, Nanoseconds
from fedge.core.site.sessions import Sessions
from fedge.core.transfer import (
    ClearFlow,
    Effect,
    TellControl,
)

VOID_RESEND = SECOND // 2


class SiteAgent(Sessions):
    """Events in, effects out: dispatch and time. What it holds: ``holdings.py``; what it does: ``sessions.py``, ``moves.py``."""

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
                    self.instances[event.instance] = replace(
                        self.instances[event.instance], sessions=event.sessions
                    )
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
            effects += [TellControl(lost) for lost in self._lost.values()]
        for key, (at, epoch) in tuple(self._clear_at.items()):
            if now >= at:
                del self._clear_at[key]
                effects.append(ClearFlow(key, epoch))
        return effects

    def instance_down(self, instance: InstanceId, reason: str) -> list[Effect]:
        """The process is gone; its sessions come back with its successor, from their logs."""
        status = self.instances.get(instance)
        if status is not None:
            self.instances[instance] = replace(
                status, state="failed", reason=reason, restarts=status.restarts + 1
            )
        return []

    def _uplink_seen(self, event: UplinkSeen) -> list[Effect]:
        place = next((p for p in self.places.values() if p.status.session == event.session), None)
        if place is None:
            return []
        self.uplink_seen[place.status.key] = max(event.generation, self.uplink_seen.get(place.status.key, 0))
        return [TellControl(event)]
