"""CAMARA Geofencing Subscriptions 0.5.0: tell a sink when a device enters an area, or leaves it. Four operations and five events.

A client finds its own subscriptions only; with a three-legged token those of that device. Decisions: `core/control/fencing.py`;
who may ask: `places.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import uuid4

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from fedge.api.camara.authorization import Grant
from fedge.api.camara.device import Device
from fedge.api.camara.errors import CamaraError
from fedge.api.camara.exchange import Operation, answer, read
from fedge.api.camara.places import Area, Subject, circle_of, held, located_subject
from fedge.api.camara.platform import CamaraPlatform
from fedge.api.camara.scopes import ENTERED, FENCES_DELETE, FENCES_READ, LEFT
from fedge.api.camara.sinks import SinkCredential, cloud_event, rfc3339, sink_of
from fedge.core.control import ToSink
from fedge.core.control.events.location import AskedFence, AskedFenceEnd
from fedge.core.location import OPERATOR, Fence
from fedge.core.location.fences import LEAST_RADIUS_M, Crossing
from fedge.core.model import SECOND, Nanoseconds
from fedge.runtime.audit import Entry

BASE = "/geofencing-subscriptions/v0.5"
PREFIX = "GEOFENCING_SUBSCRIPTIONS"
_TYPE = "org.camaraproject.geofencing-subscriptions.v0"
CROSSINGS: dict[str, Crossing] = {f"{_TYPE}.area-entered": "entered", f"{_TYPE}.area-left": "left"}
TYPES = {
    "entered": f"{_TYPE}.area-entered",
    "left": f"{_TYPE}.area-left",
    "started": f"{_TYPE}.subscription-started",
    "ended": f"{_TYPE}.subscription-ended",
}
LONGEST_S = 90 * 24 * 3600
"""The operator's policy: none lasts longer."""

Protocol = Literal["HTTP", "MQTT3", "MQTT5", "AMQP", "NATS", "KAFKA"]


class Detail(Struct, frozen=True):
    area: Area
    device: Device | None = None


class Config(Struct, frozen=True, rename="camel"):
    subscription_detail: Detail
    subscription_expire_time: Annotated[datetime, Meta(tz=True)] | None = None
    subscription_max_events: Annotated[int, Meta(ge=1, le=2**53)] | None = None
    initial_event: bool | None = None


class Subscribe(Struct, frozen=True, rename="camel"):
    """SubscriptionRequest."""

    protocol: Protocol
    sink: str
    types: Annotated[tuple[str, ...], Meta(min_length=1)]
    config: Config
    sink_credential: SinkCredential | None = None


def operations(platform: CamaraPlatform) -> list[Operation]:
    api = _Api(platform)
    return [
        Operation("POST", "/subscriptions", "", api.create),
        Operation("GET", "/subscriptions", FENCES_READ, api.many),
        Operation("GET", "/subscriptions/{id:path}", FENCES_READ, api.one),
        Operation("DELETE", "/subscriptions/{id:path}", FENCES_DELETE, api.delete),
    ]


class _Api:
    def __init__(self, platform: CamaraPlatform) -> None:
        self._platform = platform

    async def create(self, request: Request, grant: Grant) -> Response:
        body = await read(request, Subscribe)
        platform = self._platform
        crossing = _crossing(body)
        scope = ENTERED if crossing == "entered" else LEFT
        held(platform, request, grant, scope)
        ends_s = _ends_s(body.config, platform.now_s)
        sink = sink_of(body.sink, body.sink_credential, platform.notifier, platform.now_s)
        assert sink is not None, "the body has one"
        detail = body.config.subscription_detail
        who = self._subject(request, grant, detail.device, scope)
        area = circle_of(platform, detail.area, PREFIX)
        if area.radius_m < LEAST_RADIUS_M:
            said = f"a radius of at least {LEAST_RADIUS_M:.0f} m is wanted: places are not known more exactly"
            raise CamaraError(422, f"{PREFIX}.INVALID_AREA", said)
        fence = Fence(
            id=str(uuid4()),
            client=grant.client,
            ue=who.ue,
            area=area,
            crossing=crossing,
            sink=sink,
            told={"device": who.used, "area": msgspec.to_builtins(detail.area), **_asked(body.config)},
            scope=scope,
            purpose=grant.purpose,
            initial=bool(body.config.initial_event),
            max_events=body.config.subscription_max_events or 0,
            started_s=platform.now_s,
            expires_at=self._instant(ends_s),
            token_until=self._instant(sink.expires_s) if sink.token else 0,
        )
        _durable(fence)
        status, answered = await platform.centre.ask(lambda n: AskedFence(n, fence))
        if status >= 400:
            raise CamaraError(status, str(answered["code"]), str(answered["message"]))
        return answer(self._said(fence), 201)

    async def many(self, request: Request, grant: Grant) -> Response:
        return answer([self._said(one) for one in self._own(grant)])

    async def one(self, request: Request, grant: Grant) -> Response:
        return answer(self._said(self._named(request, grant)))

    async def delete(self, request: Request, grant: Grant) -> Response:
        fence = self._named(request, grant)
        await self._platform.centre.ask(lambda n: AskedFenceEnd(n, fence.id))
        return answer(None, 204)

    # --- what they share ---------------------------------------------------------------------------------------------------

    def _subject(self, request: Request, grant: Grant, device: Device | None, scope: str) -> Subject:
        try:
            return located_subject(self._platform, request, grant, device, scope)
        except CamaraError as error:
            if error.status != 404:
                raise
            said = "no device of this network has that identifier"  # this definition has no 404 for it
            raise CamaraError(422, "SERVICE_NOT_APPLICABLE", said) from None

    def _own(self, grant: Grant) -> Sequence[Fence]:
        held = self._platform.plane.state.fences.held.values()
        return [one for one in held if one.client == grant.client and grant.ue in (None, one.ue)]

    def _named(self, request: Request, grant: Grant) -> Fence:
        """Raises ``CamaraError`` 404; that another's was named is in the audit log."""
        wanted = request.path_params["id"]
        found = next((one for one in self._own(grant) if one.id == wanted), None)
        if found is not None:
            return found
        unknown = CamaraError(404, "NOT_FOUND", "there is no such subscription")
        other = self._platform.plane.state.fences.held.get(wanted)
        if other is None:
            raise unknown
        whose = f"a subscription of {other.client}"
        self._platform.refuse(request, grant, unknown, f"subscription {wanted}", whose, other.ue)

    def _instant(self, unix_s: float) -> Nanoseconds:
        platform = self._platform
        return platform.centre.now() + int((unix_s - platform.now_s) * SECOND)

    def _said(self, fence: Fence) -> dict[str, Any]:
        """CAMARA's Subscription. The sink's token is not said."""
        asked = {name: value for name, value in fence.told.items() if name not in ("device", "area")}
        return {
            "id": fence.id,
            "protocol": "HTTP",
            "sink": fence.sink.url,
            "types": [TYPES[fence.crossing]],
            "config": {"subscriptionDetail": _detail(fence.told), **asked},
            "startsAt": rfc3339(fence.started_s),
            "expiresAt": rfc3339(self._platform.unix_s(fence.expires_at)),
            "status": "ACTIVE",
        }


