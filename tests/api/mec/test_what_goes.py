"""What is kept of instances goes with them: expiry, silence, the end of an instance, and its farewell."""

from __future__ import annotations

import time

from starlette.testclient import TestClient

from fedge.core.control import ToSite
from fedge.core.control.events.objects import AskedApply
from fedge.core.messages import RunInstances, SiteReport
from fedge.core.model import SiteId
from tests.api.mec.platform import SERVICE, SINK, MecCentre

SERVICES, ONE = "/mec_service_mgmt/v1", "/applications/harbour.arena-1"


def test_what_an_instance_told_goes_with_it(client: TestClient, centre: MecCentre) -> None:
    client.post(f"{SERVICES}{ONE}/services", json=SERVICE)
    centre.plane.sites[SiteId("harbour")].instances = ()
    centre.pass_time(4.0)
    assert len(client.get(f"{SERVICES}/services").json()) == 1, "it may only be restarted"
    centre.pass_time(20.0)
    assert client.get(f"{SERVICES}/services").json() == []


def test_a_silent_service_is_suspended_until_it_is_heard(client: TestClient, centre: MecCentre) -> None:
    info = client.post(f"{SERVICES}{ONE}/services", json={**SERVICE, "livenessInterval": 2}).json()
    live = info["_links"]["liveness"]["href"].partition("7001")[2]
    centre.pass_time(2.0)
    assert client.get(live).json()["ServiceLivenessInfo"]["state"] == "ACTIVE"
    centre.pass_time(8.0)
    assert client.get(f"{SERVICES}/services").json()[0]["state"] == "SUSPENDED"
    assert client.patch(live, json={"state": "ACTIVE"}).json()["state"] == "ACTIVE"


def test_registrations_and_subscriptions_expire_and_say_so(client: TestClient, centre: MecCentre) -> None:
    consumer = {"serviceConsumerId": {"mepId": "harbour"}, "expiryTime": 30}
    assert client.post("/amsi/v1/app_mobility_services", json=consumer).status_code == 201
    deadline = {"seconds": int(time.time()) + 30, "nanoSeconds": 0}
    subscription = {
        "subscriptionType": "AdjacentAppInfoSubscription",
        "callbackReference": SINK,
        "filterCriteria": {},
        "expiryDeadline": deadline,
    }
    client.post("/amsi/v1/subscriptions", json=subscription)
    centre.pass_time(24.0)
    (notice,) = centre.told()
    assert (notice["notificationType"], notice["expiryDeadline"]) == ("ExpiryNotification", deadline)
    centre.pass_time(8.0)
    assert client.get("/amsi/v1/app_mobility_services").json() == []
    assert client.get("/amsi/v1/subscriptions").json()["SubscriptionLinkList"]["_links"]["subscription"] == []
    assert centre.told() == []


def test_neighbours_that_come_and_go_are_told(client: TestClient, centre: MecCentre) -> None:
    own = {"appInstanceId": "harbour.arena-1"}
    subscription = {
        "subscriptionType": "AdjacentAppInfoSubscription",
        "callbackReference": SINK,
        "filterCriteria": own,
    }
    client.post("/amsi/v1/subscriptions", json=subscription)
    centre.pass_time(2.0)
    assert centre.told() == []
    centre.say(SiteReport(SiteId("market"), 0.1, 0, (), {}, centre.now()))
    centre.pass_time(2.0)
    (notice,) = centre.told()
    assert (notice["notificationType"], notice["adjacentAppInfo"]) == ("AdjacentAppInfoNotification", [])


def test_an_instance_says_farewell_before_it_ends(client: TestClient, centre: MecCentre) -> None:
    support = "/mec_app_support/v1"
    subscription = {
        "subscriptionType": "AppTerminationNotificationSubscription",
        "callbackReference": SINK,
        "appInstanceId": "harbour.arena-1",
    }
    client.post(f"{support}{ONE}/subscriptions", json=subscription)
    centre.pass_time(2.0)
    centre.sent.clear()
    centre.say(AskedApply(0, (), (("Deployment", "default", "arena"),)))
    centre.pass_time(2.0)
    ended = [
        effect
        for effect in centre.sent
        if isinstance(effect, ToSite) and isinstance(effect.message, RunInstances)
    ]
    assert ended == [], "it has some seconds"
    (notice,) = centre.told()
    assert (notice["operationAction"], notice["maxGracefulTimeout"]) == ("TERMINATING", 5)
    confirm = notice["_links"]["confirmTermination"]["href"].partition("7001")[2]
    body = {"AppTerminationConfirmation": {"operationAction": "TERMINATING"}}
    assert client.post(confirm, json=body).status_code == 204
    assert client.post(confirm, json=body).status_code == 403
    centre.pass_time(1.0)
    orders = [e.message for e in centre.sent if isinstance(e, ToSite) and isinstance(e.message, RunInstances)]
    assert {order.replicas for order in orders} == {0}
