"""CAMARA Quality on Demand 1.1.0: quality sessions, in CAMARA's words. Five operations, and the event of a changed status.

A client finds its own sessions only: another's are not there (404). Decisions: `core/control/quality.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv6Network
from typing import Annotated, Any, TypeVar
from uuid import NAMESPACE_URL, uuid4, uuid5

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from fedge.api.camara.authorization import Grant
from fedge.api.camara.device import Device
from fedge.api.camara.errors import CamaraError
from fedge.api.camara.exchange import Operation, answer, read
from fedge.api.camara.platform import CamaraPlatform
from fedge.api.camara.sinks import SinkCredential, cloud_event, rfc3339, sink_of
from fedge.core.control import ToSink
from fedge.core.control.events.quality import AskedQuality, AskedQualityEnd, AskedQualityExtension
from fedge.core.control.quality import owned
from fedge.core.location import OPERATOR
from fedge.core.quality import Flow, QualitySession, expires_at, lasted_s, parse_server

BASE = "/quality-on-demand/v1"
SCOPE = "quality-on-demand:sessions"
CHANGED = "org.camaraproject.quality-on-demand.v1.qos-status-changed"
MOST_SPANS = 64
"""Of ports at one end of a flow: what a network's filter can be given."""
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

Given = TypeVar("Given")
Port = Annotated[int, Meta(ge=0, le=65535)]
Seconds = Annotated[int, Meta(ge=1, le=2**31 - 1)]


class PortRange(Struct, frozen=True, rename={"first": "from", "last": "to"}):
    first: Port
    last: Port


class PortsSpec(Struct, frozen=True, omit_defaults=True):
    ranges: Annotated[tuple[PortRange, ...], Meta(min_length=1)] | UnsetType = UNSET
    ports: Annotated[tuple[Port, ...], Meta(min_length=1)] | UnsetType = UNSET


class ApplicationServer(Struct, frozen=True, omit_defaults=True, rename="camel"):
    ipv4_address: str | UnsetType = UNSET
    ipv6_address: str | UnsetType = UNSET


class CreateSession(Struct, frozen=True, rename="camel"):
    application_server: ApplicationServer
    qos_profile: Annotated[str, Meta(min_length=3, max_length=256, pattern=r"^[a-zA-Z0-9_.-]+\Z")]
    duration: Seconds
    device: Device | UnsetType = UNSET
    device_ports: PortsSpec | UnsetType = UNSET
    application_server_ports: PortsSpec | UnsetType = UNSET
    sink: str | UnsetType = UNSET
    sink_credential: SinkCredential | UnsetType = UNSET


class ExtendSession(Struct, frozen=True, rename="camel"):
    requested_additional_duration: Seconds


class OfDevice(Struct, frozen=True):
    device: Device | UnsetType = UNSET


def operations(platform: CamaraPlatform) -> list[Operation]:
    api = _Api(platform)
    return [
        Operation("POST", "/sessions", f"{SCOPE}:create", api.create),
        Operation("GET", "/sessions/{id}", f"{SCOPE}:read", api.get),
        Operation("DELETE", "/sessions/{id}", f"{SCOPE}:delete", api.delete),
        Operation("POST", "/sessions/{id}/extend", f"{SCOPE}:update", api.extend),
        Operation("POST", "/retrieve-sessions", f"{SCOPE}:retrieve-by-device", api.of_device),
    ]


class _Api:
    def __init__(self, platform: CamaraPlatform) -> None:
        self._platform = platform

    async def create(self, request: Request, grant: Grant) -> Response:
        body = await read(request, CreateSession)
        platform = self._platform
        device = _set(body.device)
        server = _server(body.application_server)
        at_server = _spans(body.application_server_ports, "applicationServerPorts")
        at_device = _spans(body.device_ports, "devicePorts")
        ue, used = platform.attached(request, grant, device)
        sink = sink_of(_set(body.sink), _set(body.sink_credential), platform.notifier, platform.now_s)
        one = QualitySession(
            str(uuid4()),
            _owner(grant),
            Flow(ue, server, at_server, at_device),
            body.qos_profile,
            "",
            body.duration,
            sink=sink,
            device=used,
            told=_told(body),
        )
        await platform.ask(lambda n: AskedQuality(n, one))
        return answer(self._info(self._own(request, one.id, grant)), 201)

    async def get(self, request: Request, grant: Grant) -> Response:
        return answer(self._info(self._own(request, _id(request), grant)))

    async def delete(self, request: Request, grant: Grant) -> Response:
        name = self._own(request, _id(request), grant).id
        await self._platform.ask(lambda n: AskedQualityEnd(n, name, _owner(grant), grant.ue))
        return answer(None, 204)

    async def extend(self, request: Request, grant: Grant) -> Response:
        name = _id(request)
        more_s = (await read(request, ExtendSession)).requested_additional_duration
        self._own(request, name, grant)
        await self._platform.ask(lambda n: AskedQualityExtension(n, name, _owner(grant), more_s, grant.ue))
        return answer(self._info(self._own(request, name, grant)))

    async def of_device(self, request: Request, grant: Grant) -> Response:
        ue, _ = self._platform.attached(request, grant, _set((await read(request, OfDevice)).device))
        sessions = self._platform.plane.qualities_of(ue)
        return answer([self._info(one) for one in sessions if self._owns(one, grant)])

    def _owns(self, one: QualitySession, grant: Grant) -> bool:
        return one.owner == _owner(grant) and one.session is None

    def _own(self, request: Request, name: str, grant: Grant) -> QualitySession:
        """Raises ``CamaraError`` 404; that another's was named is in the audit log."""
        plane = self._platform.plane
        one = owned(plane, name, _owner(grant), grant.ue)
        if one is not None:
            return one
        unknown = CamaraError(404, "NOT_FOUND", "there is no such session")
        other = plane.state.quality.sessions.get(name)
        if other is None:
            raise unknown
        policys = "a QoSPolicy's session of" if other.session is not None else "a session of"
        whose = f"{policys} {other.owner or OPERATOR}"
        self._platform.refuse(request, grant, unknown, f"session {name}", whose, other.flow.ue)

    def _info(self, one: QualitySession) -> dict[str, Any]:
        return session_info(one, self._platform)


