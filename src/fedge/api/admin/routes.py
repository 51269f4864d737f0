"""The admin API over HTTP, as far as whoever asks may see and do (`callers.py`).

Everything is read through ``self.seen(request)``: of a tenant's caller it is what that tenant may see, so what is another's is
not there (404). What changes the platform itself is the operator's (403).

Errors are ``{status, code, message}`` (CAMARA's form); a refused manifest also names ``object`` and ``field``. ``openapi.py``
describes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from fedge.api.admin import collections
from fedge.api.admin.callers import Security, caller_of, seen_of, still_allowed
from fedge.api.admin.callers import error_answer as _error
from fedge.api.admin.callers import json_answer as _json
from fedge.api.admin.centre import Centre
from fedge.api.admin.consents import consent_routes
from fedge.api.admin.devices import device_routes
from fedge.api.admin.openapi import document
from fedge.api.admin.operator import operator_routes
from fedge.api.admin.quality import quality_routes
from fedge.api.admin.tenants import body_of, hold_proof, in_namespace, operator_only, tenant_routes
from fedge.api.admin.view import merge_patch, site_detail, view
from fedge.api.admin.visits import Places
from fedge.api.manifests import PLURALS, Invalid, read_objects
from fedge.api.methods import allowed
from fedge.api.port_checks import ports_of
from fedge.core.applications.application import app_id
from fedge.core.applications.objects import CLUSTER_WIDE, ObjectKey, key_of
from fedge.core.control import ControlPlane, Knowledge, enabling, placing
from fedge.core.control.deciding import decision_for
from fedge.core.control.events import (
    AskedApply,
    AskedAttach,
    AskedClose,
    AskedDrain,
    AskedHold,
    AskedMove,
)
from fedge.core.control.move_steps import led
from fedge.core.control.state import Visit
from fedge.core.discovery import explanation
from fedge.core.model import MS, AppId, SessionId, SessionKey, SiteId, UeId

STREAM_S = 0.2


class Api:
    def __init__(self, centre: Centre) -> None:
        self.centre = centre

    @property
    def plane(self) -> ControlPlane:
        return self.centre.plane

    def seen(self, request: Request) -> Knowledge:
        """What the caller may see."""
        return seen_of(request, self.plane, self.centre.now())

    def view(self, request: Request) -> dict[str, Any]:
        return view(self.seen(request), self.centre.facts, self.centre.now())

    # --- reads -------------------------------------------------------------------------------------------------------------

    async def get_view(self, request: Request) -> Response:
        return _json(self.view(request))

    async def stream(self, request: Request) -> Response:
        """Server-sent events: the whole view once, then merge patches."""

        async def events() -> AsyncIterator[bytes]:
            sent = self.view(request)
            yield b"event: view\ndata: " + msgspec.json.encode(sent) + b"\n\n"
            while still_allowed(request) and not await request.is_disconnected():
                await asyncio.sleep(STREAM_S)
                fresh = self.view(request)
                patch, sent = merge_patch(sent, fresh), fresh
                yield b"event: patch\ndata: " + msgspec.json.encode(patch) + b"\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    async def explain(self, request: Request) -> Response:
        seen = self.seen(request)
        name = request.path_params["session"]
        session = seen.state.sessions.get(name) or seen.state.visits.get(name)
        if session is None:
            return _error(404, "NOT_FOUND", f"no session {name}")
        now = self.centre.now()
        decision = decision_for(seen, session, now)
        if decision is None:
            return _error(409, "CONFLICT", f"{session.ue} is not on the network")
        at_ms = round((now - self.plane.settings.started_at) / MS, 1)
        view = self.plane.access.ues.get(session.ue)
        told = explanation(decision, session.session, at_ms)
        if isinstance(session, Visit):
            by = "its application has no sessions: it is told where to connect, and gateways lead what it has open"
            return _json({**told, "steering": by})
        by = led(session.redirected, view.sighting.kind if view is not None else "")
        return _json({**told, "steering": by, "consent": enabling.consent_told(self.plane, session)})

    async def explain_deployment(self, request: Request) -> Response:
        name = request.path_params["name"]
        found = next((a for a in self.seen(request).applications.values() if name in (a.app, a.name)), None)
        if found is None:
            return _error(404, "NOT_FOUND", f"no deployment {name}")
        return _json(collections.placement(self.plane, found, self.centre.now()))

    async def figures(self, request: Request) -> Response:
        operator_only(request)
        return _json(collections.figures(self.plane, self.centre.now()))

    async def get_site(self, request: Request) -> Response:
        seen = self.seen(request)
        site = seen.state.sites.get(request.path_params["name"])
        if site is None:
            return _error(404, "NOT_FOUND", f"no site {request.path_params['name']}")
        return _json({"site": site.site, **site_detail(seen, self.centre.facts, site, self.centre.now())})

    async def collection(self, request: Request) -> Response:
        kind, name = request.path_params["kind"], request.path_params.get("name")
        read = collections.COLLECTIONS.get(kind)
        if read is None:
            return _error(404, "NOT_FOUND", f"no collection {kind}")
        if kind in collections.OPERATORS:
            operator_only(request)
        rows = read(self.seen(request), self.centre.facts, self.centre.now())
        if name is None:
            return _json({"items": list(rows.values())})
        return _json(rows[name]) if name in rows else _error(404, "NOT_FOUND", f"no {kind[:-1]} {name}")

    async def objects(self, request: Request) -> Response:
        """``?namespace=`` chooses one; without it an object of any namespace that has this name."""
        kind = PLURALS.get(request.path_params["kind"])
        if kind is None:
            return _error(404, "NOT_FOUND", f"no kind {request.path_params['kind']}")
        namespace, name = request.query_params.get("namespace"), request.path_params.get("name")
        rows = [
            raw
            for raw in self.seen(request).state.objects.values()
            if raw["kind"] == kind and (namespace is None or key_of(raw).namespace in ("", namespace))
        ]
        if name is None:
            return _json({"items": rows})
        found = next((raw for raw in rows if raw["metadata"]["name"] == name), None)
        return _json(found) if found is not None else _error(404, "NOT_FOUND", f"no {kind} {name}")

    # --- changes -----------------------------------------------------------------------------------------------------------

    async def attach(self, request: Request) -> Response:
        """A tenant's caller names its applications with or without its namespace."""
        body = await body_of(request)
        app, device = AppId(_text(body, "application")), UeId(_text(body, "device"))
        tenant = caller_of(request).tenant
        if tenant is not None:
            app = app if ":" in app else app_id(tenant, app)
            if app not in self.seen(request).applications:
                return _error(404, "NOT_FOUND", f"no application {app}")
            hold_proof(request, self.centre, tenant, device, body)
        key = SessionKey(self.centre.draw_key())
        status, answer = await self.centre.ask(lambda n: AskedAttach(n, app, device, key))
        retry_after = {429: "1", 503: "0.1"}.get(status)
        return _json(answer, status, {"Retry-After": retry_after} if retry_after else None)

    async def close(self, request: Request) -> Response:
        session = self._own_session(request)
        status, answer = await self.centre.ask(lambda n: AskedClose(n, session))
        return _json(answer, status)

    async def move(self, request: Request) -> Response:
        to, session = SiteId(_text(await body_of(request), "to")), self._own_session(request)
        status, answer = await self.centre.ask(lambda n: AskedMove(n, session, to))
        return _json(answer, status)

    def _own_session(self, request: Request) -> SessionId:
        session, state = SessionId(request.path_params["session"]), self.seen(request).state
        if session not in state.sessions and session not in state.visits:
            raise HTTPException(404, f"no session {session}")
        return session

    async def drain(self, request: Request) -> Response:
        operator_only(request)
        verb = request.path_params["verb"]
        if verb not in ("drain", "undrain"):
            return _error(404, "NOT_FOUND", f"a site cannot {verb}")
        site, undo = SiteId(request.path_params["name"]), verb == "undrain"
        status, answer = await self.centre.ask(lambda n: AskedDrain(n, site, undo))
        return _json(answer, status)

    async def hold_moves(self, request: Request) -> Response:
        operator_only(request)
        wanted = (await body_of(request)).get("hold")
        if not isinstance(wanted, bool):
            raise HTTPException(400, "hold: true or false is wanted")
        status, answer = await self.centre.ask(lambda n: AskedHold(n, wanted))
        return _json(answer, status)

    async def apply(self, request: Request) -> Response:
        body = await body_of(request)
        objects = body.get("objects")
        if not isinstance(objects, list) or not objects:
            return _error(400, "INVALID_ARGUMENT", "a list of objects is wanted", field="objects")
        tenant = caller_of(request).tenant
        known = {key_of(raw): raw for raw in self.plane.state.objects.values()}
        if tenant is not None:
            objects = [in_namespace(one, tenant) for one in objects]
            known = {key: raw for key, raw in known.items() if key.namespace in ("", tenant)}
        others = (one for one in self.plane.applications.values() if tenant not in (None, one.namespace))
        engine, sites = self.plane.settings.engine, self.plane.state.sites
        try:
            parsed = read_objects(objects, known, engine, sites, ports_of(others))
        except Invalid as error:
            return _error(422, "INVALID", error.message, object=error.object, field=error.field)
        raws = tuple(one.raw for one in parsed)
        if request.query_params.get("dryRun") == "true":
            status, answer = 200, {"results": placing.actions(self.plane.state, raws)}
        else:
            status, answer = await self.centre.ask(lambda n: AskedApply(n, raws))
        for result, one in zip(answer.get("results", []), parsed, strict=False):
            result["notices"] = one.notices
        return _json(answer, status)

    async def delete_object(self, request: Request) -> Response:
        kind, name = PLURALS.get(request.path_params["kind"]), request.path_params["name"]
        tenant = caller_of(request).tenant
        namespace = request.query_params.get("namespace", tenant or "default")
        key = ObjectKey(kind or "", "" if kind in CLUSTER_WIDE else namespace, name)
        if kind is None or str(key) not in self.seen(request).state.objects:
            return _error(404, "NOT_FOUND", f"no {request.path_params['kind']} {name}")
        if kind in CLUSTER_WIDE:
            operator_only(request)
        status, answer = await self.centre.ask(lambda n: AskedApply(n, (), (key,)))
        return _json(answer, status)

    # --- the rest ----------------------------------------------------------------------------------------------------------

    async def page(self, request: Request) -> Response:
        return FileResponse(self.centre.page.index)

    async def health(self, request: Request) -> Response:
        return _json({"status": "ok"})

    async def metrics(self, request: Request) -> Response:
        operator_only(request)
        return Response(self.centre.metrics(), media_type="text/plain; version=0.0.4")

    async def openapi(self, request: Request) -> Response:
        return _json(document())


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 253:
        raise HTTPException(400, f"{name}: a string of 1 to 253 characters is wanted")
    return value


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    codes = {
        400: "INVALID_ARGUMENT",
        403: "PERMISSION_DENIED",
        404: "NOT_FOUND",
        405: "METHOD_NOT_ALLOWED",
        413: "OUT_OF_RANGE",
    }
    answer = _error(error.status_code, codes.get(error.status_code, "ERROR"), error.detail)
    answer.headers.update(allowed(request) if error.status_code == 405 else error.headers or {})
    return answer


