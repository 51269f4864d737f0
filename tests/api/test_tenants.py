"""Tenants through the API: whatever is another's is not there, on every route that reads; and what a tenant may not change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from fedge.api.admin import admin_app
from fedge.core.control.events.moves import MovePlanned
from fedge.core.control.events.sites import SiteMarked
from fedge.core.control.events.visits import VisitBegan
from fedge.core.control.visits.place import visit_id
from fedge.core.messages import (
    AccessHello,
    Cell,
    CellChanged,
    InstanceStatus,
    Message,
    MoveOrder,
    SiteHello,
    SiteReport,
)
from fedge.core.model import AppId, MoveId, SessionKey, SiteId, UeId
from fedge.runtime.audit import Entry
from tests.api.centre import TOKEN, PlainCentre
from tests.core.applications.objects import deployment, propagation, qos, service, tenant

OPERATOR = {"Authorization": f"Bearer {TOKEN}"}
SITES = ("harbour", "market")
DEVICES = {"studio": "player-1", "rival": "player-2"}


def game() -> list[dict[str, Any]]:
    anywhere = propagation(clusterAffinity={}, replicaScheduling={"replicaSchedulingType": "Duplicated"})
    anywhere["spec"]["placement"]["spreadConstraints"] = []
    return [deployment(), service(), anywhere, qos()]


def in_namespace(objects: list[dict[str, Any]], namespace: str) -> list[dict[str, Any]]:
    return [{**raw, "metadata": {**raw["metadata"], "namespace": namespace}} for raw in objects]


class Platform:
    """Two tenants, studio and rival, each with a game, a player who consents to be located, a session and a move."""

    def __init__(self, client: TestClient, centre: PlainCentre) -> None:
        self.client, self.centre = client, centre
        self.apply([tenant("studio"), tenant("rival")], OPERATOR)
        self.studio, self.rival = self.token("studio"), self.token("rival")
        for name, headers in (("studio", self.studio), ("rival", self.rival)):
            assert self.apply(game(), headers).status_code == 200, name
        self.sites_up()
        self.sessions = {
            "studio": self.attach(self.studio, DEVICES["studio"]),
            "rival": self.attach(self.rival, DEVICES["rival"]),
        }
        for session in self.sessions.values():
            self.move(session)
        for name, device in DEVICES.items():
            body = {"client": name, "device": device}
            assert client.post("/api/v1/consents", json=body, headers=OPERATOR).status_code == 201
        self.visits = {"studio": SessionKey(0x51), "rival": SessionKey(0x52)}
        for name, key in self.visits.items():
            app, ue = AppId(f"{name}:arena"), UeId("player-1" if name == "studio" else "player-2")
            centre.say(VisitBegan(0, visit_id(app, ue), key, app, ue, SiteId("harbour"), "for the test"))

    def apply(self, objects: list[Any], headers: dict[str, str]) -> Any:
        return self.client.post("/api/v1/apply", json={"objects": objects}, headers=headers)

    def token(self, name: str, **body: Any) -> dict[str, str]:
        answer = self.client.post(f"/api/v1/tenants/{name}/token", json=body, headers=OPERATOR)
        assert answer.status_code == 201
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    def attach(self, headers: dict[str, str], device: str) -> str:
        body = {"application": "arena", "device": device}
        answer = self.client.post("/api/v1/attach", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["session"])

    def move(self, name: str) -> None:
        session = self.centre.plane.state.sessions[name]  # type: ignore[index]
        number = self.centre.plane.state.next_move
        target = SiteId("market" if session.site == "harbour" else "harbour")
        order = MoveOrder(
            MoveId(f"m-{number}"), session.session, session.key, session.ue, session.app, "arena/1",
            session.site, target, 2, 2, self.centre.now() + 10**10,
        )  # fmt: skip
        self.centre.say(MovePlanned(order, 1.0, "for the test"))

    def sites_up(self) -> None:
        say, now = self.centre.say, self.centre.now()
        paths = {site: 1.0 + 5.0 * n for n, site in enumerate(SITES)}
        say(AccessHello(100.0, 100.0, (Cell("nr-1", "nr", 10.0, 10.0, 100.0, "harbour", paths),), ()))  # type: ignore[arg-type]
        instances = tuple(
            InstanceStatus(f"{name}-1", f"{name}:arena", "ready", 0, 8, "arena/1")  # type: ignore[arg-type]
            for name in ("studio", "rival")
        )
        for site in SITES:
            say(SiteHello(site, f"gw-{site}", f"peer-{site}", (), instances))  # type: ignore[arg-type]
            say(SiteReport(site, 0.1, 0, instances, {"held": 3}, now))  # type: ignore[arg-type]
        for player in ("player-1", "player-2"):
            say(CellChanged(player, "nr-1", None, "nr", 10.0, 0.0, now))  # type: ignore[arg-type]
        for effect in self.centre.plane.wake(now):
            if type(effect).__name__ == "Propose":
                say(effect.event)  # type: ignore[union-attr]


@pytest.fixture
def centre() -> PlainCentre:
    return PlainCentre()


@pytest.fixture
def platform(centre: PlainCentre) -> Iterator[Platform]:
    with TestClient(admin_app(centre), raise_server_exceptions=True) as client:
        yield Platform(client, centre)


ONE = "/api/v1"
NOT_THERE: dict[str, list[str]] = {
    f"{ONE}/explain/deployment/{{name}}": ["rival:arena"],
    f"{ONE}/explain/{{session}}": ["{session}"],
    f"{ONE}/devices/{{ue}}": ["{device}"],
    f"{ONE}/visits/{{key}}": ["{key}"],
    f"{ONE}/objects/{{kind}}/{{name}}": [
        "tenants/rival",
        *(
            f"{kind}/arena?namespace=rival"
            for kind in ("deployments", "services", "propagationpolicies", "qospolicies")
        ),
    ],
    f"{ONE}/{{kind}}/{{name:path}}": ["sessions/{session}", "moves/{move}", "instances/harbour/rival-1"],
}
"""Routes that read one thing: how another tenant's would be asked for. Each answers 404, and 200 to its owner."""

