"""Quality sessions as the operator, a tenant, the dashboard and the metrics see them; profiles that are taken back."""

from __future__ import annotations

from starlette.testclient import TestClient

from fedge.core.messages import QualityGranted, QualityKept
from tests.api.camara.platform import DEVICE, STUDIO, CamaraCentre
from tests.api.camara.test_quality_on_demand import SESSIONS, made

STUDIOS = {"Authorization": f"Bearer {STUDIO}"}


def test_a_session_is_seen_with_its_profile_and_whether_it_is_kept(
    client: TestClient, centre: CamaraCentre
) -> None:
    assert client.get("/api/v1/view").json()["ues"]["player-1"]["quality"] is None
    name = made(client)["sessionId"]
    centre.operator()
    [row] = client.get("/api/v1/quality").json()["items"]
    assert (row["quality"], row["ue"], row["profile"], row["status"]) == (
        name,
        "player-1",
        "QOS_E",
        "AVAILABLE",
    )
    assert (row["kept"], row["by"], row["server"], row["carried"]) == (
        True,
        "operator",
        "127.1.1.1",
        ["127.1.1.1"],
    )
    assert 590 <= row["left_s"] <= 600
    centre.say(QualityKept(name, False))
    seen = client.get("/api/v1/view").json()["ues"]["player-1"]["quality"]
    assert (seen["profile"], seen["kept"]) == ("QOS_E", False)
    assert client.get(f"/api/v1/quality/{name}").json()["quality"] == name


def test_the_sessions_table_says_what_each_is_served_with(client: TestClient, centre: CamaraCentre) -> None:
    centre.studio()
    assert client.get("/api/v1/sessions").json()["items"][0]["quality"] is None
    centre.answers = None
    name = made(client, device={"phoneNumber": "+99901000002"})["sessionId"]
    said = [client.get("/api/v1/sessions").json()["items"][0]["quality"]]
    centre.answers = QualityGranted
    centre.plane.quality_said.clear()
    centre.pass_time(1)
    said.append(client.get("/api/v1/sessions").json()["items"][0]["quality"])
    centre.say(QualityKept(name, False))
    said.append(client.get("/api/v1/sessions").json()["items"][0]["quality"])
    assert said == ["QOS_E (requested)", "QOS_E", "QOS_E (not kept)"]


def test_a_tenant_sees_its_own_alone(client: TestClient, centre: CamaraCentre) -> None:
    centre.studio()
    body = {
        "device": {"phoneNumber": "+99901000002"},
        "applicationServer": {"ipv4Address": "127.1.1.1"},
        "qosProfile": "QOS_S",
        "duration": 60,
    }
    theirs = client.post(SESSIONS, json=body, headers=STUDIOS).json()["sessionId"]
    mine = made(client, device=DEVICE)["sessionId"]
    rows = client.get("/api/v1/quality", headers=STUDIOS).json()["items"]
    assert [(row["quality"], row["by"]) for row in rows] == [(theirs, "studio")]
    assert client.get(f"/api/v1/quality/{mine}", headers=STUDIOS).status_code == 404
    everything = client.get("/api/v1/quality").json()["items"]
    assert {row["quality"] for row in everything} == {mine, theirs}


def test_metrics_count_them(client: TestClient, centre: CamaraCentre) -> None:
    name = made(client)["sessionId"]
    centre.operator()
    said = client.get("/metrics").text
    assert 'fedge_quality_sessions{by="client",profile="QOS_E",status="AVAILABLE"} 1.0' in said
    client.delete(f"{SESSIONS}/{name}")
    assert 'fedge_quality_ended_total{info="DELETE_REQUESTED"} 1.0' in client.get("/metrics").text


def test_the_operator_takes_a_profile_back(client: TestClient, centre: CamaraCentre) -> None:
    path = "/api/v1/qos-profiles/QOS_M"
    assert client.post(path, json={"status": "DEPRECATED"}).status_code == 200
    assert client.get("/qos-profiles/v1/qos-profiles/QOS_M").json()["status"] == "DEPRECATED"
    assert client.post(path, json={"status": "GONE"}).status_code == 400
    assert client.post("/api/v1/qos-profiles/none", json={"status": "ACTIVE"}).status_code == 404
    centre.studio()
    assert client.post(path, json={"status": "ACTIVE"}, headers=STUDIOS).status_code == 403
