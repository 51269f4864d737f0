"""Who an application instance is: those that sites run, and those of somebody else that registered (ETSI GS MEC 011).

Neighbours: `enabling.py` keeps what they own; `api/mec/instances.py` names them.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from fedge.core.applications.application import namespace_of_app
from fedge.core.control.knowledge import Knowledge
from fedge.core.enablement import AppRegistration
from fedge.core.enablement.resources import AnyResource
from fedge.core.messages import InstanceStatus
from fedge.core.model import AppId, AppInstanceId, SiteId


class Running(Struct, frozen=True):
    """An instance that a site holds."""

    site: SiteId
    status: InstanceStatus


def running(known: Knowledge) -> Iterator[tuple[AppInstanceId, Running]]:
    """Every instance of every site that is not lost."""
    for name, view in known.sites.items():
        site = known.state.sites.get(name)
        if site is not None and site.marked != "lost":
            for status in view.instances:
                yield AppInstanceId(f"{name}.{status.instance}"), Running(name, status)


def is_there(known: Knowledge, instance: AppInstanceId) -> bool:
    """Does Fedge run this instance, or has somebody else's been registered under this id?"""
    registered = known.state.enablement.resources.get(instance)
    return is_foreign(registered) or any(one == instance for one, _ in running(known))


def namespace_of(known: Knowledge, owner: AppInstanceId, asks: str) -> str:
    """Whose what an instance owns is: its application's, and of somebody else's instance whoever registered that. What no
    instance owns is whose who ``asks`` (a tenant's namespace; empty: the operator).
    """
    registered = known.state.enablement.resources.get(owner)
    if registered is not None and is_foreign(registered):
        return registered.namespace
    return next((namespace_of_app(one.status.app) for name, one in running(known) if name == owner), asks)


def is_foreign(registered: AnyResource | None) -> bool:
    """Is this the registration of an instance that Fedge does not run?"""
    return isinstance(registered, AppRegistration) and registered.foreign


def ready(known: Knowledge) -> dict[AppId, frozenset[AppInstanceId]]:
    """The instances of each application that serve."""
    found: dict[AppId, set[AppInstanceId]] = {}
    for name, one in running(known):
        if one.status.state == "ready":
            found.setdefault(one.status.app, set()).add(name)
    return {app: frozenset(names) for app, names in found.items()}
