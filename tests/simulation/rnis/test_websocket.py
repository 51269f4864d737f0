"""Notifications over a websocket: who may open it, what comes and in which order, when it ends."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from fedge.core.model import SECOND, UeId
from fedge.simulation.core5g.faults import Faults
from fedge.simulation.rnis.stream import MOST_EVENTS, Stream
from tests.simulation.rnis.radio import (
    NR_UE,
    ROOT,
    Radio,
    cell_change,
    measured,
    moved,
    nr_reports,
    predicted,
)

SOCKET = {"callbackReference": None, "websockNotifConfig": {"requestWebsocketUri": True}}


def opened(rnis: Radio, path: str, client: str = "fedge") -> Any:
    uri = rnis.call("GET", path).json()["websockNotifConfig"]["websocketUri"]
    assert uri == ROOT.replace("https", "wss") + "/rni/v2/notifications/" + path.rpartition("/")[2]
    return rnis.http.websocket_connect(uri, headers=rnis.headers(client))


def test_reports_and_events_arrive(rnis: Radio) -> None:
    reports, changes = rnis.create(nr_reports(**SOCKET)), rnis.create(cell_change(**SOCKET))
    with opened(rnis, reports) as first, opened(rnis, changes) as second:
        rnis.say(measured(3 * SECOND), moved(NR_UE, "nr-2", "nr-1"))
        told = first.receive_json()
        assert (told["notificationType"], told["timeStamp"]["seconds"]) == (
            "NrMeasRepUeNotification",
            1_800_000_003,
        )
        assert second.receive_json()["notificationType"] == "CellChangeNotification"
        rnis.say(predicted(NR_UE, "nr-1"))
        assert first.receive_json()["triggerNr"] == 12
    rnis.notifications(0)


def test_it_is_chosen_where_both_ways_are_offered(rnis: Radio) -> None:
    both = rnis.call(
        "POST", "/subscriptions", cell_change(websockNotifConfig={"requestWebsocketUri": True})
    ).json()
    assert "callbackReference" not in both
    assert both["websockNotifConfig"]["websocketUri"].startswith("wss://")
    posted = rnis.call(
        "POST", "/subscriptions", cell_change(websockNotifConfig={"requestWebsocketUri": False})
    ).json()
    assert "websockNotifConfig" not in posted


def test_a_test_notification_comes_when_it_is_opened(rnis: Radio) -> None:
    path = rnis.create(cell_change(**SOCKET, requestTestNotification=True))
    with opened(rnis, path) as socket:
        assert socket.receive_json()["notificationType"] == "TestNotification"


def test_who_may_open_it(rnis: Radio) -> None:
    path = rnis.create(nr_reports(**SOCKET))
    uri = "/rni/v2/notifications/" + path.rpartition("/")[2]
    posted = "/rni/v2/notifications/" + rnis.create(nr_reports()).rpartition("/")[2]
    for where, headers, status in (
        (uri, {}, 401),
        (uri, {"authorization": "Bearer x.y.z"}, 401),
        (uri, rnis.headers("another"), 404),
        ("/rni/v2/notifications/none", rnis.headers(), 404),
        (posted, rnis.headers(), 404),
    ):
        with (
            pytest.raises(WebSocketDenialResponse) as refused,
            rnis.http.websocket_connect(where, headers=headers),
        ):
            pass
        assert (refused.value.status_code, refused.value.json()["status"]) == (status, status)


def test_it_ends_with_its_token(rnis: Radio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fedge.simulation.rnis.api.LOOK_AGAIN_S", 0.01)
    path = rnis.create(nr_reports(**SOCKET))
    with opened(rnis, path) as socket:
        rnis.say(measured())
        assert socket.receive_json()["notificationType"] == "NrMeasRepUeNotification"
        rnis.now_s += 3600
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_json()
    assert (ended.value.code, ended.value.reason) == (1008, "the token is not valid")


def test_it_ends_with_its_subscription(rnis: Radio) -> None:
    path = rnis.create(nr_reports(**SOCKET))
    with opened(rnis, path) as socket:
        rnis.call("DELETE", path)
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_json()
    assert (ended.value.code, ended.value.reason) == (1008, "the subscription has ended")


def test_the_end_is_told_over_it(rnis: Radio) -> None:
    path = rnis.create(nr_reports(**SOCKET, expiryDeadline={"seconds": 1_800_000_060, "nanoSeconds": 0}))
    with opened(rnis, path) as socket:
        rnis.wake(55)
        assert socket.receive_json()["notificationType"] == "ExpiryNotification"
        rnis.wake(5)
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()


def test_a_reader_that_comes_again_takes_over(rnis: Radio) -> None:
    path = rnis.create(nr_reports(**SOCKET))
    with opened(rnis, path) as first, opened(rnis, path) as second:
        with pytest.raises(WebSocketDisconnect) as ended:
            first.receive_json()
        assert "taken over" in ended.value.reason
        rnis.say(measured())
        assert second.receive_json()["notificationType"] == "NrMeasRepUeNotification"


def test_a_change_of_channel_closes_it(rnis: Radio) -> None:
    path = rnis.create(cell_change(**SOCKET))
    with opened(rnis, path) as socket:
        assert rnis.call("PUT", path, cell_change()).status_code == 200
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()
    rnis.say(moved(NR_UE, "nr-2", "nr-1"))
    rnis.notifications(1)


def test_what_nobody_reads_is_not_kept(rnis: Radio) -> None:
    path = rnis.create(cell_change(**SOCKET))
    rnis.say(moved(NR_UE, "nr-2", "nr-1"))
    with opened(rnis, path) as socket:
        rnis.say(moved(NR_UE, "nr-1", "nr-2"))
        assert socket.receive_json()["trgEcgi"][0]["cellId"] == "0000001"


def test_a_reader_may_speak_and_nothing_follows(rnis: Radio) -> None:
    with opened(rnis, rnis.create(cell_change(**SOCKET))) as socket:
        socket.send_text("hello")
        socket.send_bytes(b"\xff")
        rnis.say(moved(NR_UE, "nr-2", "nr-1"))
        assert socket.receive_json()["hoStatus"] == 3


def test_faults_strike_what_is_told(rnis: Radio) -> None:
    with opened(rnis, rnis.create(cell_change(**SOCKET))) as socket:
        rnis.service.strike(Faults(drop=1.0))
        rnis.say(moved(NR_UE, "nr-2", "nr-1"))
        rnis.service.strike(Faults(duplicate=1.0, delay_ms=1.0))
        rnis.say(moved(NR_UE, "lte-1", "nr-2"))
        first = socket.receive_json()
        assert first["trgEcgi"][0]["cellId"] == "0000003", "the one before is lost"
        assert socket.receive_json() == first
        rnis.service.strike(Faults(reorder=1.0, delay_ms=1.0))
        rnis.say(moved(NR_UE, "nr-1", "lte-1"))
        assert socket.receive_json()["trgEcgi"][0]["cellId"] == "0000001"


# --- what waits ---------------------------------------------------------------------------------------------------------------


def test_events_leave_before_reports_and_reports_are_made_when_they_leave() -> None:
    newest = {UeId("a"): b"a1", UeId("b"): None}
    stream = Stream(newest.get)
    stream.mark([UeId("b"), UeId("a")])
    stream.mark([UeId("a")])
    stream.tell(b"e1")
    newest[UeId("a")] = b"a2"
    assert [stream.take() for _ in range(3)] == [b"e1", b"a2", None]
    stream.mark([UeId("a")])
    assert stream.take() == b"a2"


def test_what_may_not_leave_is_forgotten() -> None:
    stream = Stream(lambda ue: ue.encode())
    stream.tell(b"event")
    stream.mark([UeId("a")])
    stream.forget()
    assert stream.take() is None
    stream.mark([UeId("a")])
    assert stream.take() == b"a"


def test_a_slow_reader_costs_a_bounded_number_of_events() -> None:
    stream = Stream(lambda _: None)
    for number in range(MOST_EVENTS + 3):
        stream.tell(b"%d" % number)
    assert (stream.lost, stream.take()) == (3, b"3")
