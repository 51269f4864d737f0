"""What is kept, found without a look at everything: by kind or topic, and mobility registrations by the UE they name.

Derived from `Enablement.resources` and never written down: a snapshot has the resources alone, as it always had, and whoever
loads one builds this from them. So older snapshots need no conversion.
"""

from __future__ import annotations

from collections.abc import Iterable

from fedge.core.enablement.resources import (
    AnyResource,
    AppRegistration,
    EdgeService,
    MobilityRegistration,
    Subscription,
    Topic,
)
from fedge.core.model import UeId


class Index:
    """Each list in the order in which its resources came; one that was replaced keeps its place."""

    def __init__(self, resources: Iterable[AnyResource] = ()) -> None:
        self.apps: dict[str, AppRegistration] = {}
        self.services: dict[str, EdgeService] = {}
        self.registrations: dict[str, MobilityRegistration] = {}
        self.subscriptions: dict[Topic, dict[str, Subscription]] = {}
        self.naming: dict[UeId, dict[str, MobilityRegistration]] = {}
        for one in resources:
            self.add(one)

    def add(self, one: AnyResource) -> None:
        """Or replace."""
        match one:
            case AppRegistration():
                self.apps[one.id] = one
            case EdgeService():
                self.services[one.id] = one
            case Subscription():
                self.subscriptions.setdefault(one.topic, {})[one.id] = one
            case MobilityRegistration():
                self._unname(one.id)
                self.registrations[one.id] = one
                for device in one.devices:
                    self.naming.setdefault(device.ue, {})[one.id] = one

    def remove(self, one: AnyResource) -> None:
        match one:
            case AppRegistration():
                self.apps.pop(one.id, None)
            case EdgeService():
                self.services.pop(one.id, None)
            case Subscription():
                self.subscriptions.get(one.topic, {}).pop(one.id, None)
            case MobilityRegistration():
                self._unname(one.id)
                self.registrations.pop(one.id, None)

    def _unname(self, id: str) -> None:
        before = self.registrations.get(id)
        for device in before.devices if before is not None else ():
            named = self.naming.get(device.ue, {})
            named.pop(id, None)
            if not named:
                self.naming.pop(device.ue, None)
