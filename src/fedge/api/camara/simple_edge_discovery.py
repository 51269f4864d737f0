"""CAMARA Simple Edge Discovery 2.0.1: the edge cloud zone with the shortest network path to a device. One operation.

A zone is a site; its UUID is derived from the site's name, so that it is the same after a restart. A tenant finds the devices
that play its games; others are not there for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from fedge.api.bodies import BadBody, json_body
from fedge.api.camara.device import NOT_FOUND, Device, Subscribers, identified
from fedge.api.camara.errors import CamaraError
from fedge.core.control import Knowledge
from fedge.core.federation import health
from fedge.core.model import Nanoseconds, SiteId, UeId

BASE = "/simple-edge-discovery/v2"
PROVIDER = "Fedge"
LOWEST_PORT = 1024
CORRELATOR = re.compile(r"^[a-zA-Z0-9-_:;./<>{}]{0,256}$")


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


def simple_edge_discovery(
    seen: Callable[[Request], Knowledge], names: dict[SiteId, str], subscribers: Subscribers, now: Any
) -> list[BaseRoute]:
    """The routes. ``seen``: what the caller may see; ``names``: each site's common name; ``now()``: monotonic ns."""

    async def read(request: Request) -> Response:
        correlator = request.headers.get("x-correlator")
        headers = (
            {"x-correlator": correlator} if correlator is not None and CORRELATOR.match(correlator) else {}
        )
        try:
            if correlator is not None and not headers:
                raise CamaraError(400, "INVALID_ARGUMENT", "x-correlator does not match its pattern")
            body = await _read(request)
            _checked_port(body.device)
            ue, used = identified(body.device, subscribers)
            site = closest(seen(request), ue, now())
        except CamaraError as error:
            said = {"status": error.status, "code": error.code, "message": error.message}
            return Response(msgspec.json.encode(said), error.status, headers, "application/json")
        zone = {
            "edgeCloudZoneId": zone_id(site),
            "edgeCloudZoneName": names.get(site, site),
            "edgeCloudProvider": PROVIDER,
            "device": used,
        }
        return Response(msgspec.json.encode(zone), 200, headers, "application/json")

    return [Route(f"{BASE}/retrieve-closest-edge-cloud-zone", read, methods=["POST"])]


def _checked_port(device: Device | None) -> None:
    """This definition has ports from 1024 only."""
    port = device.ipv4_address.public_port if device is not None and device.ipv4_address is not None else None
    if port is not None and port < LOWEST_PORT:
        raise CamaraError(
            400, "INVALID_ARGUMENT", f"device.ipv4Address.publicPort: at least {LOWEST_PORT} is wanted"
        )


async def _read(request: Request) -> Body:
    try:
        return msgspec.convert(await json_body(request), Body)
    except BadBody as error:
        code = "OUT_OF_RANGE" if error.status == 413 else "INVALID_ARGUMENT"
        raise CamaraError(error.status, code, str(error)) from None
    except msgspec.ValidationError as error:
        raise CamaraError(400, "INVALID_ARGUMENT", str(error)) from None
