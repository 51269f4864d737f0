"""ETSI GS MEC 021 v2.2.1, application mobility: who takes part in which UE's moves, and who is told of them. Translation only.

What the service levels mean for a move is decided in ``core/enablement/consent.py`` and ``core/control/letting_go.py``.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any, NamedTuple

from msgspec import UNSET, UnsetType
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from fedge.api.mec.exchange import Platform, answer, convert, if_match, in_form, read, served
from fedge.api.mec.instances import AppInstance, instance_of, instances
from fedge.api.mec.problems import Problem
from fedge.api.mec.selectors import selected
from fedge.api.mec.shapes import DeviceInformation, FilterCriteria, MobilitySubscription, RegistrationInfo
from fedge.core.control import Notify
from fedge.core.control.events.resources import AskedWithdrawal
from fedge.core.enablement import Device, MobilityRegistration, Subscription, Topic, fingerprint
from fedge.core.model import SECOND, AppId, AppInstanceId, SiteId, UeId

BASE = "/amsi/v1"
PROCEDURE, ADJACENT = "MobilityProcedureSubscription", "AdjacentAppInfoSubscription"
TOPICS: dict[str, Topic] = {PROCEDURE: "mobility", ADJACENT: "adjacent"}
KINDS = {topic: kind for kind, topic in TOPICS.items()}
ASKED_AS: dict[str, Topic] = {"mobility_proc": "mobility", "adj_app_info": "adjacent"}
REGISTRATION = ("appMobilityServiceId", "serviceConsumerId", "deviceInformation", "expiryTime")
ADJACENT_INFO = (
    "appInstanceId",
    "appDId",
    "appInstanceCommLink",
    "mecHostInformation",
    "registeredInstanceId",
)


class Consumer(NamedTuple):
    """Who registers: an instance, or all that a site (a MEC platform) runs."""

    owner: AppInstanceId
    site: SiteId
    app: AppId


def comm_interface(gateway: str) -> dict[str, Any]:
    """Where an instance is reached by others: at its site's gateway."""
    host, _, port = gateway.rpartition(":")
    return {"ipAddresses": [{"host": host, "port": int(port) if port.isdigit() else 0}]}


