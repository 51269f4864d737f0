"""The admin API over HTTP: reads are open on loopback, whatever changes something needs the run's bearer token.

Errors are ``{status, code, message}`` (CAMARA's form); a refused manifest also names ``object`` and ``field``. ``openapi.py``
describes it.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from fedge.api.admin import collections
from fedge.api.admin.openapi import document
from fedge.api.admin.view import Facts, merge_patch, site_detail, view
from fedge.api.manifests import PLURALS, Invalid, read_objects
from fedge.core.applications.objects import key_of
from fedge.core.control import ControlPlane, placing
from fedge.core.control.deciding import decision_for
from fedge.core.control.events import AskedApply, AskedAttach, AskedClose, AskedDrain, AskedHold, AskedMove
from fedge.core.discovery import explanation
from fedge.core.messages import Message
from fedge.core.model import MS

MOST_BODY_BYTES = 4 << 20
STREAM_S = 0.2


class Page(msgspec.Struct, frozen=True):
    """The dashboard's files: its document, the folder served at ``/static``, and the policy that it is written for."""

    index: Path
    static: Path
    security_policy: str


class Centre(Protocol):
    """What the API needs of the control program. ``ask`` waits for the core's reply: (status, body)."""

    plane: ControlPlane
    facts: Facts
    page: Page
    token: str

    def now(self) -> int: ...
    def draw_key(self) -> int: ...
    async def ask(self, make: Callable[[int], Message]) -> tuple[int, dict[str, Any]]: ...
    def metrics(self) -> bytes: ...


def _json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(body), status, headers, "application/json")


def _error(status: int, code: str, message: str, **more: str) -> Response:
    return _json({"status": status, "code": code, "message": message, **more}, status)


class Security:
    """Response headers for the page; a bearer token for every method that changes something.

    APIs under ``own`` ask for their token themselves, and refuse in their standard's form.
    """

    def __init__(self, app: ASGIApp, token: str, policy: str, own: tuple[str, ...] = ()) -> None:
        self._own = tuple(f"{base}/" for base in own)
        self._app, self._token, self._policy = app, f"Bearer {token}".encode(), policy.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if scope["method"] not in ("GET", "HEAD", "OPTIONS") and not scope["path"].startswith(self._own):
            given = headers.get(b"authorization", b"")
            if not hmac.compare_digest(given, self._token):
                refusal = _error(
                    401, "UNAUTHENTICATED", "this call needs the platform's token: Authorization: Bearer …"
                )
                await refusal(scope, receive, send)
                return
            if int(headers.get(b"content-length", b"0") or 0) > MOST_BODY_BYTES:
                await _error(413, "OUT_OF_RANGE", f"at most {MOST_BODY_BYTES} bytes")(scope, receive, send)
                return

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


Endpoint = Callable[[Request], Awaitable[Response]]


