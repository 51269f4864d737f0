"""Traffic Influence, TS 29.522: the six operations, notifications and acknowledgements, over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.core5g.nef import BASE, GPSI, HOOK, ROOT, Exposure, body, exposure, route


def test_create_read_update_delete(nef: Exposure) -> None:
    made = nef.call("POST", said=body())
    assert made.status_code == 201
    where = made.headers["location"]
    assert where.startswith(f"{ROOT}{BASE}/fedge/subscriptions/")
    assert made.json() == body() | {"self": where}
    path = "/" + where.rpartition("/")[2]
    assert nef.call("GET", path).json() == made.json()
    assert nef.call("GET").json() == [made.json()]
    put = nef.call("PUT", path, body(trafficRoutes=[route("a"), route("b")]))
    assert put.status_code == 200
    assert [one["dnai"] for one in put.json()["trafficRoutes"]] == ["a", "b"]
    assert nef.call("GET", path).json() == put.json()
    patched = nef.call("PATCH", path, {"trafficRoutes": [route("b")], "appReloInd": False})
    assert patched.status_code == 200
    assert patched.json() == put.json() | {"trafficRoutes": [route("b")], "appReloInd": False}
    assert "appReloInd" not in nef.call("PATCH", path, {"appReloInd": None}).json(), "null takes it away"
    gone = nef.call("DELETE", path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert nef.call("GET", path).status_code == 404
    assert nef.call("DELETE", path).status_code == 404
    assert nef.call("GET").json() == []


def test_a_path_change_that_the_application_function_asks_for(nef: Exposure) -> None:
    path = nef.create()
    first = nef.notification(0)
    assert first == {
        "dnaiChgType": "EARLY",
        "subscribedEvent": "UP_PATH_CHANGE",
        "afTransId": "t-1",
        "targetDnai": "a",
        "targetTrafficRoute": route("a"),
        "gpsi": GPSI,
        "tgtUeIpv4Addr": "127.9.200.1",
        "afAckUri": first["afAckUri"],
    }
    assert nef.ack(first["afAckUri"], afTransId="t-1", gpsi=GPSI).status_code == 204
    assert nef.ack(nef.notification(1)["afAckUri"]).status_code == 204
    nef.call("PATCH", path, {"trafficRoutes": [route("b")]})
    early = nef.notification(2)
    assert (early["dnaiChgType"], early["sourceDnai"], early["targetDnai"]) == ("EARLY", "a", "b")
    assert nef.ack(early["afAckUri"], result={"trafficRoute": route("b", 6001)}).status_code == 204
    late = nef.notification(3)
    assert (late["dnaiChgType"], late["targetTrafficRoute"]) == ("LATE", route("b", 6001))
    assert nef.ack(late["afAckUri"]).status_code == 204
    assert {url for url, _ in nef.posted} == {HOOK}
    assert nef.outbox.counts == {"delivered": 4}


@pytest.mark.parametrize("status", ["TEMPORARY_CONGESTION", "RELOC_NO_ALLOWED", "OTHER"])
def test_a_refusal_is_accepted_and_can_be_repeated(nef: Exposure, status: str) -> None:
    nef.create()
    uri = nef.notification(0)["afAckUri"]
    assert nef.ack(uri, status).status_code == 204
    assert nef.ack(uri, status).status_code == 204
    contradiction = nef.ack(uri)
    assert (contradiction.status_code, contradiction.json()["cause"]) == (403, "MODIFICATION_NOT_ALLOWED")


def test_acknowledgements_that_mean_nothing(nef: Exposure) -> None:
    path = nef.create()
    uri = nef.notification(0)["afAckUri"]
    for said, where in (
        ({"ackResult": {"afStatus": "PERHAPS"}}, "/ackResult/afStatus"),
        ({"ackResult": {"afStatus": "SUCCESS"}, "afTransId": "t-2"}, "/afTransId"),
        ({"ackResult": {"afStatus": "SUCCESS"}, "gpsi": "msisdn-99901000002"}, "/gpsi"),
        (
            {"ackResult": {"afStatus": "SUCCESS", "trafficRoute": route("b")}},
            "/ackResult/trafficRoute/dnai",
        ),
        (
            {"ackResult": {"afStatus": "SUCCESS", "trafficRoute": route("a", 0)}},
            "/ackResult/trafficRoute/routeInfo",
        ),
        ({"ackResult": {}}, "/ackResult/afStatus"),
        ({}, "/ackResult"),
    ):
        answer = nef.http.post(uri.removeprefix(ROOT), json=said, headers=nef.headers())
        assert (answer.status_code, answer.json()["invalidParams"][0]["param"]) == (400, where)
    assert nef.ack(f"{ROOT}/af-acknowledgements/none").json()["cause"] == "CONTEXT_NOT_FOUND"
    another = nef.http.post(
        uri.removeprefix(ROOT), json={"ackResult": {"afStatus": "SUCCESS"}}, headers=nef.headers("another")
    )
    assert another.status_code == 404, "not its subscription"
    assert nef.http.post(uri.removeprefix(ROOT), json={}).status_code == 401
    nef.call("DELETE", path)
    assert nef.ack(uri).status_code == 404


def test_a_group_and_everybody(nef: Exposure) -> None:
    nef.create(gpsi=None, externalGroupId="players@fedge.example")
    told = {nef.notification(index)["gpsi"] for index in (0, 1)}
    assert told == {GPSI, "msisdn-99901000003"}, "who is attached by LTE is not steered"
    nef.create(gpsi=None, anyUeInd=True)
    assert {nef.notification(index)["gpsi"] for index in (2, 3)} == told


def test_a_ue_by_its_address_and_an_application_by_its_packets(nef: Exposure) -> None:
    flow = {"flowId": 1, "flowDescriptions": ["permit out 17 from 127.9.1.9 7777 to assigned"]}
    nef.create(gpsi=None, ipv4Addr="127.9.200.1", ipDomain="fedge", afAppId=None, trafficFilters=[flow])
    assert nef.notification(0)["gpsi"] == GPSI
    both = {
        **flow,
        "flowDescriptions": [*flow["flowDescriptions"], "permit in 17 from any to 127.9.1.9 7777"],
    }  # type: ignore[misc]
    nef.create(gpsi="msisdn-99901000003", afAppId=None, trafficFilters=[both])


def test_features_are_negotiated(nef: Exposure) -> None:
    """Ours: test notifications (2), acknowledgements (3), both paths at once (9)."""
    without = nef.call("POST", said=body(suppFeat="1")).json()
    assert without["suppFeat"] == "0"
    assert "afAckInd" not in without
    wide = nef.call(
        "POST", said=body(suppFeat="FFFF", maxAllowedUpLat=5, simConnInd=True, simConnTerm=3)
    ).json()
    assert (wide["suppFeat"], wide["afAckInd"], wide["simConnTerm"]) == ("106", True, 3)
    assert "maxAllowedUpLat" not in wide, "AF_latency is not ours"


def test_a_test_notification(nef: Exposure) -> None:
    path = nef.create(requestTestNotification=True, subscribedEvents=None, dnaiChgType=None, afAckInd=None)
    assert nef.notification(0) == {"subscription": f"{ROOT}{BASE}/fedge/subscriptions{path}"}


def test_no_subscribed_event_no_notification(nef: Exposure) -> None:
    """The path is put where it is wanted all the same."""
    nef.create(subscribedEvents=None, dnaiChgType=None, afAckInd=None, notificationDestination=None)
    assert nef.posted == []
    assert [held.path.site for held in nef.store.paths() if held.path is not None] == ["a"]


def test_subscriptions_and_paths_survive_a_restart(tmp_path: Path) -> None:
    with exposure(tmp_path) as before:
        path = before.create()
        before.ack(before.notification(0)["afAckUri"])
        before.ack(before.notification(1)["afAckUri"])
        said = before.call("GET", path).json()
        token = before.headers()
    with exposure(tmp_path) as after:
        again = after.http.get(f"{BASE}/fedge/subscriptions{path}", headers=token)
        assert again.json() == said, "and the token is still good"
        after.call("PATCH", path, {"trafficRoutes": [route("b")]})
        assert after.notification(0)["sourceDnai"] == "a"
        assert after.create(gpsi="msisdn-99901000003") != path
