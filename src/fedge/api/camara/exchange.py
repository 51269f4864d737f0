"""One request and its answer in CAMARA's manner: token and scope, rate, body, error form, ``x-correlator`` on every answer.

An API is a list of ``Operation``; ``camara_app`` serves it, to be mounted under the base of its definition. An operation is
given the request and the ``Grant`` of its token, answers with ``answer`` or raises ``CamaraError``. Neighbours:
``authorization.py`` says whose token it is, ``api/pace.py`` how often a client may ask. Source: CAMARA Commonalities 0.6.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import uuid4

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from fedge.api.camara.authorization import Grant
from fedge.api.camara.errors import CamaraError
from fedge.api.pace import Asked
from fedge.runtime.bodies import BadBody, json_body

CORRELATOR = re.compile(r"[a-zA-Z0-9-_:;./<>{}]{0,256}")
MOST_BODY_BYTES = 64 << 10

Shape = TypeVar("Shape")


class Granted(Protocol):
    """``caller``: whose token it is, or ``CamaraError`` 401. ``hold``: against the scope that is needed, or 403.

    Two steps, since a client's refusals count among its requests, too.
    """

    def caller(self, request: Request) -> Grant: ...
    def hold(self, request: Request, grant: Grant, scope: str) -> None: ...


class Operation(NamedTuple):
    """``path``: under the API's base. ``scope``: what the token must allow."""

    method: str
    path: str
    scope: str
    serve: Callable[[Request, Grant], Awaitable[Response]]


def answer(body: Any, status: int = 200) -> Response:
    """JSON; without a body where ``body`` is None."""
    if body is None:
        return Response(status_code=status)
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def refusal(error: CamaraError) -> Response:
    """CAMARA's form of an error."""
    said = {"status": error.status, "code": error.code, "message": error.message}
    return Response(msgspec.json.encode(said), error.status, error.headers, "application/json")


async def read(request: Request, shape: type[Shape]) -> Shape:
    """The body as ``shape``. Raises ``CamaraError`` 400."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", ""):
        raise CamaraError(400, "INVALID_ARGUMENT", "the body's Content-Type is not application/json")
    try:
        return convert(await json_body(request, MOST_BODY_BYTES), shape)
    except BadBody as error:
        raise CamaraError(400, "INVALID_ARGUMENT", str(error)) from None


def convert(value: Any, shape: type[Shape]) -> Shape:
    """The typed form of what was told. Raises ``CamaraError`` 400 with the path of what is wrong."""
    try:
        return msgspec.convert(value, shape)
    except (msgspec.ValidationError, RecursionError) as error:
        raise CamaraError(400, "INVALID_ARGUMENT", str(error)) from None


def camara_app(operations: Sequence[Operation], granted: Granted, asked: Asked) -> Starlette:
    """One API. ``asked`` is shared by all of them: it counts a client's requests, whichever API they ask."""
    methods: dict[str, dict[str, Operation]] = {}
    for one in operations:
        methods.setdefault(one.path, {})[one.method] = one
    routes = [
        Route(path, _endpoint(by_method, granted, asked), methods=None) for path, by_method in methods.items()
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _unrouted})
    app.router.redirect_slashes = False
    return app


def camara_mount(base: str, app: Starlette) -> Mount:
    """Under ``base``. A line feed in a path belongs to it, too: else the refusal would have another API's form."""
    mount = Mount(base, app)
    mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)
    return mount


def _endpoint(operations: dict[str, Operation], granted: Granted, asked: Asked) -> type:
    class Endpoint:
        """An ASGI class: Starlette hands it every method, so that a wrong one is refused in CAMARA's form, too."""

        def __init__(self, scope: Any, receive: Any, send: Any) -> None:
            self.request, self.ends = Request(scope, receive), (scope, receive, send)

        def __await__(self) -> Any:
            return self._serve().__await__()

        async def _serve(self) -> None:
            found = await _answered(self.request, operations, granted, asked)
            await found(*self.ends)

    return Endpoint


async def _answered(
    request: Request, operations: dict[str, Operation], granted: Granted, asked: Asked
) -> Response:
    try:
        _checked_correlator(request)
        operation = operations.get(request.method)
        if operation is None:
            raise CamaraError(
                405,
                "METHOD_NOT_ALLOWED",
                f"{request.method} is not an operation here",
                {"Allow": ", ".join(operations)},
            )
        grant = granted.caller(request)
        _in_time(asked, grant.client)
        granted.hold(request, grant, operation.scope)
        found = await operation.serve(request, grant)
    except CamaraError as error:
        found = refusal(error)
    return _correlated(request, found)


def _in_time(asked: Asked, client: str) -> None:
    wait = asked(client)
    if wait is not None:
        code = "QUOTA_EXCEEDED" if wait.of_the_day else "TOO_MANY_REQUESTS"
        raise CamaraError(429, code, wait.because, {"Retry-After": str(wait.seconds)})


def _checked_correlator(request: Request) -> None:
    given = request.headers.get("x-correlator")
    if given is not None and not CORRELATOR.fullmatch(given):
        raise CamaraError(400, "INVALID_ARGUMENT", "x-correlator does not match its pattern")


def _correlated(request: Request, found: Response) -> Response:
    """With the caller's ``x-correlator``, or one of our own where it sent none that can be sent back."""
    given = request.headers.get("x-correlator")
    found.headers["x-correlator"] = (
        given if given is not None and CORRELATOR.fullmatch(given) else str(uuid4())
    )
    return found


async def _unrouted(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _correlated(request, refusal(CamaraError(404, "NOT_FOUND", "there is no such resource")))
