"""Whatever the operator answers and notifies, however malformed: it is read or refused, and what waits for an answer gets one."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any, cast

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedge.adapters.core5g import (
    ApiClient,
    Caller,
    Channels,
    Clock,
    ExposedOperator,
    Map,
    Monitoring,
    QualityOfService,
    RadioInformation,
    Subscribers,
)
from fedge.adapters.core5g.words import Identity, Invalid
from fedge.core.exposure import (
    Answer,
    Api,
    Call,
    CellChanges,
    Create,
    Exposure,
    FlowQuality,
    List,
    Locate,
    MeasureCells,
    mark_of,
)
from fedge.core.exposure.calls import APIS, Asks, Measurements, Places
from fedge.core.messages import AccessHello, Message
from fedge.core.model import UeId
from tests.core.exposure.worlds import SETTINGS, TOPOLOGY

UE = UeId("ue-1")
RECEIVER = "https://127.0.0.1:7443"
HREF = {"href": "https://127.0.0.1:8443/rni/v2/subscriptions/7", "subscriptionType": "CellChangeSubscription"}
LINKS = {"SubscriptionLinkList": {"_links": {"subscription": [HREF]}}}
ABSURD = 10**400
WORDS = (
    "SubscriptionLinkList", "_links", "self", "subscription", "href", "CellChangeSubscription", "subscriptionType",
    "callbackReference", "websockNotifConfig", "websocketUri", "expiryDeadline", "seconds", "nanoSeconds",
    "notificationType", "timeStamp", "associateId", "type", "value", "trgEcgi", "cellId", "servCellMeasInfo",
    "notificationDestination", "monitorExpireTime", "monitoringEventReports", "msisdn", "locationInfo", "geographicArea",
    "point", "lat", "lon", "uncertainty", "eventTime", "transaction", "eventReports", "event", "filterCriteriaAssocHo",
    "appInstanceId", "cellInfo", "cellUEInfo", "ecgi", "dl_nongbr_delay_ue", "ul_nongbr_delay_ue", "L2Meas",
)  # fmt: skip
VALUES = (
    "ExpiryNotification", "CellChangeNotification", "CellChangeSubscription", "9999-12-31T23:59:59+00:00",
    "0001-01-01T00:00:00+14:00", f"{RECEIVER}/notifications/t", ABSURD, -1, 1e308, "99901000001", "10.0.0.1",
)  # fmt: skip
anything = st.recursive(
    st.none() | st.booleans() | st.sampled_from(VALUES),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=14,
)


class Odd:
    """An operator's API of which every answer is the next one of these, the last for ever."""

    def __init__(self, *bodies: Any) -> None:
        self.bodies = list(bodies)

    async def __call__(self, method: str, where: str, said: object = None, kind: str = "") -> httpx2.Response:
        body = self.bodies.pop(0) if len(self.bodies) > 1 else self.bodies[0]
        return httpx2.Response(200, content=body if isinstance(body, bytes) else json.dumps(body).encode())


def clients(odd: Odd) -> dict[Api, ApiClient]:
    caller, identity = cast(Caller, odd), Identity(RECEIVER, "internet", 1)
    subscribers = Subscribers({"msisdn-99901000001": UE}, {"10.0.0.1": UE})
    clock, where = Clock(time.monotonic_ns), Map(TOPOLOGY)
    return {
        "location": Monitoring(caller, "fedge", identity, subscribers, where, clock),
        "quality": QualityOfService(caller, "fedge", identity, subscribers, clock),
        "radio": RadioInformation(caller, identity, subscribers, where, clock),
    }


def carried_out(api: Api, call: Call, *bodies: Any) -> Answer:
    return asyncio.run(clients(Odd(*bodies))[api].carry_out(call))


@pytest.mark.parametrize("said", [None, 7, [], "x", {"_links": 7}])
def test_a_list_that_is_none_counts_as_no_answer(said: Any) -> None:
    assert carried_out("radio", List(3, "radio"), {"SubscriptionLinkList": said}).status == 0


def test_an_absurd_expiry_is_not_believed() -> None:
    for seconds in (ABSURD, 2**32, -1):
        said = {"subscriptionType": "CellChangeSubscription", "expiryDeadline": {"seconds": seconds}}
        answer = carried_out("radio", List(3, "radio"), LINKS, said)
        assert [one.lasts_s for one in answer.held] == [None]
        notice = {"notificationType": "ExpiryNotification", "expiryDeadline": said["expiryDeadline"]}
        body = json.dumps(notice).encode()
        with pytest.raises(Invalid):
            clients(Odd({}))["radio"].heard("t", body)