FILTERED = [
    f"{ONE}/view", f"{ONE}/sites", f"{ONE}/sessions", f"{ONE}/moves", f"{ONE}/instances", f"{ONE}/sites/harbour",
    *(f"{ONE}/objects/{kind}" for kind in ("deployments", "services", "propagationpolicies", "qospolicies", "tenants")),
    f"{ONE}/objects/deployments/arena", f"{ONE}/consents", f"{ONE}/audit",
]  # fmt: skip
"""What answers a tenant with its own only: neither name, session nor player of another is anywhere in it."""

ALIKE = {"/", "/healthz", f"{ONE}/openapi.json", "/static"}
OPERATORS = ["/metrics", f"{ONE}/figures", f"{ONE}/operator", f"{ONE}/steering"]
COVERED = {
    *NOT_THERE, *ALIKE, *OPERATORS, f"{ONE}/operator/{{name}}", f"{ONE}/consents", f"{ONE}/audit",
    f"{ONE}/view", f"{ONE}/view/stream", f"{ONE}/sites/{{name}}", f"{ONE}/{{kind}}", f"{ONE}/objects/{{kind}}",
}  # fmt: skip


def test_every_route_that_reads_is_in_the_tables(centre: PlainCentre) -> None:
    """A new route fails here until it says what another tenant gets of it."""
    reading = {
        route.path  # type: ignore[attr-defined]
        for route in admin_app(centre).routes
        if not isinstance(route, Route) or "GET" in (route.methods or ())
    }
    assert reading == COVERED - {f"{ONE}/steering"}  # one of the collections


def asked(platform: Platform, template: str, what: str, owner: str) -> str:
    """The address of something of ``owner``'s."""
    session = platform.sessions[owner]
    move = platform.centre.plane.state.sessions[session].move  # type: ignore[index]
    what = what.replace("rival", owner).replace("{session}", session).replace("{move}", str(move))
    what = what.replace("{device}", DEVICES[owner])
    what = what.replace("{key}", f"{platform.visits[owner]:016x}")
    return template.partition("{")[0] + what


