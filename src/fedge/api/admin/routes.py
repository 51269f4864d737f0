"""The admin API as one application: its page, what it shows (``reads``) and changes (``changes``), and further APIs beside it.

Who may ask is ``callers``'s. Errors are ``{status, code, message}`` (CAMARA's form). ``openapi`` describes all of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from fedge.api.admin.callers import Security
from fedge.api.admin.callers import error_answer as _error
from fedge.api.admin.callers import json_answer as _json
from fedge.api.admin.centre import Centre
from fedge.api.admin.changes import Changes
from fedge.api.admin.consents import consent_routes
from fedge.api.admin.devices import device_routes
from fedge.api.admin.openapi import document
from fedge.api.admin.operator import operator_routes
from fedge.api.admin.quality import quality_routes
from fedge.api.admin.reads import Reads
from fedge.api.admin.tenants import operator_only, tenant_routes
from fedge.api.admin.visits import Places
from fedge.api.methods import allowed


def page_routes(centre: Centre) -> list[BaseRoute]:
    """The dashboard, and what the program says of itself."""

    async def page(request: Request) -> Response:
        return FileResponse(centre.page.index)

    async def health(request: Request) -> Response:
        return _json({"status": "ok"})

    async def metrics(request: Request) -> Response:
        operator_only(request)
        return Response(centre.metrics(), media_type="text/plain; version=0.0.4")

    async def openapi(request: Request) -> Response:
        return _json(document())

    return [
        Route("/", page),
        Route("/healthz", health),
        Route("/metrics", metrics),
        Route("/api/v1/openapi.json", openapi),
    ]


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
    reads, changes, places = Reads(centre), Changes(centre), Places(centre)
    one = "/api/v1"
    routes: list[BaseRoute] = [
        *more,
        *page_routes(centre),
        Route(f"{one}/view", reads.get_view),
        Route(f"{one}/view/stream", reads.stream),
        Route(f"{one}/explain/deployment/{{name}}", reads.explain_deployment),
        Route(f"{one}/explain/{{session}}", reads.explain),
        Route(f"{one}/figures", reads.figures),
        Route(f"{one}/attach", changes.attach, methods=["POST"]),
        Route(f"{one}/visits/{{key}}", places.place),
        Route(f"{one}/hold-moves", changes.hold_moves, methods=["POST"]),
        Route(f"{one}/apply", changes.apply, methods=["POST"]),
        *tenant_routes(centre),
        *operator_routes(centre.facts.operator),
        *consent_routes(centre),
        *device_routes(centre),
        *quality_routes(centre),
        Route(f"{one}/objects/{{kind}}", reads.objects),
        Route(f"{one}/objects/{{kind}}/{{name}}", reads.objects, methods=["GET"]),
        Route(f"{one}/objects/{{kind}}/{{name}}", changes.delete_object, methods=["DELETE"]),
        Route(f"{one}/sites/{{name}}", reads.get_site),
        Route(f"{one}/sites/{{name}}/{{verb:str}}", changes.drain, methods=["POST"]),
        Route(f"{one}/sessions/{{session}}", changes.close, methods=["DELETE"]),
        Route(f"{one}/sessions/{{session}}/move", changes.move, methods=["POST"]),
        Route(f"{one}/{{kind}}", reads.collection),
        Route(f"{one}/{{kind}}/{{name:path}}", reads.collection),
        Mount("/static", StaticFiles(directory=centre.page.static)),
    ]
    policy = centre.page.security_policy
    guard = Middleware(Security, token=centre.token, policy=policy, state=lambda: centre.plane.state, own=own)
    app = Starlette(routes=routes, middleware=[guard], exception_handlers={HTTPException: _refused})
    app.router.redirect_slashes = False  # no definition has a redirect
    return app
