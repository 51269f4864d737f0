"""Who an ``appInstanceId`` is: ``harbour.arena-1`` of those that sites run, ``app-7`` of one that registered from outside."""

from __future__ import annotations

from typing import NamedTuple

from fedge.api.mec.problems import Problem
from fedge.core.control import Knowledge
from fedge.core.control.instances import is_there, running
from fedge.core.model import AppId, AppInstanceId, InstanceId, SiteId


class AppInstance(NamedTuple):
    """``site`` and ``app`` are empty for an instance that Fedge does not run."""

    id: AppInstanceId
    site: SiteId
    app: AppId
    instance: InstanceId
    ready: bool


def instances(known: Knowledge) -> list[AppInstance]:
    """All that sites run, in the order of their ids."""
    found = [
        AppInstance(name, one.site, one.status.app, one.status.instance, one.status.state == "ready")
        for name, one in running(known)
    ]
    return sorted(found)


def instance_of(known: Knowledge, name: str) -> AppInstance:
    """Raises ``Problem`` 404."""
    for one in instances(known):
        if one.id == name:
            return one
    if is_there(known, AppInstanceId(name)):
        return AppInstance(AppInstanceId(name), SiteId(""), AppId(""), InstanceId(""), True)
    raise Problem(404, f"no application instance {name}")
