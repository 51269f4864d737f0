"""What is kept of applications' own words: registrations, services, subscriptions. Durable: part of the centre's state.

Each resource has an id that the centre gives, an owner (the application instance that it goes with) and a namespace (the tenant
whose it is). ``told`` is what the owner said beside the attributes that decisions need, in its API's words; the core hands it
back as it came.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct, field

from fedge.core.applications.application import namespace_of_app
from fedge.core.model import AppId, AppInstanceId, Nanoseconds, SiteId, UeId

Topic = Literal["termination", "availability", "mobility", "adjacent"]


class Resource(Struct, frozen=True, tag=True, kw_only=True):
    """``expires_at``: a monotonic instant, 0 for never. ``namespace``: of the owner's application, or of the tenant who asked;
    empty: the operator's. So is whatever an older journal kept, when nobody else could ask.
    """

    prefix: ClassVar[str] = ""
    id: str = ""
    owner: AppInstanceId = AppInstanceId("")
    told: dict[str, Any] = field(default_factory=dict)
    expires_at: Nanoseconds = 0
    namespace: str = ""

    def about(self, app: AppId) -> bool:
        """May it have to do with this application? The operator's may with every."""
        return self.namespace in ("", namespace_of_app(app))


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
        return self.about(app) and (not self.owner or (self.site, self.app) == (site, app))


class Device(Struct, frozen=True):
    """A UE whose moves an application takes part in. ``level`` 1 to 3 (MEC 021, 7.4.5); ``transferred``: it says, go."""

    associate_id: str
    ue: UeId
    level: int = 3
    transferred: bool = False


class MobilityRegistration(Resource, frozen=True, kw_only=True):
    """MEC 021's RegistrationInfo: of the instances of ``app`` at ``site``; without ``app`` of all there, or all its tenant's."""

    prefix: ClassVar[str] = "ams"
    site: SiteId
    app: AppId = AppId("")
    devices: tuple[Device, ...] = ()

    def covers(self, site: SiteId, app: AppId) -> bool:
        return self.site == site and self.app in ("", app) and self.about(app)


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


def fingerprint(value: Struct) -> str:
    """Changes whenever the value does: what an ETag is made of."""
    text = msgspec.json.encode(value, order="deterministic")
    return blake2b(text, digest_size=8).hexdigest()
