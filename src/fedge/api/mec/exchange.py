"""One request and its answer in the manner of ETSI GS MEC 009: who asks and how often, media types, sizes, wrapped bodies, ETags.

The operator's token opens everything, a tenant's what is about its own application instances: each request is given a `Platform`
that has only what its caller may see (`core/control/seeing.py`).

A body is read in the form of the definition, `{"ServiceInfo": {…}}`, and in that of the standard's text, the bare object; the
answer to a write has the form of its request, that to a read the definition's. Neighbour: `problems.py`.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec
from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from fedge.api.admin.callers import OPERATOR, Caller, caller_of, holder_of, seen_of
from fedge.api.mec.problems import Problem, problem_answer
from fedge.api.methods import allowed
from fedge.api.pace import Asked
from fedge.core.control import ControlPlane, Knowledge, Notify
from fedge.core.control.events.resources import AskedResource
from fedge.core.control.instances import namespace_of
from fedge.core.enablement import AppRegistration, EdgeService, MobilityRegistration, Subscription
from fedge.core.enablement.resources import AnyResource
from fedge.core.messages import Message
from fedge.core.model import SECOND, Nanoseconds, UeId
from fedge.ports import Notifier
from fedge.runtime.bodies import BadBody, json_body

MOST_BODY_BYTES = 64 << 10
MOST_URI_BYTES = 4096

Shape = TypeVar("Shape", bound=msgspec.Struct)
Api = TypeVar("Api")
Kept = TypeVar("Kept", AppRegistration, EdgeService, MobilityRegistration, Subscription)
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
    ``notify``: sends what the core did not decide, a test. ``asked``: counts a caller's requests.

    ``caller``, ``seen``: of the request; None: everything.
    """

    centre: Centre
    subscribers: Subscribers
    notifier: Notifier
    base: str
    notify: Callable[[Notify], None]
    asked: Asked
    caller: Caller = OPERATOR
    seen: Knowledge | None = None

    def of(self, request: Request) -> Platform:
        """As the request's caller sees it."""
        seen = seen_of(request, self.centre.plane, self.centre.now())
        return self._replace(caller=caller_of(request), seen=seen)

    @property
    def plane(self) -> Knowledge:
        return self.seen or self.centre.plane

    def owns(self, resource: AnyResource) -> bool:
        """Is it the caller's to change?"""
        return self.caller.tenant in (None, resource.namespace)

    async def ask(self, make: Callable[[int], Message]) -> dict[str, Any]:
        """The core's answer. Raises ``Problem`` where it refuses."""
        status, body = await self.centre.ask(make)
        if status >= 400:
            raise Problem(status, str(body.get("detail") or body.get("message", "")))
        return body

    async def keep(self, resource: Kept, before: Kept | None = None, if_match: str = "") -> Kept:
        """As the core keeps it, under its id. ``before``: what it replaces, whose it stays."""
        if before is not None:
            namespace = before.namespace
        else:
            namespace = namespace_of(self.plane, resource.owner, self.caller.tenant or "")
        made = replace(resource, namespace=namespace)
        durable(made)
        answer = await self.ask(lambda n: AskedResource(n, made, before is not None, if_match))
        return replace(made, id=str(answer["id"]))

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
    """Length of the URI, who asks and how often, and whether the caller takes JSON, before anything is read."""

    def __init__(self, app: ASGIApp, platform: Platform) -> None:
        self._app, self._platform = app, platform

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
        centre = self._platform.centre
        given = request.headers.get("authorization", "").encode("latin-1")
        caller = holder_of(given, centre.token.encode(), centre.plane.state)
        if caller is None:
            wanted = {"WWW-Authenticate": "Bearer"}
            return Problem(401, "this call needs a token: Authorization: Bearer …", wanted)
        if caller.players:
            return Problem(403, "a players' token opens no API of application instances")
        request.scope["fedge.caller"] = caller
        wait = self._platform.asked(caller.tenant or "")
        if wait is not None:
            return Problem(429, wait.because, {"Retry-After": str(wait.seconds)})
        accepted = request.headers.get("accept", "*/*").lower()
        if not any(one in accepted for one in ("*/*", "application/*", "json")):
            return Problem(406, "answers are application/json")
        return None


def served(
    api: Callable[[Platform], Api], platform: Platform
) -> Callable[[Callable[[Api, Request], Awaitable[Response]]], Endpoint]:
    """Makes an operation of ``api`` an endpoint: each request is given an API of its caller's own."""

    def endpoint(operation: Callable[[Api, Request], Awaitable[Response]]) -> Endpoint:
        async def answered(request: Request) -> Response:
            return await operation(api(platform.of(request)), request)

        return answered

    return endpoint


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_answer(request, error)


async def _unrouted(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = allowed(request) if error.status_code == 405 else None
    return problem_answer(request, Problem(error.status_code, error.detail, headers))


def mec_app(routes: Sequence[BaseRoute], platform: Platform) -> Starlette:
    """One API, to be mounted under the base of its definition."""
    handlers: Any = {Problem: _refused, HTTPException: _unrouted}
    app = Starlette(
        routes=routes, middleware=[Middleware(Guard, platform=platform)], exception_handlers=handlers
    )
    app.router.redirect_slashes = False
    return app
