"""Two tenants at the ETSI MEC APIs: each has its own instances, and what they told; of another's only the services are seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from fedge.adapters.notifications import Notifications
from fedge.api.mec import notification
from fedge.core.control import Notify, letting_go, notices
from fedge.core.control.events.objects import ObjectsChanged
from fedge.core.model import SiteId
from fedge.core.pace import Limits
from tests.api.centre import PlainCentre
from tests.api.mec.platform import ORIGIN, SERVICE, SINK, MecCentre, application
from tests.api.test_tenants import OPERATOR, Platform

SUPPORT, SERVICES, MOBILITY = "/mec_app_support/v1", "/mec_service_mgmt/v1", "/amsi/v1"
OF = {"studio": "harbour.studio-1", "rival": "harbour.rival-1"}
FOREIGN = {"appName": "a", "endpoint": {"uris": ["http://127.0.0.1/"]}}
PROCEDURE = {
    "subscriptionType": "MobilityProcedureSubscription",
    "callbackReference": SINK,
    "filterCriteria": {"mobilityStatus": [1, 2, 3]},
}


class TenantsCentre(MecCentre):
    """Without the arena: its tenants apply their games."""

    def __init__(self) -> None:
        PlainCentre.__init__(self)
        self.posted: list[tuple[str, dict[str, Any]]] = []
        self.objection = Notifications().objection
        self.sink = self  # type: ignore[assignment]
        self.ahead = 0

    def post(self, callback: str, body: bytes) -> bool:
        self.posted.append((callback, msgspec.json.decode(body)))
        return True


class Callers:
    """What two tenants registered, in the same way: an instance, a service, a subscription of each kind, a registration."""

    def __init__(self, client: TestClient, centre: TenantsCentre) -> None:
        self.client, self.centre = client, centre
        platform = Platform(client, centre)
        self.headers = {"studio": platform.studio, "rival": platform.rival, "operator": OPERATOR}
        self.players = platform.token("studio", players=True)
        self.made = {name: self.register(name) for name in ("studio", "rival")}
        centre.sent.clear()

    def ask(self, who: str, method: str, path: str, body: Any = None) -> Any:
        more = {"json": body} if body is not None else {}
        return self.client.request(method, path, headers=self.headers[who], **more)

    def make(self, who: str, path: str, body: Any) -> str:
        answer = self.ask(who, "POST", path, body)
        assert answer.status_code == 201, answer.text
        return str(answer.headers["location"].removeprefix(ORIGIN))

    def register(self, who: str) -> dict[str, str]:
        own = OF[who]
        termination = {
            "subscriptionType": "AppTerminationNotificationSubscription",
            "callbackReference": SINK,
            "appInstanceId": own,
        }
        availability = {
            "subscriptionType": "SerAvailabilityNotificationSubscription",
            "callbackReference": SINK,
        }
        device = {"associateId": "player-1" if who == "studio" else "player-2"}
        told = {"serviceConsumerId": {"appInstanceId": own}, "deviceInformation": [device]}
        return {
            "foreign": self.make(who, f"{SUPPORT}/registrations", FOREIGN),
            "farewell": self.make(who, f"{SUPPORT}/applications/{own}/subscriptions", termination),
            "service": self.make(
                who,
                f"{SERVICES}/applications/{own}/services",
                {**SERVICE, "serName": f"of-{who}", "livenessInterval": 5},
            ),
            "availability": self.make(who, f"{SERVICES}/applications/{own}/subscriptions", availability),
            "moves": self.make(who, f"{MOBILITY}/subscriptions", PROCEDURE),
            "mobility": self.make(who, f"{MOBILITY}/app_mobility_services", told),
        }

    def told(self) -> list[dict[str, Any]]:
        sent, self.centre.sent = self.centre.sent, []
        return [
            {
                "to": one.subscription.namespace,
                **msgspec.json.decode(notification(one, self.centre.plane, ORIGIN)),
            }
            for one in sent
            if isinstance(one, Notify)
        ]


@pytest.fixture
def callers() -> Iterator[Callers]:
    centre = TenantsCentre()
    with TestClient(application(centre)) as client:
        yield Callers(client, centre)


@pytest.mark.parametrize("what", ["foreign", "farewell", "service", "availability", "moves", "mobility"])
def test_another_tenant_s_is_not_there(callers: Callers, what: str) -> None:
    path = callers.made["rival"][what]
    kept = msgspec.msgpack.encode(callers.centre.plane.state)
    for method, body in (("GET", None), ("PUT", {}), ("DELETE", None)):
        answer = callers.ask("studio", method, path, body)
        if answer.status_code != 405:  # not every resource can be replaced
            assert (answer.status_code, answer.json()["status"]) == (404, 404), (method, path)
    if what == "mobility":
        assert callers.ask("studio", "POST", f"{path}/deregister_task").status_code == 404
    assert msgspec.msgpack.encode(callers.centre.plane.state) == kept
    assert callers.ask("rival", "GET", path).is_success
    assert callers.ask("operator", "GET", path).is_success


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "traffic_rules", None),
        ("GET", "dns_rules", None),
        ("PUT", "dns_rules/{rule}", {"state": "INACTIVE"}),
        ("GET", "subscriptions", None),
        ("POST", "confirm_ready", {"indication": "READY"}),
        ("POST", "confirm_termination", {"operationAction": "TERMINATING"}),
    ],
)
def test_another_tenant_s_instance_is_not_there(callers: Callers, method: str, path: str, body: Any) -> None:
    rules = callers.ask("rival", "GET", f"{SUPPORT}/applications/{OF['rival']}/dns_rules").json()
    path = path.format(rule=rules[0]["dnsRuleId"])
    refused = callers.ask("studio", method, f"{SUPPORT}/applications/{OF['rival']}/{path}", body)
    assert (refused.status_code, refused.headers["content-type"]) == (404, "application/problem+json")
    own = callers.ask("rival", method, f"{SUPPORT}/applications/{OF['rival']}/{path}", body)
    assert own.status_code != 404


def test_nobody_registers_for_another_tenant_s_instance_or_device(callers: Callers) -> None:
    theirs = OF["rival"]
    for path, body in (
        (f"{SUPPORT}/registrations", {"appName": "a", "isInsByMec": True, "appInstanceId": theirs}),
        (f"{SERVICES}/applications/{theirs}/services", SERVICE),
        (f"{MOBILITY}/app_mobility_services", {"serviceConsumerId": {"appInstanceId": theirs}}),
        (f"{MOBILITY}/subscriptions", {**PROCEDURE, "filterCriteria": {"appInstanceId": theirs}}),
        (f"{MOBILITY}/subscriptions", {**PROCEDURE, "filterCriteria": {"associateId": ["player-2"]}}),
        (
            f"{MOBILITY}/subscriptions",
            {**PROCEDURE, "filterCriteria": {"associateId": ["msisdn-99901000002"]}},
        ),
    ):
        assert callers.ask("studio", "POST", path, body).status_code == 404, path


@pytest.mark.parametrize(
    "path",
    [
        f"{MOBILITY}/app_mobility_services",
        f"{MOBILITY}/subscriptions",
        f"{MOBILITY}/queries/adjacent_app_instances",
        f"{SERVICES}/applications/{OF['studio']}/services",
        f"{SERVICES}/applications/{OF['studio']}/subscriptions",
    ],
)
def test_lists_leave_another_tenant_s_out(callers: Callers, path: str) -> None:
    mine, all = callers.ask("studio", "GET", path), callers.ask("operator", "GET", path)
    assert (mine.status_code, all.status_code) == (200, 200)
    for foreign in ("rival", "player-2", *(one.rpartition("/")[2] for one in callers.made["rival"].values())):
        assert foreign not in mine.text
    for own in ("moves", "mobility", "service", "availability"):
        name = callers.made["studio"][own].rpartition("/")[2]
        assert (name in mine.text) == (name in all.text)


def test_services_are_shared_and_only_their_owner_changes_them(callers: Callers) -> None:
    theirs = callers.made["rival"]["service"].rpartition("/")[2]
    seen = {one["serName"]: one for one in callers.ask("studio", "GET", f"{SERVICES}/services").json()}
    assert seen.keys() == {"of-studio", "of-rival"}
    assert seen["of-rival"]["_links"] == {"self": {"href": f"{ORIGIN}{SERVICES}/services/{theirs}"}}, (
        "whose it is, is not told"
    )
    assert callers.ask("studio", "GET", f"{SERVICES}/services/{theirs}").status_code == 200
    assert "rival-1" not in callers.ask("studio", "GET", f"{SERVICES}/services").text
    for instance in (OF["rival"], OF["studio"]):
        path = f"{SERVICES}/applications/{instance}/services/{theirs}"
        assert callers.ask("studio", "PUT", path, {"state": "INACTIVE"}).status_code == 404
        assert callers.ask("studio", "DELETE", path).status_code == 404
    heartbeat = f"{SERVICES}/resource_uri_allocated_by_MEC_platform"
    assert (
        callers.ask("studio", "PATCH", f"{heartbeat}?service={theirs}", {"state": "ACTIVE"}).status_code
        == 404
    )
    assert callers.ask("studio", "PATCH", heartbeat, {"state": "ACTIVE"}).status_code == 200, "its only one"
    assert (
        callers.ask("rival", "PATCH", f"{heartbeat}?service={theirs}", {"state": "ACTIVE"}).status_code == 200
    )


def test_a_shared_service_s_changes_are_told_to_all_and_its_owner_to_nobody_else(callers: Callers) -> None:
    path = callers.made["rival"]["service"]
    assert callers.ask("rival", "PUT", path, {"state": "INACTIVE"}).status_code == 200
    links = {one["to"]: one["serviceReferences"][0]["link"]["href"] for one in callers.told()}
    assert links == {
        "rival": f"{ORIGIN}{path}",
        "studio": f"{ORIGIN}{SERVICES}/services/{path.rpartition('/')[2]}",
    }


def test_who_subscribed_to_all_moves_hears_of_its_own_games_only(callers: Callers) -> None:
    held = callers.centre.plane.state.enablement
    site, target = SiteId("harbour"), SiteId("market")
    for name in ("studio", "rival"):
        session = next(
            one for one in callers.centre.plane.state.sessions.values() if one.app == f"{name}:arena"
        )
        told = notices.of_mobility(held, session.ue, session.app, site, target, 1)
        assert [one.subscription.namespace for one in told if isinstance(one, Notify)] == [name]


def test_a_registration_for_a_whole_site_keeps_no_other_tenant_s_session(callers: Callers) -> None:
    """Both tenants' games are played by player-1; only the studio forbids its moves, for all that it runs there."""
    centre = callers.centre
    callers.client.post(
        "/api/v1/attach",
        json={"application": "arena", "device": "player-1"},
        headers=callers.headers["rival"],
    )
    sessions = [one for one in centre.plane.state.sessions.values() if one.ue == "player-1"]
    assert {one.app for one in sessions} == {"studio:arena", "rival:arena"}
    for session in sessions:
        body = {
            "serviceConsumerId": {"mepId": session.site},
            "deviceInformation": [{"associateId": "player-1", "appMobilityServiceLevel": 1}],
        }
        if session.app == "studio:arena":
            callers.make("studio", f"{MOBILITY}/app_mobility_services", body)
    said = {one.app: letting_go.consent(centre.plane, one) for one in sessions}
    assert said == {"studio:arena": "no", "rival:arena": "yes"}


