"""Every refusal of AsSessionWithQoS: the status, the cause and the parameter; nothing is changed, and the radio hears nothing."""

from __future__ import annotations

from typing import Any

import pytest

from fedge.core.messages.user_plane import PacketFilter
from fedge.simulation.core5g.nef.quality.api import API
from fedge.simulation.core5g.nef.quality.packet_filters import NoFilter, packet_filter
from tests.simulation.core5g.nef import Exposure
from tests.simulation.core5g.test_refusals import NEEDS_ONE, NOT_OFFERED, WRONG, refused
from tests.simulation.core5g.test_session_with_qos import FLOW, asked, body, call, create

BOTH = "MANDATORY_IE_INCORRECT"
BODIES: list[tuple[dict[str, Any], int, str, str]] = [
    ({"notificationDestination": None}, 400, NEEDS_ONE, "/notificationDestination"),
    ({"notificationDestination": "https://192.0.2.1/hook"}, 400, WRONG, "/notificationDestination"),
    ({"ueIpv4Addr": None}, 400, NEEDS_ONE, "/ueIpv4Addr"),
    ({"macAddr": "00-00-5e-00-53-01"}, 400, BOTH, "/macAddr"),
    ({"ueIpv4Addr": "127.9.200"}, 400, WRONG, "/ueIpv4Addr"),
    ({"ueIpv4Addr": "127.9.200.77"}, 404, "USER_NOT_FOUND", "/ueIpv4Addr"),
    ({"ipDomain": "elsewhere"}, 404, "USER_NOT_FOUND", "/ueIpv4Addr"),
    ({"ueIpv4Addr": None, "ueIpv6Addr": "2001:db8::1"}, 403, NOT_OFFERED, "/ueIpv6Addr"),
    ({"ueIpv4Addr": None, "macAddr": "00-00-5e-00-53-01"}, 403, NOT_OFFERED, "/macAddr"),
    ({"ueIpv4Addr": None, "macAddr": "00"}, 400, WRONG, "/macAddr"),
    ({"flowInfo": None}, 400, NEEDS_ONE, "/flowInfo"),
    ({"flowInfo": []}, 400, WRONG, "/flowInfo"),
    ({"exterAppId": "arena"}, 400, BOTH, "/exterAppId"),
    ({"flowInfo": [{"flowId": 1}]}, 400, WRONG, "/flowInfo/0/flowDescriptions"),
    ({"flowInfo": [{"flowDescriptions": FLOW["flowDescriptions"]}]}, 400, NEEDS_ONE, "/flowInfo/0/flowId"),
    ({"flowInfo": [FLOW, FLOW]}, 400, WRONG, "/flowInfo/1/flowId"),
    ({"flowInfo": [FLOW | {"flowDescriptions": ["permit out"]}]}, 400, WRONG, "/flowInfo/0/flowDescriptions/0"),
    ({"flowInfo": [FLOW | {"flowDescriptions": ["a", "b", "c"]}]}, 400, WRONG, "/flowInfo/0/flowDescriptions"),
    ({"flowInfo": None, "ethFlowInfo": [{"ethType": "0800"}]}, 403, NOT_OFFERED, "/ethFlowInfo"),
    ({"flowInfo": None, "enEthFlowInfo": [{"flowId": 1}]}, 403, NOT_OFFERED, "/enEthFlowInfo"),
    ({"qosReference": None}, 400, NEEDS_ONE, "/qosReference"),
    ({"qosReference": "QOS_X"}, 403, NOT_OFFERED, "/qosReference"),
    ({"altQoSReferences": ["QOS_S", "QOS_X"]}, 403, NOT_OFFERED, "/altQoSReferences/1"),
    ({"altQoSReferences": []}, 400, WRONG, "/altQoSReferences"),
    ({"altQosReqs": [{"altQosParamSetRef": "a"}]}, 403, NOT_OFFERED, "/altQosReqs"),
    ({"tscQosReq": {}}, 403, NOT_OFFERED, "/tscQosReq"),
    ({"qosMonInfo": {"reqQosMonParams": ["UPLINK"], "repFreqs": ["PERIODIC"]}}, 403, NOT_OFFERED, "/qosMonInfo"),
    ({"sponsorInfo": {"sponsorId": "s", "aspId": "a"}}, 403, NOT_OFFERED, "/sponsorInfo"),
    ({"disUeNotif": True}, 403, NOT_OFFERED, "/disUeNotif"),
    ({"directNotifInd": True}, 403, NOT_OFFERED, "/directNotifInd"),
    ({"usageThreshold": {"duration": -1}}, 400, WRONG, "/usageThreshold/duration"),
    ({"usageThreshold": {"totalVolume": 1}}, 403, NOT_OFFERED, "/usageThreshold/totalVolume"),
    ({"events": ["QOS_GUARANTEED", "QOS_MONITORING"]}, 403, "EVENT_UNSUPPORTED", "/events/1"),
    ({"events": []}, 400, WRONG, "/events"),
    ({"dnn": "ims"}, 403, NOT_OFFERED, "/dnn"),
    ({"snssai": {"sst": 2}}, 403, NOT_OFFERED, "/snssai"),
    ({"supportedFeatures": "x"}, 400, WRONG, "/supportedFeatures"),
    ({"websockNotifConfig": {"requestWebsocketUri": True}}, 400, WRONG, "/websockNotifConfig"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "status", "cause", "param"), BODIES)
def test_a_body_that_is_wrong_changes_nothing(
    nef: Exposure, wrong: dict[str, Any], status: int, cause: str, param: str
) -> None:
    refused(call(nef, "POST", said=body(**wrong)), status, cause, param)
    assert call(nef, "GET").json() == []
    assert (nef.posted, asked(nef)) == ([], [])