@pytest.mark.parametrize(
    ("template", "what"), [(template, what) for template, found in NOT_THERE.items() for what in found]
)
def test_what_is_another_tenant_s_is_not_there(platform: Platform, template: str, what: str) -> None:
    path = asked(platform, template, what, "rival")
    answer = platform.client.get(path, headers=platform.studio)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND"), path
    assert platform.client.get(path, headers=platform.rival).status_code == 200, path
    assert platform.client.get(path, headers=OPERATOR).status_code == 200, path


@pytest.mark.parametrize("path", FILTERED)
def test_lists_and_pictures_show_a_tenant_its_own_only(platform: Platform, path: str) -> None:
    mine = platform.client.get(path, headers=platform.studio)
    assert mine.status_code == 200
    for foreign in ("rival", "player-2"):
        assert foreign not in mine.text, f"{path} shows {foreign}"
    theirs = platform.client.get(path, headers=platform.rival).text
    assert "rival" in theirs or "player-2" in theirs or "arena" not in mine.text


def test_the_stream_shows_a_tenant_its_own_only_and_ends_with_its_token(platform: Platform) -> None:
    read = ""
    with platform.client.stream("GET", f"{ONE}/view/stream", headers=platform.studio) as answer:
        platform.client.delete(f"{ONE}/tenants/studio/token", headers=OPERATOR)
        for chunk in answer.iter_text():
            read += chunk
    assert "player-1" in read
    assert "player-2" not in read


def test_figures_of_a_tenant_are_counted_over_its_own(platform: Platform) -> None:
    def told(headers: dict[str, str]) -> Any:
        return platform.client.get(f"{ONE}/view", headers=headers).json()

    assert told(OPERATOR)["figures"]["players"] == 2
    assert told(platform.studio)["figures"]["players"] == 1
    harbour = told(platform.studio)["sites"]["harbour"]
    assert (harbour["sessions"], harbour["load"], harbour["state"]) == (1, 0.1, "ready")
    detail = platform.client.get(f"{ONE}/sites/harbour", headers=platform.studio).json()
    assert (list(detail["placed"]), detail["gateway"]) == (["studio:arena"], {})


@pytest.mark.parametrize("path", OPERATORS)
def test_what_is_about_all_tenants_is_the_operator_s(platform: Platform, path: str) -> None:
    answer = platform.client.get(path, headers=platform.studio)
    assert (answer.status_code, answer.json()["code"]) == (403, "PERMISSION_DENIED")
    assert platform.client.get(path, headers=OPERATOR).status_code == 200


@pytest.mark.parametrize("path", [*FILTERED, *OPERATORS])
def test_with_a_tenant_nobody_reads_without_a_token(platform: Platform, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = platform.client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    assert platform.client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "sites/harbour/drain", 403),
        ("POST", "sites/harbour/undrain", 403),
        ("POST", "hold-moves", 403),
        ("POST", "tenants/studio/token", 403),
        ("DELETE", "tenants/studio/token", 403),
        ("DELETE", "objects/tenants/studio", 403),
        ("DELETE", "objects/tenants/rival", 404),
        ("DELETE", "objects/deployments/arena?namespace=rival", 404),
        ("DELETE", "sessions/{rival}", 404),
        ("POST", "sessions/{rival}/move", 404),
    ],
)
def test_what_a_tenant_may_not_change_stays_as_it_is(
    platform: Platform, method: str, path: str, status: int
) -> None:
    before = platform.client.get(f"{ONE}/view", headers=OPERATOR).json()["sites"]["harbour"]["state"]
    path = path.replace("{rival}", platform.sessions["rival"])
    answer = platform.client.request(
        method, f"{ONE}/{path}", json={"hold": True, "to": "market"}, headers=platform.studio
    )
    assert answer.status_code == status
    assert answer.json()["code"] == {403: "PERMISSION_DENIED", 404: "NOT_FOUND"}[status]
    state = platform.centre.plane.state
    assert (before, state.hold_moves) == ("ready", False)
    assert {"Tenant/studio", "Deployment/rival/arena"} <= state.objects.keys()
    assert state.sessions[platform.sessions["rival"]].state == "serving"  # type: ignore[index]


