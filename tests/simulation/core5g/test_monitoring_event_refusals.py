"""Every refusal of MonitoringEvent: the status, the cause and the parameter; nothing is changed."""

from __future__ import annotations

from typing import Any

import pytest

from fedge.simulation.core5g.nef.monitoring.api import API
from tests.simulation.core5g.nef import Exposure
from tests.simulation.core5g.test_monitoring_event import (
    GROUP,
    body,
    call,
    create,
    group,
    loss,
    reachability,
    seen,
)
from tests.simulation.core5g.test_refusals import NEEDS_ONE, NOT_OFFERED, WRONG, refused

BOTH = "MANDATORY_IE_INCORRECT"
FIXED = "MODIFICATION_NOT_ALLOWED"
MOTION = {"ldrType": "MOTION"}
BODIES: list[tuple[dict[str, Any], int, str, str]] = [
    ({"notificationDestination": None}, 400, NEEDS_ONE, "/notificationDestination"),
    ({"notificationDestination": "https://192.0.2.1/hook"}, 400, WRONG, "/notificationDestination"),
    ({"monitoringType": None}, 400, NEEDS_ONE, "/monitoringType"),
    ({"monitoringType": "ROAMING_STATUS"}, 403, "EVENT_UNSUPPORTED", "/monitoringType"),
    ({"monitoringType": "SOMETHING"}, 403, "EVENT_UNSUPPORTED", "/monitoringType"),
    ({"msisdn": None}, 400, NEEDS_ONE, "/msisdn"),
    ({"externalGroupId": GROUP}, 400, BOTH, "/externalGroupId"),
    ({"msisdn": "4479460000"}, 404, "USER_NOT_FOUND", "/msisdn"),
    ({"msisdn": None, "externalId": "nobody@fedge.example"}, 404, "USER_NOT_FOUND", "/externalId"),
    ({"msisdn": None, "ipv4Addr": "127.9.200.77"}, 404, "USER_NOT_FOUND", "/ipv4Addr"),
    ({"msisdn": None, "ipv6Addr": "2001:db8::1"}, 403, NOT_OFFERED, "/ipv6Addr"),
    ({"msisdn": None, "ueIpAddr": {}}, 400, WRONG, "/ueIpAddr"),
    ({"msisdn": None, "ueIpAddr": {"ipv6Addr": "::1"}}, 403, NOT_OFFERED, "/ueIpAddr"),
    ({"msisdn": None, "ueMacAddr": "00-00-5e-00-53-01"}, 403, NOT_OFFERED, "/ueMacAddr"),
    ({"msisdn": None, "externalGroupId": "a@b"}, 404, "GROUP_IDENTIFIER_NOT_FOUND", "/externalGroupId"),
    (group(excludedMsisdns=["123456"]), 404, "USER_NOT_FOUND", "/excludedMsisdns/0"),
    (group(addedExternalIds=["a@b"]), 404, "USER_NOT_FOUND", "/addedExternalIds/0"),
    (group(addExtGroupId=["a@b", "c@d"]), 403, NOT_OFFERED, "/addExtGroupId"),
    ({"excludedMsisdns": ["99901000001"]}, 400, WRONG, "/excludedMsisdns"),
    ({"groupReportGuardTime": 5}, 400, WRONG, "/groupReportGuardTime"),
    ({"monitorExpireTime": None}, 400, NEEDS_ONE, "/maximumNumberOfReports"),
    ({"monitorExpireTime": "2020-01-01T00:00:00Z"}, 400, WRONG, "/monitorExpireTime"),
    ({"monitorExpireTime": "2030-01-01T00:00:00"}, 400, WRONG, "/monitorExpireTime"),
    ({"monitorExpireTime": "tomorrow"}, 400, WRONG, "/monitorExpireTime"),
    ({"maximumNumberOfReports": 0}, 400, WRONG, "/maximumNumberOfReports"),
    ({"locationType": None}, 400, WRONG, "/locationType"),
    ({"locationType": "INITIAL_LOCATION"}, 403, NOT_OFFERED, "/locationType"),
    ({"locationType": "LAST_KNOWN_LOCATION"}, 400, WRONG, "/maximumNumberOfReports"),
    ({"accuracy": "CIVIC_ADDR"}, 403, NOT_OFFERED, "/accuracy"),
    ({"repPeriod": 0}, 400, WRONG, "/repPeriod"),
    ({"repPeriod": -1}, 400, WRONG, "/repPeriod"),
    ({"ldrType": "PERIODIC"}, 400, WRONG, "/repPeriod"),
    ({"ldrType": "BEING_INSIDE_AREA"}, 403, NOT_OFFERED, "/ldrType"),
    (MOTION, 400, WRONG, "/linearDistance"),
    ({"linearDistance": 5}, 400, WRONG, "/linearDistance"),
    (MOTION | {"linearDistance": 0}, 400, WRONG, "/linearDistance"),
    ({"supportedGADShapes": ["POLYGON"]}, 403, NOT_OFFERED, "/supportedGADShapes"),
    ({"locQoS": {"vAccuracy": 5}}, 403, NOT_OFFERED, "/locQoS/vAccuracy"),
    ({"codeWord": "x"}, 403, NOT_OFFERED, "/codeWord"),
    ({"velocityRequested": "VELOCITY_IS_REQUESTED"}, 403, NOT_OFFERED, "/velocityRequested"),
    ({"maximumDetectionTime": 5}, 400, WRONG, "/maximumDetectionTime"),
    ({"reachabilityType": "DATA"}, 400, WRONG, "/reachabilityType"),
    (loss(accuracy="CGI_ECGI"), 400, WRONG, "/accuracy"),
    (reachability(reachabilityType=None), 400, WRONG, "/reachabilityType"),
    (reachability(reachabilityType="SMS"), 403, NOT_OFFERED, "/reachabilityType"),
    (reachability(idleStatusIndication=True), 403, NOT_OFFERED, "/idleStatusIndication"),
    (reachability(maximumLatency=5), 403, NOT_OFFERED, "/maximumLatency"),
    ({"addnMonTypes": ["ROAMING_STATUS"]}, 403, NOT_OFFERED, "/addnMonTypes"),
    ({"revocationNotifUri": "https://127.0.0.1/"}, 403, NOT_OFFERED, "/revocationNotifUri"),
    ({"dnn": "ims"}, 403, NOT_OFFERED, "/dnn"),
    ({"snssai": {"sst": 1, "sd": "00000a"}}, 403, NOT_OFFERED, "/snssai"),
    ({"supportedFeatures": "2"}, 403, "EVENT_FEATURE_MISMATCH", "/monitoringType"),
    ({"websockNotifConfig": {}}, 400, WRONG, "/websockNotifConfig"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "status", "cause", "param"), BODIES)
