"""What is told of cell changes, measurements and bearers, posted to a callback."""

from __future__ import annotations

from typing import Any

import httpx2

from fedge.core.messages.user_plane import (
    InstallQos,
    Neighbour,
    QosInstalled,
    Quality,
    RadioMeasured,
    RanHello,
    RemoveQos,
    Subscriber,
    UeMeasured,
)
from fedge.core.model import SECOND, Address, CellId, UeId
from tests.simulation.rnis.radio import (
    HOOK,
    LTE_UE,
    NR_UE,
    PLMN,
    ROOT,
    WIFI_UE,
    Radio,
    cell_change,
    ecgi,
    lte_reports,
    measured,
    moved,
    nr_reports,
    nrcgi,
    predicted,
    ue,
)

AT_2S = {"seconds": 1_800_000_002, "nanoSeconds": 0}


def links(path: str) -> dict[str, Any]:
    return {"subscription": {"href": f"{ROOT}/rni/v2{path}"}}


def test_a_handover_is_told_when_it_is_prepared_and_when_it_is_done(rnis: Radio) -> None:
    path = rnis.create(cell_change(filterCriteriaAssocHo={"hoStatus": [1, 3]}))
    rnis.say(predicted(NR_UE, "nr-2"), moved(NR_UE, "nr-2", "nr-1", at=2 * SECOND + 30))
    change = {
        "notificationType": "CellChangeNotification",
        "timeStamp": AT_2S,
        "associateId": [ue(NR_UE)],
        "srcEcgi": ecgi(1),
        "trgEcgi": [ecgi(2)],
        "hoStatus": 1,
        "_links": links(path),
    }
    done = change | {"hoStatus": 3, "timeStamp": AT_2S | {"nanoSeconds": 30}}
    assert rnis.notifications(2) == [change, done]
    assert {url for url, _ in rnis.posted} == {HOOK}


def test_only_what_was_asked_for(rnis: Radio) -> None:
    rnis.create(cell_change())
    rnis.say(predicted(NR_UE, "nr-2"))
    rnis.notifications(0)
    rnis.say(moved(NR_UE, "nr-2", "nr-1"), moved(LTE_UE, "lte-1", None))
    assert rnis.notifications(1)[0]["hoStatus"] == 3, "attaching is no change"


def test_filters_of_cell_changes(rnis: Radio) -> None:
    rnis.create(cell_change(filterCriteriaAssocHo={"associateId": [ue(LTE_UE)]}))
    rnis.create(cell_change(filterCriteriaAssocHo={"ecgi": [ecgi(2)]}))
    rnis.say(moved(NR_UE, "lte-1", "nr-1"))
    rnis.notifications(0)
    rnis.say(moved(NR_UE, "nr-2", "lte-1"), moved(NR_UE, "lte-2", "nr-2"))
    assert [one["trgEcgi"] for one in rnis.notifications(2)] == [[ecgi(2)], [ecgi(4)]], (
        "to the cell, from the cell"
    )
    rnis.say(moved(LTE_UE, "lte-2", "lte-1"))
    assert rnis.notifications(3)[2]["associateId"] == [ue(LTE_UE)]


def test_to_and_from_wifi_is_a_change_too(rnis: Radio) -> None:
    rnis.create(cell_change())
    rnis.say(moved(WIFI_UE, "nr-1", "wifi-1"))
    assert rnis.notifications(1)[0]["srcEcgi"] == ecgi(5)


def test_reports_of_nr(rnis: Radio) -> None:
    path = rnis.create(nr_reports(filterCriteriaNrMrs={"triggerNr": [1]}))
    rnis.say(measured(2 * SECOND), predicted(NR_UE, "nr-2"))
    (told,) = rnis.notifications(1)
    assert told == {
        "notificationType": "NrMeasRepUeNotification",
        "timeStamp": AT_2S,
        "associateId": [ue(NR_UE)],
        "triggerNr": 1,
        "servCellMeasInfo": [{"nrcgi": nrcgi(1), "sCell": {"measQuantityResultsSsbCell": {"rsrp": 76}}}],
        "nrNeighCellMeasInfo": [{"nrcgi": nrcgi(2), "measQuantityResultsSsbCell": {"rsrp": 66}}],
        "_links": links(path),
    }


def test_neighbours_of_lte_are_told_where_there_is_none_of_nr(rnis: Radio) -> None:
    rnis.create(nr_reports())
    alone = UeMeasured(NR_UE, 0, 0, CellId("nr-1"), "nr", -80.0, (Neighbour(CellId("lte-1"), -99.0),))
    rnis.say(RadioMeasured(SECOND, (alone,)))
    (told,) = rnis.notifications(1)
    assert told["eutraNeighCellMeasInfo"] == [{"ecgi": ecgi(3), "rsrp": 42}]
    assert "nrNeighCellMeasInfo" not in told


def test_reports_of_lte(rnis: Radio) -> None:
    path = rnis.create(lte_reports())
    rnis.say(measured(2 * SECOND))
    (told,) = rnis.notifications(1)
    assert told.pop("rsrq") in range(20, 35), "worked out of signals and loads"
    assert told == {
        "notificationType": "MeasRepUeNotification",
        "timeStamp": AT_2S,
        "ecgi": ecgi(3),
        "associateId": [ue(LTE_UE)],
        "rsrp": 45,
        "trigger": 1,
        "eutranNeighbourCellMeasInfo": [{"ecgi": ecgi(4), "rsrp": 40}],
        "newRadioMeasNeiInfo": [
            {"nrNCellInfo": [{"nrNCellPlmn": [PLMN], "nrNCellGId": "000000001"}], "nrNCellRsrp": 47}
        ],
        "_links": links(path),
    }


