"""What is kept of applications' own words: registrations, services, subscriptions. Durable: part of the centre's state.

Each resource has an id that the centre gives, and an owner: the application instance that it goes with. ``told`` is what the
owner said beside the attributes that decisions need, in its API's words; the core hands it back as it came.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from fedge.core.messages import DnsRule, TrafficRule
from fedge.core.model import AppId, AppInstanceId, Nanoseconds, SessionId, SiteId, UeId

Topic = Literal["termination", "availability", "mobility", "adjacent"]
MOST_OF_A_KIND = 2000
"""So many resources of one kind are kept, whoever asks for more."""


class Resource(Struct, frozen=True, tag=True, kw_only=True):
    """``expires_at``: a monotonic instant, 0 for never."""

    prefix: ClassVar[str] = ""
    id: str = ""
    owner: AppInstanceId = AppInstanceId("")
    told: dict[str, Any] = field(default_factory=dict)
    expires_at: Nanoseconds = 0


class AppRegistration(Resource, frozen=True, kw_only=True):
    """An application instance says who it is (MEC 011, 7.1.2.6). Its id is the instance's. ``foreign``: not started by Fedge."""

    prefix: ClassVar[str] = "app"
    foreign: bool = True


class EdgeService(Resource, frozen=True, kw_only=True):
    """A service that an instance offers to others (MEC 011, 8.1.2.2). ``liveness_s``: how often it says so; 0: never."""

    prefix: ClassVar[str] = "ser"
    name: str = ""
    state: str = "ACTIVE"
    liveness_s: int = 0


class Subscription(Resource, frozen=True, kw_only=True):
    """Where to send what of ``topic``. ``told`` has the filter; ``site`` and ``app``: where the owner is, if there is one.

    ``ues``: of mobility, the UEs that it is about (all if none is named), by the names that the subscriber has for them.
    """

    prefix: ClassVar[str] = "sub"
    topic: Topic
    callback: str
    site: SiteId = SiteId("")
    app: AppId = AppId("")
    ues: dict[str, UeId] = field(default_factory=dict)

    def concerns(self, site: SiteId, app: AppId) -> bool:
        return not self.owner or (self.site, self.app) == (site, app)


class Device(Struct, frozen=True):
    """A UE whose moves an application takes part in. ``level`` 1 to 3 (MEC 021, 7.4.5); ``transferred``: it says, go."""

    associate_id: str
    ue: UeId
    level: int = 3
    transferred: bool = False


class MobilityRegistration(Resource, frozen=True, kw_only=True):
    """MEC 021's RegistrationInfo: of the instances of ``app`` at ``site``, or of all there if ``app`` is empty."""

    prefix: ClassVar[str] = "ams"
    site: SiteId
    app: AppId = AppId("")
    devices: tuple[Device, ...] = ()


AnyResource = AppRegistration | EdgeService | Subscription | MobilityRegistration


class Asked(Struct, frozen=True):
    """An application was told that its session should go to ``target``, and has not answered yet."""

    target: SiteId
    at: Nanoseconds
    since: Nanoseconds
    """When it was first asked about this session."""


class Farewell(Struct):
    """A copy is to end. ``unconfirmed``: instances that were told so, and have not said that they may."""

    deadline: Nanoseconds
    unconfirmed: set[AppInstanceId]


class Enablement(Struct):
    """``traffic_rules``, ``dns_rules``: what an update made of the manifest's rules, by application and rule."""

    resources: dict[str, AnyResource] = field(default_factory=dict)
    next_id: int = 1
    traffic_rules: dict[AppId, dict[str, TrafficRule]] = field(default_factory=dict)
    dns_rules: dict[AppId, dict[str, DnsRule]] = field(default_factory=dict)
    asked: dict[SessionId, Asked] = field(default_factory=dict)

    def registrations(self) -> list[MobilityRegistration]:
        return [one for one in self.resources.values() if isinstance(one, MobilityRegistration)]

    def subscriptions(self, topic: Topic) -> list[Subscription]:
        return [
            one for one in self.resources.values() if isinstance(one, Subscription) and one.topic == topic
        ]

    def services(self) -> list[EdgeService]:
        return [one for one in self.resources.values() if isinstance(one, EdgeService)]

    def fresh_id(self, resource: AnyResource) -> str:
        return f"{resource.prefix}-{self.next_id}"

    def full(self, resource: AnyResource) -> bool:
        """Are there as many of its kind as are kept?"""
        kind = type(resource)
        return sum(isinstance(one, kind) for one in self.resources.values()) >= MOST_OF_A_KIND

    def settle(self, ue: UeId, site: SiteId, app: AppId) -> None:
        """A move of this UE's session from ``site`` has ended: what its application said holds for no other move."""
        for one in self.registrations():
            if (
                one.site == site
                and one.app in ("", app)
                and any(d.ue == ue and d.transferred for d in one.devices)
            ):
                devices = tuple(
                    Device(d.associate_id, d.ue, d.level) if d.ue == ue else d for d in one.devices
                )
                self.resources[one.id] = replace(one, devices=devices)


def fingerprint(value: Struct) -> str:
    """Changes whenever the value does: what an ETag is made of."""
    text = msgspec.json.encode(value, order="deterministic")
    return blake2b(text, digest_size=8).hexdigest()
