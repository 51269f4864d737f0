"""What a site holds: instances, session copies, and its ends of moves. None of it is the truth; instances say it again."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from fedge.core.messages import (
    CloseSession,
    InstanceStatus,
    OpenSession,
    RunInstances,
    SessionLost,
    SessionStatus,
)
from fedge.core.model import InstanceId, Nanoseconds, SessionKey, SiteId
from fedge.core.transfer import (
    SourceEnd,
    TargetEnd,
)


class SiteSettings(Struct, frozen=True):
    """``max_moves``: moves in and out that this site takes part in at once."""

    site: SiteId
    max_moves: int = 8
    fencing: bool = True


class Place(Struct):
    """A session copy here, and the instance that holds it."""

    status: SessionStatus
    instance: InstanceId


class Holdings:
    """Everything that the agent keeps between two events; rebuilt from what instances and the centre say."""

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
        self._lost: dict[SessionKey, SessionLost] = {}
        """what went with an instance, until the centre has heard it"""
        self._clear_at: dict[SessionKey, tuple[Nanoseconds, int]] = {}
        self._repeated_at: Nanoseconds = 0

    def inventory(self) -> tuple[SessionStatus, ...]:
        """Every copy here, for the centre."""
        return tuple(
            replace(place.status, uplink_seen=self.uplink_seen.get(key, 0))
            for key, place in self.places.items()
        )

    def _heard_all(self, app: str) -> bool:
        """Has every instance said what it holds? Before that, a copy that is not known may still be here."""
        wanted = self.wanted.get(app)
        return wanted is None or sum(one.app == app for one in self.instances.values()) >= wanted.replicas

    def _heard_everyone(self) -> bool:
        """The same of every application, for an order that does not name one: it is said again, or the copy is reported."""
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
