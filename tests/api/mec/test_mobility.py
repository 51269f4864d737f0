"""MEC 021: create → read → update → delete, each chain by hand, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.mec.definitions import FILES
from tests.api.mec.platform import ORIGIN, SINK, MecCentre

SUPPORT, SERVICES, MOBILITY = FILES


def test_a_mobility_registration(client: TestClient, centre: MecCentre) -> None:
    device = {"associateId": "msisdn-99901000001", "appMobilityServiceLevel": {"appMobilityServiceLevel": 2}}
    wanted = {
        "serviceConsumerId": {"appInstanceId": "harbour.arena-1"},
        "deviceInformation": [device],
        "expiryTime": 60,
    }
    path = f"{MOBILITY}/app_mobility_services"
    made = client.post(path, json={"RegistrationInfo": wanted})
    info = made.json()["RegistrationInfo"]
    one = made.headers["location"].removeprefix(ORIGIN)
    assert (made.status_code, info["deviceInformation"][0]["contextTransferState"]) == (201, 0)
    assert client.get(one).json() == {"RegistrationInfo": info}
    assert client.get(path).json() == [info]
    done = {**info, "deviceInformation": [{**device, "contextTransferState": 1}]}
    put = client.put(one, json={"RegistrationInfo": done}, headers={"If-Match": made.headers["etag"]})
    assert (put.status_code, put.json()["RegistrationInfo"]) == (200, done)
    assert client.put(one, json=done, headers={"If-Match": made.headers["etag"]}).status_code == 412
    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == 404
    again = client.post(path, json=wanted).json()["appMobilityServiceId"]
    assert client.post(f"{path}/{again}/deregister_task").status_code == 204
    assert client.post(f"{path}/{again}/deregister_task").status_code == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"serviceConsumerId": {}}, 400),
        ({"serviceConsumerId": {"appInstanceId": "nowhere.arena-1"}}, 404),
        ({"serviceConsumerId": {"mepId": "nowhere"}}, 404),
        ({"serviceConsumerId": {"mepId": "market"}}, 201),
        ({"appMobilityServiceId": "mine"}, 400),
        ({"expiryTime": -1}, 400),
        ({"deviceInformation": [{"associateId": "127.77.200.1"}]}, 400),
        ({"deviceInformation": [{"associateId": "msisdn-99901999999"}]}, 404),
        ({"deviceInformation": [{"associateId": "player-1", "contextTransferState": 1}]}, 400),
        ({"deviceInformation": [{"associateId": "player-1", "appMobilityServiceLevel": 4}]}, 400),
        ({"deviceInformation": [{"associateId": "player-1"}, {"associateId": "player-1"}]}, 400),
        ({"note": 2**70}, 201),
    ],
)
def test_who_may_register_whom(client: TestClient, change: dict[str, Any], status: int) -> None:
    wanted = {"serviceConsumerId": {"appInstanceId": "harbour.arena-1"}, **change}
    answer = client.post(f"{MOBILITY}/app_mobility_services", json={"RegistrationInfo": wanted})
    assert answer.status_code == status, answer.text
    assert (client.get(f"{MOBILITY}/app_mobility_services").json() == []) == (status != 201)


@pytest.mark.parametrize("kind", ["MobilityProcedureSubscription", "AdjacentAppInfoSubscription"])
def test_a_mobility_subscription(client: TestClient, centre: MecCentre, kind: str) -> None:
    path = f"{MOBILITY}/subscriptions"
    wanted = {
        "subscriptionType": kind,
        "callbackReference": SINK,
        "requestTestNotification": True,
        "filterCriteria": {"appInstanceId": "harbour.arena-1"},
    }
    made = client.post(path, json={kind: wanted})
    one = made.headers["location"].removeprefix(ORIGIN)
    shown = made.json()[kind]
    assert made.status_code == 201
    assert shown["filterCriteria"].get("mobilityStatus") == ([1] if kind.startswith("Mobility") else None)
    assert [notice["notificationType"] for notice in centre.told()] == ["TestNotification"]
    assert client.get(one).json() == {kind: shown}
    asked = "mobility_proc" if kind.startswith("Mobility") else "adj_app_info"
    for query, count in (("", 1), (f"?subscriptiontype={asked}", 1)):
        links = client.get(path + query).json()["SubscriptionLinkList"]["_links"]
        assert len(links["subscription"]) == count
    assert client.get(f"{path}?subscriptiontype=other").status_code == 400
    later = {**shown, "expiryDeadline": {"seconds": 4102444800, "nanoSeconds": 0}}
    put = client.put(one, json={kind: later}, headers={"If-Match": made.headers["etag"]})
    assert (put.status_code, put.json()[kind]["expiryDeadline"]["seconds"]) == (200, 4102444800)
    assert client.put(one, json={kind: later}, headers={"If-Match": made.headers["etag"]}).status_code == 412
    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"callbackReference": None}, 400),
        ({"websockNotifConfig": {"requestWebsocketUri": True}, "callbackReference": ...}, 422),
        ({"expiryDeadline": {"seconds": 1, "nanoSeconds": 0}}, 400),
        ({"filterCriteria": {"mobilityStatus": [4]}}, 400),
        ({"filterCriteria": {"appInstanceId": "nowhere"}}, 404),
        ({"filterCriteria": {"associateId": ["msisdn-99901999999"]}}, 404),
        ({"filterCriteria": {"associateId": ["127.77.200.1"]}}, 400),
        ({"subscriptionType": "Another"}, 400),
    ],
)
def test_a_mobility_subscription_is_refused(client: TestClient, change: dict[str, Any], status: int) -> None:
    wanted = {
        "subscriptionType": "MobilityProcedureSubscription",
        "callbackReference": SINK,
        "filterCriteria": {},
        **change,
    }
    wanted = {name: value for name, value in wanted.items() if value is not ...}
    assert client.post(f"{MOBILITY}/subscriptions", json=wanted).status_code == status
    assert (
        client.get(f"{MOBILITY}/subscriptions").json()["SubscriptionLinkList"]["_links"]["subscription"] == []
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("filter=(eq,appInstanceId,market.arena-1)", ["market.arena-1"]),
        ("filter=(neq,mecHostInformation/hostName,'market');(cont,appDId,aren)", ["harbour.arena-1"]),
        ("fields=mecHostInformation", ["harbour.arena-1", "market.arena-1"]),
        ("exclude_fields=mecHostInformation", ["harbour.arena-1", "market.arena-1"]),
    ],
)
def test_adjacent_instances(client: TestClient, query: str, found: list[str]) -> None:
    rows = client.get(f"{MOBILITY}/queries/adjacent_app_instances?{query}").json()
    assert [row["appInstanceId"] for row in rows] == found
    assert all(("mecHostInformation" in row) == (not query.startswith("exclude")) for row in rows)
    for wrong in (
        "filter=nonsense",
        "filter=(eq,colour,red)",
        "fields=colour",
        "fields=appDId&exclude_fields=appDId",
    ):
        assert client.get(f"{MOBILITY}/queries/adjacent_app_instances?{wrong}").status_code == 400
