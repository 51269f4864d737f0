"""One device over the admin API: how the operator knows it, where it is, and which consents let whom know that.

For the dashboard's panel and the command line. A tenant finds the devices that play its games, and of their places only those
that their subscribers let it know; numbers and addresses are the operator's.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from fedge.api.admin.callers import caller_of, error_answer, json_answer, seen_of
from fedge.api.admin.centre import Centre
from fedge.api.admin.consents import row
from fedge.core.control import Knowledge
from fedge.core.control.locating import place_of
from fedge.core.location import earth_of
from fedge.core.model import SECOND, Nanoseconds, UeId


def device_routes(centre: Centre) -> list[BaseRoute]:
    async def one(request: Request) -> Response:
        now, ue = centre.now(), UeId(request.path_params["ue"])
        seen = seen_of(request, centre.plane, now)
        if ue not in seen.access.ues:
            return error_answer(404, "NOT_FOUND", f"no device {ue}")
        known_as = centre.subscribers.identifiers_of(ue) if caller_of(request).tenant is None else None
        held = seen.state.consents.given.values()
        return json_answer(
            {
                "device": ue,
                "identifiers": known_as or {},
                "place": _place(seen, ue, now),
                "consents": [row(each, now) for each in held if each.ue == ue and each.holds(now)],
            }
        )

    return [Route("/api/v1/devices/{ue}", one, methods=["GET"])]


def _place(seen: Knowledge, ue: UeId, now: Nanoseconds) -> dict[str, Any] | None:
    """None: it is not known, or not to be known by this caller."""
    place = place_of(seen, ue) if not seen.access.ues[ue].hidden else None
    if place is None:
        return None
    earth = earth_of(seen.access.origin, seen.access.height_m)
    latitude, longitude = earth.degrees(place.circle.x_m, place.circle.y_m)
    return {
        "latitude": round(latitude, 6),
        "longitude": round(longitude, 6),
        "radius_m": round(place.circle.radius_m, 1),
        "age_s": round(max(0, now - place.at) / SECOND, 1),
    }
