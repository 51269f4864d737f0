"""The admin API: who may change what, what is refused and how, and that a refusal changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from fedge.api.admin import admin_app
from fedge.api.manifest_files import read_manifests
from fedge.core.enablement import Device, MobilityRegistration
from fedge.core.enablement.resources import Asked
from fedge.core.messages import (
    CellFigures,
    CellsMeasured,
    ClientPackets,
    ReachabilityChanged,
    SiteReport,
)
from fedge.core.model import MS, SessionId, SiteId, UeId
from tests.api.centre import ARENA, TOKEN, PlainCentre

AUTHORISED = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def centre() -> PlainCentre:
    return PlainCentre()


@pytest.fixture
def client(centre: PlainCentre) -> Iterator[TestClient]:
    with TestClient(admin_app(centre), raise_server_exceptions=True) as found:
        yield found


def arena() -> list[dict[str, Any]]:
    return [deepcopy(found.object) for found in read_manifests(ARENA)]


def apply(client: TestClient, objects: list[Any], **query: str) -> Any:
    return client.post("/api/v1/apply", json={"objects": objects}, headers=AUTHORISED, params=query)


def deployed(client: TestClient, centre: PlainCentre) -> None:
    assert apply(client, arena()).status_code == 200
    centre.join("harbour", "market")


CHANGES = [
    ("POST", "/api/v1/apply"),
    ("POST", "/api/v1/attach"),
    ("POST", "/api/v1/hold-moves"),
    ("POST", "/api/v1/sites/harbour/drain"),
    ("POST", "/api/v1/sessions/player-1/move"),
    ("DELETE", "/api/v1/sessions/player-1"),
    ("DELETE", "/api/v1/objects/deployments/arena"),
]


@pytest.mark.parametrize(("method", "path"), CHANGES)
@pytest.mark.parametrize("given", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}])
def test_a_change_needs_the_token(
    client: TestClient, centre: PlainCentre, method: str, path: str, given: dict[str, str]
) -> None:
    answer = client.request(method, path, headers=given, json={})
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    assert not centre.plane.state.objects
    assert not centre.plane.state.hold_moves


def test_reads_are_open_and_the_page_comes_with_its_policy(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    page = client.get("/")
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert b"fedge_sessions_lost_total 0.0" in client.get("/metrics").content


def test_what_steering_counts_is_listed_and_measured(client: TestClient, centre: PlainCentre) -> None:
    assert client.get("/api/v1/steering").json() == {"items": []}
    centre.steering |= {"early": 3, "path QUIET": 2}
    assert client.get("/api/v1/steering").json()["items"] == [
        {"steering": "early", "count": 3},
        {"steering": "path QUIET", "count": 2},
    ]
    assert client.get("/api/v1/steering/early").json()["count"] == 3
    metrics = client.get("/metrics").content
    assert b'fedge_steering_total{what="early"} 3.0' in metrics
    assert b'fedge_steering_paths{state="QUIET"} 2.0' in metrics


def test_apply_creates_then_changes_nothing(client: TestClient, centre: PlainCentre) -> None:
    first = {one["action"] for one in apply(client, arena()).json()["results"]}
    again = {one["action"] for one in apply(client, arena()).json()["results"]}
    assert (first, again) == ({"created"}, {"unchanged"})
    assert set(centre.plane.applications) == {"arena"}


def test_a_dry_run_says_what_would_be_and_does_nothing(client: TestClient, centre: PlainCentre) -> None:
    results = apply(client, arena(), dryRun="true").json()["results"]
    assert {one["action"] for one in results} == {"created"}
    assert not centre.plane.state.objects


@pytest.mark.parametrize(
    ("kind", "path", "value", "field"),
    [
        ("Deployment", ("spec", "replicas"), "four", "spec.replicas"),
        (
            "Deployment",
            ("spec", "template", "spec", "containers", 0, "command"),
            [],
            "spec.template.spec.containers[0].command",
        ),
        ("QoSPolicy", ("spec", "latency", "percentile"), 101, "spec.latency.percentile"),
        ("QoSPolicy", ("spec", "mobility", "mode"), "wander", "spec.mobility.mode"),
        (
            "PropagationPolicy",
            ("spec", "placement", "clusterAffinity", "clusters"),
            [],
            "spec.placement.clusterAffinity.clusters",
        ),
    ],
)
def test_a_wrong_manifest_is_refused_by_the_path_of_its_field(
    client: TestClient, centre: PlainCentre, kind: str, path: tuple[Any, ...], value: Any, field: str
) -> None:
    objects = arena()
    spot: Any = next(raw for raw in objects if raw["kind"] == kind)
    for step in path[:-1]:
        spot = spot[step]
    spot[path[-1]] = value
    answer = apply(client, objects)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "INVALID", field)
    assert answer.json()["object"] == f"{kind}/arena"
    assert not centre.plane.state.objects, "one wrong object, and nothing of the set is applied"


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/api/v1/attach", b"{", "no JSON"),
        ("/api/v1/attach", b"[]", "no JSON object"),
        ("/api/v1/attach", b"[" * 100_000, "no JSON"),
        ("/api/v1/attach", b'"\xff"', "no JSON"),
        ("/api/v1/attach", b'{"application":"arena"}', "device"),
        ("/api/v1/attach", b'{"application":7,"device":"player-1"}', "application"),
        ("/api/v1/apply", b'{"objects":{}}', "list of objects"),
        ("/api/v1/hold-moves", b'{"hold":"yes"}', "true or false"),
        ("/api/v1/sessions/player-1/move", b"{}", "to"),
    ],
)
def test_a_body_that_is_not_understood_is_400(client: TestClient, path: str, body: bytes, said: str) -> None:
    answer = client.post(path, content=body, headers=AUTHORISED)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_ARGUMENT")
    assert said in answer.json()["message"]


@pytest.mark.parametrize("path", ["/api/v1/apply", "/api/v1/attach", "/api/v1/tenants/studio/token"])
@pytest.mark.parametrize("in_chunks", [False, True])
def test_an_oversized_body_is_refused_however_it_is_sent(
    client: TestClient, path: str, in_chunks: bool
) -> None:
    content: Any = (b" " * (1 << 20) for _ in range(5)) if in_chunks else b" " * (5 << 20)
    answer = client.post(path, content=content, headers=AUTHORISED)
    assert (answer.status_code, answer.json()["code"]) == (413, "OUT_OF_RANGE")


@pytest.mark.parametrize("query", ["", "?dryRun=true"])
def test_a_number_that_the_journal_cannot_keep_is_refused(
    client: TestClient, centre: PlainCentre, query: str
) -> None:
    """In a field that is only recorded, so that nothing else looks at it."""
    objects = arena()
    next(raw for raw in objects if raw["kind"] == "Deployment")["spec"]["revisionHistoryLimit"] = 2**70
    answer = client.post(f"/api/v1/apply{query}", json={"objects": objects}, headers=AUTHORISED)
    told = answer.json()
    assert (answer.status_code, told["object"], told["field"]) == (
        422,
        "Deployment/arena",
        "spec.revisionHistoryLimit",
    )
    assert not centre.plane.state.objects


@pytest.mark.parametrize(
    "path",
    ["/api/v1/sites/nowhere", "/api/v1/sessions/nobody", "/api/v1/explain/nobody", "/api/v1/objects/deployments/none",
     "/api/v1/objects/pods", "/api/v1/gadgets", "/api/v1/explain/deployment/none", "/nothing"],
)  # fmt: skip
def test_what_is_not_there_is_404_in_the_api_s_own_form(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "NOT_FOUND"


def test_attach_opens_a_session_once_and_counts_lives(client: TestClient, centre: PlainCentre) -> None:
    deployed(client, centre)
    asked = {"application": "arena", "device": "player-1"}
    first = client.post("/api/v1/attach", json=asked, headers=AUTHORISED).json()
    again = client.post("/api/v1/attach", json=asked, headers=AUTHORISED).json()
    assert (first["fresh"], first["life"], first["site"]) == (True, 1, "harbour")
    assert (again["fresh"], again["life"], again["key"]) == (False, 2, first["key"])


def test_attach_for_an_unknown_device_or_application(client: TestClient, centre: PlainCentre) -> None:
    deployed(client, centre)
    for asked in (
        {"application": "arena", "device": "player-9"},
        {"application": "chess", "device": "player-1"},
    ):
        answer = client.post("/api/v1/attach", json=asked, headers=AUTHORISED)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert not centre.plane.state.sessions


def test_orders_that_cannot_be_carried_out_are_refused_with_the_reason(
    client: TestClient, centre: PlainCentre
) -> None:
    deployed(client, centre)
    client.post("/api/v1/attach", json={"application": "arena", "device": "player-1"}, headers=AUTHORISED)

    def move(to: str) -> Any:
        return client.post("/api/v1/sessions/player-1/move", json={"to": to}, headers=AUTHORISED)

    assert move("nowhere").status_code == 404
    here = move("harbour")
    assert (here.status_code, here.json()["code"]) == (409, "CONFLICT")
    assert "already" in here.json()["message"]
    assert move("market").status_code == 202
    assert "under way" in move("market").json()["message"]


def test_drain_says_how_many_and_until_when(client: TestClient, centre: PlainCentre) -> None:
    deployed(client, centre)
    client.post("/api/v1/attach", json={"application": "arena", "device": "player-1"}, headers=AUTHORISED)
    answer = client.post("/api/v1/sites/harbour/drain", headers=AUTHORISED)
    assert (answer.status_code, answer.json()["sessions"]) == (202, 1)
    assert client.get("/api/v1/sites/harbour").json()["state"] == "draining"
    client.post("/api/v1/sites/harbour/undrain", headers=AUTHORISED)
    assert client.get("/api/v1/sites/harbour").json()["state"] == "ready"


def test_explain_names_every_site_with_its_terms(client: TestClient, centre: PlainCentre) -> None:
    deployed(client, centre)
    client.post("/api/v1/attach", json={"application": "arena", "device": "player-1"}, headers=AUTHORISED)
    told = client.get("/api/v1/explain/player-1").json()
    assert [one["site"] for one in told["sites"]] == ["harbour", "market"]
    assert told["sites"][0]["terms_ms"].keys() == {"radio", "cell_queue", "backhaul", "load"}
    assert told["decision"] == "stay"
    assert told["steering"] == "steered by the 5G core (Traffic Influence)"
    session = centre.plane.state.sessions[SessionId("player-1")]
    session.redirected = True
    view = centre.plane.access.ues[UeId("player-1")]
    for kind in ("wifi", "lte", "nsa"):
        view.sighting = replace(view.sighting, kind=kind)
        told = client.get("/api/v1/explain/player-1").json()
        assert told["steering"] == f"its client is redirected: {kind} has no steering"


def test_explain_says_what_the_application_says_about_moves(client: TestClient, centre: PlainCentre) -> None:
    deployed(client, centre)
    client.post("/api/v1/attach", json={"application": "arena", "device": "player-1"}, headers=AUTHORISED)
    assert client.get("/api/v1/explain/player-1").json()["consent"] == ""
    held, ue = centre.plane.state.enablement, UeId("player-1")
    for level, said in ((1, "keeps it there"), (2, "is asked before it moves")):
        device = Device("one", ue, level)
        held.keep(MobilityRegistration(id="ams-1", site=SiteId("harbour"), devices=(device,)))
        assert said in client.get("/api/v1/explain/player-1").json()["consent"]
    held.asked[SessionId("player-1")] = Asked(SiteId("market"), 1, 1)
    assert "it could go to market" in client.get("/api/v1/explain/player-1").json()["consent"]


def test_the_description_names_only_paths_that_answer(client: TestClient) -> None:
    description = client.get("/api/v1/openapi.json").json()
    for path, operations in description["paths"].items():
        if "get" in operations and "stream" not in path:
            answer = client.get("/api/v1" + path.replace("{session}", "x").replace("{name}", "x"))
            assert answer.status_code in (200, 404), path
            assert answer.status_code == 200 or "no collection" not in answer.json()["message"], path


def test_what_is_expected_of_a_session_in_a_full_cell_is_seen_everywhere(
    client: TestClient, centre: PlainCentre
) -> None:
    deployed(client, centre)
    client.post("/api/v1/attach", json={"application": "arena", "device": "player-1"}, headers=AUTHORISED)
    plane = centre.plane

    def seen() -> tuple[object, bytes]:
        (row,) = client.get("/api/v1/sessions").json()["items"]
        outside = next(
            line for line in client.get("/metrics").content.splitlines()
            if line.startswith(b"fedge_sessions_outside_objective ")
        )  # fmt: skip
        return row["outside_objective"], outside.split()[1]

    assert seen() == (False, b"0.0")
    cell = plane.access.ues[UeId("player-1")].sighting.cell
    centre.say(CellsMeasured(centre.now(), (CellFigures(cell, 0.1, 1.0, 280.0),)))
    assert seen() == (True, b"1.0")
    told = client.get("/api/v1/explain/player-1").json()
    assert {site["terms_ms"]["cell_queue"] for site in told["sites"]} == {280.0}
    assert [site["within_objective"] for site in told["sites"] if site["feasible"]] == [False, False]


def test_a_players_reachability_and_the_gap_of_its_handover_are_seen(
    client: TestClient, centre: PlainCentre
) -> None:
    deployed(client, centre)
    client.post("/api/v1/attach", json={"application": "arena", "device": "player-1"}, headers=AUTHORISED)

    def seen() -> tuple[object, object]:
        ue = client.get("/api/v1/view").json()["ues"]["player-1"]
        return ue["reachable"], ue["handover_gap_ms"]

    assert seen() == (True, None)
    key, now = centre.plane.state.sessions[SessionId("player-1")].key, centre.now()
    centre.plane.access.client(key).handed_over(now)
    heard = ClientPackets(key, now + 300 * MS, 51.5, now + 8 * MS)
    site = SiteId("harbour")
    instances = centre.plane.sites[site].instances
    centre.say(SiteReport(site, 0.1, 1, instances, {}, now, clients=(heard,)))
    centre.say(ReachabilityChanged(UeId("player-1"), False, now))
    assert seen() == (False, 51.5)
