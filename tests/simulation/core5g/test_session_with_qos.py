"""AsSessionWithQoS, TS 29.122, 5.14: the operations, what the access network is told, and what its answers bring, over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fedge.core.messages.user_plane import InstallQos, PacketFilter, QosFulfilled, QosRefused, RemoveQos
from fedge.core.model import UeId
from fedge.simulation.core5g.nef.qos_references import QOS_REFERENCES
from fedge.simulation.core5g.nef.quality.api import API
from fedge.simulation.core5g.words import RanLost
from tests.simulation.core5g.nef import ROOT, Exposure, exposure

HOOK = "https://127.9.0.1:7443/notifications/qos"
FLOW = {"flowId": 1, "flowDescriptions": ["permit out 17 from 127.9.1.1 7777 to assigned"]}
GRANTED, REFUSED = "SUCCESSFUL_RESOURCES_ALLOCATION", "FAILED_RESOURCES_ALLOCATION"


def body(**more: Any) -> dict[str, Any]:
    """A subscription such as Fedge's; None takes an attribute away."""
    said = {
        "notificationDestination": HOOK,
        "ueIpv4Addr": "127.9.200.1",
        "flowInfo": [FLOW],
        "qosReference": "QOS_E",
    } | more
    return {name: value for name, value in said.items() if value is not None}


def call(nef: Exposure, method: str, path: str = "", said: Any = None, **more: Any) -> Any:
    return nef.call(method, path, said, base=API.base, **more)


def create(nef: Exposure, **more: Any) -> str:
    answer = call(nef, "POST", said=body(**more))
    assert answer.status_code == 201, answer.text
    return "/" + str(answer.headers["location"]).rpartition("/")[2]


def told(nef: Exposure, index: int) -> dict[str, Any]:
    """The ``index``-th notification's only report."""
    (report,) = nef.notification(index)["eventReports"]
    return dict(report)


def asked(nef: Exposure) -> list[InstallQos | RemoveQos]:
    return [one for one in nef.ran if isinstance(one, InstallQos | RemoveQos)]


def test_create_read_update_delete(nef: Exposure) -> None:
    made = call(nef, "POST", said=body())
    where = made.headers["location"]
    assert (made.status_code, made.json()) == (201, body() | {"self": where})
    assert where.startswith(f"{ROOT}/3gpp-as-session-with-qos/v1/fedge/subscriptions/")
    path = "/" + where.rpartition("/")[2]
    assert call(nef, "GET", path).json() == made.json()
    assert call(nef, "GET").json() == [made.json()]
    put = call(nef, "PUT", path, body(qosReference="QOS_L"))
    assert (put.status_code, put.json()["qosReference"]) == (200, "QOS_L")
    patched = call(nef, "PATCH", path, {"qosReference": "QOS_S", "events": ["QOS_GUARANTEED"]})
    assert patched.status_code == 200
    assert patched.json() == body(qosReference="QOS_S", events=["QOS_GUARANTEED"]) | {"self": where}
    assert call(nef, "GET", path).json() == patched.json()
    gone = call(nef, "DELETE", path)
    assert (gone.status_code, gone.content) == (204, b"")
    for method in ("GET", "DELETE"):
        assert call(nef, method, path).status_code == 404
    assert call(nef, "GET").json() == []


def test_the_radio_serves_it_and_says_so(nef: Exposure) -> None:
    path = create(nef)
    flow = path[1:]
    assert nef.notification(0) == {
        "transaction": f"{ROOT}{API.base}/fedge/subscriptions{path}",
        "eventReports": [{"event": GRANTED, "appliedQosRef": "QOS_E"}],
    }
    assert {url for url, _ in nef.posted} == {HOOK}
    filters = (PacketFilter("127.9.1.1", ((7777, 7777),), "UDP"),)
    assert asked(nef) == [InstallQos(flow, UeId("ue"), filters, QOS_REFERENCES["QOS_E"])]
    nef.say(QosFulfilled(flow, UeId("ue"), False), QosFulfilled(flow, UeId("ue"), False))
    nef.say(QosFulfilled(flow, UeId("ue"), True))
    assert [told(nef, index)["event"] for index in (1, 2)] == ["QOS_NOT_GUARANTEED", "QOS_GUARANTEED"]
    call(nef, "DELETE", path)
    assert asked(nef)[1:] == [RemoveQos(flow, UeId("ue"))]