def test_players_are_refused_and_nobody_is_asked_who_it_is(callers: Callers) -> None:
    for base, path in (
        (SUPPORT, "/timing/timing_caps"),
        (SERVICES, "/services"),
        (MOBILITY, "/subscriptions"),
    ):
        refused = callers.client.get(base + path, headers=callers.players)
        assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
        unknown = callers.client.get(base + path)
        assert (unknown.status_code, unknown.headers["www-authenticate"]) == (401, "Bearer")


def test_a_token_that_was_revoked_opens_nothing(callers: Callers) -> None:
    callers.client.delete("/api/v1/tenants/studio/token", headers=OPERATOR)
    assert callers.ask("studio", "GET", f"{SERVICES}/services").status_code == 401


def test_what_the_operator_registers_for_a_tenant_s_instance_is_that_tenant_s(callers: Callers) -> None:
    made = callers.make("operator", f"{SERVICES}/applications/{OF['studio']}/services", SERVICE)
    assert callers.ask("studio", "GET", made).status_code == 200
    read = callers.ask("studio", "GET", made)
    changed = callers.client.put(
        made, json={"state": "INACTIVE"}, headers={**OPERATOR, "If-Match": read.headers["etag"]}
    )
    assert changed.status_code == 200, "and is the same for both"
    assert callers.ask("studio", "GET", made).headers["etag"] == changed.headers["etag"]