class Api:
    def __init__(self, centre: Centre) -> None:
        self.centre = centre

    @property
    def plane(self) -> ControlPlane:
        return self.centre.plane

    def view(self) -> dict[str, Any]:
        return view(self.plane, self.centre.facts, self.centre.now())

    # --- reads -------------------------------------------------------------------------------------------------------------

    async def get_view(self, request: Request) -> Response:
        return _json(self.view())

    async def stream(self, request: Request) -> Response:
        """Server-sent events: the whole view once, then merge patches."""

        async def events() -> AsyncIterator[bytes]:
            sent = self.view()
            yield b"event: view\ndata: " + msgspec.json.encode(sent) + b"\n\n"
            while not await request.is_disconnected():
                await asyncio.sleep(STREAM_S)
                fresh = self.view()
                patch, sent = merge_patch(sent, fresh), fresh
                yield b"event: patch\ndata: " + msgspec.json.encode(patch) + b"\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    async def explain(self, request: Request) -> Response:
        session = self.plane.state.sessions.get(request.path_params["session"])
        if session is None:
            return _error(404, "NOT_FOUND", f"no session {request.path_params['session']}")
        now = self.centre.now()
        decision = decision_for(self.plane, session, now)
        if decision is None:
            return _error(409, "CONFLICT", f"{session.ue} is not on the network")
        at_ms = round((now - self.plane.settings.started_at) / MS, 1)
        return _json(explanation(decision, session.session, at_ms))

    async def explain_deployment(self, request: Request) -> Response:
        found = collections.placement(self.plane, request.path_params["name"], self.centre.now())
        if found is None:
            return _error(404, "NOT_FOUND", f"no deployment {request.path_params['name']}")
        return _json(found)

    async def figures(self, request: Request) -> Response:
        return _json(collections.figures(self.plane))

    async def get_site(self, request: Request) -> Response:
        site = self.plane.state.sites.get(request.path_params["name"])
        if site is None:
            return _error(404, "NOT_FOUND", f"no site {request.path_params['name']}")
        return _json(
            {"site": site.site, **site_detail(self.plane, self.centre.facts, site, self.centre.now())}
        )

    async def collection(self, request: Request) -> Response:
        kind, name = request.path_params["kind"], request.path_params.get("name")
        read = collections.COLLECTIONS.get(kind)
        if read is None:
            return _error(404, "NOT_FOUND", f"no collection {kind}")
        rows = read(self.plane, self.centre.facts, self.centre.now())
        if name is None:
            return _json({"items": list(rows.values())})
        return _json(rows[name]) if name in rows else _error(404, "NOT_FOUND", f"no {kind[:-1]} {name}")

    async def objects(self, request: Request) -> Response:
        kind = PLURALS.get(request.path_params["kind"])
        if kind is None:
            return _error(404, "NOT_FOUND", f"no kind {request.path_params['kind']}")
        rows = [raw for raw in self.plane.state.objects.values() if raw["kind"] == kind]
        name = request.path_params.get("name")
        if name is None:
            return _json({"items": rows})
        found = next((raw for raw in rows if raw["metadata"]["name"] == name), None)
        return _json(found) if found is not None else _error(404, "NOT_FOUND", f"no {kind} {name}")

    # --- changes -----------------------------------------------------------------------------------------------------------

    async def attach(self, request: Request) -> Response:
        body = await _body(request)
        app, device = _text(body, "application"), _text(body, "device")
        key = self.centre.draw_key()
        status, answer = await self.centre.ask(lambda n: AskedAttach(n, app, device, key))  # type: ignore[arg-type]
        return _json(answer, status, {"Retry-After": "0.1"} if status == 503 else None)

    async def close(self, request: Request) -> Response:
        session = request.path_params["session"]
        status, answer = await self.centre.ask(lambda n: AskedClose(n, session))
        return _json(answer, status)

    async def move(self, request: Request) -> Response:
        to, session = _text(await _body(request), "to"), request.path_params["session"]
        status, answer = await self.centre.ask(lambda n: AskedMove(n, session, to))  # type: ignore[arg-type]
        return _json(answer, status)

    async def drain(self, request: Request) -> Response:
        site, undo = request.path_params["name"], request.path_params["verb"] == "undrain"
        status, answer = await self.centre.ask(lambda n: AskedDrain(n, site, undo))
        return _json(answer, status)

    async def hold_moves(self, request: Request) -> Response:
        wanted = (await _body(request)).get("hold")
        if not isinstance(wanted, bool):
            raise HTTPException(400, "hold: true or false is wanted")
        status, answer = await self.centre.ask(lambda n: AskedHold(n, wanted))
        return _json(answer, status)

    async def apply(self, request: Request) -> Response:
        body = await _body(request)
        objects = body.get("objects")
        if not isinstance(objects, list) or not objects:
            return _error(400, "INVALID_ARGUMENT", "a list of objects is wanted", field="objects")
        known = {key_of(raw): raw for raw in self.plane.state.objects.values()}
        try:
            parsed = read_objects(objects, known, self.plane.settings.engine)
        except Invalid as error:
            return _error(422, "INVALID", error.message, object=error.object, field=error.field)
        raws = tuple(one.raw for one in parsed)
        if request.query_params.get("dryRun") == "true":
            results = placing.actions(self.plane.state, raws)
            for result, one in zip(results, parsed, strict=True):
                result["notices"] = one.notices
            return _json({"results": results})
        status, answer = await self.centre.ask(lambda n: AskedApply(n, raws))
        for result, one in zip(answer.get("results", []), parsed, strict=False):
            result["notices"] = one.notices
        return _json(answer, status)

    async def delete_object(self, request: Request) -> Response:
        kind = PLURALS.get(request.path_params["kind"])
        name, namespace = request.path_params["name"], request.query_params.get("namespace", "default")
        found = kind is not None and any(
            raw["kind"] == kind and raw["metadata"]["name"] == name
            for raw in self.plane.state.objects.values()
        )
        if kind is None or not found:
            return _error(404, "NOT_FOUND", f"no {request.path_params['kind']} {name}")
        gone = ((kind, namespace, name),)
        status, answer = await self.centre.ask(lambda n: AskedApply(n, (), gone))
        return _json(answer, status)

    # --- the rest ----------------------------------------------------------------------------------------------------------

    async def page(self, request: Request) -> Response:
        return FileResponse(self.centre.page.index)

    async def health(self, request: Request) -> Response:
        return _json({"status": "ok"})

    async def metrics(self, request: Request) -> Response:
        return Response(self.centre.metrics(), media_type="text/plain; version=0.0.4")

    async def openapi(self, request: Request) -> Response:
        return _json(document())


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(await request.body())
    except msgspec.DecodeError as error:
        raise HTTPException(400, f"the body is no JSON: {error}") from None
    if not isinstance(body, dict):
        raise HTTPException(400, "the body is no JSON object")
    return body


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 253:
        raise HTTPException(400, f"{name}: a string of 1 to 253 characters is wanted")
    return value


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    codes = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}
    return _error(error.status_code, codes.get(error.status_code, "ERROR"), error.detail)


