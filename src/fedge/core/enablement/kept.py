"""All that is kept of applications' words, as one durable value. `resources.py` has the shapes, `index.py` finds them."""

from __future__ import annotations

from functools import cached_property

from msgspec import Struct, field
from msgspec.structs import replace

from fedge.core.enablement.index import Index
from fedge.core.enablement.resources import (
    AnyResource,
    Asked,
    Device,
    EdgeService,
    MobilityRegistration,
    Subscription,
    Topic,
)
from fedge.core.messages import DnsRule, TrafficRule
from fedge.core.model import AppId, SessionId, SiteId, UeId

MOST_OF_A_KIND = 2000
"""So many resources of one kind are kept of one tenant, and of the operator, whoever asks for more."""


class Enablement(Struct, dict=True):
    """``resources``: all kinds, by id; changed by ``keep`` and ``drop`` only. ``traffic_rules``, ``dns_rules``: what an update
    made of the manifest's rules, by application and rule.
    """

    resources: dict[str, AnyResource] = field(default_factory=dict)
    next_id: int = 1
    traffic_rules: dict[AppId, dict[str, TrafficRule]] = field(default_factory=dict)
    dns_rules: dict[AppId, dict[str, DnsRule]] = field(default_factory=dict)
    asked: dict[SessionId, Asked] = field(default_factory=dict)

    @cached_property
    def index(self) -> Index:
        return Index(self.resources.values())

    def keep(self, resource: AnyResource) -> None:
        index = self.index
        self.resources[resource.id] = resource
        index.add(resource)

    def drop(self, id: str) -> AnyResource | None:
        index = self.index
        gone = self.resources.pop(id, None)
        if gone is not None:
            index.remove(gone)
        return gone

    def registrations(self) -> list[MobilityRegistration]:
        return list(self.index.registrations.values())

    def registered(self, ue: UeId) -> list[MobilityRegistration]:
        """Those that name this UE."""
        return list(self.index.naming.get(ue, {}).values())

    def subscriptions(self, topic: Topic) -> list[Subscription]:
        return list(self.index.subscriptions.get(topic, {}).values())

    def services(self) -> list[EdgeService]:
        return list(self.index.services.values())

    def fresh_id(self, resource: AnyResource) -> str:
        return f"{resource.prefix}-{self.next_id}"

    def full(self, resource: AnyResource) -> bool:
        """Are there as many of its kind as are kept for whom it belongs to?"""
        kind = type(resource)
        alike = sum(
            isinstance(one, kind) and one.namespace == resource.namespace for one in self.resources.values()
        )
        return alike >= MOST_OF_A_KIND

    def settle(self, ue: UeId, site: SiteId, app: AppId) -> None:
        """A move of this UE's session from ``site`` has ended: what its application said holds for no other move."""
        for one in self.registered(ue):
            if one.covers(site, app) and any(d.ue == ue and d.transferred for d in one.devices):
                devices = tuple(
                    Device(d.associate_id, d.ue, d.level) if d.ue == ue else d for d in one.devices
                )
                self.keep(replace(one, devices=devices))
