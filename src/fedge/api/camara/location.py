"""CAMARA Location Verification 3.0.0 and Location Retrieval 0.5.0: is a device in an area, and where is it? One operation each.

A place is a circle, as exact as the operator says that it is. Decisions: `core/control/locating.py`,
`core/location/areas.py`; who may ask: `places.py`.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from fedge.api.camara.authorization import Grant
from fedge.api.camara.device import Device
from fedge.api.camara.errors import CamaraError
from fedge.api.camara.exchange import Operation, answer, read
from fedge.api.camara.places import Area, Subject, area_of, circle_of, located_subject
from fedge.api.camara.platform import CamaraPlatform
from fedge.api.camara.scopes import VERIFY
from fedge.api.camara.sinks import rfc3339
from fedge.core.control.events.location import AskedPlace
from fedge.core.control.locating import Place
from fedge.core.location import RETRIEVE, Circle, verified
from fedge.core.model import UeId

VERIFICATION, RETRIEVAL = "/location-verification/v3", "/location-retrieval/v0.5"
Seconds = Annotated[int, Meta(ge=0)]


class Verification(Struct, frozen=True, rename="camel"):
    area: Area
    device: Device | None = None
    max_age: Seconds | None = None


class Retrieval(Struct, frozen=True, rename="camel"):
    device: Device | None = None
    max_age: Seconds | None = None
    max_surface: Annotated[int, Meta(ge=1)] | None = None


def verification(platform: CamaraPlatform) -> list[Operation]:
    async def verify(request: Request, grant: Grant) -> Response:
        body = await read(request, Verification)
        who = located_subject(platform, request, grant, body.device, VERIFY)
        area = circle_of(platform, body.area, "LOCATION_VERIFICATION")
        place = await _place(platform, who.ue, body.max_age, "LOCATION_VERIFICATION")
        verdict, rate = verified(place.circle, area)
        said: dict[str, Any] = {"verificationResult": verdict, "lastLocationTime": _time(platform, place)}
        if verdict == "PARTIAL":
            said["matchRate"] = rate
        return answer(_with_device(said, who))

    return [Operation("POST", "/verify", VERIFY, verify)]


def retrieval(platform: CamaraPlatform) -> list[Operation]:
    async def retrieve(request: Request, grant: Grant) -> Response:
        body = await read(request, Retrieval)
        who = located_subject(platform, request, grant, body.device, RETRIEVE)
        place = await _place(platform, who.ue, body.max_age, "LOCATION_RETRIEVAL")
        surface_m2 = place.circle.surface_m2
        if body.max_surface is not None and surface_m2 > body.max_surface:
            said = f"the place is known to {surface_m2:.0f} m², not to {body.max_surface}"
            raise CamaraError(422, "LOCATION_RETRIEVAL.UNABLE_TO_FULFILL_MAX_SURFACE", said)
        found = {"lastLocationTime": _time(platform, place), "area": area_of(platform, place.circle)}
        return answer(_with_device(found, who))

    return [Operation("POST", "/retrieve", RETRIEVE, retrieve)]


async def _place(platform: CamaraPlatform, ue: UeId, max_age_s: int | None, prefix: str) -> Place:
    """Raises ``CamaraError`` 422, or 503 where the core does not answer."""
    status, body = await platform.centre.ask(lambda n: AskedPlace(n, ue, max_age_s))
    if status == 200:
        return Place(Circle(body["x_m"], body["y_m"], body["radius_m"]), body["at"])
    if status == 409 and body["code"] == "STALE":
        said = "the device's place is not known as freshly as that"
        raise CamaraError(422, f"{prefix}.UNABLE_TO_FULFILL_MAX_AGE", said)
    if status == 409:
        raise CamaraError(422, f"{prefix}.UNABLE_TO_LOCATE", "the network cannot say where the device is")
    raise CamaraError(status, "UNAVAILABLE", str(body.get("message", "")))


def _time(platform: CamaraPlatform, place: Place) -> str:
    return rfc3339(platform.unix_s(place.at))


def _with_device(said: dict[str, Any], who: Subject) -> dict[str, Any]:
    return {**said, "device": who.used} if who.used is not None else said
