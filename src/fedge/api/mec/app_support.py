"""ETSI GS MEC 011 v3.1.1, application support: rules, farewells, time, and instances that say who they are. Translation only.

TrafficRule, DnsRule and CurrentTime are answered bare, as the standard's text has them: the definition has placeholders
(``SEE_DESCRIPTION``) for the values of their enumerations, so that no true answer would be valid where it wraps them.
"""

from __future__ import annotations

import time
from typing import Any

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from fedge.api.mec.exchange import Platform, Told, answer, convert, if_match, in_form, read, served
from fedge.api.mec.instances import AppInstance, instance_of
from fedge.api.mec.problems import Problem
from fedge.api.mec.shapes import AppInfo, TerminationSubscription
from fedge.core.applications.traffic_rules import wrong_in
from fedge.core.control.events.resources import AskedConfirmation, AskedRule, AskedWithdrawal, RuleUpdated
from fedge.core.enablement import AppRegistration, Subscription, fingerprint
from fedge.core.messages import DnsRule, TrafficRule
from fedge.core.model import AppInstanceId

BASE = "/mec_app_support/v1"
TERMINATION = "AppTerminationNotificationSubscription"
MOST_SUBSCRIPTIONS = 20
"""Of one kind and one instance."""
UNSEEN = (
    "tag",
    "srcTunnelAddress",
    "tgtTunnelAddress",
    "srcTunnelPort",
    "dstTunnelPort",
    "qCI",
    "dSCP",
    "tC",
)
"""Parts of a TrafficFilter that a gateway on N6 cannot match."""