def test_a_tenant_changes_its_own(platform: Platform) -> None:
    session = platform.sessions["studio"]
    assert platform.client.delete(f"{ONE}/sessions/{session}", headers=platform.studio).status_code == 202
    gone = platform.client.delete(f"{ONE}/objects/qospolicies/arena", headers=platform.studio)
    assert gone.status_code == 200
    assert "QoSPolicy/studio/arena" not in platform.centre.plane.state.objects
    assert "QoSPolicy/rival/arena" in platform.centre.plane.state.objects


def test_an_object_elsewhere_or_of_a_cluster_wide_kind_is_not_a_tenant_s_to_apply(platform: Platform) -> None:
    before = dict(platform.centre.plane.state.objects)
    for objects, field in (
        (in_namespace([deployment("chess")], "rival"), "metadata.namespace"),
        (in_namespace([qos()], "default"), "metadata.namespace"),
        ([tenant("studio", quota={"sessions": 10**6})], "kind"),
    ):
        answer = platform.apply(objects, platform.studio)
        assert (answer.status_code, answer.json()["code"]) == (403, "PERMISSION_DENIED")
        assert field in answer.json()["message"]
    assert platform.centre.plane.state.objects == before


@pytest.mark.parametrize("kind", [[], {}, ["Tenant"], 7])
def test_a_kind_that_is_no_text_is_refused(platform: Platform, kind: Any) -> None:
    answer = platform.apply([{"kind": kind, "metadata": {"name": "arena"}}], platform.studio)
    assert (answer.status_code, answer.json()["field"]) == (422, "kind")


def test_a_tenant_attaches_to_its_own_applications_only(platform: Platform) -> None:
    for app in ("rival:arena", "chess"):
        body = {"application": app, "device": "player-1"}
        answer = platform.client.post(f"{ONE}/attach", json=body, headers=platform.studio)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_players_may_attach_and_nothing_else(platform: Platform) -> None:
    players = platform.token("studio", players=True)
    body = {"application": "arena", "device": "player-1"}
    assert platform.client.post(f"{ONE}/attach", json=body, headers=players).status_code in (200, 503)
    for method, path in (
        ("GET", "view"),
        ("POST", "apply"),
        ("DELETE", f"sessions/{platform.sessions['studio']}"),
    ):
        answer = platform.client.request(method, f"{ONE}/{path}", headers=players)
        assert (answer.status_code, answer.json()["code"]) == (403, "PERMISSION_DENIED")
    assert platform.client.get(f"{ONE}/view", headers=platform.studio).status_code == 200


def test_a_new_token_ends_the_old_one_and_a_deleted_tenant_ends_all(platform: Platform) -> None:
    fresh = platform.token("studio")
    assert platform.client.get(f"{ONE}/view", headers=platform.studio).status_code == 401
    assert platform.client.get(f"{ONE}/view", headers=fresh).status_code == 200
    assert platform.client.delete(f"{ONE}/objects/tenants/studio", headers=OPERATOR).status_code == 200
    assert platform.client.get(f"{ONE}/view", headers=fresh).status_code == 401
    assert platform.client.get(f"{ONE}/view", headers=platform.rival).status_code == 200


