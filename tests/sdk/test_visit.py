"""The SDK's side of visits, against a platform that the test plays: what is asked, what is believed, and a hint."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from fedge_sdk.attach import NotYet, Refused, attach_once
from fedge_sdk.visit import Place, hints, place_after, visit

PLACE = {
    "session": "nim.p", "key": "0a", "site": "harbour", "service": "127.9.2.1:8765", "protocol": "TCP", "generation": 1,
}  # fmt: skip
SESSION = {"session": "p", "key": "0a", "service": "127.9.1.1:7777", "epoch_floor": 1}


class Played:
    """Answers from ``script``, one a question; ``asked`` are the questions."""

    def __init__(self) -> None:
        self.script: list[tuple[int, Any]] = []
        self.asked: list[str] = []
        played = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                self._answer(f"POST {self.path} {self.rfile.read(length).decode()}")

            def do_GET(self) -> None:
                self._answer(f"GET {self.path} {self.headers['Authorization']}")

            def _answer(self, question: str) -> None:
                played.asked.append(question)
                status, body = played.script.pop(0)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, format: str, *words: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.api = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def platform() -> Iterator[Played]:
    made = Played()
    yield made
    made.close()


def test_a_place_is_read_and_asked_for_again_with_what_is_known(platform: Played) -> None:
    platform.script = [(503, {"code": "NO_SITE"}), (200, PLACE), (200, {**PLACE, "generation": 2})]
    place = visit(platform.api, "nim", "p", "secret")
    assert place == Place("nim.p", "0a", "harbour", ("127.9.2.1", 8765), "TCP", 1)
    assert place_after(platform.api, place, "secret", wait_s=3).generation == 2
    assert platform.asked[-1] == "GET /api/v1/visits/0a?after=1&wait_s=3 Bearer secret"


def test_each_kind_of_application_says_how_it_is_asked_for(platform: Played) -> None:
    platform.script = [(200, PLACE), (200, SESSION)]
    with pytest.raises(Refused, match="NO_SESSION"):
        attach_once(platform.api, "nim", "p")
    with pytest.raises(Refused, match=r"fedge_sdk\.attach"):
        visit(platform.api, "arena", "p")


@pytest.mark.parametrize("answer", [{}, [], {**PLACE, "service": "nowhere"}, {**PLACE, "generation": None}])
def test_an_answer_that_does_not_follow_the_contract_is_refused(platform: Played, answer: Any) -> None:
    platform.script = [(200, answer)]
    with pytest.raises(Refused, match="BAD_ANSWER"):
        visit(platform.api, "nim", "p")


def test_who_never_answers_is_given_up(platform: Played) -> None:
    platform.script = [(503, {"code": "NO_SITE"})] * 9
    with pytest.raises(NotYet):
        visit(platform.api, "nim", "p", patience_s=0.15)


def test_hints_come_over_errors_and_repeats_until_the_visit_ends(platform: Played) -> None:
    led = {**PLACE, "service": "127.9.2.2:8765", "site": "market", "generation": 2}
    platform.script = [
        (200, PLACE),
        (503, {"code": "X"}),
        (200, led),
        (200, led),
        (404, {"code": "NOT_FOUND"}),
    ]

    async def heard() -> list[Place]:
        first = Place("nim.p", "0a", "harbour", ("127.9.2.1", 8765), "TCP", 1)
        return [place async for place in hints(platform.api, first)]

    (hint,) = asyncio.run(heard())
    assert (hint.site, hint.service, hint.generation) == ("market", ("127.9.2.2", 8765), 2)
    assert [question.partition("after=")[2][0] for question in platform.asked] == list("11122")


def test_a_hint_that_is_refused_is_said(platform: Played) -> None:
    platform.script = [(403, {"code": "PERMISSION_DENIED"})]

    async def heard() -> None:
        async for _ in hints(platform.api, Place("s", "0a", "h", ("127.9.2.1", 1), "TCP", 1)):
            pass

    with pytest.raises(Refused, match="403"):
        asyncio.run(heard())
