"""CAMARA Simple Edge Discovery 2.0.1: the edge cloud zone with the shortest network path to a device. One operation.

A zone is a site; its UUID is derived from the site's name, so that it is the same after a restart. A tenant finds the devices
that play its games, and those that its tokens speak for; others are not there for it.
"""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from fedge.api.camara.authorization import Grant
from fedge.api.camara.device import NOT_FOUND, Device
from fedge.api.camara.errors import CamaraError
from fedge.api.camara.exchange import Operation, answer, read
from fedge.api.camara.platform import CamaraPlatform
from fedge.core.control import Knowledge
from fedge.core.federation import health
from fedge.core.model import Nanoseconds, SiteId, UeId

BASE = "/simple-edge-discovery/v2"
PROVIDER = "Fedge"
SCOPE = "simple-edge-discovery:read"


class Body(Struct, frozen=True):
    device: Device | None = None


def zone_id(site: SiteId) -> str:
    return str(uuid5(NAMESPACE_URL, f"fedge:site:{site}"))


def closest(known: Knowledge, ue: UeId, now: Nanoseconds) -> SiteId:
    """The site with the shortest path from the UE's cell, of those that are there. Raises ``CamaraError``."""
    view = known.access.ues.get(ue)
    cell = known.access.cells.get(view.sighting.cell) if view is not None else None
    if cell is None:
        raise CamaraError(404, "IDENTIFIER_NOT_FOUND", NOT_FOUND)
    paths = {
        site: rtt_ms
        for site, rtt_ms in cell.path_rtt_ms.items()
        if site in known.state.sites
        and health(known.state.sites[site], known.sites.get(site), now) == "ready"
    }
    if not paths:
        raise CamaraError(422, "SERVICE_NOT_APPLICABLE", "no edge cloud zone is available for this device")
    return min(paths, key=lambda site: (paths[site], site))


def operations(platform: CamaraPlatform) -> list[Operation]:
    async def find(request: Request, grant: Grant) -> Response:
        ue, used = platform.attached(request, grant, (await read(request, Body)).device)
        site = closest(platform.plane, ue, platform.centre.now())
        zone = {
            "edgeCloudZoneId": zone_id(site),
            "edgeCloudZoneName": platform.names.get(site, site),
            "edgeCloudProvider": PROVIDER,
        }
        return answer({**zone, "device": used} if used is not None else zone)

    return [Operation("POST", "/retrieve-closest-edge-cloud-zone", SCOPE, find)]
