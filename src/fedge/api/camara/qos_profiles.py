"""CAMARA QoS Profiles 1.1.0: what can be asked of Quality on Demand, and by which device. Two operations.

A profile is ACTIVE while the operator serves its QoS reference. Figures: `core/quality/profiles.py`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, ValidationError, convert
from starlette.requests import Request
from starlette.responses import Response

from fedge.api.camara.authorization import Grant
from fedge.api.camara.device import Device
from fedge.api.camara.errors import CamaraError
from fedge.api.camara.exchange import Operation, answer, read
from fedge.api.camara.platform import CamaraPlatform
from fedge.core.model import UeId
from fedge.core.quality import Profile, ProfileStatus, status_of, suits
from fedge.core.quality.profiles import offered

BASE = "/qos-profiles/v1"
SCOPE = "qos-profiles:read"
MOST_OF_A_UNIT = 1024
"""CAMARA's Rate goes so far; what is more is said in the next unit."""

Name = Annotated[str, Meta(min_length=3, max_length=256, pattern=r"^[a-zA-Z0-9_.-]+\Z")]


class Wanted(Struct, frozen=True):
    device: Device | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    status: Literal["ACTIVE", "INACTIVE", "DEPRECATED"] | UnsetType = UNSET


def operations(platform: CamaraPlatform) -> list[Operation]:
    api = _Api(platform)
    return [
        Operation("POST", "/retrieve-qos-profiles", SCOPE, api.find),
        Operation("GET", "/qos-profiles/{name}", SCOPE, api.get),
    ]


class _Api:
    def __init__(self, platform: CamaraPlatform) -> None:
        self._platform = platform

    async def find(self, request: Request, grant: Grant) -> Response:
        wanted = await read(request, Wanted)
        ue: UeId | None = None
        if grant.ue is not None or wanted.device is not UNSET:
            device = None if isinstance(wanted.device, UnsetType) else wanted.device
            if grant.ue is None and device == Device():  # this definition knows no MISSING_IDENTIFIER
                raise CamaraError(400, "INVALID_ARGUMENT", "device: it names no identifier")
            ue, _ = self._platform.attached(request, grant, device)
        found = [
            profile_info(one, status)
            for one, status in self._offered(ue)
            if wanted.name in (UNSET, one.name) and wanted.status in (UNSET, status)
        ]
        return answer(found)

    async def get(self, request: Request, grant: Grant) -> Response:
        try:
            name = convert(request.path_params["name"], Name)
        except ValidationError as error:
            raise CamaraError(400, "INVALID_ARGUMENT", f"name: {error}") from None
        found = next((pair for pair in self._offered(grant.ue) if pair[0].name == name), None)
        if found is None:
            raise CamaraError(404, "NOT_FOUND", f"there is no QoS profile {name}")
        return answer(profile_info(*found))

    def _offered(self, ue: UeId | None) -> list[tuple[Profile, ProfileStatus]]:
        """Every profile that this UE, where one is meant, can have."""
        plane = self._platform.plane
        view = plane.access.ues.get(ue) if ue is not None else None
        if view is not None and not suits(view.sighting.kind):
            return []
        references, marks = plane.references, plane.state.quality.marks
        return [(one, status_of(one, references, marks)) for one in offered(references)]


def profile_info(profile: Profile, status: ProfileStatus) -> dict[str, Any]:
    """CAMARA's QosProfile. A figure that there is not is not said."""
    named: dict[str, Any] = {
        "name": profile.name,
        "description": profile.description,
        "status": status,
        "targetMinUpstreamRate": rate(profile.min_up_kbit_s),
        "targetMinDownstreamRate": rate(profile.min_down_kbit_s),
        "maxUpstreamRate": rate(profile.most_up_kbit_s),
        "maxDownstreamRate": rate(profile.most_down_kbit_s),
        "minDuration": {"value": profile.shortest_s, "unit": "Seconds"},
        "maxDuration": {"value": profile.longest_s, "unit": "Seconds"},
        "priority": profile.priority or None,
        "packetDelayBudget": {"value": profile.delay_ms, "unit": "Milliseconds"}
        if profile.delay_ms
        else None,
        "serviceClass": profile.service_class or None,
    }
    return {name: value for name, value in named.items() if value is not None}


def rate(kbit_s: int) -> dict[str, Any] | None:
    """CAMARA's Rate, in whole units: rounded down, so that nothing is promised that is not kept. None for no figure."""
    if not kbit_s:
        return None
    if kbit_s <= MOST_OF_A_UNIT:
        return {"value": kbit_s, "unit": "kbps"}
    return {"value": kbit_s // 1000, "unit": "Mbps"}