def admin_app(centre: Centre, more: Sequence[BaseRoute] = (), own: tuple[str, ...] = ()) -> Starlette:
    """The ASGI application: page, API, metrics, and ``more`` APIs behind the same token, or, under ``own``, behind theirs."""
    api, places = Api(centre), Places(centre)
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
        Route(f"{one}/visits/{{key}}", places.place),
        Route(f"{one}/hold-moves", api.hold_moves, methods=["POST"]),
        Route(f"{one}/apply", api.apply, methods=["POST"]),
        *tenant_routes(centre),
        *operator_routes(centre.facts.operator),
        *consent_routes(centre),
        *device_routes(centre),
        *quality_routes(centre),
        Route(f"{one}/objects/{{kind}}", api.objects),
        Route(f"{one}/objects/{{kind}}/{{name}}", api.objects, methods=["GET"]),
        Route(f"{one}/objects/{{kind}}/{{name}}", api.delete_object, methods=["DELETE"]),
        Route(f"{one}/sites/{{name}}", api.get_site),
        Route(f"{one}/sites/{{name}}/{{verb:str}}", api.drain, methods=["POST"]),
        Route(f"{one}/sessions/{{session}}", api.close, methods=["DELETE"]),
        Route(f"{one}/sessions/{{session}}/move", api.move, methods=["POST"]),
        Route(f"{one}/{{kind}}", api.collection),
        Route(f"{one}/{{kind}}/{{name:path}}", api.collection),
        Mount("/static", StaticFiles(directory=centre.page.static)),
    ]
    policy = centre.page.security_policy
    guard = Middleware(Security, token=centre.token, policy=policy, state=lambda: centre.plane.state, own=own)
    app = Starlette(routes=routes, middleware=[guard], exception_handlers={HTTPException: _refused})
    app.router.redirect_slashes = False  # no definition has a redirect
    return app
