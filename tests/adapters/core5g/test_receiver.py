"""Where notifications arrive: who may say what, and in which form a refusal is. Nothing but a notification counts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from fedge.adapters.core5g import receiver_app
from fedge.adapters.core5g.receiver import MOST_BYTES
from fedge.adapters.core5g.words import Invalid, path_notified, same_origin
from fedge.core.model import UeId
from fedge.core.steering import PathNotified

NEF = "https://127.9.0.4:8443/3gpp-traffic-influence/v1"
UES = {"msisdn-99901000001": UeId("ue-1")}


def said(**more: Any) -> dict[str, Any]:
    """A notification; None takes an attribute away."""
    usual = {
        "dnaiChgType": "EARLY",
        "subscribedEvent": "UP_PATH_CHANGE",
        "afTransId": "t-1",
        "sourceDnai": "harbour",
        "targetDnai": "market",
        "gpsi": "msisdn-99901000001",
        "afAckUri": "https://127.9.0.4:8443/acks/1",
        "srcUeIpv4Addr": "127.9.200.1",
        "somethingNew": {"of": "Rel-19"},
    }
    return {name: value for name, value in (usual | more).items() if value is not None}


class Receiver:
    def __init__(self) -> None:
        self.heard: list[PathNotified | None] = []
        self.http = TestClient(receiver_app([self]))

    def knows(self, token: str) -> bool:
        return token == "known"

    def receive(self, token: str, body: bytes) -> None:
        self.heard.append(path_notified(token, body, NEF, UES.get))

    def post(self, body: Any, path: str = "/notifications/known", kind: str = "application/json") -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body)
        return self.http.post(path, content=content, headers={"content-type": kind})


def test_a_notification_is_taken() -> None:
    receiver = Receiver()
    answer = receiver.post(said())
    assert (answer.status_code, answer.content) == (204, b"")
    late = receiver.post(
        said(dnaiChgType="LATE", gpsi=None, targetDnai=None, targetTrafficRoute={"dnai": "market"})
    )
    assert late.status_code == 204
    uri = "https://127.9.0.4:8443/acks/1"
    assert receiver.heard == [
        PathNotified("known", "EARLY", "market", "harbour", "t-1", True, UeId("ue-1"), uri),
        PathNotified("known", "LATE", "market", "harbour", "t-1", False, None, uri),
    ]


@pytest.mark.parametrize(
    "body", [{"subscription": f"{NEF}/fedge/subscriptions/1"}, said(subscribedEvent="OF_A_LATER_RELEASE")]
)
def test_what_says_nothing_of_a_path_is_answered_and_forgotten(body: Any) -> None:
    receiver = Receiver()
    assert receiver.post(body).status_code == 204
    assert receiver.heard == [None]


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        (b"", None),
        (b"\xff", None),
        (b"[]", None),
        (b'{"subscription": 7}', None),
        (said(dnaiChgType="EARLY_LATE"), "/dnaiChgType"),
        (said(dnaiChgType=7), None),
        (said(targetDnai=None), "/targetDnai"),
        (said(targetDnai="x" * 3000), None),
        (b'"\xff"', None),
        (b"[" * 60_000, None),
        (said(afAckUri="https://elsewhere.example/acks/1"), "/afAckUri"),
        (said(afAckUri="http://127.9.0.4:8443/acks/1"), "/afAckUri"),
        (said(afAckUri="https://127.9.0.4:8443@elsewhere.example/"), "/afAckUri"),
        (said(afAckUri="file:///etc/passwd"), "/afAckUri"),
    ],
    ids=lambda one: str(one)[:80],
)
def test_a_bad_body_is_refused_as_a_problem_and_changes_nothing(body: Any, parameter: str | None) -> None:
    receiver = Receiver()
    answer = receiver.post(body)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    problem = answer.json()
    assert (problem["status"], problem["cause"]) == (400, "INVALID_MSG_FORMAT")
    assert [one["param"] for one in problem.get("invalidParams", [])] == ([parameter] if parameter else [])
    assert receiver.heard == []


def test_who_does_not_know_the_token_learns_nothing() -> None:
    receiver = Receiver()
    for path in ("/notifications/guessed", "/notifications/", "/", "/notifications/known/more"):
        answer = receiver.post(said(), path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert receiver.heard == []


def test_other_methods_kinds_and_sizes_are_refused() -> None:
    receiver = Receiver()
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        answer = receiver.http.request(method, "/notifications/known")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert answer.json()["cause"] == "METHOD_NOT_ALLOWED"
    assert receiver.post(said(), kind="text/plain").status_code == 415
    assert receiver.post(b" " * (MOST_BYTES + 1)).status_code == 413
    assert receiver.heard == []


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(said())), inner, max_size=6),
    max_leaves=12,
))  # fmt: skip
def test_any_json_is_read_or_refused(body: Any) -> None:
    try:
        heard = path_notified("known", json.dumps(body).encode(), NEF, UES.get)
    except Invalid:
        return
    assert heard is None or heard.target


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://127.9.0.4:8443/acks/1", True),
        ("https://127.9.0.4:8443", True),
        ("https://127.9.0.4/acks/1", False),
        ("https://127.9.0.4:8443#x", False),
        ("https://127.9.0.4:notaport/", False),
        ("https://127.9.0.4:8443\\@elsewhere/", False),
        ("//127.9.0.4:8443/acks/1", False),
        ("", False),
    ],
)
def test_acknowledgements_go_to_the_nef_alone(url: str, same: bool) -> None:
    assert same_origin(url, NEF) is same