def test_a3_is_reported_when_a_handover_is_predicted(rnis: Radio) -> None:
    rnis.create(nr_reports(filterCriteriaNrMrs={"triggerNr": [12]}))
    rnis.create(lte_reports(filterCriteriaAssocTri={"trigger": [12]}))
    rnis.say(measured(), predicted(NR_UE, "nr-2"), predicted(LTE_UE, "lte-2"), predicted(WIFI_UE, "nr-1"))
    told = {
        one["notificationType"]: one.get("triggerNr", one.get("trigger")) for one in rnis.notifications(2)
    }
    assert told == {"NrMeasRepUeNotification": 12, "MeasRepUeNotification": 12}


def test_filters_of_reports(rnis: Radio) -> None:
    rnis.create(nr_reports(filterCriteriaNrMrs={"associateId": [ue(LTE_UE)]}))
    rnis.create(nr_reports(filterCriteriaNrMrs={"nrcgi": [nrcgi(2)]}))
    rnis.create(lte_reports(filterCriteriaAssocTri={"ecgi": [ecgi(4)]}))
    rnis.say(measured())
    rnis.notifications(0)


def test_a_receiver_that_is_slow_gets_the_newest(rnis: Radio) -> None:
    """While a UE's last report has not left, newer ones are not put behind it."""
    rnis.create(nr_reports(filterCriteriaNrMrs={"triggerNr": [1]}))
    rnis.say(*(measured(number * SECOND, -80.5 - number) for number in range(20)), measured(40 * SECOND))
    rnis.notifications(1)
    rnis.say(measured(50 * SECOND, -100.5))
    assert rnis.notifications(2)[1]["timeStamp"]["seconds"] == 1_800_000_050


def test_many_ues_have_their_turn_where_few_reports_are_taken(rnis: Radio) -> None:
    many = [UeId(f"many-{number}") for number in range(2000)]
    addresses = {name: f"127.9.{number // 250}.{number % 250}" for number, name in enumerate(many)}
    everybody = tuple(Subscriber(name, f"msisdn-{name}", addresses[name], "nr") for name in many)
    rnis.create(nr_reports(filterCriteriaNrMrs={"triggerNr": [1]}))
    rnis.say(RanHello(Address("127.9.0.3:2152"), everybody))
    signals = RadioMeasured(
        SECOND, tuple(UeMeasured(name, 0, 0, CellId("nr-1"), "nr", -80.0) for name in many)
    )
    told = 0
    for _ in range(4):
        rnis.say(signals)
        told += 512
        rnis.notifications(min(told, 2048))
    seen = {body["associateId"][0]["value"] for _, body in rnis.posted}
    assert seen == set(addresses.values())


def test_bearers_are_told_from_made_to_released(rnis: Radio) -> None:
    known = {"qci": 3, "erabId": 6}
    est = rnis.create(cell_change(subscriptionType="RabEstSubscription", filterCriteriaQci={"qci": 3}))
    mod = rnis.create(cell_change(subscriptionType="RabModSubscription", filterCriteriaQci=known))
    rel = rnis.create(cell_change(subscriptionType="RabRelSubscription", filterCriteriaQci=known))
    rnis.create(cell_change(subscriptionType="RabEstSubscription", filterCriteriaQci={"qci": 4}))
    rnis.create(
        cell_change(subscriptionType="RabEstSubscription", filterCriteriaQci={"qci": 3, "ecgi": [ecgi(2)]})
    )
    rates = {"erabMbrDl": 2_000_000, "erabMbrUl": 1_000_000, "erabGbrDl": 2_000_000, "erabGbrUl": 1_000_000}

    def asked(guaranteed: int) -> InstallQos:
        return InstallQos("f", NR_UE, (), Quality(3, guaranteed, 2000))

    done = QosInstalled("f", NR_UE)
    rnis.say(
        asked(1000), done, asked(1000), done, asked(500), done, RemoveQos("f", NR_UE), RemoveQos("f", NR_UE)
    )
    common = {"ecgi": ecgi(1), "associateId": [ue(NR_UE)], "timeStamp": AT_2S | {"seconds": 1_800_000_001}}
    made = {"erabId": 6, "erabQosParameters": {"qci": 3, "qosInformation": rates}}
    changed = {
        "erabId": 6,
        "erabQosParameters": {
            "qci": 3,
            "qosInformation": rates | {"erabMbrUl": 500_000, "erabGbrUl": 500_000},
        },
    }
    told = {one["notificationType"]: one for one in rnis.notifications(3)}
    assert told == {
        "RabEstNotification": {"notificationType": "RabEstNotification", **common, **made, "_links": links(est)},
        "RabModNotification": {"notificationType": "RabModNotification", **common, **changed, "_links": links(mod)},
        "RabRelNotification": {
            "notificationType": "RabRelNotification", **common, "erabReleaseInfo": {"erabId": 6}, "_links": links(rel)
        },
    }  # fmt: skip


def test_a_test_notification_comes_first(rnis: Radio) -> None:
    path = rnis.create(cell_change(requestTestNotification=True))
    assert rnis.notifications(1) == [{"notificationType": "TestNotification", "_links": links(path)}]


def test_a_receiver_that_fails_is_tried_again(rnis: Radio) -> None:
    answers = iter([httpx2.Response(503), httpx2.Response(503), httpx2.Response(204)])
    rnis.receiver = lambda _: next(answers)
    rnis.create(cell_change())
    rnis.say(moved(NR_UE, "nr-2", "nr-1"))
    assert rnis.notifications(1)[0]["trgEcgi"] == [ecgi(2)]
