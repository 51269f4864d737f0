"""Subscriptions as resources: made, listed, read, replaced, ended; what is refused changes nothing; what survives a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fedge.simulation.rnis.subscriptions import MOST_PER_OWNER
from tests.simulation.rnis.radio import (
    HOOK,
    NR_UE,
    ROOT,
    Radio,
    cell_change,
    ecgi,
    lte_reports,
    measured,
    nr_reports,
    nrcgi,
    radio,
    ue,
)

QCI = {"filterCriteriaQci": {"qci": 3}}
BEARER = {"filterCriteriaQci": {"qci": 3, "erabId": 6}}


def listed(rnis: Radio, **query: str) -> list[str]:
    answer = rnis.call("GET", "/subscriptions", params=query)
    assert answer.status_code == 200, answer.text
    links = answer.json()["SubscriptionLinkList"]["_links"]
    assert links["self"] == {"href": f"{ROOT}/rni/v2/subscriptions"}
    return [one["subscriptionType"] for one in links["subscription"]]


def test_from_making_to_deleting(rnis: Radio) -> None:
    said = cell_change(filterCriteriaAssocHo={"associateId": [ue(NR_UE)], "ecgi": [ecgi(1)]})
    made = rnis.call("POST", "/subscriptions", said)
    assert made.status_code == 201
    where = made.headers["location"]
    assert where.startswith(f"{ROOT}/rni/v2/subscriptions/")
    completed = said["filterCriteriaAssocHo"] | {"hoStatus": [3]}
    assert made.json() == said | {"filterCriteriaAssocHo": completed, "_links": {"self": {"href": where}}}
    path = where.removeprefix(f"{ROOT}/rni/v2")
    read = rnis.call("GET", path)
    assert (read.json(), read.headers["etag"]) == (made.json(), made.headers["etag"])
    again = rnis.call("PUT", path, made.json(), headers={"if-match": read.headers["etag"]})
    assert (again.status_code, again.json()) == (200, made.json()), "what was read can be written"
    other = rnis.call("PUT", path, cell_change(filterCriteriaAssocHo={"hoStatus": [1, 3]}))
    assert other.json()["filterCriteriaAssocHo"] == {"hoStatus": [1, 3]}
    stale = rnis.call("PUT", path, made.json(), headers={"if-match": read.headers["etag"]})
    assert (stale.status_code, rnis.call("GET", path).json()) == (412, other.json())
    deleted = rnis.call("DELETE", path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert [rnis.call(method, path, said).status_code for method in ("GET", "PUT", "DELETE")] == [404] * 3


def test_a_wrapped_body_is_answered_wrapped(rnis: Radio) -> None:
    path = rnis.create({"CellChangeSubscription": cell_change()})
    assert list(rnis.call("GET", path).json()) == ["CellChangeSubscription"]
    bare = rnis.call("PUT", path, cell_change())
    assert bare.json()["subscriptionType"] == "CellChangeSubscription"


def test_the_list_is_the_callers_own(rnis: Radio) -> None:
    assert listed(rnis) == []
    for said in (
        cell_change(),
        nr_reports(),
        lte_reports(),
        *(cell_change(subscriptionType=name, **QCI) for name in ("RabEstSubscription",)),
        *(
            cell_change(subscriptionType=name, **BEARER)
            for name in ("RabModSubscription", "RabRelSubscription")
        ),
    ):
        rnis.create(said)
    assert len(listed(rnis)) == 6
    for word, name in {
        "cell_change": "CellChangeSubscription",
        "rab_est": "RabEstSubscription",
        "rab_mod": "RabModSubscription",
        "rab_rel": "RabRelSubscription",
        "meas_rep_ue": "MeasRepUeSubscription",
        "nr_meas_rep_ue": "NrMeasRepUeSubscription",
    }.items():
        assert listed(rnis, subscription_type=word) == [name]
    assert listed(rnis, subscription_type="ca_reconf") == []
    assert rnis.call("GET", "/subscriptions", params={"subscription_type": "x"}).status_code == 400
    other = rnis.call("GET", "/subscriptions", client="another").json()["SubscriptionLinkList"]["_links"]
    assert other["subscription"] == []


def test_anothers_subscription_is_unknown(rnis: Radio) -> None:
    path = rnis.create(cell_change())
    for method in ("GET", "PUT", "DELETE"):
        assert rnis.call(method, path, cell_change(), client="another").status_code == 404
    assert rnis.call("GET", path).status_code == 200


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, {}),
        (400, {"CellChangeSubscription": 3}),
        (400, {"NrMeasRepUeSubscription": cell_change()}),
        (400, cell_change(subscriptionType="Everything")),
        (400, cell_change(subscriptionType=7)),
        (400, cell_change(filterCriteriaAssocHo=None)),
        (400, cell_change(filterCriteriaAssocHo=[])),
        (400, cell_change(callbackReference=None)),
        (400, cell_change(callbackReference=None, websockNotifConfig={})),
        (400, cell_change(callbackReference=None, websockNotifConfig={"requestWebsocketUri": False})),
        (400, cell_change(filterCriteriaAssocHo={"associateId": [{"type": 1, "value": "127.9"}]})),
        (400, cell_change(filterCriteriaAssocHo={"associateId": [{"type": 1}]})),
        (400, cell_change(filterCriteriaAssocHo={"ecgi": [{"plmn": {"mcc": "999"}}]})),
        (400, cell_change(expiryDeadline={"seconds": -1, "nanoSeconds": 0})),
        (400, cell_change(expiryDeadline={"seconds": 2_000_000_000})),
        (400, cell_change(subscriptionType="RabEstSubscription", filterCriteriaQci={})),
        (400, cell_change(subscriptionType="RabRelSubscription", **QCI)),
        (422, cell_change(expiryDeadline={"seconds": 1_700_000_000, "nanoSeconds": 0})),
        (422, cell_change(filterCriteriaAssocHo={"associateId": [{"type": 2, "value": "::1"}]})),
        (422, cell_change(filterCriteriaAssocHo={"ecgi": [ecgi(99)]})),
        (422, cell_change(filterCriteriaAssocHo={"ecgi": [{"plmn": {"mcc": "262", "mnc": "01"}, "cellId": "0000001"}]})),
        (422, cell_change(filterCriteriaAssocHo={"hoStatus": [3, 2]})),
        (422, nr_reports(filterCriteriaNrMrs={"triggerNr": [10]})),
        (422, nr_reports(filterCriteriaNrMrs={"nrcgi": [nrcgi(77)]})),
        (422, lte_reports(filterCriteriaAssocTri={"trigger": [60]})),
        (422, cell_change(subscriptionType="MeasTaSubscription", filterCriteriaAssoc={})),
        (422, cell_change(subscriptionType="CaReconfSubscription", filterCriteriaAssoc={})),
        (422, cell_change(subscriptionType="S1BearerSubscription", eventType=[1], S1BearerSubscriptionCriteria={})),
    ],
)  # fmt: skip
def test_what_is_refused_changes_nothing(rnis: Radio, status: int, said: dict[str, Any]) -> None:
    path = rnis.create(cell_change())
    before = rnis.call("GET", path).json()
    for method, where in (("POST", "/subscriptions"), ("PUT", path)):
        answer = rnis.call(method, where, said)
        assert (answer.status_code, answer.json()["status"]) == (status, status), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"]
    assert rnis.call("GET", path).json() == before
    assert listed(rnis) == ["CellChangeSubscription"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"a":1}x', b"[" * 100_000])
def test_a_body_that_is_no_json_object(rnis: Radio, body: bytes) -> None:
    path = rnis.create(cell_change())
    assert rnis.call("POST", "/subscriptions", body).status_code == 400
    assert rnis.call("PUT", path, body).status_code == 400
    assert rnis.call("POST", "/subscriptions", b" " * (1 << 20) + b"{}").status_code == 413
    assert (
        rnis.call("POST", "/subscriptions", b"a=1", headers={"content-type": "text/plain"}).status_code == 415
    )


@pytest.mark.parametrize(
    "callback",
    [
        "https://192.0.2.1/",
        "https://10.0.0.1:7443/",
        "https://127.0.0.1@192.0.2.1/",
        "https://localhost:7443/",
        "https://[::ffff:192.0.2.1]/",
        "https://0x7f000001/",
        "ftp://127.0.0.1/",
        "https://127.0.0.1:0/",
        "https://127.0.0.1/#x",
        "//127.0.0.1/",
        "https://127.0.0.1\\@192.0.2.1/",
        "https://[::1",
    ],
)
def test_a_forged_destination_is_refused(rnis: Radio, callback: str) -> None:
    path = rnis.create(cell_change())
    for method, where in (("POST", "/subscriptions"), ("PUT", path)):
        said = cell_change(callbackReference=callback, requestTestNotification=True)
        answer = rnis.call(method, where, said)
        assert (answer.status_code, "callbackReference" in answer.json()["detail"]) == (400, True)
    assert rnis.call("GET", path).json()["callbackReference"] == HOOK
    assert (rnis.posted, rnis.outbox.counts) == ([], {})


def test_a_put_keeps_the_type(rnis: Radio) -> None:
    path = rnis.create(cell_change())
    assert rnis.call("PUT", path, nr_reports()).status_code == 400
    assert rnis.call("GET", path).json()["subscriptionType"] == "CellChangeSubscription"


def test_there_are_not_too_many(rnis: Radio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fedge.simulation.rnis.subscriptions.MOST_PER_OWNER", 2)
    assert MOST_PER_OWNER == 1000
    rnis.create(cell_change())
    path = rnis.create(cell_change())
    assert rnis.call("POST", "/subscriptions", cell_change()).status_code == 403
    assert rnis.call("POST", "/subscriptions", cell_change(), client="another").status_code == 201
    assert rnis.call("PUT", path, cell_change()).status_code == 200


def test_the_end_is_told_before_it_comes(rnis: Radio) -> None:
    deadline = {"seconds": 1_800_000_030, "nanoSeconds": 500}
    path = rnis.create(cell_change(expiryDeadline=deadline))
    assert rnis.call("GET", path).json()["expiryDeadline"] == deadline
    rnis.wake(19)
    rnis.notifications(0)
    rnis.wake(1.5)
    rnis.wake(1)
    (told,) = rnis.notifications(1)
    assert told == {
        "notificationType": "ExpiryNotification",
        "timeStamp": {"seconds": 1_800_000_020, "nanoSeconds": 500_000_000},
        "expiryDeadline": {"seconds": 1_800_000_030, "nanoSeconds": told["expiryDeadline"]["nanoSeconds"]},
        "_links": {"subscription": {"href": f"{ROOT}/rni/v2{path}"}},
    }
    rnis.wake(10)
    assert rnis.call("GET", path).status_code == 404
    rnis.notifications(1)


def test_a_later_end_is_told_anew(rnis: Radio) -> None:
    path = rnis.create(cell_change(expiryDeadline={"seconds": 1_800_000_005, "nanoSeconds": 0}))
    rnis.wake(1)
    rnis.call("PUT", path, cell_change(expiryDeadline={"seconds": 1_800_000_060, "nanoSeconds": 0}))
    rnis.wake(10)
    assert rnis.call("GET", path).status_code == 200
    rnis.wake(45)
    assert [one["notificationType"] for one in rnis.notifications(2)] == ["ExpiryNotification"] * 2


def test_subscriptions_survive_a_restart(tmp_path: Path) -> None:
    with radio(tmp_path) as before:
        path = before.create(
            nr_reports(filterCriteriaNrMrs={"associateId": [ue(NR_UE)], "nrcgi": [nrcgi(1)]})
        )
        gone = before.create(cell_change())
        before.call("DELETE", gone)
        said = before.call("GET", path).json()
    with radio(tmp_path) as after:
        after.attach()
        assert after.call("GET", path).json() == said
        assert after.call("GET", gone).status_code == 404
        assert len(after.notifications(1)) == 1, "and it is told again"
        assert after.create(cell_change()) not in (path, gone)
        after.say(measured(at=3))
        after.notifications(2)
