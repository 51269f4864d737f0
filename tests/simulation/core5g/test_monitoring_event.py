"""MonitoringEvent, TS 29.122, 5.3: the operations, reports at once, by events and by time, groups, and ends, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fedge.core.messages import CellChanged
from fedge.core.messages.user_plane import RadioMeasured, UeMeasured
from fedge.core.model import CellId, UeId
from fedge.simulation.core5g.nef.monitoring.api import API
from tests.simulation.core5g.nef import EARTH, NUMBERS, ROOT, Exposure, exposure

HOOK = "https://127.9.0.1:7443/notifications/location"
NUMBER = "99901000001"
GROUP = "players@fedge.example"
JSON_PATCH = {"content-type": "application/json-patch+json"}
NEAR_A, NEAR_B, LTE_B = "99901000000001", "99901000000002", "999010000003"


def point(x_m: float, y_m: float) -> dict[str, float]:
    latitude, longitude = EARTH.degrees(x_m, y_m)
    return {"lat": round(latitude, 7), "lon": round(longitude, 7)}


def until(nef: Exposure, seconds: float) -> str:
    return datetime.fromtimestamp(nef.now_s + seconds, UTC).isoformat()


def body(nef: Exposure, **more: Any) -> dict[str, Any]:
    """A subscription to the place of one UE, for an hour; None takes an attribute away."""
    said = {
        "notificationDestination": HOOK,
        "msisdn": NUMBER,
        "monitoringType": "LOCATION_REPORTING",
        "locationType": "CURRENT_LOCATION",
        "monitorExpireTime": until(nef, 3600),
    } | more
    return {name: value for name, value in said.items() if value is not None}


def loss(**more: Any) -> dict[str, Any]:
    return {"monitoringType": "LOSS_OF_CONNECTIVITY", "locationType": None, "maximumDetectionTime": 5} | more


def reachability(**more: Any) -> dict[str, Any]:
    return {"monitoringType": "UE_REACHABILITY", "locationType": None, "reachabilityType": "DATA"} | more


def group(**more: Any) -> dict[str, Any]:
    return {"msisdn": None, "externalGroupId": GROUP} | more


def call(nef: Exposure, method: str, path: str = "", said: Any = None, **more: Any) -> Any:
    if method == "PATCH":
        more.setdefault("headers", JSON_PATCH)
    return nef.call(method, path, said, base=API.base, **more)


def create(nef: Exposure, **more: Any) -> str:
    answer = call(nef, "POST", said=body(nef, **more))
    assert answer.status_code == 201, answer.text
    return "/" + str(answer.headers["location"]).rpartition("/")[2]


def seen(nef: Exposure, *places: tuple[str, float, float, str]) -> None:
    """The access network has measured these: UE, x, y, cell. Without any: all UEs near A."""
    usual = [(str(ue), 0.0, 0.0, "near-a") for ue in NUMBERS.values()]
    ues = [
        UeMeasured(UeId(ue), x_m, y_m, CellId(cell), "lte" if cell == "lte-b" else "nr", -80.0)
        for ue, x_m, y_m, cell in places or usual
    ]
    nef.say(RadioMeasured(0, tuple(ues)))


def told(nef: Exposure, index: int) -> list[dict[str, Any]]:
    """The reports of the ``index``-th notification."""
    return list(nef.notification(index)["monitoringEventReports"])


def nothing_more(nef: Exposure, than: int) -> None:
    nef.settled()
    assert len(nef.posted) == than, nef.posted[than:]


def test_create_read_replace_delete(nef: Exposure) -> None:
    made = call(nef, "POST", said=body(nef))
    where = made.headers["location"]
    assert (made.status_code, made.json()) == (201, body(nef) | {"self": where})
    assert where.startswith(f"{ROOT}/3gpp-monitoring-event/v1/fedge/subscriptions/")
    path = "/" + where.rpartition("/")[2]
    assert call(nef, "GET", path).json() == made.json()
    assert call(nef, "GET").json() == [made.json()]
    put = call(nef, "PUT", path, body(nef, repPeriod=1))
    assert (put.status_code, put.json()["repPeriod"]) == (200, 1)
    assert call(nef, "GET", path).json() == put.json()
    gone = call(nef, "DELETE", path)
    assert (gone.status_code, gone.content) == (204, b"")
    for method in ("GET", "DELETE"):
        assert call(nef, method, path).status_code == 404
    assert call(nef, "GET").json() == []


@pytest.mark.parametrize(
    ("who", "name"),
    [
        ({"msisdn": NUMBER}, {"msisdn": NUMBER}),
        ({"msisdn": f"+{NUMBER}"}, {"msisdn": NUMBER}),
        ({"externalId": "ue@fedge.example"}, {"externalId": "ue@fedge.example"}),
        ({"ipv4Addr": "127.9.200.1"}, {"externalId": "ue@fedge.example"}),
        ({"ueIpAddr": {"ipv4Addr": "127.9.200.1"}}, {"externalId": "ue@fedge.example"}),
    ],
)
def test_where_a_ue_is_asked_once_and_answered_at_once(
    nef: Exposure, who: dict[str, Any], name: dict[str, str]
) -> None:
    seen(nef, ("ue", 100.0, 200.0, "near-a"))
    once = {"msisdn": None, "maximumNumberOfReports": 1, "monitorExpireTime": None} | who
    answer = call(nef, "POST", said=body(nef, **once))
    assert answer.status_code == 200, answer.text
    assert "location" not in answer.headers
    assert answer.json() == name | {
        "monitoringType": "LOCATION_REPORTING",
        "eventTime": "2027-01-15T08:00:00.000Z",
        "locationInfo": {
            "ageOfLocationInfo": 0,
            "cellId": NEAR_A,
            "geographicArea": {
                "shape": "POINT_UNCERTAINTY_CIRCLE",
                "point": point(100.0, 200.0),
                "uncertainty": 10.0,
            },
            "positionMethod": "NETWORK_SPECIFIC",
        },
    }
    assert call(nef, "GET").json() == [], "nothing stays"


def test_as_exactly_as_is_asked(nef: Exposure) -> None:
    seen(nef, ("ue", 0.0, 0.0, "lte-b"), ("ue-2", 0.0, 0.0, "near-b"))

    def found(**more: Any) -> Any:
        once = {"maximumNumberOfReports": 1} | more
        return call(nef, "POST", said=body(nef, **once)).json()["locationInfo"]

    assert found(accuracy="CGI_ECGI") == {"ageOfLocationInfo": 0, "cellId": LTE_B}
    assert found(accuracy="PLMN") == {"ageOfLocationInfo": 0, "plmnId": "99901"}
    assert found(msisdn="99901000002", accuracy="GEO_AREA")["cellId"] == NEAR_B
    place = found(supportedGADShapes=["POLYGON", "POINT"], locQoS={"hAccuracy": 20})
    assert place["geographicArea"] == {"shape": "POINT", "point": point(0.0, 0.0)}
    assert place["qosFulfilInd"] == "REQUESTED_ACCURACY_NOT_FULFILLED", "LTE: 50 m"
    assert found(locQoS={"hAccuracy": 50})["qosFulfilInd"] == "REQUESTED_ACCURACY_FULFILLED"


def test_an_old_place_will_do_or_will_not(nef: Exposure) -> None:
    seen(nef, ("ue", 0.0, 0.0, "near-a"))
    nef.later(90)
    once = {"maximumNumberOfReports": 1, "monitorExpireTime": None}
    last = call(nef, "POST", said=body(nef, locationType="LAST_KNOWN_LOCATION", **once))
    assert last.status_code == 200
    place = last.json()["locationInfo"]
    assert (last.json()["eventTime"], place["ageOfLocationInfo"]) == ("2027-01-15T08:00:00.000Z", 1)
    assert place["geographicArea"]["uncertainty"] == 10 + 90 * 35, "it may have moved"
    wait = call(nef, "POST", said=body(nef, **once))
    assert wait.status_code == 201, "where it is now is not known"
    young = body(nef, locationType="CURRENT_OR_LAST_KNOWN_LOCATION", maxAgeOfLocEst=60, **once)
    assert call(nef, "POST", said=young).status_code == 201
    nothing_more(nef, 0)
    seen(nef, ("ue", 5.0, 0.0, "near-a"))
    for index in (0, 1):
        assert told(nef, index)[0]["eventTime"] == "2027-01-15T08:01:30.000Z"
    assert call(nef, "GET").json() == [], "once told, they are over"


def test_a_report_for_each_cell(nef: Exposure) -> None:
    seen(nef)
    path = create(nef, accuracy="CGI_ECGI", maximumNumberOfReports=2)
    seen(nef)
    nef.say(CellChanged(UeId("ue"), CellId("near-b"), CellId("near-a"), "nr", 10.0, 30.0, 0))
    assert nef.notification(0) == {
        "subscription": f"{ROOT}{API.base}/fedge/subscriptions{path}",
        "monitoringEventReports": [
            {
                "msisdn": NUMBER,
                "monitoringType": "LOCATION_REPORTING",
                "eventTime": "2027-01-15T08:00:00.000Z",
                "locationInfo": {"ageOfLocationInfo": 0, "cellId": NEAR_B},
            }
        ],
    }
    assert {url for url, _ in nef.posted} == {HOOK}
    seen(nef, ("ue", 0.0, 0.0, "near-b"), ("ue-2", 0.0, 0.0, "near-b"))
    nothing_more(nef, 1)
    seen(nef, ("ue", 0.0, 0.0, "lte-b"))
    assert told(nef, 1)[0]["locationInfo"]["cellId"] == LTE_B
    assert call(nef, "GET", path).status_code == 404, "two reports were asked for"


def test_reports_not_too_often(nef: Exposure) -> None:
    seen(nef)
    create(nef, accuracy="CGI_ECGI", minimumReportInterval=10)
    for cell in ("near-b", "near-a", "near-b", "lte-b"):
        seen(nef, ("ue", 0.0, 0.0, cell))
    nothing_more(nef, 1)
    nef.later(9)
    nothing_more(nef, 1)
    seen(nef, ("ue", 0.0, 0.0, "lte-b"))
    nef.later(1)
    assert [told(nef, index)[0]["locationInfo"]["cellId"] for index in (0, 1)] == [NEAR_B, LTE_B]


def test_a_report_each_period_and_the_first_in_the_answer(nef: Exposure) -> None:
    seen(nef)
    made = call(nef, "POST", said=body(nef, repPeriod=5, immediateRep=True, ldrType="PERIODIC"))
    assert made.json()["monitoringEventReport"]["locationInfo"]["cellId"] == NEAR_A
    assert "monitoringEventReport" not in call(nef, "GET").json()[0]
    for second in range(1, 13):
        nef.later(1)
        seen(nef, ("ue", float(second), 0.0, "near-a"))
        nef.later(0)
    assert [told(nef, index)[0]["eventTime"] for index in (0, 1)] == [
        "2027-01-15T08:00:04.000Z",
        "2027-01-15T08:00:09.000Z",
    ]
    nothing_more(nef, 2)
    nef.later(20)
    nothing_more(nef, 2)
    assert call(nef, "GET").json(), "nobody sees it; the subscription stays"


def test_a_report_when_it_has_moved_so_far(nef: Exposure) -> None:
    seen(nef)
    create(nef, linearDistance=50, ldrType="MOTION")
    for x_m in (20.0, 49.0, 51.0, 80.0, 102.0):
        seen(nef, ("ue", x_m, 0.0, "near-b"))
    nothing_more(nef, 2)
    places = [told(nef, index)[0]["locationInfo"] for index in (0, 1)]
    assert [one["geographicArea"]["point"] for one in places] == [point(51.0, 0.0), point(102.0, 0.0)]
    assert places[0]["ldrType"] == "MOTION"


def test_a_group_in_one_notification(nef: Exposure) -> None:
    seen(nef)
    create(nef, **group(repPeriod=1))
    nef.later(1)
    reports = told(nef, 0)
    assert [one["msisdn"] for one in reports] == ["99901000001", "99901000002", "99901000003"]
    once = call(nef, "POST", said=body(nef, **group(maximumNumberOfReports=1)))
    assert once.status_code == 200
    assert len(once.json()["monitoringEventReports"]) == 3


def test_a_groups_reports_are_collected_for_a_while(nef: Exposure) -> None:
    seen(nef)
    path = create(nef, **group(groupReportGuardTime=3, accuracy="CGI_ECGI"))
    seen(nef, ("ue", 0.0, 0.0, "near-b"))
    nef.later(2)
    seen(nef, ("ue-2", 0.0, 0.0, "near-b"), ("ue-3", 0.0, 0.0, "near-b"))
    nothing_more(nef, 0)
    nef.later(1)
    assert [one["msisdn"][-1] for one in told(nef, 0)] == ["1", "2", "3"]
    seen(nef, ("ue", 0.0, 0.0, "near-a"))
    last = call(nef, "DELETE", path)
    assert (last.status_code, [one["msisdn"] for one in last.json()]) == (200, [NUMBER])


def test_each_member_of_a_group_is_told_as_often_as_was_asked(nef: Exposure) -> None:
    path = create(nef, **group(maximumNumberOfReports=1))
    seen(nef, ("ue", 0.0, 0.0, "near-b"))
    seen(nef, ("ue", 0.0, 0.0, "near-a"), ("ue-2", 0.0, 0.0, "near-a"))
    assert [[one["msisdn"][-1] for one in told(nef, index)] for index in (0, 1)] == [["1"], ["2"]]
    assert call(nef, "GET", path).status_code == 200
    seen(nef)
    assert [one["msisdn"][-1] for one in told(nef, 2)] == ["3"]
    assert call(nef, "GET", path).status_code == 404


def test_a_group_ends_when_all_who_are_left_were_reported(nef: Exposure) -> None:
    path = create(nef, **group(maximumNumberOfReports=1))
    seen(nef, ("ue", 0.0, 0.0, "near-b"), ("ue-2", 0.0, 0.0, "near-b"))
    steps = [{"op": "add", "path": "/excludedExternalIds", "value": ["ue-3@fedge.example"]}]
    assert call(nef, "PATCH", path, steps).status_code == 204
    assert call(nef, "GET", path).status_code == 404


def test_members_leave_a_group_and_come_back(nef: Exposure) -> None:
    path = create(nef, **group(repPeriod=1))
    seen(nef)
    steps = [
        {"op": "add", "path": "/excludedMsisdns", "value": ["99901000002"]},
        {"op": "add", "path": "/excludedMsisdns/-", "value": NUMBER},
    ]
    changed = call(nef, "PATCH", path, steps)
    assert (changed.status_code, changed.content) == (204, b"")
    assert call(nef, "GET", path).json()["excludedMsisdns"] == ["99901000002", NUMBER]
    nef.later(1)
    assert [one["msisdn"][-1] for one in told(nef, 0)] == ["3"]
    steps = [
        {"op": "test", "path": "/excludedMsisdns/1", "value": NUMBER},
        {"op": "remove", "path": "/excludedMsisdns/1"},
        {"op": "replace", "path": "/excludedMsisdns/0", "value": "99901000003"},
        {"op": "add", "path": "/addedExternalIds", "value": ["ue-3@fedge.example"]},
    ]
    assert call(nef, "PATCH", path, steps).status_code == 204
    seen(nef)
    nef.later(1)
    assert [one["msisdn"][-1] for one in told(nef, 1)] == ["1", "2", "3"]


def test_a_loss_is_told_once_and_again_after_a_return(nef: Exposure) -> None:
    create(nef, **loss())
    for _ in range(20):
        seen(nef)
        nef.later(1)
    nothing_more(nef, 0)
    for _ in range(20):
        nef.later(1)
    nothing_more(nef, 1)
    assert told(nef, 0) == [
        {
            "msisdn": NUMBER,
            "monitoringType": "LOSS_OF_CONNECTIVITY",
            "eventTime": "2027-01-15T08:00:24.000Z",
            "lossOfConnectReason": 2,
        }
    ]
    nef.say(nef.hello("ue-2"))
    seen(nef)
    for _ in range(10):
        nef.later(1)
    assert told(nef, 1)[0]["lossOfConnectReason"] == 0, "detached"
    nothing_more(nef, 2)


def test_reachability(nef: Exposure) -> None:
    seen(nef)
    at_once = call(nef, "POST", said=body(nef, **reachability(maximumNumberOfReports=1)))
    assert (at_once.status_code, at_once.json()["reachabilityType"]) == (200, "DATA")
    create(nef, **reachability())
    nef.later(1)
    seen(nef)
    nothing_more(nef, 0)
    nef.later(5)
    once = call(nef, "POST", said=body(nef, **reachability(maximumNumberOfReports=1)))
    assert once.status_code == 201, "it is not, for now"
    seen(nef)
    assert [told(nef, index)[0]["monitoringType"] for index in (0, 1)] == ["UE_REACHABILITY"] * 2
    assert len(call(nef, "GET").json()) == 1


def test_it_expires(nef: Exposure) -> None:
    path = create(nef, **group(groupReportGuardTime=100, repPeriod=10, monitorExpireTime=until(nef, 11)))
    seen(nef)
    nef.later(1)
    seen(nef)
    nef.later(9)
    assert call(nef, "GET", path).status_code == 200
    nef.later(1)
    assert call(nef, "GET", path).status_code == 404
    assert nef.posted == [], "nobody was seen at the end of the period"


def test_what_was_collected_leaves_when_it_expires(nef: Exposure) -> None:
    create(nef, **group(groupReportGuardTime=100, repPeriod=1, monitorExpireTime=until(nef, 2)))
    seen(nef)
    nef.later(1)
    nef.later(1)
    assert len(told(nef, 0)) == 3, "of its only period"


def test_subscriptions_survive_a_restart(tmp_path: Path) -> None:
    with exposure(tmp_path) as before:
        path = create(before, repPeriod=1)
        twice = create(before, **group(maximumNumberOfReports=2, accuracy="CGI_ECGI"))
        once = create(before, maximumNumberOfReports=1)
        seen(before)
        seen(before, ("ue", 0.0, 0.0, "near-b"))
        before.settled()
        known = before.core.list("fedge", {}), call(before, "GET").json()
        assert len(before.posted) == 2
        gone = create(before, msisdn="99901000003", repPeriod=1)
        before.settled()
    del NUMBERS["msisdn-99901000003"]
    try:
        with exposure(tmp_path) as after:
            assert (after.core.list("fedge", {}), call(after, "GET").json()) == known
            after.later(1)
            assert after.notification(0) == {
                "subscription": f"{ROOT}{API.base}/fedge/subscriptions{gone}",
                "cancelInd": True,
            }, "who is no subscriber any more"
            seen(after, ("ue", 0.0, 0.0, "near-a"))
            after.later(1)
            assert told(after, 1)[0]["msisdn"] == NUMBER
            for cell in ("near-b", "near-a"):
                seen(after, ("ue", 0.0, 0.0, cell))
            after.settled()
            mine = [said for _, said in after.posted if said["subscription"].endswith(twice)]
            assert len(mine) == 1, "the first of two was told before"
            assert call(after, "GET", once).status_code == 404
            assert create(after) != path
    finally:
        NUMBERS["msisdn-99901000003"] = UeId("ue-3")


def test_lists_for_some_ues(nef: Exposure) -> None:
    create(nef)
    create(nef, **group())

    def found(text: str) -> int:
        return len(call(nef, "GET", params={"ip-addrs": text}).json())

    assert found('[{"ipv4Addr": "127.9.200.1"}]') == 2
    assert found('[{"ipv4Addr": "127.9.200.2"}]') == 1
    assert found('[{"ipv4Addr": "127.9.200.99"}]') == 0


def test_features_are_negotiated(nef: Exposure) -> None:
    """Ours: the three types (1 to 3), test notifications (10), modification (11), eLCS (18), partial groups (20)."""
    wide = call(
        nef,
        "POST",
        said=body(nef, supportedFeatures="FFFFF", maximumLatency=5, ldrType="PERIODIC", repPeriod=5),
    ).json()
    assert (wide["supportedFeatures"], wide["ldrType"]) == ("A0607", "PERIODIC")
    assert "maximumLatency" not in wide, "no feature of ours"
    narrow = call(nef, "POST", said=body(nef, supportedFeatures="4", locQoS={"hAccuracy": 5})).json()
    assert "locQoS" not in narrow, "eLCS was not asked for"
    assert (
        call(nef, "POST", said=body(nef, supportedFeatures="3")).json()["cause"] == "EVENT_FEATURE_MISMATCH"
    )


def test_a_test_notification(nef: Exposure) -> None:
    path = create(nef, requestTestNotification=True)
    assert nef.notification(0) == {"subscription": f"{ROOT}{API.base}/fedge/subscriptions{path}"}
