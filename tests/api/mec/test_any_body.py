"""Whatever is sent: a status below 500, ETSI's form where it is a refusal, and a state that can be written down."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from fedge.core.control import State
from tests.api.centre import TOKEN
from tests.api.mec.platform import SERVICE, SINK, MecCentre, application

ONE = "/applications/harbour.arena-1"
MOBILITY: dict[str, Any] = {
    "subscriptionType": "MobilityProcedureSubscription",
    "callbackReference": SINK,
    "filterCriteria": {"mobilityStatus": [1], "associateId": ["player-1"]},
    "expiryDeadline": {"seconds": 4102444800, "nanoSeconds": 0},
}
WRITES: dict[str, tuple[str, dict[str, Any]]] = {
    f"/mec_app_support/v1{ONE}/subscriptions": (
        "POST",
        {
            "subscriptionType": "AppTerminationNotificationSubscription",
            "callbackReference": SINK,
            "appInstanceId": "harbour.arena-1",
        },
    ),
    f"/mec_app_support/v1{ONE}/traffic_rules/arena-udp-7777": (
        "PUT",
        {"state": "ACTIVE", "priority": 1, "trafficFilter": [{"dstPort": ["1"]}]},
    ),
    f"/mec_app_support/v1{ONE}/dns_rules/arena-dns": ("PUT", {"state": "ACTIVE"}),
    f"/mec_app_support/v1{ONE}/confirm_ready": ("POST", {"indication": "READY"}),
    f"/mec_app_support/v1{ONE}/confirm_termination": ("POST", {"operationAction": "TERMINATING"}),
    "/mec_app_support/v1/registrations": ("POST", {"appName": "a", "endpoint": {"fqdn": ["a"]}}),
    f"/mec_service_mgmt/v1{ONE}/services": ("POST", SERVICE),
    f"/mec_service_mgmt/v1{ONE}/subscriptions": (
        "POST",
        {
            "subscriptionType": "SerAvailabilityNotificationSubscription",
            "callbackReference": SINK,
            "filteringCriteria": {"serCategories": [SERVICE["serCategory"]], "states": ["ACTIVE"]},
        },
    ),
    "/amsi/v1/app_mobility_services": (
        "POST",
        {
            "serviceConsumerId": {"mepId": "harbour"},
            "deviceInformation": [{"associateId": "player-1", "contextTransferState": 0}],
            "expiryTime": 1,
        },
    ),
    "/amsi/v1/subscriptions": ("POST", MOBILITY),
    "/amsi/v1/user_defined_notification": ("POST", {}),
}  # fmt: skip
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def bodies(draw: st.DrawFn, good: dict[str, Any]) -> Any:
    """A good body with one value, on any level, replaced by anything; now and then nothing like it at all."""
    if draw(st.integers(0, 5)) == 0:
        return draw(JSON)
    return _broken(draw, good)


def _broken(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, dict) and value and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(value)))
        return {**value, name: _broken(draw, value[name])}
    if isinstance(value, list) and value and draw(st.booleans()):
        return [_broken(draw, value[0])]
    return draw(JSON)


@pytest.mark.parametrize("path", WRITES)
def test_no_body_breaks_anything(path: str) -> None:
    method, good = WRITES[path]
    centre = MecCentre()
    with TestClient(application(centre), headers={"Authorization": f"Bearer {TOKEN}"}) as client:

        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        @given(body=bodies(good))
        def play(body: Any) -> None:
            answer = client.request(method, path, json=body)
            assert answer.status_code < 500, answer.text
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.json()["status"] == answer.status_code
            kept = centre.plane.state
            assert msgspec.msgpack.decode(msgspec.msgpack.encode(kept), type=State) == kept
            centre.pass_time(0.5)
            centre.told()

        play()
