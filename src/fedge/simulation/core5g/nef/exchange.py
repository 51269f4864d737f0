"""HTTP as all APIs of the exposure function speak it: who asks, how often, in what form, and every refusal as problem details.

Order of refusals: who (401, 403), what (404, 405), how (406, 411, 413, 415, 429), and then the body (400).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedge.simulation.core5g.nef.pace import Pace
from fedge.simulation.core5g.nef.problem import Problem
from fedge.simulation.core5g.nef.tokens import Tokens

MAX_BODY = 64 * 1024
JSON, MERGE_PATCH, JSON_PATCH, FORM = (
    "application/json",
    "application/merge-patch+json",
    "application/json-patch+json",
    "application/x-www-form-urlencoded",
)
Endpoint = Callable[[Request], Awaitable[Response]]


class Exchange:
    """One API's. ``scope``: what an access token must be good for; ``features``: the API's, told in each refusal.

    ``pace``: how many requests each client may make. ``now_s()``: Unix seconds.
    """

    def __init__(
        self, scope: str, features: int, tokens: Tokens, pace: Pace, now_s: Callable[[], float]
    ) -> None:
        self._scope, self._features = scope, f"{features:X}"
        self._tokens, self._pace, self._now_s = tokens, pace, now_s

    def route(self, path: str, endpoint: Endpoint, *methods: str) -> Route:
        """An endpoint that may raise ``Problem``."""
        return Route(path, guarded(endpoint, self._features), methods=list(methods))

    def client(self, request: Request) -> str:
        """Whose request it is. Raises ``Problem`` 401, 403, 429."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not token:
            raise Problem(
                401, "UNAUTHORIZED", "a bearer token is needed", headers={"WWW-Authenticate": "Bearer"}
            )
        now_s = self._now_s()
        claims = self._tokens.claims(token.strip(), int(now_s)) if scheme.lower() == "bearer" else None
        if claims is None:
            told = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            raise Problem(401, "UNAUTHORIZED", "the token is not valid", headers=told)
        if self._scope not in claims.scope.split():
            told = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{self._scope}"'}
            raise Problem(403, "REQUEST_NOT_AUTHORIZED", "the token is for another API", headers=told)
        wait_s = self._pace.wait_s(claims.sub, now_s)
        if wait_s:
            told = {"Retry-After": str(wait_s)}
            raise Problem(429, "NF_CONGESTION_RISK", "too many requests", headers=told)
        return claims.sub

    def owner(self, request: Request) -> str:
        """The application function that the path names (``af``), which must be the client. Raises ``Problem`` 401, 403, 429."""
        af = self.client(request)
        if request.path_params["af"] != af:
            raise Problem(403, "REQUEST_NOT_AUTHORIZED", "the token is another application function's")
        return af


def guarded(endpoint: Endpoint, features: str = "") -> Endpoint:
    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Problem as problem:
            return _refused(problem, features)

    return guarded


async def no_such(request: Request, error: Exception) -> Response:
    """The router's own refusals."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return _refused(
            Problem(405, "METHOD_NOT_ALLOWED", "no such operation", headers=dict(error.headers or {}))
        )
    return _refused(Problem(404, "RESOURCE_URI_STRUCTURE_NOT_FOUND", "no such resource"))


def _refused(problem: Problem, features: str = "") -> Response:
    body = msgspec.json.encode(problem.details(features))
    return Response(body, problem.status, problem.headers, "application/problem+json")


def said(what: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(what), status, headers, JSON)


async def body_of(request: Request, media_type: str) -> bytes:
    """The request's body. Raises ``Problem`` 411, 413, 415."""
    length = request.headers.get("content-length")
    if length is None:
        raise Problem(411, "INCORRECT_LENGTH", "a Content-Length is needed")
    if not length.isascii() or not length.isdigit() or int(length[:20]) > MAX_BODY:
        raise Problem(413, "INCORRECT_LENGTH", f"at most {MAX_BODY} bytes")
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != media_type:
        raise Problem(415, "UNSUPPORTED_MEDIA_TYPE", f"must be {media_type}")
    return await request.body()  # the server reads no more than Content-Length says


def accepts_json(request: Request) -> None:
    """Raises ``Problem`` 406."""
    accept = request.headers.get("accept", "*/*").lower()
    kinds = [kind.partition(";")[0].strip() for kind in accept.split(",")]
    if not any(kind in ("", "*/*", "application/*", JSON) for kind in kinds):
        raise Problem(406, "NOT_ACCEPTABLE", f"this is {JSON}")
