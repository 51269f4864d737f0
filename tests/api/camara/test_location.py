"""CAMARA Location Verification 3.0.0 and Retrieval 0.5.0: chains by hand, and who is told nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from fedge.core.location import NETWORK_OPERATION
from fedge.core.messages import CellChanged, LocationTold
from fedge.core.model import CellId, UeId
from tests.api.camara.studio import (
    ADDRESS,
    EARTH,
    NOBODYS,
    NUMBER,
    OTHER,
    PLAYERS,
    RIVAL,
    STUDIO,
    StudioCentre,
    application,
    bearing,
    circle,
    three_legged,
    token_of,
)
from tests.api.centre import TOKEN

VERIFY, RETRIEVE = "/location-verification/v3/verify", "/location-retrieval/v0.5/retrieve"
V_SCOPE, R_SCOPE = "location-verification:verify", "location-retrieval:read"
DEVICE = {"phoneNumber": NUMBER}


@pytest.fixture
def centre() -> StudioCentre:
    return StudioCentre()


@pytest.fixture
def client(centre: StudioCentre) -> Iterator[TestClient]:
    with TestClient(application(centre)) as found:
        yield found


def said(client: TestClient, path: str, token: str, body: Any) -> tuple[int, dict[str, Any]]:
    answer = client.post(path, json=body, headers=bearing(token))
    return answer.status_code, answer.json()


def code(client: TestClient, path: str, token: str, body: Any) -> tuple[int, str]:
    status, found = said(client, path, token, body)
    return status, found.get("code", "")


def consents(client: TestClient, whom: str = "studio", **more: Any) -> str:
    body = {"client": whom, "device": "player-1", **more}
    answer = client.post("/api/v1/consents", json=body, headers=bearing(TOKEN))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


# --- what is answered --------------------------------------------------------------------------------------------------------


def test_a_place_is_a_circle_as_exact_as_the_operator_says(client: TestClient, centre: StudioCentre) -> None:
    centre.place("player-1", 300.0, 700.0, uncertainty_m=80.0)
    status, found = said(client, RETRIEVE, TOKEN, {"device": {**ADDRESS, **DEVICE}})
    assert status == 200
    where = found["area"]["center"]
    assert EARTH.metres(where["latitude"], where["longitude"]) == pytest.approx((300.0, 700.0), abs=0.2)
    assert found["area"]["areaType"] == "CIRCLE"
    assert found["area"]["radius"] == 80.0
    assert found["lastLocationTime"].endswith("Z")
    assert found["device"] == ADDRESS, "exactly the identifier that was used"


@pytest.mark.parametrize(
    ("area", "verdict"),
    [
        (circle(500, 500, 100), {"verificationResult": "TRUE"}),
        (circle(500, 500, 25), {"verificationResult": "PARTIAL", "matchRate": 25}),
        (circle(600, 500, 200), {"verificationResult": "TRUE"}),
        (circle(900, 900, 100), {"verificationResult": "FALSE"}),
        (circle(0, 0, 3_000_000), {"verificationResult": "TRUE"}),
    ],
)
def test_three_verdicts(client: TestClient, area: Any, verdict: dict[str, Any]) -> None:
    status, found = said(client, VERIFY, TOKEN, {"device": DEVICE, "area": area})
    assert status == 200
    assert {name: value for name, value in found.items() if name not in ("lastLocationTime", "device")} == (
        verdict
    )


def test_an_area_outside_the_network(client: TestClient) -> None:
    body = {"device": DEVICE, "area": circle(-5000, 0, 1000)}
    assert code(client, VERIFY, TOKEN, body) == (422, "LOCATION_VERIFICATION.AREA_NOT_COVERED")


def test_a_place_that_is_too_old_for_the_one_who_asks(client: TestClient, centre: StudioCentre) -> None:
    centre.place("player-1", 500.0, 500.0, age_s=60)
    area = circle(500, 500, 100)
    assert said(client, RETRIEVE, TOKEN, {"device": DEVICE})[0] == 200, "any age will do"
    assert said(client, RETRIEVE, TOKEN, {"device": DEVICE, "maxAge": 61})[0] == 200
    for path, prefix, more in (
        (RETRIEVE, "LOCATION_RETRIEVAL", {}),
        (VERIFY, "LOCATION_VERIFICATION", {"area": area}),
    ):
        for age in (0, 59):
            refused = code(client, path, TOKEN, {"device": DEVICE, "maxAge": age, **more})
            assert refused == (422, f"{prefix}.UNABLE_TO_FULFILL_MAX_AGE")


def test_the_operator_is_asked_for_a_fresher_place(client: TestClient, centre: StudioCentre) -> None:
    centre.place("player-1", 500.0, 500.0, age_s=60)
    centre.operator_can_be_asked()
    play, answers = centre.play_sites, [True]

    def operator() -> None:
        """Beside what sites answer."""
        play()
        for ask in centre.asked_of_the_operator() if answers else ():
            answers.clear()
            centre.say(LocationTold(ask.request, ask.ue, True, 100.0, 200.0, 30.0, centre.now()))

    centre.play_sites = operator  # type: ignore[method-assign]
    status, found = said(client, RETRIEVE, TOKEN, {"device": DEVICE, "maxAge": 0})
    assert status == 200
    assert found["area"]["radius"] == 30.0
    (asked,) = centre.asked_of_the_operator()
    assert (asked.ue, asked.max_age_s) == ("player-1", 0.0)
    assert said(client, RETRIEVE, TOKEN, {"device": DEVICE, "maxAge": 0})[1]["area"] == found["area"]


def test_an_operator_that_does_not_answer_and_one_that_cannot(
    client: TestClient, centre: StudioCentre
) -> None:
    centre.place("player-1", 500.0, 500.0, age_s=60)
    centre.operator_can_be_asked()
    play = centre.play_sites

    def silence() -> None:
        play()
        centre.sweep()

    centre.play_sites = silence  # type: ignore[method-assign]
    asked = {"device": DEVICE, "maxAge": 0}
    assert code(client, RETRIEVE, TOKEN, asked) == (422, "LOCATION_RETRIEVAL.UNABLE_TO_FULFILL_MAX_AGE")

    def no() -> None:
        play()
        for one in tuple(centre.plane.places_asked):
            centre.say(LocationTold(one, UeId("player-1"), False, reason="detached"))

    centre.play_sites = no  # type: ignore[method-assign]
    assert code(client, RETRIEVE, TOKEN, asked) == (422, "LOCATION_RETRIEVAL.UNABLE_TO_FULFILL_MAX_AGE")


def test_a_device_of_which_only_the_cell_is_known_is_somewhere_in_it(
    client: TestClient, centre: StudioCentre
) -> None:
    del centre.plane.access.ues[UeId("player-1")]
    assert code(client, RETRIEVE, TOKEN, {"device": DEVICE}) == (422, "LOCATION_RETRIEVAL.UNABLE_TO_LOCATE")
    centre.say(CellChanged(UeId("player-1"), CellId("nr-1"), None, "nr", 10.0, 0.0, centre.now()))
    assert said(client, RETRIEVE, TOKEN, {"device": DEVICE})[1]["area"]["radius"] == 400.0


def test_the_surface_that_is_wanted(client: TestClient) -> None:
    refused = code(client, RETRIEVE, TOKEN, {"device": DEVICE, "maxSurface": 7000})
    assert refused == (422, "LOCATION_RETRIEVAL.UNABLE_TO_FULFILL_MAX_SURFACE")
    assert said(client, RETRIEVE, TOKEN, {"device": DEVICE, "maxSurface": 8000})[0] == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        (RETRIEVE, {}, 422, "MISSING_IDENTIFIER"),
        (RETRIEVE, {"device": {}}, 422, "MISSING_IDENTIFIER"),
        (RETRIEVE, {"device": {"ipv6Address": "2001:db8::1"}}, 422, "UNSUPPORTED_IDENTIFIER"),
        (RETRIEVE, {"device": {"phoneNumber": NOBODYS}}, 404, "IDENTIFIER_NOT_FOUND"),
        (RETRIEVE, {"device": DEVICE, "maxAge": -1}, 400, "INVALID_ARGUMENT"),
        (RETRIEVE, {"device": DEVICE, "maxSurface": 0}, 400, "INVALID_ARGUMENT"),
        (RETRIEVE, {"device": "player-1"}, 400, "INVALID_ARGUMENT"),
        (RETRIEVE, {"device": {"phoneNumber": NUMBER + "\n"}}, 400, "INVALID_ARGUMENT"),
        (VERIFY, {"device": DEVICE}, 400, "INVALID_ARGUMENT"),
        (VERIFY, {"area": circle(0, 0, 100)}, 422, "MISSING_IDENTIFIER"),
        (VERIFY, {"device": DEVICE, "area": {**circle(0, 0, 1), "radius": 0.5}}, 400, "INVALID_ARGUMENT"),
        (
            VERIFY,
            {"device": DEVICE, "area": {**circle(0, 0, 1), "areaType": "POLYGON"}},
            400,
            "INVALID_ARGUMENT",
        ),
        (
            VERIFY,
            {"device": DEVICE, "area": {**circle(0, 0, 1), "center": {"latitude": 91, "longitude": 0}}},
            400,
            "INVALID_ARGUMENT",
        ),
    ],
)
def test_refusals_to_the_operator(client: TestClient, path: str, body: Any, status: int, error: str) -> None:
    assert code(client, path, TOKEN, body) == (status, error)


# --- who may know ------------------------------------------------------------------------------------------------------------


def test_without_consent_nobody_is_located_and_nobody_exists(
    client: TestClient, centre: StudioCentre
) -> None:
    answers = [
        client.post(
            RETRIEVE,
            json={"device": {"phoneNumber": number}},
            headers={**bearing(STUDIO), "x-correlator": "c"},
        )
        for number in (NUMBER, OTHER, NOBODYS)
    ]
    assert {one.status_code for one in answers} == {403}
    assert len({one.content for one in answers}) == 1, "the same answer for all three"
    area = {"area": circle(500, 500, 100)}
    for number in (NUMBER, OTHER, NOBODYS):
        body = {"device": {"phoneNumber": number}, **area}
        assert code(client, VERIFY, STUDIO, body) == (403, "PERMISSION_DENIED")
    refused = centre.audit.newest()
    assert [one.get("ue", "") for one in refused[:3]] == ["player-1", "player-3", ""]
    own = client.get("/api/v1/audit", headers=bearing(STUDIO)).json()["items"]
    assert {one["subject"] for one in own} == {NUMBER, OTHER, NOBODYS}, "what it asked, as it asked"
    assert not any("ue" in one or "because" in one for one in own)
    assert len({one["reason"] for one in own}) == 1


def test_a_recorded_consent_lets_its_tenant_locate_and_no_other(client: TestClient) -> None:
    consents(client)
    body = {"device": DEVICE}
    assert said(client, RETRIEVE, STUDIO, body)[0] == 200
    assert said(client, VERIFY, STUDIO, {**body, "area": circle(500, 500, 100)})[0] == 200
    assert code(client, RETRIEVE, RIVAL, body) == (403, "PERMISSION_DENIED")
    assert code(client, RETRIEVE, PLAYERS, body) == (403, "PERMISSION_DENIED")


def test_a_consent_is_for_its_scope_its_purpose_and_its_time(
    client: TestClient, centre: StudioCentre
) -> None:
    consents(client, scopes=[R_SCOPE], purpose="dpv:Gaming", days=1)
    body = {"device": DEVICE}
    area = {**body, "area": circle(500, 500, 100)}
    assert code(client, VERIFY, STUDIO, area) == (403, "PERMISSION_DENIED")
    assert code(client, RETRIEVE, STUDIO, body) == (403, "PERMISSION_DENIED"), "it names no purpose"
    seen = client.get("/api/v1/devices/player-1", headers=bearing(STUDIO)).json()
    assert (seen["place"], len(seen["consents"])) == (None, 1), "nor does who looks at the platform"

    def retrieved(purpose: str) -> int:
        token = token_of(client, "studio", STUDIO, scope=f"{R_SCOPE} {purpose}").json()["access_token"]
        return said(client, RETRIEVE, token, body)[0]

    assert [retrieved(purpose) for purpose in ("", "dpv:Gaming", "dpv:Marketing")] == [403, 200, 403]
    centre.pass_time(24 * 3600)
    assert retrieved("dpv:Gaming") == 403


def test_withdrawing_it_ends_it_at_once(client: TestClient) -> None:
    id = consents(client)
    assert said(client, RETRIEVE, STUDIO, {"device": DEVICE})[0] == 200
    assert client.delete(f"/api/v1/consents/{id}", headers=bearing(STUDIO)).status_code == 403
    assert client.delete(f"/api/v1/consents/{id}", headers=bearing(TOKEN)).status_code == 200
    items = client.get("/api/v1/audit", headers=bearing(STUDIO)).json()["items"]
    assert [one["decision"] for one in items if one["api"].endswith("/consents")] == ["granted", "withdrawn"]
    assert client.delete(f"/api/v1/consents/{id}", headers=bearing(TOKEN)).status_code == 404
    assert code(client, RETRIEVE, STUDIO, {"device": DEVICE}) == (403, "PERMISSION_DENIED")


def test_the_operator_needs_a_consent_too_unless_it_runs_its_network(client: TestClient) -> None:
    def asked(purpose: str) -> tuple[int, str]:
        token = token_of(client, "OPERATOR", TOKEN, scope=f"{R_SCOPE} {purpose}").json()["access_token"]
        return code(client, RETRIEVE, token, {"device": DEVICE})

    assert asked("") == (200, "")
    assert asked(NETWORK_OPERATION) == (200, "")
    assert asked("dpv:Marketing") == (403, "PERMISSION_DENIED")
    consents(client, "OPERATOR", purpose="dpv:Marketing")
    assert asked("dpv:Marketing") == (200, "")


def test_a_three_legged_token_is_its_device_and_needs_no_other_name(client: TestClient) -> None:
    token = three_legged(client, R_SCOPE, f"tel:{OTHER}")
    status, found = said(client, RETRIEVE, token, {})
    assert status == 200
    assert "device" not in found
    for device in (DEVICE, {"phoneNumber": OTHER}, {"phoneNumber": NOBODYS}):
        assert code(client, RETRIEVE, token, {"device": device}) == (422, "UNNECESSARY_IDENTIFIER")
    wrong = code(client, VERIFY, token, {"area": circle(500, 500, 100)})
    assert wrong == (403, "PERMISSION_DENIED"), "the subscriber was asked for another scope"
    assert said(client, RETRIEVE, STUDIO, {"device": {"phoneNumber": OTHER}})[0] == 200, "as it consented"


def test_each_use_is_written_down_and_no_token_is(client: TestClient, centre: StudioCentre) -> None:
    id = consents(client)
    headers = {**bearing(STUDIO), "x-correlator": "trace-7"}
    client.post(RETRIEVE, json={"device": DEVICE}, headers=headers)
    used = centre.audit.newest()[-1]
    assert {
        name: used[name] for name in ("client", "api", "subject", "decision", "reason", "correlator")
    } == {
        "client": "studio",
        "api": f"POST {RETRIEVE}",
        "subject": NUMBER,
        "decision": "granted",
        "reason": id,
        "correlator": "trace-7",
    }
    assert used["ue"] == "player-1"
    assert STUDIO not in str(centre.audit.newest())
    others = client.get("/api/v1/audit", headers=bearing(RIVAL)).json()["items"]
    assert others == []


def test_a_tenant_s_view_shows_no_place_without_consent(client: TestClient) -> None:
    def player() -> Any:
        return client.get("/api/v1/view", headers=bearing(STUDIO)).json()["ues"]["player-1"]

    def device() -> Any:
        return client.get("/api/v1/devices/player-1", headers=bearing(STUDIO)).json()

    assert (player()["x_m"], player()["y_m"], player()["cell"]) == (None, None, None)
    assert player()["reachable"] is None
    assert (device()["place"], device()["identifiers"]) == (None, {})
    id = consents(client)
    assert (player()["x_m"], player()["cell"]) == (500.0, "nr-1")
    assert device()["place"]["radius_m"] == 50.0
    assert [one["id"] for one in device()["consents"]] == [id]
    assert client.get("/api/v1/devices/player-2", headers=bearing(STUDIO)).status_code == 404
    everything = client.get("/api/v1/devices/player-2", headers=bearing(TOKEN)).json()
    assert everything["identifiers"]["phoneNumber"] == "+99901000002"


# --- the admin API of consents -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"device": "player-1"}, 400),
        ({"client": "studio"}, 400),
        ({"client": "nobody", "device": "player-1"}, 404),
        ({"client": "studio", "device": "player-1", "scopes": []}, 400),
        ({"client": "studio", "device": "player-1", "scopes": ["all"]}, 400),
        ({"client": "studio", "device": "player-1", "scopes": [["all"]]}, 400),
        ({"client": "studio", "device": "player-1", "purpose": "fun"}, 400),
        ({"client": "studio", "device": "player-1", "days": 0}, 400),
        ({"client": "studio", "device": "player-1", "days": True}, 400),
        ({"client": "studio", "device": "player-1", "days": 1e300}, 400),
        ({"client": "studio", "device": "player\n1"}, 400),
        ({"client": "studio", "device": "x" * 300}, 400),
    ],
)
def test_a_consent_that_cannot_be_recorded(client: TestClient, body: Any, status: int) -> None:
    assert client.post("/api/v1/consents", json=body, headers=bearing(TOKEN)).status_code == status


def test_only_the_operator_records_and_each_sees_its_own(client: TestClient) -> None:
    body = {"client": "studio", "device": "player-1"}
    assert client.post("/api/v1/consents", json=body, headers=bearing(STUDIO)).status_code == 403
    assert client.post("/api/v1/consents", json=body).status_code == 401
    id = consents(client)
    assert consents(client) == id, "what says the same is prolonged"

    def seen(token: str) -> list[str]:
        rows = client.get("/api/v1/consents", headers=bearing(token)).json()["items"]
        return [one["id"] for one in rows]

    assert (seen(TOKEN), seen(STUDIO), seen(RIVAL)) == ([id], [id], [])


@pytest.mark.parametrize("limit", ["0", "2001", "x", "-1", "9" * 40])
def test_how_much_of_the_audit_may_be_asked_for(client: TestClient, limit: str) -> None:
    assert client.get(f"/api/v1/audit?limit={limit}", headers=bearing(TOKEN)).status_code == 400
