"""What the location APIs share: who may locate whom, areas in degrees, and how a refusal is written down.

A client that needs the subscriber's consent and has none is told the same as of a number that nobody has: 403. Only the operator
running its network (`core/location/consent.py`) hears that a device is unknown. Shapes: CAMARA Device Location 3.2.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from starlette.requests import Request

from fedge.api.camara.authorization import Grant, audit_entry
from fedge.api.camara.device import Device, named, subject
from fedge.api.camara.errors import CamaraError
from fedge.api.camara.platform import CamaraPlatform
from fedge.core.location import (
    MOST_RADIUS_M,
    NETWORK_OPERATION,
    OPERATOR,
    Circle,
    Earth,
    allowed_by,
    covers,
    earth_of,
)
from fedge.core.model import UeId

NO_CONSENT = "this device's subscriber has not consented, or there is no such device"
DIGITS = 6
"""Of a degree: about 0.1 m, finer than any place is known."""


class Point(Struct, frozen=True):
    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]


class Area(Struct, frozen=True, rename="camel"):
    """The only kind that may be asked about."""

    area_type: Literal["CIRCLE"]
    center: Point
    radius: Annotated[float, Meta(ge=1)]


class Subject(Struct, frozen=True):
    """``used``: the identifier that the device was named by; None: the token says who it is. ``by``: what allows it."""

    ue: UeId
    used: dict[str, Any] | None
    by: str


def held(platform: CamaraPlatform, request: Request, grant: Grant, scope: str) -> None:
    """A scope that depends on what is asked. Raises ``CamaraError`` 403."""
    if not grant.allows(scope):
        error = CamaraError(403, "PERMISSION_DENIED", f"the token does not allow {scope}")
        platform.refuse(request, grant, error, "", f"the token lacks {scope}")


def located_subject(
    platform: CamaraPlatform, request: Request, grant: Grant, device: Device | None, scope: str
) -> Subject:
    """The device that may be located, and by what right; written to the audit log either way.

    Raises ``CamaraError`` 400, 403, 404, 422.
    """
    name = named(grant, device)
    own_network = grant.client == OPERATOR and grant.purpose in ("", NETWORK_OPERATION)
    unknown = CamaraError(403, "PERMISSION_DENIED", NO_CONSENT)
    try:
        ue, used = subject(grant, device, platform.subscribers)
    except CamaraError as error:
        told = error if own_network or error.status != 404 else unknown
        platform.refuse(request, grant, told, name, error.message)
    by = allowed_by(
        platform.plane.state.consents.of_device(grant.client, ue),
        grant.client,
        ue,
        scope,
        grant.purpose,
        platform.centre.now(),
    )
    if not by:
        platform.refuse(request, grant, unknown, name, "no consent", ue)
    entry = audit_entry(
        request, client=grant.client, subject=name, decision="granted", reason=by, ue=ue, because=scope
    )
    platform.audit.tell(entry)
    return Subject(ue, used, by)


def earth(platform: CamaraPlatform) -> Earth:
    access = platform.plane.access
    return earth_of(access.origin, access.height_m)


def circle_of(platform: CamaraPlatform, area: Area, prefix: str) -> Circle:
    """On the map. Raises ``CamaraError`` 422 for what lies wholly outside of the network, or is larger than the earth."""
    if area.radius > MOST_RADIUS_M:
        said = f"a radius of at most {MOST_RADIUS_M:.0f} m is wanted: that is everywhere"
        raise CamaraError(422, f"{prefix}.INVALID_AREA", said)
    x_m, y_m = earth(platform).metres(area.center.latitude, area.center.longitude)
    circle, access = Circle(x_m, y_m, area.radius), platform.plane.access
    if not covers(access.width_m, access.height_m, circle):
        raise CamaraError(422, f"{prefix}.AREA_NOT_COVERED", "the area lies outside of this network")
    return circle


def area_of(platform: CamaraPlatform, circle: Circle) -> dict[str, Any]:
    """In CAMARA's words."""
    latitude, longitude = earth(platform).degrees(circle.x_m, circle.y_m)
    return {
        "areaType": "CIRCLE",
        "center": {"latitude": round(latitude, DIGITS), "longitude": round(longitude, DIGITS)},
        "radius": round(circle.radius_m, 1),
    }