def event(told: ToSink, platform: CamaraPlatform) -> bytes:
    """The CloudEvent."""
    facts, what = told.facts, told.facts["what"]
    data = {"subscriptionId": facts["id"], **_detail(facts["told"])}
    name = f"{facts['id']}-{what}"
    if what == "started":
        data["initiationReason"] = "SUBSCRIPTION_CREATED"
    elif what == "ended":
        data["terminationReason"] = facts["reason"]
        if facts["because"]:
            data["terminationDescription"] = facts["because"]
    else:
        name = f"{facts['id']}-{facts['events']}"
    return cloud_event(name, f"{platform.base}{BASE}", TYPES[what], platform.unix_s(told.at), data)


def written(told: ToSink) -> Entry | None:
    """For the audit log: that a crossing was told; None of any other event."""
    facts = told.facts
    if told.topic != "geofencing" or facts["what"] not in CROSSINGS.values():
        return None
    named = facts["told"]["device"]
    return Entry(
        client=told.client or OPERATOR,
        api=f"event {TYPES[facts['what']]}",
        subject="by token" if named is None else msgspec.json.encode(named).decode(),
        decision="granted",
        reason=f"subscription {facts['id']}",
        ue=facts["ue"],
        because=facts["scope"],
    )


def _detail(told: Mapping[str, Any]) -> dict[str, Any]:
    named = {"device": told["device"]} if told["device"] is not None else {}
    return {**named, "area": told["area"]}


def _crossing(body: Subscribe) -> Crossing:
    if body.protocol != "HTTP":
        raise CamaraError(400, "INVALID_PROTOCOL", "only HTTP is supported")
    unknown = [one for one in body.types if one not in CROSSINGS]
    if unknown:
        raise CamaraError(400, "INVALID_ARGUMENT", f"types: {unknown[0][:100]} is none of this API's")
    if len(body.types) > 1:
        said = "one type of event per subscription"
        raise CamaraError(422, "MULTIEVENT_SUBSCRIPTION_NOT_SUPPORTED", said)
    return CROSSINGS[body.types[0]]


def _ends_s(config: Config, now_s: float) -> float:
    """When it ends at the latest. Raises ``CamaraError``."""
    wanted = config.subscription_expire_time
    if wanted is None:
        return now_s + LONGEST_S
    if wanted.timestamp() <= now_s:
        raise CamaraError(400, "INVALID_ARGUMENT", "config.subscriptionExpireTime: it is over already")
    return min(wanted.timestamp(), now_s + LONGEST_S)


def _asked(config: Config) -> dict[str, Any]:
    """What was asked for, to be sent back."""
    wanted = config.subscription_expire_time
    said = {
        "subscriptionExpireTime": wanted.isoformat() if wanted is not None else None,
        "subscriptionMaxEvents": config.subscription_max_events,
        "initialEvent": config.initial_event,
    }
    return {name: value for name, value in said.items() if value is not None}


def _durable(fence: Fence) -> None:
    """Can it be written down? JSON knows characters that MessagePack does not. Raises ``CamaraError``."""
    try:
        msgspec.msgpack.encode(fence)
    except (UnicodeEncodeError, OverflowError, ValueError) as error:
        raise CamaraError(400, "INVALID_ARGUMENT", f"it cannot be kept: {error}") from None
