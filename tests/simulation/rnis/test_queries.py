"""What the four queries answer, filter by filter, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from fedge.core.messages import RadioMeasured
from fedge.core.messages.user_plane import (
    CellLoad,
    InstallQos,
    PacketFilter,
    QosInstalled,
    QosRefused,
    Quality,
    RemovePath,
    RemoveQos,
)
from fedge.core.model import Address, CellId, SiteId
from tests.simulation.rnis.radio import LTE_UE, NR_UE, PLMN, Radio, ecgi, ue

GUARANTEED = Quality(3, 1000, 2000, 1500, 0)
DEFAULT = {"erabId": 5, "erabQosParameters": {"qci": 9}}
DEDICATED = {
    "erabId": 6,
    "erabQosParameters": {
        "qci": 3,
        "qosInformation": {"erabMbrDl": 2_000_000, "erabMbrUl": 1_500_000, "erabGbrDl": 2_000_000, "erabGbrUl": 1_000_000},
    },
}  # fmt: skip


def bearer(
    flow: str = "f", ue: Any = NR_UE, quality: Quality = GUARANTEED
) -> tuple[InstallQos, QosInstalled]:
    return InstallQos(flow, ue, (PacketFilter("127.9.1.1"),), quality), QosInstalled(flow, ue)


def get(rnis: Radio, query: str, **filters: Any) -> Any:
    answer = rnis.call("GET", f"/queries/{query}", params=filters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def bearers(rnis: Radio, **filters: Any) -> dict[str, dict[str, Any]]:
    """By cell and UE: the bearers that are told."""
    return {
        cell["ecgi"]["cellId"]: {ues["associateId"][0]["value"]: ues["erabInfo"] for ues in cell["ueInfo"]}
        for cell in get(rnis, "rab_info", **filters)["cellUserInfo"]
    }


def test_bearers_of_everybody_on_a_3gpp_cell(rnis: Radio) -> None:
    rnis.say(*bearer())
    found = get(rnis, "rab_info", app_ins_id="app-1")
    assert found["appInstanceId"] == "app-1"
    assert found["timeStamp"] == {"seconds": 1_800_000_000, "nanoSeconds": 0}
    assert found["cellUserInfo"] == [
        {"ecgi": ecgi(1), "ueInfo": [{"associateId": [ue(NR_UE)], "erabInfo": [DEFAULT, DEDICATED]}]},
        {"ecgi": ecgi(3), "ueInfo": [{"associateId": [ue(LTE_UE)], "erabInfo": [DEFAULT]}]},
    ]
    assert get(rnis, "rab_info")["requestId"] != found["requestId"]
    assert get(rnis, "rab_info")["appInstanceId"] == "fedge", "who names no instance is its own"


def test_filters_of_bearers(rnis: Radio) -> None:
    rnis.say(*bearer())
    nr, lte = {"127.9.200.1": [DEFAULT, DEDICATED]}, {"127.9.200.2": [DEFAULT]}
    assert bearers(rnis, ue_ipv4_address="127.9.200.2") == {"0000003": lte}
    assert bearers(rnis, ue_ipv4_address=["127.9.200.2", "127.9.200.1"]) == {"0000001": nr, "0000003": lte}
    assert bearers(rnis, ue_ipv4_address="127.9.200.2,127.9.200.3") == {"0000003": lte}, "Wi-Fi has no bearer"
    assert bearers(rnis, ue_ipv4_address="127.9.200.99") == {}
    assert bearers(rnis, cell_id="0000001,0000002") == {"0000001": nr}
    assert bearers(rnis, cell_id="fffffff") == {}
    assert bearers(rnis, qci=3) == {"0000001": {"127.9.200.1": [DEDICATED]}}
    assert bearers(rnis, erab_id=5, cell_id="000000001") == {"0000001": {"127.9.200.1": [DEFAULT]}}
    assert bearers(rnis, erab_gbr_dl=2_000_000, erab_mbr_ul=1_500_000) == {
        "0000001": {"127.9.200.1": [DEDICATED]}
    }
    assert bearers(rnis, erab_gbr_ul=7) == {}
    assert bearers(rnis, gtp_teid="00000020") == {"0000003": lte}


def test_a_bearer_is_there_from_its_answer_until_it_is_removed(rnis: Radio) -> None:
    asked, installed = bearer()
    rnis.say(asked)
    assert bearers(rnis, qci=3) == {}, "asked for is not installed"
    rnis.say(QosRefused("f", NR_UE, "NO_RESOURCES"), installed)
    assert bearers(rnis, qci=3) == {}
    rnis.say(asked, installed, *bearer("g"), RemoveQos("f", NR_UE), *bearer("h"))
    told = bearers(rnis, qci=3)["0000001"]["127.9.200.1"]
    assert [one["erabId"] for one in told] == [6, 7], "the identity that is free is given again"


def test_identities_of_bearers_end_with_15(rnis: Radio) -> None:
    for number in range(12):
        rnis.say(*bearer(f"f-{number}"))
    told = bearers(rnis, cell_id="0000001")["0000001"]["127.9.200.1"]
    assert [one["erabId"] for one in told] == list(range(5, 16))


def test_the_network_is_told_for_each_instance(rnis: Radio) -> None:
    found = get(rnis, "plmn_info", app_ins_id="a,b")
    assert [(one["appInstanceId"], one["plmn"]) for one in found] == [("a", [PLMN]), ("b", [PLMN])]
    assert rnis.call("GET", "/queries/plmn_info").status_code == 400


def test_s1_bearers_are_those_of_lte(rnis: Radio) -> None:
    tunnel = {
        "erabId": 5,
        "enbInfo": {"ipAddress": "127.9.0.3", "tunnelId": "00000021"},
        "sGwInfo": {"ipAddress": "127.9.10.2", "tunnelId": "00000020"},
    }
    told = [{"associateId": [ue(LTE_UE)], "ecgi": [ecgi(3)], "s1BearerInfoDetailed": [tunnel]}]
    assert get(rnis, "s1_bearer_info")["s1UeInfo"] == told
    assert get(rnis, "s1_bearer_info", gtp_teid="00000021", erab_id="5,6")["s1UeInfo"] == told
    assert get(rnis, "s1_bearer_info", erab_id=6)["s1UeInfo"] == []
    assert get(rnis, "s1_bearer_info", ue_ipv4_address="127.9.200.1")["s1UeInfo"] == [], "5G has no S1"
    rnis.say(RemovePath(LTE_UE, Address("127.9.2.1:7777"), SiteId("a")))
    assert get(rnis, "s1_bearer_info")["s1UeInfo"] == []


def test_load_of_cells(rnis: Radio) -> None:
    nr = {"ecgi": ecgi(1), "dl_total_prb_usage_cell": 42, "ul_total_prb_usage_cell": 10}
    lte = {"ecgi": ecgi(3), "dl_total_prb_usage_cell": 5, "ul_total_prb_usage_cell": 0}
    assert get(rnis, "layer2_meas")["cellInfo"] == [nr, lte]
    assert get(rnis, "layer2_meas", cell_id="0000001")["cellInfo"] == [nr]
    assert get(rnis, "layer2_meas", ue_ipv4_address="127.9.200.2")["cellInfo"] == [lte], (
        "the cells of these UEs"
    )
    assert get(rnis, "layer2_meas", dl_total_prb_usage_cell=42)["cellInfo"] == [nr]
    assert get(rnis, "layer2_meas", dl_total_prb_usage_cell=41)["cellInfo"] == []


def test_delays_of_ues_are_the_usual_of_their_access_and_the_wait_for_their_cell(rnis: Radio) -> None:
    """Round trips of 10 ms on NR and 22 ms on LTE; nothing is known of Wi-Fi here."""
    nr = {"associateId": ue(NR_UE), "ecgi": ecgi(1), "dl_nongbr_delay_ue": 4, "ul_nongbr_delay_ue": 6}
    lte = {"associateId": ue(LTE_UE), "ecgi": ecgi(3), "dl_nongbr_delay_ue": 10, "ul_nongbr_delay_ue": 12}
    assert get(rnis, "layer2_meas")["cellUEInfo"] == [nr, lte]
    full = CellLoad(CellId("nr-1"), 1, 0.5, 1.0, 0, 0, 3.0, 144.6)
    rnis.say(RadioMeasured(0, (), (full,)))
    nr |= {"dl_nongbr_delay_ue": 149, "ul_nongbr_delay_ue": 8}
    assert get(rnis, "layer2_meas", cell_id="0000001")["cellUEInfo"] == [nr]
    assert get(rnis, "layer2_meas", ue_ipv4_address="127.9.200.2")["cellUEInfo"] == [lte]
    assert get(rnis, "layer2_meas", dl_nongbr_delay_ue=149)["cellUEInfo"] == [nr]
    assert get(rnis, "layer2_meas", ul_nongbr_delay_ue=149)["cellUEInfo"] == []


@pytest.mark.parametrize(
    ("query", "filters"),
    [
        ("rab_info", {"cell_id": "x"}),
        ("rab_info", {"cell_id": ""}),
        ("rab_info", {"cell_id": "+00001f"}),
        ("rab_info", {"ue_ipv4_address": "127.9.200.1/8"}),
        ("rab_info", {"ue_ipv6_address": "::1"}),
        ("rab_info", {"nated_ip_address": "127.9.200.1"}),
        ("rab_info", {"gtp_teid": "12"}),
        ("rab_info", {"qci": "-1"}),
        ("rab_info", {"erab_id": "٣"}),
        ("rab_info", {"erab_mbr_dl": "9" * 30}),
        ("rab_info", {"app_ins_id": "a,b"}),
        ("rab_info", {"app_ins_id": "a" * 300}),
        ("s1_bearer_info", {"temp_ue_id": "1"}),
        ("s1_bearer_info", {"erab_id": "x"}),
        ("plmn_info", {"app_ins_id": ","}),
        ("layer2_meas", {"dl_gbr_delay_ue": 1}),
        ("layer2_meas", {"received_dedicated_preambles_cell": 1}),
        ("layer2_meas", {"ue_ipv6_address": "::1"}),
        ("layer2_meas", {"ul_total_prb_usage_cell": "many"}),
    ],
)
def test_what_can_never_match_is_refused(rnis: Radio, query: str, filters: dict[str, Any]) -> None:
    answer = rnis.call("GET", f"/queries/{query}", params=filters)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert next(iter(filters)) in answer.json()["detail"]


def test_who_may_ask(rnis: Radio) -> None:
    for headers, status in (({"authorization": ""}, 401), ({"authorization": "Bearer x.y.z"}, 401)):
        answer = rnis.http.get("/rni/v2/queries/layer2_meas", headers=headers)
        assert (answer.status_code, answer.json()["status"]) == (status, status)
        assert answer.headers["www-authenticate"].startswith("Bearer")
    other = rnis.call("GET", "/queries/layer2_meas", headers=rnis.headers(scope="3gpp-traffic-influence"))
    assert (other.status_code, other.json()["title"]) == (403, "Forbidden"), "a token for another API"
    lapsed = rnis.headers()
    rnis.now_s += 3600
    assert rnis.call("GET", "/queries/layer2_meas", headers=lapsed).status_code == 401
    assert rnis.call("GET", "/queries/layer2_meas", headers={"accept": "text/html"}).status_code == 406
    assert rnis.call("GET", "/queries/nothing").status_code == 404
    assert rnis.call("POST", "/queries/rab_info", {}).status_code == 405
    assert rnis.call("GET", "/queries/layer2_meas?x=" + "y" * 9000).status_code == 414