ASKS: dict[Api, Asks] = {
    "location": Places("everybody@example", 1),
    "quality": FlowQuality(UE, "10.0.0.9", "QOS_E"),
    "radio": CellChanges(),
}


@settings(deadline=None)
@given(st.sampled_from(APIS), anything)
def test_any_answer_is_read_or_counts_as_none(api: Api, body: Any) -> None:
    calls: list[Call] = [List(1, api), Create(1, api, "t", ASKS[api])]
    calls += [Locate(1, UE, 0.0)] if api == "location" else []
    calls += [MeasureCells(1)] if api == "radio" else []
    for call in calls:
        for bodies in ([body], [LINKS, body]):
            assert carried_out(api, call, *bodies).number == 1


@settings(deadline=None)
@given(st.sampled_from(APIS), anything)
def test_any_notification_is_read_or_refused(api: Api, body: Any) -> None:
    try:
        clients(Odd({}))[api].heard("t", json.dumps(body).encode())
    except Invalid:
        return


class Broken:
    """A client with a fault of its own."""

    async def carry_out(self, call: Call) -> Answer:
        raise ZeroDivisionError

    def heard(self, token: str, body: bytes) -> None:
        raise ZeroDivisionError


def test_a_call_that_breaks_off_leaves_nothing_waiting() -> None:
    exposure, calls = Exposure(SETTINGS, TOPOLOGY), 0

    class Counted(Broken):
        async def carry_out(self, call: Call) -> Answer:
            nonlocal calls
            calls += 1
            return await super().carry_out(call)

    def nowhere(heard: Callable[[str, bytes], None], changed: Callable[[str, bool], None]) -> Channels:
        return Channels(cast(Any, None), cast(Any, None), heard, changed)

    async def play() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        told: list[Message] = []
        operator = ExposedOperator(
            exposure,
            {"radio": Counted()},
            lambda api: ("", True),
            nowhere,
            AccessHello(400.0, 100.0, (), ()),
            told.append,
            time.monotonic_ns,
        )
        running = asyncio.create_task(operator.run())
        async with asyncio.timeout(20):
            while calls < 2:
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(play())
    assert exposure.desks["radio"].circuit.failures


def test_a_websocket_that_breaks_off_is_told_as_closed() -> None:
    changes: list[tuple[str, bool]] = []

    class NoDoor:
        here = "https://127.0.0.1:1"

        async def header(self) -> dict[str, str]:
            raise ZeroDivisionError

    async def play() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        channels = Channels(
            cast(Any, None), cast(Any, NoDoor()), lambda *_: None, lambda *now: changes.append(now)
        )
        channels.listen("t", "wss://127.0.0.1:1/x")
        async with asyncio.timeout(20):
            while not changes:
                await asyncio.sleep(0.01)
        await channels.close()

    asyncio.run(play())
    assert changes == [("t", False)]


class Echo(Odd):
    """Says the request again, but for its callback: a websocket was chosen."""

    async def __call__(self, method: str, where: str, said: object = None, kind: str = "") -> httpx2.Response:
        if method == "GET" and where.endswith("/subscriptions"):
            return httpx2.Response(200, content=json.dumps(LINKS).encode())
        if isinstance(said, dict):
            self.bodies = [{**said, "websockNotifConfig": {"websocketUri": "wss://127.0.0.1:8443/7"}}]
            del self.bodies[0]["callbackReference"]
        return httpx2.Response(
            201, headers={"location": HREF["href"]}, content=json.dumps(self.bodies[0]).encode()
        )


@pytest.mark.parametrize("asks", [CellChanges(), Measurements("nr"), Measurements("lte")])
def test_a_subscription_by_websocket_is_known_by_what_it_bears(asks: Asks) -> None:
    """MEC 012, 6.3: the filters of the request stand in the response."""
    radio = clients(Echo({}))["radio"]
    create = Create(1, "radio", "the-token", asks, 600, "websocket")
    made = asyncio.run(radio.carry_out(create)).held
    listed = asyncio.run(radio.carry_out(List(2, "radio"))).held
    assert [(one.token, one.mark) for one in (*made, *listed)] == [("", mark_of("the-token"))] * 2
    assert "the-token" not in mark_of("the-token")