class AppSupport:
    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    def _instance(self, request: Request) -> AppInstance:
        return instance_of(self.platform.plane, request.path_params["instance"])

    # --- rules -------------------------------------------------------------------------------------------------------------

    def _traffic_rules(self, request: Request) -> dict[str, TrafficRule]:
        app = self._instance(request).app
        return {one.traffic_rule_id: one for one in self.platform.plane.traffic_rules(app)}

    def _dns_rules(self, request: Request) -> dict[str, DnsRule]:
        app = self._instance(request).app
        return {one.dns_rule_id: one for one in self.platform.plane.dns_rules(app)}

    async def traffic_rules(self, request: Request) -> Response:
        return answer(list(self._traffic_rules(request).values()))

    async def dns_rules(self, request: Request) -> Response:
        return answer(list(self._dns_rules(request).values()))

    async def traffic_rule(self, request: Request) -> Response:
        return _rule(_named(self._traffic_rules(request), request))

    async def dns_rule(self, request: Request) -> Response:
        return _rule(_named(self._dns_rules(request), request))

    async def update_traffic_rule(self, request: Request) -> Response:
        """What the manifest gave but its identity may be changed: state, priority, filter, action, interface."""
        before = _named(self._traffic_rules(request), request)
        _, told = await read(request, "TrafficRule")
        changed = _merged(before, told)
        if (changed.traffic_rule_id, changed.filter_type) != (before.traffic_rule_id, before.filter_type):
            raise Problem(400, "trafficRuleId and filterType come from the manifest and stay")
        if not changed.traffic_filter:
            raise Problem(400, "trafficFilter: at least one filter is wanted")
        for raw in told.value.get("trafficFilter") or ():
            unseen = [name for name in UNSEEN if raw.get(name) not in (None, [])]
            if unseen:
                raise Problem(400, f"trafficFilter: {', '.join(unseen)}: cannot be matched behind N6")
        for one in changed.traffic_filter:
            if why := wrong_in(one):
                raise Problem(400, f"trafficFilter: {why}")
        if changed.action not in ("DROP", "FORWARD_DECAPSULATED", "PASSTHROUGH"):
            raise Problem(400, f"action: a gateway on N6 cannot do {changed.action}")
        app = self._instance(request).app
        await self.platform.ask(lambda n: AskedRule(n, RuleUpdated(app, traffic=changed), if_match(request)))
        return _rule(changed)

    async def update_dns_rule(self, request: Request) -> Response:
        """Only ``state`` may be changed (MEC 011, 7.2.10.3.2)."""
        before = _named(self._dns_rules(request), request)
        _, told = await read(request, "DnsRule")
        changed = _merged(before, told)
        if replace(changed, state=before.state) != before:
            raise Problem(400, "only the state of a DNS rule can be changed")
        app = self._instance(request).app
        await self.platform.ask(lambda n: AskedRule(n, RuleUpdated(app, dns=changed), if_match(request)))
        return _rule(changed)

    # --- farewells ---------------------------------------------------------------------------------------------------------

    def _subscriptions(self, owner: AppInstanceId) -> dict[str, Subscription]:
        held = self.platform.plane.state.enablement
        return {one.id: one for one in held.subscriptions("termination") if one.owner == owner}

    async def subscriptions(self, request: Request) -> Response:
        owner = self._instance(request).id
        here = f"{self.platform.base}{BASE}/applications/{owner}/subscriptions"
        links = [
            {"href": f"{here}/{name}", "subscriptionType": TERMINATION} for name in self._subscriptions(owner)
        ]
        return answer(
            in_form("SubscriptionLinkList", {"_links": {"self": {"href": here}, "subscriptions": links}})
        )

    async def subscribe(self, request: Request) -> Response:
        one = self._instance(request)
        _, told = await read(request, TERMINATION)
        wanted = convert(told.value, TerminationSubscription)
        if wanted.app_instance_id != one.id:
            raise Problem(400, f"appInstanceId: {one.id} subscribes for itself")
        callback = self.platform.callable_uri(wanted.callback_reference)
        if len(self._subscriptions(one.id)) >= MOST_SUBSCRIPTIONS:
            raise Problem(403, f"{one.id} has {MOST_SUBSCRIPTIONS} of these already")
        made = Subscription(owner=one.id, topic="termination", callback=callback, site=one.site, app=one.app)
        shown = self._shown(await self.platform.keep(made))
        return answer(
            in_form(TERMINATION, shown, told.wrapped), 201, Location=shown["_links"]["self"]["href"]
        )

    def _shown(self, one: Subscription) -> dict[str, Any]:
        href = f"{self.platform.base}{BASE}/applications/{one.owner}/subscriptions/{one.id}"
        return {
            "subscriptionType": TERMINATION,
            "callbackReference": one.callback,
            "appInstanceId": one.owner,
            "_links": {"self": {"href": href}},
        }

    async def subscription(self, request: Request) -> Response:
        return answer(in_form(TERMINATION, self._shown(self._subscription(request))))

    async def unsubscribe(self, request: Request) -> Response:
        one = self._subscription(request)
        await self.platform.ask(lambda n: AskedWithdrawal(n, one.id))
        return Response(status_code=204)

    def _subscription(self, request: Request) -> Subscription:
        found: Subscription = _named(self._subscriptions(self._instance(request).id), request)
        return found

    async def confirm_termination(self, request: Request) -> Response:
        """The definition has no 400 here: whatever confirms nothing is forbidden."""
        one = self._instance(request)
        _, told = await read(request, "AppTerminationConfirmation")
        if told.value.get("operationAction") != "TERMINATING":
            raise Problem(403, "operationAction: Fedge terminates instances, and stops none: TERMINATING")
        await self.platform.ask(lambda n: AskedConfirmation(n, one.id))
        return Response(status_code=204)

    async def confirm_ready(self, request: Request) -> Response:
        """Taken, and without effect: an instance is ready once its SDK has said so to the site's agent."""
        self._instance(request)
        _, told = await read(request, "AppReadyConfirmation")
        if told.value.get("indication") != "READY":
            raise Problem(403, "indication: READY is the only one")
        return Response(status_code=204)

    # --- time --------------------------------------------------------------------------------------------------------------

    async def timing_caps(self, request: Request) -> Response:
        """This machine's clock, and no time server of Fedge's own."""
        seconds, nanos = divmod(time.time_ns(), 1_000_000_000)
        stamp = {"seconds": [seconds], "nanoSeconds": [nanos]}
        return answer(in_form("TimingCaps", {"timeStamp": [stamp], "ntpServers": [], "ptpMasters": []}))

    async def current_time(self, request: Request) -> Response:
        """NONTRACEABLE: whether this machine's clock follows UTC is not known to Fedge."""
        seconds, nanos = divmod(time.time_ns(), 1_000_000_000)
        return answer({"seconds": seconds, "nanoSeconds": nanos, "timeSourceStatus": "NONTRACEABLE"})

    # --- registrations -----------------------------------------------------------------------------------------------------

    async def register(self, request: Request) -> Response:
        _, told = await read(request, "AppInfo")
        made = await self.platform.keep(self._read_app(told, ""))
        href = f"{self.platform.base}{BASE}/registrations/{made.id}"
        return answer(
            in_form("AppInfo", {**made.told, "appInstanceId": made.id}, told.wrapped), 201, Location=href
        )

    def _read_app(self, told: Told, name: str) -> AppRegistration:
        """``name``: of the instance, where it is registered already."""
        info = convert(told.value, AppInfo)
        if info.endpoint is not UNSET and info.endpoint.kinds != 1:
            raise Problem(400, "endpoint: exactly one of uris, fqdn, addresses and alternative is wanted")
        if not info.is_ins_by_mec:
            if info.endpoint is UNSET:
                raise Problem(400, "endpoint: it is wanted of an instance that the platform did not start")
            if info.app_instance_id not in (UNSET, name):
                raise Problem(
                    400, "appInstanceId: of an instance that the platform did not start, it gives the id"
                )
            return AppRegistration(id=name, owner=AppInstanceId(name), told=told.value, foreign=True)
        if info.app_instance_id is UNSET:
            raise Problem(400, "appInstanceId: it is wanted of an instance that the platform started")
        one = instance_of(self.platform.plane, info.app_instance_id)
        if not one.site:
            raise Problem(400, f"isInsByMec: the platform did not start {one.id}")
        return AppRegistration(id=one.id, owner=one.id, told=told.value, foreign=False)

    def _registered(self, request: Request) -> AppRegistration:
        found = self.platform.plane.state.enablement.resources.get(request.path_params["instance"])
        if not isinstance(found, AppRegistration):
            raise Problem(404, f"{request.path_params['instance']} is not registered")
        return found

    async def registration(self, request: Request) -> Response:
        one = self._registered(request)
        return answer(in_form("AppInfo", {**one.told, "appInstanceId": one.id}))

    async def update_registration(self, request: Request) -> Response:
        before = self._registered(request)
        _, told = await read(request, "AppInfo")
        made = self._read_app(told, before.id)
        if (made.id, made.foreign) != (before.id, before.foreign):
            raise Problem(400, "appInstanceId and isInsByMec stay as they were registered")
        await self.platform.keep(made, before)
        return Response(status_code=204)

    async def deregister(self, request: Request) -> Response:
        one = self._registered(request)
        await self.platform.ask(lambda n: AskedWithdrawal(n, one.id))
        return Response(status_code=204)