class AppMobility:
    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    # --- registrations -----------------------------------------------------------------------------------------------------

    def _shown(self, one: MobilityRegistration) -> dict[str, Any]:
        """As it was told, with each device's state as it is: a move that has ended sets it back."""
        states = {device.associate_id: int(device.transferred) for device in one.devices}
        devices = [
            {**raw, "contextTransferState": states.get(raw["associateId"], 0)}
            for raw in one.told.get("deviceInformation", [])
        ]
        shown = {name: one.told[name] for name in REGISTRATION if name in one.told}
        return {
            **shown,
            "appMobilityServiceId": one.id,
            **({"deviceInformation": devices} if devices else {}),
        }

    async def services(self, request: Request) -> Response:
        rows = [self._shown(one) for one in self.platform.plane.state.enablement.registrations()]
        return answer(selected(rows, request.query_params, REGISTRATION, REGISTRATION[:2]))

    async def register(self, request: Request) -> Response:
        _, told = await read(request, "RegistrationInfo")
        info = convert(told.value, RegistrationInfo)
        if info.app_mobility_service_id is not UNSET:
            raise Problem(400, "appMobilityServiceId: the platform gives it")
        if any(device.context_transfer_state for device in info.device_information):
            raise Problem(400, "contextTransferState: 0 in the first registration")
        made = self._read(told.value, info)
        made = await self.platform.keep(made)
        href = f"{self.platform.base}{BASE}/app_mobility_services/{made.id}"
        shown = in_form("RegistrationInfo", self._shown(made), told.wrapped)
        return answer(shown, 201, Location=href, ETag=_etag(made))

    def _read(self, value: dict[str, Any], info: RegistrationInfo) -> MobilityRegistration:
        consumer = self._consumer(info)
        devices = tuple(self._device(one) for one in info.device_information)
        if len({one.associate_id for one in devices}) < len(devices):
            raise Problem(400, "deviceInformation: a device is there twice")
        ends = self.platform.centre.now() + info.expiry_time * SECOND if info.expiry_time else 0
        told = {name: value[name] for name in REGISTRATION[1:] if name in value}
        return MobilityRegistration(
            owner=consumer.owner,
            site=consumer.site,
            app=consumer.app,
            devices=devices,
            told=told,
            expires_at=ends,
        )

    def _consumer(self, info: RegistrationInfo) -> Consumer:
        who = info.service_consumer_id
        if (who.app_instance_id is UNSET) == (who.mep_id is UNSET):
            raise Problem(400, "serviceConsumerId: one of appInstanceId and mepId")
        if not isinstance(who.app_instance_id, UnsetType):
            one = instance_of(self.platform.plane, who.app_instance_id)
            return Consumer(one.id, one.site, one.app)
        if who.mep_id not in self.platform.plane.state.sites:
            raise Problem(404, f"mepId: no site {who.mep_id}")
        return Consumer(AppInstanceId(""), SiteId(str(who.mep_id)), AppId(""))

    def _device(self, told: DeviceInformation) -> Device:
        ue = self._ue(told.associate_id)
        return Device(told.associate_id, ue, told.level, bool(told.context_transfer_state))

    def _ue(self, associate_id: str) -> UeId:
        """A GPSI or the UE's own name. An address is no identity: it is given to another device tomorrow."""
        try:
            ip_address(associate_id)
        except ValueError:
            pass
        else:
            raise Problem(400, f"associateId: {associate_id} is an address; a GPSI (msisdn-…) is wanted")
        if associate_id.startswith("msisdn-"):
            ue = self.platform.subscribers.by_phone_number(f"+{associate_id.removeprefix('msisdn-')}")
            if self.platform.caller.tenant is not None and ue not in self.platform.plane.access.ues:
                ue = None  # a tenant finds the devices that play its games
        else:
            ue = UeId(associate_id) if associate_id in self.platform.plane.access.ues else None
        if ue is None:
            raise Problem(404, f"associateId: no device {associate_id}")
        return ue

    def _registered(self, request: Request) -> MobilityRegistration:
        found = self.platform.plane.state.enablement.resources.get(request.path_params["id"])
        if not isinstance(found, MobilityRegistration):
            raise Problem(404, f"no application mobility service {request.path_params['id']}")
        return found

    async def service(self, request: Request) -> Response:
        one = self._registered(request)
        return answer(in_form("RegistrationInfo", self._shown(one)), ETag=_etag(one))

    async def update(self, request: Request) -> Response:
        before = self._registered(request)
        _, told = await read(request, "RegistrationInfo")
        info = convert(told.value, RegistrationInfo)
        if info.app_mobility_service_id not in (UNSET, before.id):
            raise Problem(400, f"appMobilityServiceId: it is {before.id}")
        made = replace(self._read(told.value, info), id=before.id)
        made = await self.platform.keep(made, before, if_match(request))
        return answer(in_form("RegistrationInfo", self._shown(made), told.wrapped), ETag=_etag(made))

    async def deregister(self, request: Request) -> Response:
        """DELETE, and the deregister task, by which a consumer acts on its own timer: the platform keeps ``expiryTime`` too."""
        one = self._registered(request)
        await self.platform.ask(lambda n: AskedWithdrawal(n, one.id))
        return Response(status_code=204)

    # --- subscriptions -----------------------------------------------------------------------------------------------------

    def _subscriptions(self) -> list[Subscription]:
        held = self.platform.plane.state.enablement
        return held.subscriptions("mobility") + held.subscriptions("adjacent")

    def _href(self, one: Subscription) -> str:
        return f"{self.platform.base}{BASE}/subscriptions/{one.id}"

    async def subscriptions(self, request: Request) -> Response:
        kind = request.query_params.get("subscriptiontype")
        if kind is not None and kind not in ASKED_AS:
            raise Problem(400, f"subscriptiontype: one of {', '.join(ASKED_AS)}")
        links = [
            {"href": self._href(one), "subscriptionType": KINDS[one.topic]}
            for one in self._subscriptions()
            if kind is None or one.topic == ASKED_AS[kind]
        ]
        here = {"href": f"{self.platform.base}{BASE}/subscriptions"}
        return answer(in_form("SubscriptionLinkList", {"_links": {"self": here, "subscription": links}}))

    async def subscribe(self, request: Request) -> Response:
        kind, told = await read(request, PROCEDURE, ADJACENT)
        made, test = self._read_subscription(told.value, kind if told.wrapped else "")
        made = await self.platform.keep(made)
        self._test(made, test)
        shown = in_form(KINDS[made.topic], self._subscribed(made), told.wrapped)
        return answer(shown, 201, Location=self._href(made), ETag=_etag(made))

    def _read_subscription(self, value: dict[str, Any], kind: str) -> tuple[Subscription, bool]:
        """(the subscription, whether a test notification is wanted). ``kind``: the name that it was wrapped in, if it was."""
        wanted = convert(value, MobilitySubscription)
        if kind not in ("", wanted.subscription_type):
            raise Problem(400, f"subscriptionType: it came as {kind}")
        topic = TOPICS[wanted.subscription_type]
        if isinstance(wanted.callback_reference, UnsetType):
            if wanted.websock_notif_config is not UNSET:
                raise Problem(422, "websockNotifConfig: notifications are posted to a callbackReference only")
            raise Problem(400, "callbackReference is missing")
        callback = self.platform.callable_uri(wanted.callback_reference)
        criteria, ends = dict(value["filterCriteria"]), wanted.expiry_deadline
        if topic == "mobility" and wanted.filter_criteria.mobility_status is UNSET:
            criteria["mobilityStatus"] = [1]
        told: dict[str, Any] = {"filterCriteria": criteria}
        expires_at = 0
        if not isinstance(ends, UnsetType):
            told["expiryDeadline"] = value["expiryDeadline"]
            expires_at = self.platform.instant(ends.seconds + ends.nano_seconds / SECOND)
            if expires_at <= self.platform.centre.now():
                raise Problem(400, "expiryDeadline: it has passed")
        one = self._owner(wanted.filter_criteria)
        ues = {name: self._ue(name) for name in wanted.filter_criteria.associate_id}
        made = Subscription(topic=topic, callback=callback, told=told, expires_at=expires_at, ues=ues)
        if one is not None:
            made = replace(made, owner=one.id, site=one.site, app=one.app)
        return made, wanted.request_test_notification

    def _owner(self, criteria: FilterCriteria) -> AppInstance | None:
        if isinstance(criteria.app_instance_id, UnsetType):
            return None
        return instance_of(self.platform.plane, criteria.app_instance_id)

    def _test(self, one: Subscription, wanted: bool) -> None:
        if wanted:
            self.platform.notify(Notify(one, "test", {}))

    def _subscribed(self, one: Subscription) -> dict[str, Any]:
        named = {"subscriptionType": KINDS[one.topic], "callbackReference": one.callback}
        return {**named, **one.told, "_links": {"self": {"href": self._href(one)}}}

    def _subscription(self, request: Request) -> Subscription:
        for one in self._subscriptions():
            if one.id == request.path_params["id"]:
                return one
        raise Problem(404, f"no subscription {request.path_params['id']}")

    async def subscription(self, request: Request) -> Response:
        one = self._subscription(request)
        return answer(in_form(KINDS[one.topic], self._subscribed(one)), ETag=_etag(one))

    async def update_subscription(self, request: Request) -> Response:
        before = self._subscription(request)
        kind, told = await read(request, PROCEDURE, ADJACENT)
        made, test = self._read_subscription(told.value, kind if told.wrapped else "")
        if made.topic != before.topic:
            raise Problem(422, f"subscriptionType: it is a {KINDS[before.topic]}")
        made = replace(made, id=before.id)
        made = await self.platform.keep(made, before, if_match(request))
        self._test(made, test)
        return answer(in_form(KINDS[made.topic], self._subscribed(made), told.wrapped), ETag=_etag(made))

    async def unsubscribe(self, request: Request) -> Response:
        one = self._subscription(request)
        await self.platform.ask(lambda n: AskedWithdrawal(n, one.id))
        return Response(status_code=204)

    # --- neighbours --------------------------------------------------------------------------------------------------------

    async def adjacent(self, request: Request) -> Response:
        """Every instance that serves; beside each, the registered instance of its application at another site, if one is."""
        plane = self.platform.plane
        registered = {one.owner for one in plane.state.enablement.registrations() if one.owner}
        serving = [one for one in instances(plane) if one.ready]
        rows = []
        for one in serving:
            row = {
                "appInstanceId": one.id,
                "appDId": one.app,
                "appInstanceCommLink": [comm_interface(plane.state.sites[one.site].gateway)],
                "mecHostInformation": {"hostName": one.site, "hostId": {"site": one.site}},
            }
            beside = [
                each.id
                for each in serving
                if each.id in registered and each.app == one.app and each.site != one.site
            ]
            rows += [{**row, "registeredInstanceId": name} for name in beside] or [row]
        return answer(selected(rows, request.query_params, ADJACENT_INFO, ADJACENT_INFO[:3]))

    async def notified(self, request: Request) -> Response:
        """A callback of the definition that is listed among the operations: it takes any notification, and keeps none."""
        await read(request, "MobilityProcedureNotification")
        return Response(status_code=204)