def admin_app(centre: Centre, more: Sequence[BaseRoute] = (), own: tuple[str, ...] = ()) -> Starlette:
    """The ASGI application: page, API, metrics, and ``more`` APIs behind the same token, or, under ``own``, behind theirs."""
    api = Api(centre)
    one = "/api/v1"
    routes: list[BaseRoute] = [
        *more,
        Route("/", api.page),
        Route("/healthz", api.health),
        Route("/metrics", api.metrics),
        Route(f"{one}/openapi.json", api.openapi),
        Route(f"{one}/view", api.get_view),
        Route(f"{one}/view/stream", api.stream),
        Route(f"{one}/explain/deployment/{{name}}", api.explain_deployment),
        Route(f"{one}/explain/{{session}}", api.explain),
        Route(f"{one}/figures", api.figures),
        Route(f"{one}/attach", api.attach, methods=["POST"]),
        Route(f"{one}/hold-moves", api.hold_moves, methods=["POST"]),
        Route(f"{one}/apply", api.apply, methods=["POST"]),
        Route(f"{one}/objects/{{kind}}", api.objects),
        Route(f"{one}/objects/{{kind}}/{{name}}", api.objects, methods=["GET"]),
        Route(f"{one}/objects/{{kind}}/{{name}}", api.delete_object, methods=["DELETE"]),
        Route(f"{one}/sites/{{name}}", api.get_site),
        Route(f"{one}/sites/{{name}}/{{verb:str}}", api.drain, methods=["POST"]),
        Route(f"{one}/sessions/{{session}}", api.close, methods=["DELETE"]),
        Route(f"{one}/sessions/{{session}}/move", api.move, methods=["POST"]),
        Route(f"{one}/{{kind}}", api.collection),
        Route(f"{one}/{{kind}}/{{name}}", api.collection),
        Mount("/static", StaticFiles(directory=centre.page.static)),
    ]
    guard = Middleware(Security, token=centre.token, policy=centre.page.security_policy, own=own)
    return Starlette(routes=routes, middleware=[guard], exception_handlers={HTTPException: _refused})