def test_a_body_that_is_wrong_changes_nothing(
    nef: Exposure, wrong: dict[str, Any], status: int, cause: str, param: str
) -> None:
    seen(nef)
    refused(call(nef, "POST", said=body(nef, **wrong)), status, cause, param)
    assert call(nef, "GET").json() == []
    assert nef.posted == []


@pytest.mark.parametrize(
    ("steps", "status", "cause", "param"),
    [
        ([{"op": "replace", "path": "/monitorExpireTime", "value": "x"}], 403, FIXED, "/monitorExpireTime"),
        ([{"op": "remove", "path": "/externalGroupId"}], 403, FIXED, "/externalGroupId"),
        ([{"op": "add", "path": "/repPeriod", "value": 5}], 403, FIXED, "/repPeriod"),
        ([{"op": "add", "path": "/whatever", "value": 5}], 403, FIXED, "/whatever"),
        ([{"op": "replace", "path": "", "value": []}], 403, FIXED, ""),
        ([{"op": "remove", "path": ""}], 403, FIXED, ""),
        ([{"op": "test", "path": "/locationType", "value": "x"}], 403, FIXED, "/0/value"),
        ([{"op": "remove", "path": "/excludedMsisdns"}], 400, BOTH, "/0/path"),
        ([{"op": "add", "path": "/excludedMsisdns/0", "value": "1"}], 400, BOTH, "/0/path"),
        ([{"op": "add", "path": "excludedMsisdns", "value": ["1"]}], 400, BOTH, "/0/path"),
        ([{"op": "move", "from": "/none", "path": "/addedMsisdns"}], 400, BOTH, "/0/from"),
        ([{"op": "add", "path": "/excludedMsisdns", "value": ["12345"]}], 404, "USER_NOT_FOUND", "/excludedMsisdns/0"),
        ([{"op": "add", "path": "/excludedMsisdns", "value": []}], 400, WRONG, "/excludedMsisdns"),
        ([{"op": "add", "path": "/excludedMsisdns"}], 400, WRONG, "/0"),
        ([{"op": "shuffle", "path": "/x"}], 400, WRONG, "/0/op"),
        ([{"op": "add"}], 400, NEEDS_ONE, "/0/path"),
        ([], 400, WRONG, "/"),
        ({}, 400, WRONG, "/"),
    ],
)  # fmt: skip
def test_a_patch_that_is_wrong_changes_nothing(
    nef: Exposure, steps: Any, status: int, cause: str, param: str
) -> None:
    path = create(nef, **group())
    before = call(nef, "GET", path).json()
    refused(call(nef, "PATCH", path, steps), status, cause, param)
    assert call(nef, "GET", path).json() == before


def test_who_is_no_group_has_no_members(nef: Exposure) -> None:
    path = create(nef)
    steps = [{"op": "add", "path": "/excludedMsisdns", "value": ["99901000001"]}]
    refused(call(nef, "PATCH", path, steps), 400, WRONG, "/excludedMsisdns")


@pytest.mark.parametrize(
    ("change", "status", "cause", "param"),
    [
        ({"msisdn": "99901000002"}, 403, FIXED, "/msisdn"),
        (loss(), 403, FIXED, "/monitoringType"),
        ({"monitorExpireTime": "2020-01-01T00:00:00Z"}, 400, WRONG, "/monitorExpireTime"),
    ],
)
def test_a_replacement_that_is_wrong_changes_nothing(
    nef: Exposure, change: dict[str, Any], status: int, cause: str, param: str
) -> None:
    path = create(nef)
    before = call(nef, "GET", path).json()
    refused(call(nef, "PUT", path, body(nef, **change)), status, cause, param)
    assert call(nef, "GET", path).json() == before


def test_who_and_how(nef: Exposure) -> None:
    path = create(nef)
    where = f"{API.base}/another/subscriptions"
    another = nef.headers("another")
    refused(nef.http.get(f"{API.base}/fedge/subscriptions", headers=another), 403, "REQUEST_NOT_AUTHORIZED")
    refused(nef.http.get(f"{API.base}/fedge/subscriptions"), 401, "UNAUTHORIZED")
    assert nef.http.get(where, headers=another).json() == []
    for method in ("GET", "DELETE"):
        refused(nef.http.request(method, where + path, headers=another), 404, "SUBSCRIPTION_NOT_FOUND")
    merge_patch = {"content-type": "application/merge-patch+json"}
    refused(call(nef, "PATCH", path, {}, headers=merge_patch), 415, "UNSUPPORTED_MEDIA_TYPE")
    refused(call(nef, "GET", params={"ip-addrs": "{}"}), 400, WRONG, "ip-addrs")
