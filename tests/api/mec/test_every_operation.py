"""One success of every operation, held against ETSI's definitions as they are, placeholders and all. Skips without those."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from fedge.core.control.events.objects import AskedApply
from tests.api.mec.definitions import FILES, definition
from tests.api.mec.platform import SERVICE, SINK, MecCentre, application
from tests.definitions import Definition, Seen, served

SUPPORT, SERVICES, MOBILITY = FILES
TEXT = {("POST", f"/applications/{{}}/{name}"): 204 for name in ("confirm_ready", "confirm_termination")}
"""No success of these is in the definition."""


def test_every_operation_has_a_success_in_the_definition_s_form(
    client: TestClient, centre: MecCentre
) -> None:
    routes = application(centre).routes
    apis = [Seen(base, Definition(definition(base)), served(routes, base), TEXT) for base in FILES]
    client.event_hooks["response"] += [one.hear for one in apis]
    _calls(client)
    _farewell(client, centre)
    assert [wrong for one in apis for wrong in one.wrong] == []
    assert {one.base: one.missing for one in apis if one.missing} == {}


def _farewell(client: TestClient, centre: MecCentre) -> None:
    """An instance that was told that it ends says that it may."""
    one = f"{SUPPORT}/applications/harbour.arena-1"
    wanted = {
        "subscriptionType": "AppTerminationNotificationSubscription",
        "callbackReference": SINK,
        "appInstanceId": "harbour.arena-1",
    }
    client.post(f"{one}/subscriptions", json=wanted)
    centre.pass_time(2.0)
    centre.say(AskedApply(0, (), (("Deployment", "default", "arena"),)))
    centre.pass_time(2.0)
    body = {"AppTerminationConfirmation": {"operationAction": "TERMINATING"}}
    assert client.post(f"{one}/confirm_termination", json=body).status_code == 204


def _calls(client: TestClient) -> None:
    posted = {
        (SUPPORT, "AppInfo"): {"appName": "a", "endpoint": {"uris": ["http://127.0.0.1/"]}},
        (SERVICES, "ServiceInfo"): SERVICE,
    }
    name = client.post(f"{SUPPORT}/registrations", json=posted[SUPPORT, "AppInfo"]).json()["appInstanceId"]
    own = {"{appInstanceId}": name}
    arena = {
        "{appInstanceId}": "harbour.arena-1",
        "{trafficRuleId}": "arena-udp-7777",
        "{dnsRuleId}": "arena-dns",
    }
    service = client.post(f"{SERVICES}/applications/{name}/services", json=SERVICE).json()["serInstanceId"]
    termination = {
        "subscriptionType": "AppTerminationNotificationSubscription",
        "callbackReference": SINK,
        "appInstanceId": name,
    }
    availability = {"subscriptionType": "SerAvailabilityNotificationSubscription", "callbackReference": SINK}
    mobility = {
        "subscriptionType": "MobilityProcedureSubscription",
        "callbackReference": SINK,
        "filterCriteria": {},
    }
    registration = {
        "serviceConsumerId": {"appInstanceId": name},
        "deviceInformation": [{"associateId": "player-1"}],
    }
    links = [
        client.post(f"{base}{path}/subscriptions", json=body).headers["location"].rpartition("/")[2]
        for base, path, body in (
            (SUPPORT, f"/applications/{name}", termination),
            (SERVICES, f"/applications/{name}", availability),
            (MOBILITY, "", mobility),
        )
    ]
    ams = [
        client.post(f"{MOBILITY}/app_mobility_services", json=registration).json()["appMobilityServiceId"]
        for _ in range(2)
    ]
    ams_path = "/app_mobility_services/{appMobilityServiceId}"
    sub, svc = "/applications/{appInstanceId}/subscriptions", "/applications/{appInstanceId}/services"
    off = {"state": "INACTIVE"}
    first, second, third = (
        {"{appMobilityServiceId}": ams[0]},
        {"{appMobilityServiceId}": ams[1]},
        {"{subscriptionId}": links[2]},
    )
    calls: list[tuple[str, str, str, dict[str, str], Any]] = [
        (SUPPORT, "GET", sub, own, None),
        (SUPPORT, "POST", sub, own, {"AppTerminationNotificationSubscription": termination}),
        (SUPPORT, "GET", sub + "/{subscriptionId}", {**own, "{subscriptionId}": links[0]}, None),
        (SUPPORT, "DELETE", sub + "/{subscriptionId}", {**own, "{subscriptionId}": links[0]}, None),
        (SUPPORT, "GET", "/timing/timing_caps", {}, None),
        (SUPPORT, "GET", "/timing/current_time", {}, None),
        (SUPPORT, "GET", "/applications/{appInstanceId}/traffic_rules", own, None),
        (SUPPORT, "GET", "/applications/{appInstanceId}/traffic_rules/{trafficRuleId}", arena, None),
        (SUPPORT, "PUT", "/applications/{appInstanceId}/traffic_rules/{trafficRuleId}", arena, {"TrafficRule": off}),
        (SUPPORT, "GET", "/applications/{appInstanceId}/dns_rules", own, None),
        (SUPPORT, "GET", "/applications/{appInstanceId}/dns_rules/{dnsRuleId}", arena, None),
        (SUPPORT, "PUT", "/applications/{appInstanceId}/dns_rules/{dnsRuleId}", arena, {"DnsRule": off}),
        (SUPPORT, "POST", "/applications/{appInstanceId}/confirm_ready", own, {"AppReadyConfirmation": {"indication": "READY"}}),
        (SUPPORT, "POST", "/registrations", {}, {"AppInfo": posted[SUPPORT, "AppInfo"]}),
        (SUPPORT, "GET", "/registrations/{appInstanceId}", own, None),
        (SUPPORT, "PUT", "/registrations/{appInstanceId}", own, {"AppInfo": posted[SUPPORT, "AppInfo"]}),
        (SERVICES, "GET", "/services", {}, None),
        (SERVICES, "GET", "/services/{serviceId}", {"{serviceId}": service}, None),
        (SERVICES, "GET", "/transports", {}, None),
        (SERVICES, "GET", svc, own, None),
        (SERVICES, "GET", "/resource_uri_allocated_by_MEC_platform", {}, None),
        (SERVICES, "PATCH", "/resource_uri_allocated_by_MEC_platform", {}, {"ServiceLivenessUpdate": {"state": "ACTIVE"}}),
        (SERVICES, "POST", svc, own, {"ServiceInfo": SERVICE}),
        (SERVICES, "GET", svc + "/{serviceId}", {**own, "{serviceId}": service}, None),
        (SERVICES, "PUT", svc + "/{serviceId}", {**own, "{serviceId}": service}, {"ServiceInfo": SERVICE}),
        (SERVICES, "DELETE", svc + "/{serviceId}", {**own, "{serviceId}": service}, None),
        (SERVICES, "GET", sub, own, None),
        (SERVICES, "POST", sub, own, {"SerAvailabilityNotificationSubscription": availability}),
        (SERVICES, "GET", sub + "/{subscriptionId}", {**own, "{subscriptionId}": links[1]}, None),
        (SERVICES, "DELETE", sub + "/{subscriptionId}", {**own, "{subscriptionId}": links[1]}, None),
        (MOBILITY, "GET", "/app_mobility_services", {}, None),
        (MOBILITY, "POST", "/app_mobility_services", {}, {"RegistrationInfo": registration}),
        (MOBILITY, "GET", ams_path, first, None),
        (MOBILITY, "PUT", ams_path, first, {"RegistrationInfo": registration}),
        (MOBILITY, "DELETE", ams_path, first, None),
        (MOBILITY, "POST", ams_path + "/deregister_task", second, None),
        (MOBILITY, "GET", "/subscriptions", {}, None),
        (MOBILITY, "POST", "/subscriptions", {}, {"MobilityProcedureSubscription": mobility}),
        (MOBILITY, "GET", "/subscriptions/{subscriptionId}", third, None),
        (MOBILITY, "PUT", "/subscriptions/{subscriptionId}", third, {"MobilityProcedureSubscription": mobility}),
        (MOBILITY, "DELETE", "/subscriptions/{subscriptionId}", third, None),
        (MOBILITY, "GET", "/queries/adjacent_app_instances", {}, None),
        (MOBILITY, "POST", "/user_defined_notification", {}, {"MobilityProcedureNotification": {}}),
        (SUPPORT, "DELETE", "/registrations/{appInstanceId}", own, None),
    ]  # fmt: skip
    for base, method, template, names, body in calls:
        path = base + template
        for one, value in names.items():
            path = path.replace(one, value)
        answer = client.request(method, path, **({"json": body} if body is not None else {}))
        assert answer.is_success, (method, path, answer.text)