def test_a_deleted_tenant_takes_all_along_and_its_name_is_free_once_all_has_ended(platform: Platform) -> None:
    def lines(headers: dict[str, str]) -> list[dict[str, Any]]:
        return list(platform.client.get(f"{ONE}/audit", headers=headers).json()["items"])

    assert lines(platform.studio)
    gone = platform.client.delete(f"{ONE}/objects/tenants/studio", headers=OPERATOR)
    kinds = {one["kind"] for one in gone.json()["results"]}
    assert kinds == {"Tenant", "Deployment", "Service", "PropagationPolicy", "QoSPolicy"}
    centre = platform.centre
    written = centre.audit.newest()
    refused = platform.apply([tenant("studio")], OPERATOR)
    assert (refused.status_code, refused.json()["code"]) == (409, "CONFLICT")
    assert "ask again" in refused.json()["message"]
    assert centre.audit.newest() == written, "none was created"
    for site in SITES:
        centre.say(SiteMarked(SiteId(site), "lost", "for the test"))
    assert platform.apply([tenant("studio")], OPERATOR).status_code == 200
    later = platform.token("studio")
    for kind in ("sessions", "moves", "objects/deployments", "objects/qospolicies"):
        assert platform.client.get(f"{ONE}/{kind}", headers=later).json()["items"] == [], kind
    assert lines(later) == [], "what the tenant before it was told is not its to read"
    assert {one["client"] for one in lines(OPERATOR)} >= {"studio", "rival"}


def test_a_tenant_whose_creation_is_not_answered_in_time_reads_nothing_of_an_earlier_one(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre = platform.centre

    async def late(make: Callable[[int], Message]) -> tuple[int, dict[str, Any]]:
        return 503, {"code": "TIMEOUT", "message": "no answer"}

    centre.audit.tell(Entry(client="indie", api="POST /x", decision="granted"))
    monkeypatch.setattr(centre, "ask", late)
    assert platform.apply([tenant("indie"), tenant("studio")], OPERATOR).status_code == 503
    assert centre.audit.newest(client="indie") == []
    [*_, last] = centre.audit.newest()
    assert (last["client"], last["reason"]) == ("indie", "a tenant of this name may be created")
    assert centre.audit.newest(client="studio"), "it is there already"


def test_a_token_is_stored_as_its_digest_only(platform: Platform) -> None:
    token = platform.studio["Authorization"].removeprefix("Bearer ")
    assert token not in repr(platform.centre.plane.state)
    assert len(platform.centre.plane.state.grants) == 2


def test_a_token_for_a_tenant_that_does_not_exist(platform: Platform) -> None:
    answer = platform.client.post(f"{ONE}/tenants/nobody/token", json={}, headers=OPERATOR)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_a_session_beyond_the_quota_is_refused(platform: Platform) -> None:
    platform.apply([tenant("studio", quota={"sessions": 1})], OPERATOR)
    body = {"application": "arena", "device": "player-2"}
    answer = platform.client.post(f"{ONE}/attach", json=body, headers=platform.studio)
    assert (answer.status_code, answer.json()["code"]) == (429, "QUOTA_EXCEEDED")
    assert "2 of 1" in answer.json()["message"], "a session and a visit"
    assert "spec.quota.sessions" in answer.json()["message"]
    assert platform.client.post(f"{ONE}/attach", json=body, headers=platform.rival).status_code in (200, 503)


@pytest.mark.parametrize(
    ("quota", "field", "said"),
    [
        ({"replicas": 3}, "spec.replicas", "4 replicas, 3 allowed"),
        ({"cpu": "750m"}, "spec.template.spec.containers[0].resources.requests.cpu", "1000m of CPU, 750m"),
        (
            {"memory": "400Mi"},
            "spec.template.spec.containers[0].resources.requests.memory",
            "419430400 allowed",
        ),
    ],
)
def test_applying_beyond_the_quota_names_figure_limit_and_field(
    platform: Platform, quota: dict[str, Any], field: str, said: str
) -> None:
    platform.apply([tenant("studio", quota=quota)], OPERATOR)
    more = deployment("chess")
    answer = platform.apply([more], platform.studio)
    assert answer.status_code == 422
    told = answer.json()
    assert (told["code"], told["object"], told["field"]) == ("INVALID", "Deployment/studio/chess", field)
    assert said in told["message"]
    assert "spec.quota." in told["message"]
    assert platform.apply([deployment()], platform.studio).status_code == 200, "what is there already stays"
