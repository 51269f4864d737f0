"""What every CAMARA operation does alike: correlator, token, scope, rate, body, and the form of every refusal."""

from __future__ import annotations

import re

import pytest
from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from fedge.api.camara.authorization import Authorization, Grant
from fedge.api.camara.errors import CamaraError
from fedge.api.camara.exchange import Operation, answer, camara_app, camara_mount, read
from fedge.api.pace import paced
from fedge.core.control.state import State
from fedge.core.model import SECOND
from fedge.core.pace import DAY_S, Limits

BEARER = {"Authorization": "Bearer the-token"}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Body(Struct):
    count: int


async def echo(request: Request, grant: Grant) -> Response:
    return answer({"count": (await read(request, Body)).count, "client": grant.client}, 201)


async def refuse(request: Request, grant: Grant) -> Response:
    raise CamaraError(409, "CONFLICT", "it is there already")


class Clock:
    at = 0

    def now(self) -> int:
        return self.at


OFTEN = Limits(50, burst=200)


def client(limits: Limits = OFTEN, clock: Clock | None = None) -> TestClient:
    operations = [
        Operation("POST", "/things", "things:create", echo),
        Operation("DELETE", "/things/{name}", "things:delete", refuse),
    ]
    app = camara_app(
        operations,
        Authorization("the-token", State, (clock or Clock()).now),
        paced(limits, (clock or Clock()).now),
    )
    return TestClient(Starlette(routes=[camara_mount("/api/v1", app)]), headers=BEARER)


def test_the_correlator_comes_back_and_one_is_made_where_none_was_sent() -> None:
    sent = client().post("/api/v1/things", json={"count": 3}, headers={"x-correlator": "a-b_c"})
    assert (sent.status_code, sent.headers["x-correlator"]) == (201, "a-b_c")
    assert sent.json() == {"count": 3, "client": "OPERATOR"}
    unsent = client().post("/api/v1/things", json={"count": 3})
    assert UUID.fullmatch(unsent.headers["x-correlator"])


def test_a_correlator_outside_its_pattern_is_refused_and_not_sent_back() -> None:
    found = client().post("/api/v1/things", json={"count": 3}, headers={"x-correlator": "a b"})
    assert (found.status_code, found.json()["code"]) == (400, "INVALID_ARGUMENT")
    assert UUID.fullmatch(found.headers["x-correlator"])


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("DELETE", "/api/v1/things/a", 409, "CONFLICT"),
        ("GET", "/api/v1/things", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/api/v1/nothing", 404, "NOT_FOUND"),
        ("GET", "/api/v1/nothing%0a", 404, "NOT_FOUND"),
        ("GET", "/api/v1/things/", 404, "NOT_FOUND"),
    ],
)
def test_every_refusal_has_the_same_form(method: str, path: str, status: int, code: str) -> None:
    found = client().request(method, path, headers={"x-correlator": "c"})
    assert found.status_code == status
    assert found.json() == {"status": status, "code": code, "message": found.json()["message"]}
    assert found.headers["x-correlator"] == "c"
    assert found.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'{"count": "x"}', "application/json"),
        (b"[" * 9000, "application/json"),
        (b"\xff", "application/json"),
        (b'{"count": 1, "more": "' + b"x" * 70_000 + b'"}', "application/json"),
        (b'{"count": 1}', "text/plain"),
    ],
)
def test_a_body_that_is_none_is_an_invalid_argument(body: bytes, kind: str) -> None:
    found = client().post("/api/v1/things", content=body, headers={"content-type": kind})
    assert (found.status_code, found.json()["code"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("given", ["", "Basic abc", "Bearer", "Bearer other", "Bearer \xe9"])
def test_without_a_token_that_is_known_nothing_is_served(given: str) -> None:
    found = client().post(
        "/api/v1/things", json={"count": 3}, headers=[(b"authorization", given.encode("latin-1"))]
    )
    assert (found.status_code, found.json()["code"]) == (401, "UNAUTHENTICATED")


def test_a_client_that_asks_too_often_is_told_when_to_ask_again() -> None:
    clock = Clock()
    asking = client(Limits(per_second=2, burst=3), clock)
    statuses = [asking.post("/api/v1/things", json={"count": 1}).status_code for _ in range(4)]
    refused = asking.post("/api/v1/things", json={"count": 1})
    assert statuses == [201, 201, 201, 429]
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("TOO_MANY_REQUESTS", "1")
    assert "2 requests a second" in refused.json()["message"]
    clock.at += SECOND
    assert [asking.post("/api/v1/things", json={"count": 1}).status_code for _ in range(3)] == [201, 201, 429]


def test_a_day_has_so_many_requests_as_were_agreed() -> None:
    clock = Clock()
    asking = client(Limits(50, burst=200, per_day=2), clock)
    for _ in range(2):
        assert asking.post("/api/v1/things", json={"count": 1}).status_code == 201
    refused = asking.post("/api/v1/things", json={"count": 1})
    assert (refused.status_code, refused.json()["code"]) == (429, "QUOTA_EXCEEDED")
    assert int(refused.headers["retry-after"]) == DAY_S
    clock.at += int(DAY_S * SECOND)
    assert asking.post("/api/v1/things", json={"count": 1}).status_code == 201


def test_one_clients_rate_is_not_anothers() -> None:
    asked = paced(Limits(50, burst=1), Clock().now)
    assert asked("one") is None
    assert asked("other") is None
    assert asked("one") is not None