def test_a_change_by_the_operator_leaves_it_whose_it_was(callers: Callers) -> None:
    path = callers.made["studio"]["moves"]
    assert callers.ask("operator", "PUT", path, PROCEDURE).status_code == 200
    assert callers.ask("studio", "GET", path).status_code == 200
    assert callers.ask("rival", "GET", path).status_code == 404


def test_with_a_tenant_goes_all_that_was_kept_for_it(callers: Callers) -> None:
    callers.centre.say(ObjectsChanged(objects=(), deleted=(("Tenant", "", "rival"),)))
    kept = callers.centre.plane.state.enablement.resources.values()
    assert {one.namespace for one in kept} == {"studio"}
    told = [one for one in callers.told() if one["notificationType"] == "SerAvailabilityNotification"]
    assert [(one["to"], one["serviceReferences"][0]["changeType"]) for one in told] == [("studio", "REMOVED")]


def test_each_tenant_has_a_rate_of_its_own() -> None:
    centre = TenantsCentre()
    with TestClient(application(centre, Limits(0.001, burst=1))) as client:
        platform = Platform(client, centre)
        for headers in (platform.studio, platform.rival, OPERATOR):
            found = [client.get(f"{SERVICES}/services", headers=headers).status_code for _ in range(2)]
            assert found == [200, 429]