def _named(found: dict[str, Any], request: Request) -> Any:
    name = request.path_params["id"]
    if name not in found:
        raise Problem(404, f"no {name} of {request.path_params['instance']}")
    return found[name]


def _rule(rule: Struct) -> Response:
    return answer(rule, ETag=f'"{fingerprint(rule)}"')


def _merged(before: Any, told: Told) -> Any:
    """The rule with what was told put over it: a caller may send only what is to change. Raises ``Problem``."""
    whole = {**msgspec.to_builtins(before), **told.value}
    try:
        return msgspec.convert(whole, type(before))
    except msgspec.ValidationError as error:
        raise Problem(400, str(error)) from None


def routes(platform: Platform) -> list[BaseRoute]:
    of, one = served(AppSupport, platform), "/applications/{instance}"
    return [
        Route(f"{one}/subscriptions", of(AppSupport.subscriptions), methods=["GET"]),
        Route(f"{one}/subscriptions", of(AppSupport.subscribe), methods=["POST"]),
        Route(f"{one}/subscriptions/{{id}}", of(AppSupport.subscription), methods=["GET"]),
        Route(f"{one}/subscriptions/{{id}}", of(AppSupport.unsubscribe), methods=["DELETE"]),
        Route(f"{one}/traffic_rules", of(AppSupport.traffic_rules), methods=["GET"]),
        Route(f"{one}/traffic_rules/{{id}}", of(AppSupport.traffic_rule), methods=["GET"]),
        Route(f"{one}/traffic_rules/{{id}}", of(AppSupport.update_traffic_rule), methods=["PUT"]),
        Route(f"{one}/dns_rules", of(AppSupport.dns_rules), methods=["GET"]),
        Route(f"{one}/dns_rules/{{id}}", of(AppSupport.dns_rule), methods=["GET"]),
        Route(f"{one}/dns_rules/{{id}}", of(AppSupport.update_dns_rule), methods=["PUT"]),
        Route(f"{one}/confirm_termination", of(AppSupport.confirm_termination), methods=["POST"]),
        Route(f"{one}/confirm_ready", of(AppSupport.confirm_ready), methods=["POST"]),
        Route("/timing/timing_caps", of(AppSupport.timing_caps), methods=["GET"]),
        Route("/timing/current_time", of(AppSupport.current_time), methods=["GET"]),
        Route("/registrations", of(AppSupport.register), methods=["POST"]),
        Route("/registrations/{instance}", of(AppSupport.registration), methods=["GET"]),
        Route("/registrations/{instance}", of(AppSupport.update_registration), methods=["PUT"]),
        Route("/registrations/{instance}", of(AppSupport.deregister), methods=["DELETE"]),
    ]