def session_info(one: QualitySession, platform: CamaraPlatform) -> dict[str, Any]:
    """CAMARA's SessionInfo. The sink's token is not said."""
    said: dict[str, Any] = {
        "sessionId": one.id,
        **one.told,
        "qosProfile": one.profile,
        "duration": lasted_s(one),
        "qosStatus": one.status,
    }
    if one.device is not None:
        said["device"] = one.device
    if one.sink is not None:
        said["sink"] = one.sink.url
    if one.started_at:
        said["startedAt"] = rfc3339(platform.unix_s(one.started_at))
    if one.status != "REQUESTED":
        said["expiresAt"] = rfc3339(platform.unix_s(expires_at(one)))
    if one.info:
        said["statusInfo"] = one.info
    return said


def event(told: ToSink, platform: CamaraPlatform) -> bytes:
    """The CloudEvent of a changed status."""
    facts = told.facts
    data = {"sessionId": facts["id"], "qosStatus": facts["status"]}
    if facts["info"]:
        data["statusInfo"] = facts["info"]
    source = f"{platform.base}{BASE}/sessions/{facts['id']}"
    name = str(uuid5(NAMESPACE_URL, f"{source}#{facts['status']}"))
    return cloud_event(name, source, CHANGED, platform.unix_s(told.at), data)


def _owner(grant: Grant) -> str:
    return grant.tenant or ""


def _set(value: Given | UnsetType) -> Given | None:
    return None if isinstance(value, UnsetType) else value


def _id(request: Request) -> str:
    """As it was given out. Raises ``CamaraError`` 400."""
    given = str(request.path_params["id"])
    if not _UUID.fullmatch(given):
        raise CamaraError(400, "INVALID_ARGUMENT", "sessionId: a UUID is wanted")
    return given.lower()


def _server(server: ApplicationServer) -> str:
    """Raises ``CamaraError`` 400 or 422."""
    ipv4, ipv6 = _set(server.ipv4_address), _set(server.ipv6_address)
    if ipv4 is None and ipv6 is None:
        raise CamaraError(400, "INVALID_ARGUMENT", "applicationServer: ipv4Address or ipv6Address is wanted")
    try:
        if ipv6 is not None:
            IPv6Network(ipv6, strict=False)
        read = parse_server(ipv4) if ipv4 is not None else ""
    except ValueError as error:
        raise CamaraError(400, "INVALID_ARGUMENT", f"applicationServer: {error}") from None
    if not read:
        raise CamaraError(
            422, "SERVICE_NOT_APPLICABLE", "devices have IPv4 addresses here: no flow goes to an IPv6 server"
        )
    return read


def _spans(spec: PortsSpec | UnsetType, name: str) -> tuple[tuple[int, int], ...]:
    """The ports as inclusive spans, in order, none touching another. Raises ``CamaraError`` 400."""
    if isinstance(spec, UnsetType):
        return ()
    if spec == PortsSpec():
        raise CamaraError(400, "INVALID_ARGUMENT", f"{name}: ranges or ports are wanted")
    ranges, ports = _set(spec.ranges) or (), _set(spec.ports) or ()
    if any(one.first > one.last for one in ranges):
        raise CamaraError(400, "INVALID_ARGUMENT", f"{name}: from is greater than to")
    spans = merged([*((one.first, one.last) for one in ranges), *((one, one) for one in ports)])
    if len(spans) > MOST_SPANS:
        raise CamaraError(400, "OUT_OF_RANGE", f"{name}: at most {MOST_SPANS} ranges are taken")
    return spans


def merged(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The same ports in the fewest spans."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((first, last))
    return tuple(found)


def _told(body: CreateSession) -> dict[str, Any]:
    """The flow as the client named it, to be said back."""
    named = {
        "applicationServer": body.application_server,
        "applicationServerPorts": body.application_server_ports,
        "devicePorts": body.device_ports,
    }
    return {name: msgspec.to_builtins(value) for name, value in named.items() if value is not UNSET}
