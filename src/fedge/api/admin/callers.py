"""Who asks: the operator, a tenant, its players, or nobody; and the headers of every answer.

The run's token is the operator's. A tenant's token opens its namespace, its players' token lets them attach and nothing else.
Without a token reads are open as long as there is no Tenant; from the first one on, each read needs a token too, except for
the page, its files, ``/healthz`` and the API's description. `routes.py` asks `caller_of`.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from fedge.core.control import Knowledge
from fedge.core.control.seeing import seen_by
from fedge.core.control.state import State
from fedge.core.model import Nanoseconds

READING = ("GET", "HEAD", "OPTIONS")
OPEN = ("/", "/healthz", "/api/v1/openapi.json")
FOR_PLAYERS = ("/api/v1/attach", "/api/v1/visits/")
"""A path that ends with a slash stands for all below it."""


class Caller(msgspec.Struct, frozen=True):
    """``tenant`` None: the operator, who sees everything."""

    tenant: str | None = None
    players: bool = False


OPERATOR = Caller()


def json_answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(body), status, headers, "application/json")


def error_answer(status: int, code: str, message: str, **more: str) -> Response:
    """CAMARA's form of an error."""
    return json_answer({"status": status, "code": code, "message": message, **more}, status)


def digest_of(token: str) -> str:
    """What is stored of a tenant's token. Drawn at random from 256 bits, it needs no salt."""
    return sha256(token.encode()).hexdigest()


def caller_of(request: Request) -> Caller:
    caller: Caller = request.scope["fedge.caller"]
    return caller


def seen_of(request: Request, plane: Knowledge, now: Nanoseconds) -> Knowledge:
    """What the caller may see of the ``plane``."""
    tenant = caller_of(request).tenant
    return plane if tenant is None else seen_by(plane, tenant, now)


def still_allowed(request: Request) -> bool:
    """Is the caller, after a while, still who it was? A token may have been revoked, or the first Tenant applied."""
    still: Callable[[], bool] = request.scope["fedge.still"]
    return still()


class Security:
    """Response headers for the page; who asks; a token for every method that changes something.

    APIs under ``own`` ask for their token themselves, and refuse in their standard's form.
    """

    def __init__(
        self, app: ASGIApp, token: str, policy: str, state: Callable[[], State], own: tuple[str, ...] = ()
    ) -> None:
        self._own = tuple(f"{base}/" for base in own)
        self._app, self._token, self._policy, self._state = app, token.encode(), policy.encode(), state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"authorization", b"")
        caller = self.caller(scope["method"], scope["path"], given)
        if scope["path"].startswith(self._own):
            caller = OPERATOR
        if caller is None:
            said = "this call needs a token: Authorization: Bearer …"
            await error_answer(401, "UNAUTHENTICATED", said)(scope, receive, send)
            return
        if caller.players and not _open(scope["path"]) and not _for_players(scope["path"]):
            said = "a players' token lets them attach and ask where to connect, and nothing else"
            await error_answer(403, "PERMISSION_DENIED", said)(scope, receive, send)
            return
        scope["fedge.caller"] = caller
        scope["fedge.still"] = lambda: caller == self.caller(scope["method"], scope["path"], given)

        async def guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"content-security-policy", self._policy),
                    (b"x-content-type-options", b"nosniff"),
                    (b"cache-control", b"no-store"),
                ]
            await send(message)

        await self._app(scope, receive, guarded)

    def caller(self, method: str, path: str, authorization: bytes) -> Caller | None:
        """None: nobody who may ask this."""
        if authorization.partition(b" ")[2].strip():
            holder = holder_of(authorization, self._token, self._state())
            return holder or (OPERATOR if method in READING and _open(path) else None)
        if method not in READING:
            return None
        return OPERATOR if _open(path) or not _has_tenants(self._state()) else None


def holder_of(authorization: bytes, token: bytes, state: State) -> Caller | None:
    """Whose bearer token an Authorization header bears. ``token``: the operator's."""
    scheme, _, given = authorization.partition(b" ")
    given = given.strip()
    if scheme.lower() != b"bearer" or not given:
        return None
    if hmac.compare_digest(given, token):
        return OPERATOR
    grant = state.grants.get(digest_of(given.decode("latin-1")))
    return Caller(grant.tenant, grant.players) if grant is not None else None


def _open(path: str) -> bool:
    return path in OPEN or path.startswith("/static/")


def _for_players(path: str) -> bool:
    return any(path == one or (one.endswith("/") and path.startswith(one)) for one in FOR_PLAYERS)


def _has_tenants(state: State) -> bool:
    return any(raw["kind"] == "Tenant" for raw in state.objects.values())
