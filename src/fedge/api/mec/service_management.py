"""ETSI GS MEC 011 v3.1.1, service management: what instances offer each other, who is told of it, and whether it lives.

Translation only. The registry is for sharing: every caller sees every service, and changes those of its own instances. Which of
its instances asks is not known: ``isLocal`` is what the service said of itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from msgspec import UNSET, UnsetType
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from fedge.api.mec.app_support import MOST_SUBSCRIPTIONS
from fedge.api.mec.exchange import Platform, answer, convert, if_match, in_form, read, served
from fedge.api.mec.instances import AppInstance, instance_of
from fedge.api.mec.problems import Problem
from fedge.api.mec.shapes import AvailabilitySubscription, LivenessUpdate, ServiceInfo
from fedge.core.control.events.resources import AskedHeartbeat, AskedWithdrawal
from fedge.core.enablement import EdgeService, Subscription, fingerprint
from fedge.core.model import SECOND, AppInstanceId

BASE = "/mec_service_mgmt/v1"
AVAILABILITY = "SerAvailabilityNotificationSubscription"
LIVENESS = "/resource_uri_allocated_by_MEC_platform"
"""The definition's name for a URI that the platform chooses; which service, is in its query."""
LIVENESS_S = 30
"""For a service that leaves the interval to the platform."""
TRANSPORT = "fedge-http"
LOCALITIES = ("MEC_SYSTEM", "MEC_HOST", "NFVI_POP", "ZONE", "ZONE_GROUP", "NFVI_NODE")
KEPT = (
    "serCategory", "version", "transportInfo", "serializer", "scopeOfLocality", "consumedLocalOnly", "isLocal",
)  # fmt: skip


def service_href(base: str, id: str, owner: AppInstanceId | None) -> str:
    """``owner``: its instance, for whom that is; others read the service without being told whose it is."""
    return f"{base}{BASE}/{f'applications/{owner}/' if owner is not None else ''}services/{id}"