@pytest.mark.parametrize(
    ("method", "change", "status", "cause", "param"),
    [
        ("PUT", {"ueIpv4Addr": "127.9.200.2"}, 403, "MODIFICATION_NOT_ALLOWED", "/ueIpv4Addr"),
        ("PUT", {"qosReference": "QOS_X"}, 403, NOT_OFFERED, "/qosReference"),
        ("PATCH", {"ueIpv4Addr": "127.9.200.2"}, 403, "MODIFICATION_NOT_ALLOWED", "/ueIpv4Addr"),
        ("PATCH", {"supportedFeatures": "2"}, 403, "MODIFICATION_NOT_ALLOWED", "/supportedFeatures"),
        ("PATCH", {"qosReference": None}, 400, WRONG, "/qosReference"),
        ("PATCH", {"flowInfo": [FLOW], "exterAppId": "arena"}, 400, BOTH, "/flowInfo"),
        ("PATCH", {"notificationDestination": "http://10.0.0.1/"}, 400, WRONG, "/notificationDestination"),
        ("PATCH", {"events": ["PLMN_CHG"]}, 403, "EVENT_UNSUPPORTED", "/events/0"),
        ("PATCH", {"usageThreshold": {"duration": "long"}}, 400, WRONG, "/usageThreshold/duration"),
    ],
)  # fmt: skip
def test_a_change_that_is_wrong_changes_nothing(
    nef: Exposure, method: str, change: dict[str, Any], status: int, cause: str, param: str
) -> None:
    path = create(nef)
    before, said = call(nef, "GET", path).json(), len(asked(nef))
    refused(call(nef, method, path, body(**change) if method == "PUT" else change), status, cause, param)
    assert call(nef, "GET", path).json() == before
    assert len(asked(nef)) == said


def test_who_and_how(nef: Exposure) -> None:
    path = create(nef)
    where = f"{API.base}/fedge/subscriptions"
    refused(nef.http.get(where), 401, "UNAUTHORIZED")
    another = nef.headers("another")
    refused(nef.http.get(where + path, headers=another), 403, "REQUEST_NOT_AUTHORIZED")
    elsewhere = f"{API.base}/another/subscriptions"
    assert nef.http.get(elsewhere, headers=another).json() == []
    refused(nef.http.delete(elsewhere + path, headers=another), 404, "SUBSCRIPTION_NOT_FOUND")
    for_others = {"grant_type": "client_credentials", "client_id": "fedge", "client_secret": "fedge's secret"}
    token = nef.token(for_others | {"scope": "3gpp-traffic-influence"}).json()["access_token"]
    refused(nef.http.get(where, headers={"authorization": f"Bearer {token}"}), 403, "REQUEST_NOT_AUTHORIZED")
    for method, said in (("GET", None), ("PUT", body()), ("PATCH", {}), ("DELETE", None)):
        refused(call(nef, method, "/none", said), 404, "SUBSCRIPTION_NOT_FOUND")
    patch = {"content-type": "application/json-patch+json"}
    refused(call(nef, "PATCH", path, {}, headers=patch), 415, "UNSUPPORTED_MEDIA_TYPE")
    refused(call(nef, "DELETE"), 405, "METHOD_NOT_ALLOWED")
    refused(call(nef, "GET", headers={"accept": "text/html"}), 406, "NOT_ACCEPTABLE")


RULES: list[tuple[str, PacketFilter | None]] = [
    ("permit out 17 from 127.9.1.1 7777 to assigned", PacketFilter("127.9.1.1", ((7777, 7777),), "UDP")),
    ("permit in 6 from any to 127.9.1.0/24 80,443,8000-8010",
     PacketFilter("127.9.1.0/24", ((80, 80), (443, 443), (8000, 8010)), "TCP")),
    ("permit out ip from any to 127.9.200.1", PacketFilter("0.0.0.0/0")),
    ("permit  in  ip  from 127.9.200.1/32 to 127.9.1.1", PacketFilter("127.9.1.1")),
    ("permit out 17 from 127.9.1.1 to any 5000-5002", PacketFilter("127.9.1.1", (), "UDP", ((5000, 5002),))),
    ("permit in 6 from assigned 5000 to 127.9.1.1 80", PacketFilter("127.9.1.1", ((80, 80),), "TCP", ((5000, 5000),))),
    ("permit out ip from 127.9.1.1 to any 5000", None),
    ("permit out 17 from 127.9.1.1 to 127.9.200.2", None),
    ("permit out ip from 127.9.1.1 80 to any", None),
    ("deny out ip from 127.9.1.1 to any", None),
    ("permit out 1 from 127.9.1.1 to any", None),
    ("permit out udp from 127.9.1.1 to any", None),
    ("permit out ip from !127.9.1.1 to any", None),
    ("permit out ip from assigned to any", None),
    ("permit out ip from 127.9.1.1/24 to any", None),
    ("permit out ip from ::1 to any", None),
    ("permit out 17 from 127.9.1.1 70000 to any", None),
    ("permit out 17 from 127.9.1.1 9-8 to any", None),
    ("permit out 17 from 127.9.1.1 ,,, to any", None),
    ("permit out 17 from 127.9.1.1 7777 to any frag", None),
    ("permit", None),
    ("", None),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "means"), RULES)
def test_what_a_flow_description_means(rule: str, means: PacketFilter | None) -> None:
    if means is None:
        with pytest.raises(NoFilter):
            packet_filter(rule, "127.9.200.1")
    else:
        assert packet_filter(rule, "127.9.200.1") == means