def test_no_room(nef: Exposure) -> None:
    """The subscription stays, and a change asks again."""
    nef.room.remove(QOS_REFERENCES["QOS_L"])
    path = create(nef, qosReference="QOS_L")
    assert told(nef, 0) == {"event": REFUSED}
    call(nef, "PATCH", path, {"qosReference": "QOS_M"})
    assert told(nef, 1) == {"event": GRANTED, "appliedQosRef": "QOS_M"}
    call(nef, "PATCH", path, {"qosReference": "QOS_L"})
    assert told(nef, 2) == {"event": REFUSED}
    nef.ran.clear()
    nef.say(nef.hello())
    assert [one.quality for one in asked(nef) if isinstance(one, InstallQos)] == [QOS_REFERENCES["QOS_M"]], (
        "what it had before"
    )
    nef.room.add(QOS_REFERENCES["QOS_L"])
    call(nef, "PUT", path, body(qosReference="QOS_L"))
    assert told(nef, 3) == {"event": GRANTED, "appliedQosRef": "QOS_L"}


def test_alternatives_are_tried_in_their_order(nef: Exposure) -> None:
    nef.room = {QOS_REFERENCES["QOS_S"]}
    create(nef, qosReference="QOS_L", altQoSReferences=["QOS_M", "QOS_S", "QOS_E"])
    assert told(nef, 0) == {"event": GRANTED, "appliedQosRef": "QOS_S"}
    nef.room = set()
    create(nef, qosReference="QOS_L", altQoSReferences=["QOS_M"])
    assert told(nef, 1) == {"event": REFUSED}


def test_what_the_radio_has_nothing_to_do_with(nef: Exposure) -> None:
    path = create(nef)
    nef.notification(0)
    elsewhere = HOOK + "/elsewhere"
    call(nef, "PATCH", path, {"notificationDestination": elsewhere, "events": ["QOS_NOT_GUARANTEED"]})
    assert len(asked(nef)) == 1
    nef.say(QosFulfilled(path[1:], UeId("ue"), False), QosFulfilled(path[1:], UeId("ue"), True))
    nef.settled()
    assert [(url, said["eventReports"][0]["event"]) for url, said in nef.posted[1:]] == [
        (elsewhere, "QOS_NOT_GUARANTEED")
    ]


def test_the_flow_is_moved_to_another_server(nef: Exposure) -> None:
    path = create(nef)
    new = {"flowId": 1, "flowDescriptions": ["permit in 6 from assigned to 127.9.2.0/24 80,8000-8010"]}
    call(nef, "PATCH", path, {"flowInfo": [new]})
    last = asked(nef)[-1]
    assert isinstance(last, InstallQos)
    assert last.filters == (PacketFilter("127.9.2.0/24", ((80, 80), (8000, 8010)), "TCP"),)
    patched = call(nef, "PATCH", path, {"exterAppId": "unheard-of"}).json()
    assert "flowInfo" not in patched
    last = asked(nef)[-1]
    assert isinstance(last, InstallQos)
    assert [one.server for one in last.filters] == ["127.9.1.1"] * 2


def test_use_is_reported_when_its_threshold_is_reached_and_at_the_end(nef: Exposure) -> None:
    path = create(nef, usageThreshold={"duration": 60})
    nef.notification(0)
    nef.later(59)
    nef.later(1)
    nef.later(100)
    assert told(nef, 1) == {"event": "USAGE_REPORT", "accumulatedUsage": {"duration": 60}}
    call(nef, "PATCH", path, {"usageThreshold": {"duration": 10}})
    nef.later(10)
    assert told(nef, 2)["accumulatedUsage"] == {"duration": 10}
    nef.later(7)
    last = call(nef, "DELETE", path)
    assert last.status_code == 200
    assert last.json()["eventReports"] == [{"event": "USAGE_REPORT", "accumulatedUsage": {"duration": 7}}]
    nef.settled()
    assert len(nef.posted) == 3


def test_a_restarted_access_network_is_told_again(nef: Exposure) -> None:
    create(nef)
    nef.notification(0)
    nef.say(RanLost())
    waiting = create(nef, ueIpv4Addr="127.9.200.2")
    nef.ran.clear()
    nef.say(nef.hello())
    assert told(nef, 1)["event"] == GRANTED, "what was asked for while it was away"
    assert [one.ue for one in asked(nef)] == ["ue", "ue-2"]
    nef.settled()
    assert len(nef.posted) == 2, "what was granted before is not told twice"
    nef.say(QosRefused(waiting[1:], UeId("ue-2"), "NO_RESOURCES"))
    assert told(nef, 2)["event"] == REFUSED, "the radio took it back"


def test_what_a_restarted_access_network_keeps_and_has_no_room_for(nef: Exposure) -> None:
    path = create(nef, qosReference="QOS_L", altQoSReferences=["QOS_S"])
    nef.notification(0)
    nef.say(QosFulfilled(path[1:], UeId("ue"), False))
    nef.say(nef.hello())
    assert [told(nef, index)["event"] for index in (1, 2)] == ["QOS_NOT_GUARANTEED", "QOS_GUARANTEED"]
    nef.room.remove(QOS_REFERENCES["QOS_L"])
    nef.say(nef.hello())
    assert told(nef, 3) == {"event": GRANTED, "appliedQosRef": "QOS_S"}
    nef.room.clear()
    nef.say(nef.hello())
    assert told(nef, 4) == {"event": REFUSED}