def _etag(one: MobilityRegistration | Subscription) -> str:
    return f'"{fingerprint(one)}"'


def routes(platform: Platform) -> list[BaseRoute]:
    of = served(AppMobility, platform)
    return [
        Route("/app_mobility_services", of(AppMobility.services), methods=["GET"]),
        Route("/app_mobility_services", of(AppMobility.register), methods=["POST"]),
        Route("/app_mobility_services/{id}", of(AppMobility.service), methods=["GET"]),
        Route("/app_mobility_services/{id}", of(AppMobility.update), methods=["PUT"]),
        Route("/app_mobility_services/{id}", of(AppMobility.deregister), methods=["DELETE"]),
        Route("/app_mobility_services/{id}/deregister_task", of(AppMobility.deregister), methods=["POST"]),
        Route("/subscriptions", of(AppMobility.subscriptions), methods=["GET"]),
        Route("/subscriptions", of(AppMobility.subscribe), methods=["POST"]),
        Route("/subscriptions/{id}", of(AppMobility.subscription), methods=["GET"]),
        Route("/subscriptions/{id}", of(AppMobility.update_subscription), methods=["PUT"]),
        Route("/subscriptions/{id}", of(AppMobility.unsubscribe), methods=["DELETE"]),
        Route("/queries/adjacent_app_instances", of(AppMobility.adjacent), methods=["GET"]),
        Route("/user_defined_notification", of(AppMobility.notified), methods=["POST"]),
    ]