class ServiceManagement:
    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    def _instance(self, request: Request) -> AppInstance:
        return instance_of(self.platform.plane, request.path_params["instance"])

    def _services(self) -> list[EdgeService]:
        return self.platform.plane.state.enablement.services()

    def transport(self) -> dict[str, Any]:
        """The one transport that the platform has for services: its own HTTP."""
        return {
            "id": TRANSPORT,
            "name": "HTTP of the platform",
            "type": "REST_HTTP",
            "protocol": "HTTP",
            "version": "1.1",
            "endpoint": {"uris": [self.platform.base]},
            "security": {},
        }

    async def transports(self, request: Request) -> Response:
        return answer([self.transport()])

    # --- services ----------------------------------------------------------------------------------------------------------

    def _shown(self, one: EdgeService) -> dict[str, Any]:
        own = self.platform.owns(one)
        links = {"self": {"href": service_href(self.platform.base, one.id, one.owner if own else None)}}
        if one.liveness_s and own:
            links["liveness"] = {"href": f"{self.platform.base}{BASE}{LIVENESS}?service={one.id}"}
        live = {"livenessInterval": one.liveness_s} if one.liveness_s else {}
        named = {"serInstanceId": one.id, "serName": one.name, "state": one.state}
        return {**named, **one.told, **live, "_links": links}

    async def services(self, request: Request) -> Response:
        return answer([self._shown(one) for one in _filtered(self._services(), request)])

    async def services_of(self, request: Request) -> Response:
        owner = self._instance(request).id
        own = [one for one in self._services() if one.owner == owner]
        return answer([self._shown(one) for one in _filtered(own, request)])

    def _service(self, request: Request, owner: AppInstanceId | None = None) -> EdgeService:
        for one in self._services():
            if one.id == request.path_params["id"] and owner in (None, one.owner):
                return one
        raise Problem(404, f"no service {request.path_params['id']}")

    async def service(self, request: Request) -> Response:
        one = self._service(request)
        return answer(in_form("ServiceInfo", self._shown(one)), ETag=_etag(one))

    async def service_of(self, request: Request) -> Response:
        one = self._service(request, self._instance(request).id)
        return answer(in_form("ServiceInfo", self._shown(one)), ETag=_etag(one))

    async def register(self, request: Request) -> Response:
        owner = self._instance(request).id
        _, told = await read(request, "ServiceInfo")
        info = convert(told.value, ServiceInfo)
        if info.ser_instance_id is not UNSET:
            raise Problem(400, "serInstanceId: the platform gives it")
        if info.transport_id is not UNSET and info.transport_info is not UNSET:
            raise Problem(400, "transportId and transportInfo: either, not both")
        if info.transport_id not in (UNSET, TRANSPORT):
            raise Problem(400, f"transportId: the platform has {TRANSPORT}")
        made = self._read(told.value, info, owner)
        made = await self.platform.keep(made)
        shown = self._shown(made)
        return answer(
            in_form("ServiceInfo", shown, told.wrapped),
            201,
            Location=shown["_links"]["self"]["href"],
            ETag=_etag(made),
        )

    def _read(self, value: dict[str, Any], info: ServiceInfo, owner: AppInstanceId) -> EdgeService:
        if not isinstance(info.transport_info, UnsetType) and info.transport_info.endpoint.kinds != 1:
            raise Problem(
                400, "transportInfo.endpoint: exactly one of uris, fqdn, addresses and alternative is wanted"
            )
        defaults = {
            "transportInfo": self.transport(),
            "scopeOfLocality": "MEC_HOST",
            "consumedLocalOnly": True,
            "isLocal": True,
        }
        kept = {**defaults, **{name: value[name] for name in KEPT if name in value}}
        given = info.liveness_interval
        liveness_s = 0 if isinstance(given, UnsetType) else given or LIVENESS_S
        return EdgeService(
            owner=owner, told=kept, name=info.ser_name, state=info.state, liveness_s=liveness_s
        )

    async def update(self, request: Request) -> Response:
        """A caller may send only what is to change; what it leaves out stays."""
        owner = self._instance(request).id
        before = self._service(request, owner)
        _, told = await read(request, "ServiceInfo")
        shown = {name: value for name, value in self._shown(before).items() if name != "_links"}
        whole = {**shown, **{name: value for name, value in told.value.items() if name != "transportId"}}
        info = convert(whole, ServiceInfo)
        if info.ser_instance_id != before.id:
            raise Problem(400, f"serInstanceId: it is {before.id}")
        made = replace(self._read(whole, info, owner), id=before.id)
        made = await self.platform.keep(made, before, if_match(request))
        return answer(in_form("ServiceInfo", self._shown(made), told.wrapped), ETag=_etag(made))

    async def withdraw(self, request: Request) -> Response:
        one = self._service(request, self._instance(request).id)
        await self.platform.ask(lambda n: AskedWithdrawal(n, one.id))
        return Response(status_code=204)

    # --- liveness ----------------------------------------------------------------------------------------------------------

    def _alive(self, request: Request) -> EdgeService:
        """The service of the query; without one, the only one that there is. Of the caller's own."""
        living = {one.id: one for one in self._services() if one.liveness_s and self.platform.owns(one)}
        name = request.query_params.get("service") or (next(iter(living)) if len(living) == 1 else "")
        if name not in living:
            raise Problem(404, "no such service; its _links.liveness has the URI")
        return living[name]

    def _liveness(self, one: EdgeService) -> dict[str, Any]:
        plane = self.platform.plane
        ago = self.platform.centre.now() - plane.heartbeats.get(one.id, self.platform.centre.now())
        seconds, nanos = divmod(time.time_ns() - ago, SECOND)
        stamp = {"seconds": seconds, "nanoSeconds": nanos}
        return {"state": one.state, "timeStamp": stamp, "interval": one.liveness_s}

    async def liveness(self, request: Request) -> Response:
        return answer(in_form("ServiceLivenessInfo", self._liveness(self._alive(request))))

    async def heartbeat(self, request: Request) -> Response:
        one = self._alive(request)
        _, told = await read(request, "ServiceLivenessUpdate")
        convert(told.value, LivenessUpdate)
        await self.platform.ask(lambda n: AskedHeartbeat(n, one.id))
        now = next((each for each in self._services() if each.id == one.id), one)
        return answer(in_form("ServiceLivenessInfo", self._liveness(now), told.wrapped))

    # --- subscriptions -----------------------------------------------------------------------------------------------------

    def _subscriptions(self, owner: AppInstanceId) -> dict[str, Subscription]:
        held = self.platform.plane.state.enablement
        return {one.id: one for one in held.subscriptions("availability") if one.owner == owner}

    async def subscriptions(self, request: Request) -> Response:
        owner = self._instance(request).id
        here = f"{self.platform.base}{BASE}/applications/{owner}/subscriptions"
        links = [
            {"href": f"{here}/{name}", "subscriptionType": AVAILABILITY}
            for name in self._subscriptions(owner)
        ]
        return answer(
            in_form("SubscriptionLinkList", {"_links": {"self": {"href": here}, "subscriptions": links}})
        )

    async def subscribe(self, request: Request) -> Response:
        one = self._instance(request)
        _, told = await read(request, AVAILABILITY)
        wanted = convert(told.value, AvailabilitySubscription)
        criteria = wanted.filtering_criteria
        if sum(map(bool, (criteria.ser_instance_ids, criteria.ser_names, criteria.ser_categories))) > 1:
            raise Problem(400, "filteringCriteria: one of serInstanceIds, serNames and serCategories")
        callback = self.platform.callable_uri(wanted.callback_reference)
        if len(self._subscriptions(one.id)) >= MOST_SUBSCRIPTIONS:
            raise Problem(403, f"{one.id} has {MOST_SUBSCRIPTIONS} of these already")
        kept = {name: told.value[name] for name in ("filteringCriteria",) if name in told.value}
        made = Subscription(
            owner=one.id, topic="availability", callback=callback, told=kept, site=one.site, app=one.app
        )
        shown = self._subscribed(await self.platform.keep(made))
        return answer(
            in_form(AVAILABILITY, shown, told.wrapped), 201, Location=shown["_links"]["self"]["href"]
        )

    def _subscribed(self, one: Subscription) -> dict[str, Any]:
        href = f"{self.platform.base}{BASE}/applications/{one.owner}/subscriptions/{one.id}"
        named = {"subscriptionType": AVAILABILITY, "callbackReference": one.callback}
        return {**named, **one.told, "_links": {"self": {"href": href}}}

    def _subscription(self, request: Request) -> Subscription:
        found = self._subscriptions(self._instance(request).id).get(request.path_params["id"])
        if found is None:
            raise Problem(404, f"no subscription {request.path_params['id']}")
        return found

    async def subscription(self, request: Request) -> Response:
        return answer(in_form(AVAILABILITY, self._subscribed(self._subscription(request))))

    async def unsubscribe(self, request: Request) -> Response:
        one = self._subscription(request)
        await self.platform.ask(lambda n: AskedWithdrawal(n, one.id))
        return Response(status_code=204)


