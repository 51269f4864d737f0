"""One request and its answer in the manner of ETSI GS MEC 009: token, media types, sizes, wrapped bodies, ETags.

A body is read in the form of the definition, `{"ServiceInfo": {…}}`, and in that of the standard's text, the bare object; the
answer to a write has the form of its request, that to a read the definition's. Neighbour: `problems.py`.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from fedge.api.bodies import BadBody, json_body
from fedge.api.mec.problems import Problem, problem_answer
from fedge.core.control import ControlPlane, Notify
from fedge.core.control.events import AskedResource
from fedge.core.enablement.resources import AnyResource
from fedge.core.messages import Message
from fedge.core.model import SECOND, Nanoseconds, UeId
from fedge.ports import Notifier

MOST_BODY_BYTES = 64 << 10
MOST_URI_BYTES = 4096
MOST_SECONDS = 2**32 - 1

Shape = TypeVar("Shape", bound=msgspec.Struct)
Endpoint = Callable[[Request], Awaitable[Response]]


class Subscribers(Protocol):
    """The operator's knowledge of who has which number; simulated today."""

    def by_phone_number(self, number: str) -> UeId | None: ...


class Centre(Protocol):
    """What these APIs need of the control program; ``ask`` waits for the core's reply: (status, body)."""

    plane: ControlPlane
    token: str

    def now(self) -> Nanoseconds: ...
    async def ask(self, make: Callable[[int], Message]) -> tuple[int, dict[str, Any]]: ...


class Platform(NamedTuple):
    """What every operation is given. ``base``: scheme, host and port under which these APIs are reached;
    ``notify``: sends what the core did not decide, a test.
    """

    centre: Centre
    subscribers: Subscribers
    notifier: Notifier
    base: str
    notify: Callable[[Notify], None]

    @property
    def plane(self) -> ControlPlane:
        return self.centre.plane

    async def ask(self, make: Callable[[int], Message]) -> dict[str, Any]:
        """The core's answer. Raises ``Problem`` where it refuses."""
        status, body = await self.centre.ask(make)
        if status >= 400:
            raise Problem(status, str(body.get("detail") or body.get("message", "")))
        return body

    async def keep(self, resource: AnyResource, replaces: bool = False, if_match: str = "") -> str:
        """The id under which the core keeps it."""
        durable(resource)
        answer = await self.ask(lambda n: AskedResource(n, resource, replaces, if_match))
        return str(answer["id"])

    def callable_uri(self, callback: str) -> str:
        """A callbackReference that may be called. Raises ``Problem``."""
        if why := self.notifier.objection(callback):
            raise Problem(400, f"callbackReference: {why}")
        return callback

    def instant(self, unix_s: float) -> Nanoseconds:
        """A time of day as the core's clock has it."""
        return self.centre.now() + int((unix_s - time.time()) * SECOND)


class Told(NamedTuple):
    """A body that was read. ``wrapped``: it came as the definition has it, under its type's name."""

    value: dict[str, Any]
    wrapped: bool


async def read(request: Request, *names: str) -> tuple[str, Told]:
    """(which of the types ``names`` was sent, the object). A bare one is of the first. Raises ``Problem``."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", ""):
        raise Problem(415, f"{kind} is not read here; application/json is")
    try:
        found = await json_body(request, MOST_BODY_BYTES)
    except BadBody as error:
        raise Problem(error.status, str(error)) from None
    if not isinstance(found, dict):
        raise Problem(400, "the body is no JSON object")
    for name in names:
        if isinstance(inner := found.get(name), dict):
            return name, Told(inner, True)
        if name in found:
            raise Problem(400, f"{name}: an object is wanted")
    return names[0], Told(found, False)


def convert(value: dict[str, Any], shape: type[Shape]) -> Shape:
    """The typed form of what was told. Raises ``Problem`` with the path of what is wrong."""
    try:
        return msgspec.convert(value, shape)
    except (msgspec.ValidationError, RecursionError) as error:
        raise Problem(400, str(error)) from None


def durable(resource: AnyResource) -> None:
    """Can it be written down? JSON knows numbers and characters that MessagePack does not. Raises ``Problem``."""
    try:
        msgspec.msgpack.encode(resource)
    except (OverflowError, UnicodeEncodeError, RecursionError, TypeError, ValueError) as error:
        raise Problem(400, f"it cannot be kept: {error}") from None


def answer(body: Any, status: int = 200, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(msgspec.json.encode(body), status, named, "application/json")


def in_form(name: str, value: dict[str, Any], wrapped: bool = True) -> dict[str, Any]:
    return {name: value} if wrapped else value


def if_match(request: Request) -> str:
    """The fingerprint that the caller read; empty if any will do."""
    given = request.headers.get("if-match", "").strip()
    return "" if given in ("", "*") else given.removeprefix("W/").strip('"') or "?"


class Guard:
    """Token, length of the URI, and whether the caller takes JSON, before anything is read."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        refusal = self._refusal(request)
        if refusal is not None:
            await problem_answer(request, refusal)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refusal(self, request: Request) -> Problem | None:
        raw = request.scope.get("raw_path") or request.url.path.encode()
        if len(raw) + len(request.scope.get("query_string", b"")) > MOST_URI_BYTES:
            return Problem(414, f"a URI of at most {MOST_URI_BYTES} bytes is read")
        given = request.headers.get("authorization", "").encode("latin-1")
        if not hmac.compare_digest(given, self._token):
            wanted = {"WWW-Authenticate": "Bearer"}
            return Problem(401, "this call needs a token: Authorization: Bearer …", wanted)
        accepted = request.headers.get("accept", "*/*").lower()
        if not any(one in accepted for one in ("*/*", "application/*", "json")):
            return Problem(406, "answers are application/json")
        return None


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_answer(request, error)


async def _unrouted(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers) if error.headers else None
    return problem_answer(request, Problem(error.status_code, error.detail, headers))


def mec_app(routes: Sequence[BaseRoute], token: str) -> Starlette:
    """One API, to be mounted under the base of its definition."""
    handlers: Any = {Problem: _refused, HTTPException: _unrouted}
    app = Starlette(routes=routes, middleware=[Middleware(Guard, token=token)], exception_handlers=handlers)
    app.router.redirect_slashes = False
    return app
