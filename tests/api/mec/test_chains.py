"""MEC 011: create → read → update → delete, each chain by hand, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.mec.definitions import FILES
from tests.api.mec.platform import ORIGIN, SERVICE, SINK, MecCentre

SUPPORT, SERVICES, MOBILITY = FILES


ONE = "/applications/harbour.arena-1"


def test_a_traffic_rule_is_read_and_changed_for_every_site(client: TestClient, centre: MecCentre) -> None:
    path = f"{SUPPORT}{ONE}/traffic_rules"
    (rule,) = client.get(path).json()
    one = f"{path}/{rule['trafficRuleId']}"
    read = client.get(one)
    assert (read.status_code, read.json()) == (200, rule)
    changed = {**rule, "state": "INACTIVE", "priority": 7}
    stale = client.put(one, json={"TrafficRule": changed}, headers={"If-Match": '"0"'})
    assert stale.status_code == 412
    put = client.put(one, json={"TrafficRule": changed}, headers={"If-Match": read.headers["etag"]})
    assert (put.status_code, put.json()) == (200, changed)
    assert put.headers["etag"] == client.get(one).headers["etag"] != read.headers["etag"]
    assert client.get(one.replace("harbour", "market")).json() == changed, "the rule is the application's"
    assert centre.plane.applications["arena"].run_instances(1).rules[0].state == "INACTIVE"  # type: ignore[index]


@pytest.mark.parametrize(
    "change",
    [
        {"state": "ASLEEP"},
        {"priority": 256},
        {"trafficFilter": []},
        {"trafficFilter": [{"dstPort": ["none"]}]},
        {"trafficFilter": [{"qCI": 5}]},
        {"trafficRuleId": "another"},
        {"action": "DUPLICATE_ENCAPSULATED"},
    ],
)
def test_a_traffic_rule_that_no_gateway_could_keep_is_refused(
    client: TestClient, change: dict[str, Any]
) -> None:
    one = f"{SUPPORT}{ONE}/traffic_rules/arena-udp-7777"
    before = client.get(one).json()
    assert client.put(one, json={"TrafficRule": {**before, **change}}).status_code == 400
    assert client.get(one).json() == before


def test_a_dns_rule_is_read_and_only_its_state_changed(client: TestClient) -> None:
    path = f"{SUPPORT}{ONE}/dns_rules"
    (rule,) = client.get(path).json()
    one = f"{path}/{rule['dnsRuleId']}"
    etag = client.get(one).headers["etag"]
    assert client.put(one, json={"DnsRule": {**rule, "ipAddress": "127.0.0.9"}}).status_code == 400
    off = {**rule, "state": "INACTIVE"}
    assert client.put(one, json=off, headers={"If-Match": etag}).json() == off
    assert client.put(one, json=rule, headers={"If-Match": etag}).status_code == 412
    assert client.get(path).json() == [off]


def test_a_foreign_instance_registers_and_leaves_with_all_that_is_its(client: TestClient) -> None:
    info = {"appName": "tournament", "endpoint": {"addresses": [{"host": "127.0.0.1", "port": 80}]}}
    made = client.post(f"{SUPPORT}/registrations", json={"AppInfo": info})
    name = made.json()["AppInfo"]["appInstanceId"]
    one = f"{SUPPORT}/registrations/{name}"
    assert (made.status_code, made.headers["location"]) == (201, ORIGIN + one)
    assert client.get(one).json() == {"AppInfo": {**info, "appInstanceId": name}}
    assert client.get(f"{SUPPORT}/applications/{name}/traffic_rules").json() == [], "it has no manifest"
    service = client.post(f"{SERVICES}/applications/{name}/services", json=SERVICE)
    assert service.status_code == 201
    assert client.put(one, json={"AppInfo": {**info, "appName": "cup"}}).status_code == 204
    assert client.get(one).json()["AppInfo"]["appName"] == "cup"
    assert client.delete(one).status_code == 204
    assert (client.get(one).status_code, client.get(f"{SERVICES}/services").json()) == (404, [])


def test_an_instance_of_the_platform_registers_under_its_own_id(client: TestClient) -> None:
    info = {"appName": "arena", "isInsByMec": True, "appInstanceId": "harbour.arena-1"}
    path = f"{SUPPORT}/registrations"
    assert client.post(path, json={"AppInfo": {**info, "appInstanceId": "harbour.none"}}).status_code == 404
    assert client.post(path, json={"AppInfo": {"appName": "x"}}).status_code == 400, "no endpoint"
    assert client.post(path, json={"AppInfo": info}).status_code == 201
    assert client.post(path, json={"AppInfo": info}).status_code == 403, "it is registered already"
    assert client.delete(f"{path}/harbour.arena-1").status_code == 204


def test_a_service_is_offered_changed_and_withdrawn_and_others_hear_of_it(
    client: TestClient, centre: MecCentre
) -> None:
    criteria = {"filteringCriteria": {"serNames": ["leaderboard"]}}
    subscription = {"subscriptionType": "SerAvailabilityNotificationSubscription", "callbackReference": SINK}
    subscribed = client.post(
        f"{SERVICES}/applications/market.arena-1/subscriptions", json={**subscription, **criteria}
    )
    assert subscribed.status_code == 201
    made = client.post(f"{SERVICES}{ONE}/services", json={"ServiceInfo": SERVICE})
    info = made.json()["ServiceInfo"]
    one = made.headers["location"].removeprefix(ORIGIN)
    assert (made.status_code, info["_links"]["self"]["href"]) == (201, ORIGIN + one)
    assert "transportId" not in info
    assert client.get(one).json() == {"ServiceInfo": info}
    assert client.get(f"{SERVICES}/services/{info['serInstanceId']}").json() == {"ServiceInfo": info}
    changed = {**info, "state": "INACTIVE"}
    put = client.put(one, json={"ServiceInfo": changed}, headers={"If-Match": made.headers["etag"]})
    assert (put.status_code, put.json()["ServiceInfo"]) == (200, changed)
    assert client.put(one, json=changed, headers={"If-Match": made.headers["etag"]}).status_code == 412
    assert client.delete(one).status_code == 204
    assert (client.get(one).status_code, client.delete(one).status_code) == (404, 404)
    told = [notice["serviceReferences"][0] for notice in centre.told()]
    assert [(one["changeType"], one["state"]) for one in told] == [
        ("ADDED", "ACTIVE"),
        ("STATE_CHANGED", "INACTIVE"),
        ("REMOVED", "INACTIVE"),
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 1),
        ("ser_name=leaderboard&ser_name=other", 1),
        ("ser_name=other", 0),
        ("ser_category_id=games", 1),
        ("ser_category_id=maps", 0),
        ("scope_of_locality=MEC_HOST", 1),
        ("scope_of_locality=ZONE", 0),
        ("consumed_local_only=false", 0),
        ("is_local=true", 1),
    ],
)
def test_services_are_found_by_what_they_are(client: TestClient, query: str, found: int) -> None:
    client.post(f"{SERVICES}{ONE}/services", json=SERVICE)
    assert len(client.get(f"{SERVICES}/services?{query}").json()) == found
    assert len(client.get(f"{SERVICES}{ONE}/services?{query}").json()) == found
    assert client.get(f"{SERVICES}/applications/market.arena-1/services").json() == []


@pytest.mark.parametrize(
    "query", ["scope_of_locality=MOON", "is_local=perhaps", "ser_name=a&ser_category_id=b"]
)
def test_a_query_that_means_nothing_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"{SERVICES}/services?{query}").status_code == 400


def test_a_service_says_that_it_lives(client: TestClient) -> None:
    info = client.post(f"{SERVICES}{ONE}/services", json=SERVICE).json()
    live = info["_links"]["liveness"]["href"].removeprefix(ORIGIN)
    assert client.get(live).json()["ServiceLivenessInfo"]["interval"] == info["livenessInterval"] == 30
    beat = client.patch(live, json={"ServiceLivenessUpdate": {"state": "ACTIVE"}})
    assert (beat.status_code, beat.json()["ServiceLivenessInfo"]["state"]) == (200, "ACTIVE")
    assert client.patch(live, json={"ServiceLivenessUpdate": {"state": "INACTIVE"}}).status_code == 400
    assert client.get(live.replace(info["serInstanceId"], "ser-99")).status_code == 404


@pytest.mark.parametrize(
    ("base", "body"),
    [
        (
            SUPPORT,
            {
                "subscriptionType": "AppTerminationNotificationSubscription",
                "appInstanceId": "harbour.arena-1",
            },
        ),
        (SERVICES, {"subscriptionType": "SerAvailabilityNotificationSubscription"}),
    ],
)
def test_an_instance_subscribes_and_unsubscribes(client: TestClient, base: str, body: dict[str, Any]) -> None:
    path, wanted = f"{base}{ONE}/subscriptions", {**body, "callbackReference": SINK}
    kind = body["subscriptionType"]
    made = client.post(path, json={kind: wanted})
    one = made.headers["location"].removeprefix(ORIGIN)
    assert (made.status_code, made.json()) == (
        201,
        {kind: {**wanted, "_links": {"self": {"href": ORIGIN + one}}}},
    )
    assert client.get(one).json() == made.json()
    links = client.get(path).json()["SubscriptionLinkList"]["_links"]
    assert links["subscriptions"] == [{"href": ORIGIN + one, "subscriptionType": kind}]
    assert (
        client.get(path.replace("harbour", "market")).json()["SubscriptionLinkList"]["_links"][
            "subscriptions"
        ]
        == []
    )
    assert client.delete(one).status_code == 204
    assert (client.get(one).status_code, client.delete(one).status_code) == (404, 404)


@pytest.mark.parametrize(
    "callback",
    ["http://192.0.2.1/", "http://example.com/", "ftp://127.0.0.1/", "http://u:p@127.0.0.1/", "sink"],
)
@pytest.mark.parametrize(
    ("path", "more"),
    [
        (f"{SUPPORT}{ONE}", {"subscriptionType": "AppTerminationNotificationSubscription", "appInstanceId": "harbour.arena-1"}),
        (f"{SERVICES}{ONE}", {"subscriptionType": "SerAvailabilityNotificationSubscription"}),
        (MOBILITY, {"subscriptionType": "MobilityProcedureSubscription", "filterCriteria": {}}),
    ],
)  # fmt: skip
def test_a_callback_outside_is_refused(
    client: TestClient, path: str, more: dict[str, Any], callback: str
) -> None:
    refused = client.post(f"{path}/subscriptions", json={**more, "callbackReference": callback})
    assert (refused.status_code, refused.headers["content-type"]) == (400, "application/problem+json")
    assert "callbackReference" in refused.json()["detail"]


def test_confirmations(client: TestClient) -> None:
    ready = f"{SUPPORT}{ONE}/confirm_ready"
    assert client.post(ready, json={"AppReadyConfirmation": {"indication": "READY"}}).status_code == 204
    assert client.post(ready, json={"AppReadyConfirmation": {"indication": "NO"}}).status_code == 403
    ending = {"AppTerminationConfirmation": {"operationAction": "TERMINATING"}}
    assert client.post(f"{SUPPORT}{ONE}/confirm_termination", json=ending).status_code == 403, (
        "nobody told it"
    )
    nobody = ready.replace("harbour", "nowhere")
    assert client.post(nobody, json={"AppReadyConfirmation": {"indication": "READY"}}).status_code == 404


def test_refusals_before_anything_is_read(client: TestClient) -> None:
    for base in FILES:
        for path, status, headers in (
            ("/subscriptions", 401, {"Authorization": "Bearer no"}),
            ("/nothing", 404, {}),
            ("/nothing/%0A0", 404, {}),
            (f"/services?ser_name={'x' * 5000}", 414, {}),
            ("/subscriptions", 406, {"Accept": "text/html"}),
        ):
            refused = client.get(base + path, headers=headers)
            said = refused.json()
            assert (refused.status_code, said["status"]) == (status, status)
            assert refused.headers["content-type"] == "application/problem+json"
            assert said.keys() == {"type", "title", "status", "detail", "instance"}
    path = f"{MOBILITY}/subscriptions"
    assert client.post(path, content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 415
    assert client.post(path, content=b'{"a":"' + b"x" * 70_000 + b'"}').status_code == 413
    assert client.put(path, json={}).status_code == 405
    for body in (b"", b"[", b"[]", b"[" * 60_000, b'"\xff"', b'{"RegistrationInfo": 1}', b'{"a":"\\ud800"}'):
        refused = client.post(f"{MOBILITY}/app_mobility_services", content=body)
        assert (refused.status_code, refused.json()["status"]) == (400, 400), body[:20]
