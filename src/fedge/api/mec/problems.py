"""ETSI MEC's form of an error: ProblemDetails (ETSI GS MEC 009, 6.15.2; RFC 9457) as ``application/problem+json``."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response


class Problem(Exception):
    """A refusal with its HTTP status."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers


def problem_answer(request: Request, problem: Problem) -> Response:
    said = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": f"{request.base_url.scheme}://{request.base_url.netloc}{quote(request.url.path)}",
    }
    return Response(msgspec.json.encode(said), problem.status, problem.headers, "application/problem+json")
