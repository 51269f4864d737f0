"""CAMARA Quality on Demand 1.1.0 by hand: chains of calls, events, and each documented refusal."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from fedge.api.admin.callers import digest_of
from fedge.core.control.events.objects import ObjectsChanged
from fedge.core.control.events.quality import AskedProfileMark
from fedge.core.control.events.tokens import TokenIssued
from fedge.core.messages import OperatorOffers, QualityKept, QualityLost, QualityRefused
from tests.api.camara.platform import ADDRESS, DEVICE, REFERENCES, SINK, STUDIO, CamaraCentre
from tests.core.applications.objects import tenant

SESSIONS = "/quality-on-demand/v1/sessions"
RETRIEVE = "/quality-on-demand/v1/retrieve-sessions"
WISH: dict[str, Any] = {
    "device": DEVICE,
    "applicationServer": {"ipv4Address": "127.1.1.1"},
    "qosProfile": "QOS_E",
    "duration": 600,
    "sink": SINK,
}


def made(client: TestClient, **changes: Any) -> dict[str, Any]:
    answer = client.post(SESSIONS, json={**WISH, **changes})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refused(client: TestClient, **changes: Any) -> tuple[int, str]:
    body = {name: value for name, value in {**WISH, **changes}.items() if value is not ...}
    answer = client.post(SESSIONS, content=json.dumps(body), headers={"content-type": "application/json"})
    return answer.status_code, answer.json()["code"]


def statuses(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["data"]["qosStatus"], one["data"].get("statusInfo", "")) for one in events]


def test_a_session_is_requested_available_extended_and_expires(
    client: TestClient, centre: CamaraCentre
) -> None:
    session = made(client)
    assert {name: session[name] for name in WISH} == WISH
    assert session["qosStatus"] == "REQUESTED"
    assert not {"startedAt", "expiresAt", "statusInfo"} & session.keys()
    one = f"{SESSIONS}/{session['sessionId']}"
    assert statuses(centre.told()) == [("AVAILABLE", "")]
    available = client.get(one).json()
    assert (available["qosStatus"], available["duration"]) == ("AVAILABLE", 600)
    assert available["startedAt"] < available["expiresAt"]
    assert client.get(one).json() == available, "the same instants each time"
    longer = client.post(f"{one}/extend", json={"requestedAdditionalDuration": 300}).json()
    assert (longer["duration"], longer["startedAt"]) == (900, available["startedAt"])
    centre.pass_time(800)
    assert client.get(one).json()["qosStatus"] == "AVAILABLE"
    centre.pass_time(120)
    assert statuses(centre.told()) == [("UNAVAILABLE", "DURATION_EXPIRED")]
    over = client.get(one).json()
    assert (over["qosStatus"], over["statusInfo"]) == ("UNAVAILABLE", "DURATION_EXPIRED")
    assert 900 <= over["duration"] < 930
    assert centre.released() == [session["sessionId"]]
    made(client)  # the flow is free again
    centre.pass_time(370)
    assert client.get(one).status_code == 404


def test_what_the_operator_is_asked(client: TestClient, centre: CamaraCentre) -> None:
    ports = {"ranges": [{"from": 7000, "to": 7009}, {"from": 7005, "to": 7020}], "ports": [7777]}
    session = made(client, applicationServerPorts=ports, devicePorts={"ports": [40000]})
    assert (session["applicationServerPorts"], session["devicePorts"]) == (ports, {"ports": [40000]})
    centre.operator()
    [asked] = centre.requests()
    assert (asked.flow, asked.ue, asked.reference) == (session["sessionId"], "player-1", "QOS_E")
    assert (asked.app_server, asked.server_ports, asked.device_ports) == (
        "127.1.1.1",
        ((7000, 7020), (7777, 7777)),
        ((40000, 40000),),
    )
    assert asked.seconds == 630
    centre.pass_time(20)
    assert len(centre.requests()) == 1, "it is asked once"
    client.post(f"{SESSIONS}/{session['sessionId']}/extend", json={"requestedAdditionalDuration": 60})
    centre.operator()
    assert [one.seconds for one in centre.requests()[1:]] == [670]


def test_a_deleted_session_is_gone_and_its_client_is_told(client: TestClient, centre: CamaraCentre) -> None:
    session = made(client)
    centre.told()
    one = f"{SESSIONS}/{session['sessionId']}"
    deleted = client.delete(one)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert statuses(centre.told()) == [("UNAVAILABLE", "DELETE_REQUESTED")]
    assert centre.released() == [session["sessionId"]]
    assert [client.get(one).status_code, client.delete(one).status_code] == [404, 404]
    assert client.post(f"{one}/extend", json={"requestedAdditionalDuration": 1}).status_code == 404


def test_one_that_is_deleted_before_it_was_available_makes_no_event(
    client: TestClient, centre: CamaraCentre
) -> None:
    centre.answers = None
    session = made(client)
    assert client.delete(f"{SESSIONS}/{session['sessionId']}").status_code == 204
    assert centre.told() == []


def test_what_the_network_refuses_is_unavailable_and_blocks_its_flow_until_deleted(
    client: TestClient, centre: CamaraCentre
) -> None:
    centre.answers = QualityRefused
    session = made(client)
    assert statuses(centre.told()) == [("UNAVAILABLE", "NETWORK_TERMINATED")]
    one = f"{SESSIONS}/{session['sessionId']}"
    found = client.get(one).json()
    assert (found["qosStatus"], found["statusInfo"], found["duration"]) == (
        "UNAVAILABLE",
        "NETWORK_TERMINATED",
        1,
    )
    assert "startedAt" not in found
    assert refused(client) == (409, "CONFLICT")
    assert client.delete(one).status_code == 204
    assert centre.told() == [], "it was UNAVAILABLE already"
    centre.answers = None
    made(client)


def test_what_the_network_ends_is_told_and_kept_for_360_seconds(
    client: TestClient, centre: CamaraCentre
) -> None:
    session = made(client)
    centre.told()
    centre.say(QualityLost(session["sessionId"], "SESSION_TERMINATION"))
    assert statuses(centre.told()) == [("UNAVAILABLE", "NETWORK_TERMINATED")]
    one = f"{SESSIONS}/{session['sessionId']}"
    centre.pass_time(355)
    assert client.get(one).json()["statusInfo"] == "NETWORK_TERMINATED"
    centre.pass_time(10)
    assert client.get(one).status_code == 404


def test_an_operator_that_has_no_room_is_asked_again_for_a_while(
    client: TestClient, centre: CamaraCentre
) -> None:
    centre.answers = None
    session = made(client)["sessionId"]
    centre.operator()
    centre.say(QualityRefused(session, "no answer", final=False))
    centre.pass_time(8)
    assert len(centre.requests()) > 1
    assert client.get(f"{SESSIONS}/{session}").json()["qosStatus"] == "REQUESTED"
    centre.pass_time(20)
    assert client.get(f"{SESSIONS}/{session}").json()["statusInfo"] == "NETWORK_TERMINATED"


def test_an_operator_that_never_answers_ends_it(client: TestClient, centre: CamaraCentre) -> None:
    centre.answers = None
    session = made(client)["sessionId"]
    centre.pass_time(30)
    assert client.get(f"{SESSIONS}/{session}").json()["statusInfo"] == "NETWORK_TERMINATED"


def test_whether_a_rate_can_be_kept_is_known_while_the_session_lives(
    client: TestClient, centre: CamaraCentre
) -> None:
    session = made(client)["sessionId"]
    centre.operator()
    centre.say(QualityKept(session, False))
    assert centre.plane.unfulfilled == {session}
    centre.say(QualityKept(session, True))
    assert centre.plane.unfulfilled == set()
    centre.say(QualityKept(session, False))
    client.delete(f"{SESSIONS}/{session}")
    assert centre.plane.unfulfilled == set()


def test_the_sessions_of_a_device(client: TestClient, centre: CamaraCentre) -> None:
    assert client.post(RETRIEVE, json={"device": DEVICE}).json() == []
    first = made(client)
    second = made(client, applicationServer={"ipv4Address": "198.51.100.0/24"}, device=ADDRESS)
    found = client.post(RETRIEVE, json={"device": ADDRESS}).json()
    assert [one["sessionId"] for one in found] == [first["sessionId"], second["sessionId"]]
    assert [one["device"] for one in found] == [DEVICE, ADDRESS]
    centre.see("player-3")
    assert client.post(RETRIEVE, json={"device": {"phoneNumber": "+99901000003"}}).json() == []


def test_of_several_identifiers_the_answer_names_the_one_that_was_used(client: TestClient) -> None:
    assert made(client, device={**DEVICE, **ADDRESS})["device"] == ADDRESS


def test_the_extension_stops_at_the_profiles_longest_duration(
    client: TestClient, centre: CamaraCentre
) -> None:
    session = made(client)["sessionId"]
    centre.operator()
    longest = client.post(f"{SESSIONS}/{session}/extend", json={"requestedAdditionalDuration": 2**31 - 1})
    assert (longest.status_code, longest.json()["duration"]) == (200, 86400)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"qosProfile": ...}, 400, "INVALID_ARGUMENT"),
        ({"qosProfile": "QOS_NONE"}, 400, "INVALID_ARGUMENT"),
        ({"qosProfile": "QOS E"}, 400, "INVALID_ARGUMENT"),
        ({"duration": ...}, 400, "INVALID_ARGUMENT"),
        ({"duration": 0}, 400, "INVALID_ARGUMENT"),
        ({"duration": 2**31}, 400, "INVALID_ARGUMENT"),
        ({"duration": 86401}, 400, "QUALITY_ON_DEMAND.DURATION_OUT_OF_RANGE"),
        ({"applicationServer": ...}, 400, "INVALID_ARGUMENT"),
        ({"applicationServer": {}}, 400, "INVALID_ARGUMENT"),
        ({"applicationServer": {"ipv4Address": "127.1.1.1/33"}}, 400, "INVALID_ARGUMENT"),
        ({"applicationServer": {"ipv6Address": "x"}}, 400, "INVALID_ARGUMENT"),
        ({"applicationServer": {"ipv6Address": "2001:db8::/64"}}, 422, "SERVICE_NOT_APPLICABLE"),
        ({"devicePorts": {}}, 400, "INVALID_ARGUMENT"),
        ({"devicePorts": {"ports": []}}, 400, "INVALID_ARGUMENT"),
        ({"devicePorts": {"ports": [65536]}}, 400, "INVALID_ARGUMENT"),
        ({"devicePorts": {"ranges": [{"from": 2, "to": 1}]}}, 400, "INVALID_ARGUMENT"),
        ({"devicePorts": {"ports": list(range(0, 200, 2))}}, 400, "OUT_OF_RANGE"),
        ({"device": ...}, 422, "MISSING_IDENTIFIER"),
        ({"device": {"networkAccessIdentifier": "a@b.c"}}, 422, "UNSUPPORTED_IDENTIFIER"),
        ({"device": {"ipv6Address": "2001:db8::1"}}, 422, "UNSUPPORTED_IDENTIFIER"),
        ({"device": {"phoneNumber": "99901000001"}}, 400, "INVALID_ARGUMENT"),
        ({"device": {"phoneNumber": "+99901999999"}}, 404, "IDENTIFIER_NOT_FOUND"),
        ({"device": {"phoneNumber": "+99901000003"}}, 404, "IDENTIFIER_NOT_FOUND"),
        ({"device": {"ipv4Address": {"publicAddress": "127.77.200.1"}}}, 400, "INVALID_ARGUMENT"),
        ({"sink": "http://127.0.0.1/"}, 400, "INVALID_SINK"),
        ({"sink": "https://192.0.2.1/"}, 400, "INVALID_SINK"),
        ({"sink": "https://\ud800/"}, 400, "INVALID_ARGUMENT"),
        ({"sink": 7}, 400, "INVALID_ARGUMENT"),
        ({"sinkCredential": {}}, 400, "INVALID_ARGUMENT"),
        ({"sinkCredential": {"credentialType": "PLAIN"}}, 400, "INVALID_CREDENTIAL"),
        (
            {"sinkCredential": {"credentialType": "ACCESSTOKEN", "accessTokenType": "mac"}},
            400,
            "INVALID_TOKEN",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_code_and_changes_nothing(
    client: TestClient, centre: CamaraCentre, changes: dict[str, Any], status: int, code: str
) -> None:
    assert refused(client, **changes) == (status, code)
    assert centre.plane.state.quality.sessions == {}


def test_a_flow_that_is_taken_or_overlaps_one_conflicts(client: TestClient) -> None:
    made(client, applicationServerPorts={"ports": [7777]})
    assert refused(client) == (409, "CONFLICT")
    assert refused(client, applicationServer={"ipv4Address": "127.1.0.0/16"}) == (409, "CONFLICT")
    made(client, applicationServerPorts={"ports": [7778]})


def test_a_profile_that_cannot_be_used_now(client: TestClient, centre: CamaraCentre) -> None:
    centre.say(AskedProfileMark(0, "QOS_E", "DEPRECATED"))
    assert refused(client) == (422, "QUALITY_ON_DEMAND.QOS_PROFILE_NOT_APPLICABLE")
    centre.say(AskedProfileMark(0, "QOS_E", "ACTIVE"))
    centre.say(OperatorOffers(REFERENCES, location=True, radio=True, quality=False, reason="no answer"))
    assert refused(client) == (422, "QUALITY_ON_DEMAND.QOS_PROFILE_NOT_APPLICABLE")


def test_no_quality_is_served_on_wifi(client: TestClient, centre: CamaraCentre) -> None:
    centre.see("player-1", "wifi")
    assert refused(client) == (422, "SERVICE_NOT_APPLICABLE")


@pytest.mark.parametrize("name", ["x", "urn:uuid:3fa85f64-5717-4562-b3fc-2c963f66afa6", "3fa85f64571745628f"])
def test_a_session_id_is_a_uuid(client: TestClient, name: str) -> None:
    for answer in (client.get(f"{SESSIONS}/{name}"), client.delete(f"{SESSIONS}/{name}")):
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_ARGUMENT")


def test_a_requested_session_cannot_be_extended(client: TestClient, centre: CamaraCentre) -> None:
    centre.answers = None
    session = made(client)["sessionId"]
    answer = client.post(f"{SESSIONS}/{session}/extend", json={"requestedAdditionalDuration": 1})
    assert answer.status_code == 409
    assert answer.json()["code"] == "QUALITY_ON_DEMAND.SESSION_EXTENSION_NOT_ALLOWED"
    for wrong in ({}, {"requestedAdditionalDuration": 0}, {"requestedAdditionalDuration": "1"}):
        answer = client.post(f"{SESSIONS}/{session}/extend", json=wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_ARGUMENT")


def test_another_clients_session_is_not_there(client: TestClient, centre: CamaraCentre) -> None:
    centre.studio()
    mine = made(client, device={"phoneNumber": "+99901000002"})["sessionId"]
    studio = {"Authorization": f"Bearer {STUDIO}"}
    one = f"{SESSIONS}/{mine}"
    assert client.get(one, headers=studio).status_code == 404
    assert client.delete(one, headers=studio).status_code == 404
    assert (
        client.post(f"{one}/extend", json={"requestedAdditionalDuration": 1}, headers=studio).status_code
        == 404
    )
    device = {"device": {"phoneNumber": "+99901000002"}}
    assert client.post(RETRIEVE, json=device, headers=studio).json() == []
    theirs = client.post(SESSIONS, json={**WISH, **device}, headers=studio)
    assert theirs.status_code == 201, "another's session is no conflict that would give it away"
    assert client.get(f"{SESSIONS}/{theirs.json()['sessionId']}").status_code == 404
    assert client.get(one).json()["sessionId"] == mine


def test_with_its_tenant_a_clients_sessions_go_and_a_later_one_of_that_name_finds_none(
    client: TestClient, centre: CamaraCentre
) -> None:
    """The operator is asked to serve them no more, and the sink, with its token, is told nothing."""
    centre.say(ObjectsChanged((tenant("studio"),)))
    centre.studio()
    bearer = {"authorization": f"Bearer {STUDIO}"}
    mine = client.post(SESSIONS, json={**WISH, "device": {"phoneNumber": "+99901000002"}}, headers=bearer)
    operators = made(client)["sessionId"]
    assert mine.status_code == 201, mine.text
    centre.told()
    centre.say(ObjectsChanged((), (("Tenant", "", "studio"),)))
    assert centre.told() == []
    assert centre.released() == [mine.json()["sessionId"]]
    centre.say(ObjectsChanged((tenant("studio"),)))
    centre.studio()
    assert client.get(f"{SESSIONS}/{mine.json()['sessionId']}", headers=bearer).status_code == 404
    assert list(centre.plane.state.quality.sessions) == [operators], "others' stay"


def test_a_tenant_does_not_find_devices_that_play_none_of_its_games(
    client: TestClient, centre: CamaraCentre
) -> None:
    centre.studio()
    answer = client.post(SESSIONS, json=WISH, headers={"Authorization": f"Bearer {STUDIO}"})
    assert (answer.status_code, answer.json()["code"]) == (404, "IDENTIFIER_NOT_FOUND")


def test_the_event_is_a_cloud_event_of_this_session(client: TestClient, centre: CamaraCentre) -> None:
    session = made(client)["sessionId"]
    [event] = centre.told()
    assert event["type"] == "org.camaraproject.quality-on-demand.v1.qos-status-changed"
    assert event["source"] == f"http://127.0.0.1:7001{SESSIONS}/{session}"
    assert event["specversion"] == "1.0"
    assert event["data"] == {"sessionId": session, "qosStatus": "AVAILABLE"}


def test_who_names_anothers_session_or_device_is_in_the_audit_log(
    client: TestClient, centre: CamaraCentre
) -> None:
    """The answer is as of what is not there; whose it is is for the operator's eyes."""
    centre.see("player-3")
    centre.studio()
    body = {**WISH, "device": {"phoneNumber": "+99901000002"}}
    theirs = client.post(SESSIONS, json=body, headers={"Authorization": f"Bearer {STUDIO}"}).json()[
        "sessionId"
    ]
    centre.say(TokenIssued("rival", digest_of("rival-token")))
    path, rival = f"{SESSIONS}/{theirs}", {"Authorization": "Bearer rival-token"}
    extension = {"requestedAdditionalDuration": 60}
    answers = [
        client.get(path, headers=rival),
        client.delete(path, headers=rival),
        client.post(f"{path}/extend", json=extension, headers=rival),
    ]
    assert {(one.status_code, one.json()["code"]) for one in answers} == {(404, "NOT_FOUND")}
    written = centre.audit.newest()[-3:]
    assert {(one["client"], one["subject"], one["because"], one["ue"]) for one in written} == {
        ("rival", f"session {theirs}", "a session of studio", "player-2")
    }
    for number, because in (
        ("+99901000002", "a device of studio"),
        ("+99901000003", "it plays no game"),
        ("+99901999999", "nobody has that identifier"),
    ):
        for asked in (RETRIEVE, "/qos-profiles/v1/retrieve-qos-profiles"):
            answer = client.post(asked, json={"device": {"phoneNumber": number}}, headers=rival)
            assert (answer.status_code, answer.json()["code"]) == (404, "IDENTIFIER_NOT_FOUND")
            last = centre.audit.newest()[-1]
            assert (last["client"], last["subject"], last["because"]) == ("rival", number, because)
    own = centre.audit.newest(client="rival")
    assert "studio" not in str(own), "a client reads what it was told, and no more"
    before = len(centre.audit.newest())
    assert client.get(f"{SESSIONS}/{uuid4()}", headers=rival).status_code == 404
    assert len(centre.audit.newest()) == before, "nobody's session hides nothing"
