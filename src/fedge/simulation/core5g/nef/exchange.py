"""HTTP as every 3GPP API of the simulated core has it: bodies in, answers and ``application/problem+json`` out. Translation only.

Order of refusals: how long (414), who (401, 403), what (404, 405), how (406, 411, 413, 415, 429), and then the body (400).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from fedge.runtime.bodies import BadBody
from fedge.runtime.bodies import body_of as whole_body
from fedge.simulation.core5g.nef.problem import Problem

MAX_BODY = 64 * 1024
MAX_URI = 16 * 1024
"""Bytes; RFC 9110, 4.1, wants 8,000 to be read at least."""
JSON, MERGE_PATCH, JSON_PATCH, FORM = (
    "application/json",
    "application/merge-patch+json",
    "application/json-patch+json",
    "application/x-www-form-urlencoded",
)
Endpoint = Callable[[Request], Awaitable[Response]]


def app_of(*routes: BaseRoute) -> Starlette:
    """One server's APIs; what is none of them is refused in their form."""
    app = Starlette(routes=list(routes), exception_handlers={HTTPException: _no_such})
    app.router.redirect_slashes = False  # a 307 means another server of the operator's here (TS 29.122)
    return app


def guarded(endpoint: Endpoint, features: str = "") -> Endpoint:
    """The endpoint, with each ``Problem`` as an answer. ``features``: what the API supports, told with every refusal."""

    async def answering(request: Request) -> Response:
        try:
            if len(request.scope["raw_path"]) + len(request.scope["query_string"]) > MAX_URI:
                raise Problem(414, "URI_TOO_LONG", f"a URI of at most {MAX_URI} bytes is read")
            return await endpoint(request)
        except Problem as problem:
            return refused(problem, features)

    return answering


def refused(problem: Problem, features: str = "") -> Response:
    body = msgspec.json.encode(problem.details(features))
    return Response(body, problem.status, problem.headers, "application/problem+json")


def said(what: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(what), status, headers, JSON)


async def body_of(request: Request, media_type: str) -> bytes:
    """The request's body. Raises ``Problem`` 400, 411, 413, 415."""
    length = request.headers.get("content-length")
    if length is None:
        raise Problem(411, "INCORRECT_LENGTH", "a Content-Length is needed")
    if not length.isascii() or not length.isdigit() or int(length[:20]) > MAX_BODY:
        raise Problem(413, "INCORRECT_LENGTH", f"at most {MAX_BODY} bytes")
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != media_type:
        raise Problem(415, "UNSUPPORTED_MEDIA_TYPE", f"must be {media_type}")
    try:
        return await whole_body(request, MAX_BODY)
    except BadBody as bad:
        raise Problem(bad.status, "INCORRECT_LENGTH", str(bad)) from None


def accepts_json(request: Request) -> None:
    """Raises ``Problem`` 406."""
    accept = request.headers.get("accept", "*/*").lower()
    kinds = [kind.partition(";")[0].strip() for kind in accept.split(",")]
    if not any(kind in ("", "*/*", "application/*", JSON) for kind in kinds):
        raise Problem(406, "NOT_ACCEPTABLE", f"this is {JSON}")


async def _no_such(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return refused(
            Problem(405, "METHOD_NOT_ALLOWED", "no such operation", headers=dict(error.headers or {}))
        )
    return refused(Problem(404, "RESOURCE_URI_STRUCTURE_NOT_FOUND", "no such resource"))