def test_a_change_while_a_restarted_access_network_takes_back_what_was(nef: Exposure) -> None:
    """Found by the stateful property: what the radio refused was believed to be held still."""
    path = create(nef)
    nef.notification(0)
    nef.answers = False
    nef.say(nef.hello())
    call(nef, "PATCH", path, {"qosReference": "QOS_L"})
    for _ in range(2):
        nef.say(QosRefused(path[1:], UeId("ue"), "RES_ALLO_FAIL"))
    assert told(nef, 1) == {"event": REFUSED}
    nef.ran.clear()
    nef.say(nef.hello())
    assert asked(nef) == [], "there is nothing to be held on to"


def test_a_ue_that_is_gone_ends_its_session(nef: Exposure) -> None:
    path = create(nef)
    nef.notification(0)
    nef.say(nef.hello("ue-2"))
    assert told(nef, 1) == {"event": "SESSION_TERMINATION"}
    nef.ran.clear()
    nef.say(nef.hello())
    assert call(nef, "PATCH", path, {"qosReference": "QOS_M"}).status_code == 200
    assert asked(nef) == [], "it does not come back"
    assert call(nef, "DELETE", path).status_code == 204


def test_sessions_survive_a_restart(tmp_path: Path) -> None:
    with exposure(tmp_path) as before:
        path = create(before, usageThreshold={"duration": 60})
        before.notification(0)
        said = call(before, "GET", path).json()
    with exposure(tmp_path) as after:
        assert call(after, "GET", path).json() == said
        assert [one.flow for one in asked(after)] == [path[1:]], "the access network is told again"
        after.later(60)
        assert told(after, 0)["event"] == "USAGE_REPORT"
        assert create(after) != path


def test_lists_for_some_ues(nef: Exposure) -> None:
    create(nef)
    create(nef, ueIpv4Addr="127.9.200.2")

    def found(query: dict[str, str]) -> Any:
        answer = call(nef, "GET", params=query)
        return (
            [one["ueIpv4Addr"] for one in answer.json()] if answer.status_code == 200 else answer.status_code
        )

    assert len(found({})) == 2
    assert found({"ip-addrs": '[{"ipv4Addr": "127.9.200.2"}]'}) == ["127.9.200.2"]
    assert found({"ip-addrs": '[{"ipv4Addr": "127.9.200.2"}]', "ip-domain": "fedge"}) == ["127.9.200.2"]
    assert found({"ip-addrs": '[{"ipv4Addr": "127.9.200.2"}]', "ip-domain": "other"}) == []
    assert found({"ip-addrs": '[{"ipv6Addr": "::1"}]'}) == []
    assert found({"ip-addrs": '[{"ipv6Prefix": "2001:db8::/32"}]'}) == []
    assert found({"mac-addrs": "00-00-5e-00-53-01"}) == []
    for wrong in (
        {"ip-addrs": "[]"},
        {"ip-addrs": "["},
        {"ip-addrs": "[{}]"},
        {"ip-addrs": '[{"ipv4Addr": "127.9.200.300"}]'},
        {"ip-addrs": '[{"ipv6Addr": "1::2::3"}]'},
        {"ip-addrs": '[{"ipv6Addr": "::1\\n"}]'},
        {"ip-addrs": '[{"ipv6Prefix": "2001:db8::/129"}]'},
        {"mac-addrs": "x"},
        {"ip-domain": "fedge"},
    ):
        assert found(wrong) == 400


def test_features_are_negotiated(nef: Exposure) -> None:
    """Ours: test notifications (2), alternatives (5)."""
    wide = call(
        nef, "POST", said=body(supportedFeatures="FFFF", qosMonInfo={}, altQoSReferences=["QOS_S"])
    ).json()
    assert (wide["supportedFeatures"], wide["altQoSReferences"]) == ("12", ["QOS_S"])
    assert "qosMonInfo" not in wide, "QoSMonitoring_5G is not ours"
    narrow = call(nef, "POST", said=body(supportedFeatures="0", altQoSReferences=["QOS_S"])).json()
    assert "altQoSReferences" not in narrow


@pytest.mark.parametrize("features", [None, "2"])
def test_a_test_notification(nef: Exposure, features: str | None) -> None:
    path = create(nef, requestTestNotification=True, supportedFeatures=features)
    assert nef.notification(0) == {"subscription": f"{ROOT}{API.base}/fedge/subscriptions{path}"}
    assert told(nef, 1)["event"] == GRANTED, "after it"