def _etag(one: EdgeService) -> str:
    return f'"{fingerprint(one)}"'


def _filtered(services: Iterable[EdgeService], request: Request) -> list[EdgeService]:
    """Those that the query asks for. Raises ``Problem`` for a query that cannot be read."""
    query = request.query_params
    ids, names = query.getlist("ser_instance_id"), query.getlist("ser_name")
    category, scope = query.get("ser_category_id"), query.get("scope_of_locality")
    if sum(map(bool, (ids, names, category))) > 1:
        raise Problem(400, "one of ser_instance_id, ser_name and ser_category_id")
    if scope is not None and scope not in LOCALITIES:
        raise Problem(400, f"scope_of_locality: one of {', '.join(LOCALITIES)}")
    flags = {
        "consumedLocalOnly": _flag(request, "consumed_local_only"),
        "isLocal": _flag(request, "is_local"),
    }
    return [
        one
        for one in services
        if (not ids or one.id in ids)
        and (not names or one.name in names)
        and (category is None or (one.told.get("serCategory") or {}).get("id") == category)
        and (scope is None or one.told["scopeOfLocality"] == scope)
        and all(wanted is None or one.told[name] == wanted for name, wanted in flags.items())
    ]


def _flag(request: Request, name: str) -> bool | None:
    given = request.query_params.get(name)
    if given not in (None, "true", "false"):
        raise Problem(400, f"{name}: true or false")
    return None if given is None else given == "true"


def routes(platform: Platform) -> list[BaseRoute]:
    of, one = served(ServiceManagement, platform), "/applications/{instance}"
    return [
        Route("/services", of(ServiceManagement.services), methods=["GET"]),
        Route("/services/{id}", of(ServiceManagement.service), methods=["GET"]),
        Route("/transports", of(ServiceManagement.transports), methods=["GET"]),
        Route(f"{one}/services", of(ServiceManagement.services_of), methods=["GET"]),
        Route(f"{one}/services", of(ServiceManagement.register), methods=["POST"]),
        Route(f"{one}/services/{{id}}", of(ServiceManagement.service_of), methods=["GET"]),
        Route(f"{one}/services/{{id}}", of(ServiceManagement.update), methods=["PUT"]),
        Route(f"{one}/services/{{id}}", of(ServiceManagement.withdraw), methods=["DELETE"]),
        Route(f"{one}/subscriptions", of(ServiceManagement.subscriptions), methods=["GET"]),
        Route(f"{one}/subscriptions", of(ServiceManagement.subscribe), methods=["POST"]),
        Route(f"{one}/subscriptions/{{id}}", of(ServiceManagement.subscription), methods=["GET"]),
        Route(f"{one}/subscriptions/{{id}}", of(ServiceManagement.unsubscribe), methods=["DELETE"]),
        Route(LIVENESS, of(ServiceManagement.liveness), methods=["GET"]),
        Route(LIVENESS, of(ServiceManagement.heartbeat), methods=["PATCH"]),
    ]
