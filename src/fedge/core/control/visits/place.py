"""Where a client of an application without the SDK connects, and which applications those are."""

from __future__ import annotations

from typing import Any

from fedge.core.control.effects import Reply
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import Visit
from fedge.core.model import AppId, SessionId, SessionKey, SiteId, UeId

NO_KEY = SessionKey(0)
"""Of a visit whose client never attached, and was told none."""


def visit_id(app: AppId, ue: UeId) -> SessionId:
    return SessionId(f"{app}.{ue}")


def without_sdk(known: Knowledge, app: AppId) -> bool:
    """TCP is never the SDK's. Of UDP it is known once instances are ready and none has spoken its contract."""
    application = known.applications.get(app)
    if application is None or application.schema:
        return False
    return application.protocol == "TCP" or kinds(known, app) == {True}


def kinds(known: Knowledge, app: AppId) -> set[bool]:
    """Are its ready instances plain?"""
    instances = (one for view in known.sites.values() for one in view.instances)
    return {one.plain for one in instances if one.app == app and one.state == "ready"}


def own_address(known: Knowledge, app: AppId, site: SiteId) -> str:
    """The site's own address for the application: plain IP routing leads there from any access. Without a Service: none."""
    if not known.applications[app].ports:
        return ""
    told = known.settings.site_services.get(site)
    at = told or known.state.sites[site].gateway
    host, _, shared = at.rpartition(":")
    application = known.applications[app]
    _, port = application.ports[0]
    carried = application.protocol == "TCP" or not told or port in known.settings.udp_ports
    return f"{host}:{port if carried else shared}"


def place_of(known: Knowledge, visit: Visit) -> dict[str, Any]:
    """What its client is told: where to connect, and the number that rises when that changes."""
    return {
        "session": visit.session,
        "key": f"{visit.key:016x}",
        "site": visit.site,
        "service": own_address(known, visit.app, visit.site),
        "protocol": known.applications[visit.app].protocol,
        "generation": visit.generation,
        "because": visit.because,
    }


def gone(request: int, what: str) -> Reply:
    return Reply(request, 503, {"code": "CLOSING", "message": f"{what} has just ended; ask again"})
