"""What the admin API shows of the platform, as far as whoever asks may see it.

Everything is read through ``self.seen(request)``: of a tenant's caller it is what that tenant may see, so what is another's is
not there (404). What is about the platform as a whole is the operator's (403).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from fedge.api.admin import collections
from fedge.api.admin.callers import error_answer as _error
from fedge.api.admin.callers import json_answer as _json
from fedge.api.admin.callers import seen_of, still_allowed
from fedge.api.admin.centre import Centre
from fedge.api.admin.tenants import operator_only
from fedge.api.admin.view import merge_patch, site_detail, view
from fedge.api.manifests import PLURALS
from fedge.core.applications.objects import key_of
from fedge.core.control import ControlPlane, Knowledge, letting_go
from fedge.core.control.deciding import decision_for
from fedge.core.control.move_steps import led
from fedge.core.control.state import Visit
from fedge.core.discovery import explanation
from fedge.core.model import MS

STREAM_S = 0.2


class Reads:
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
        return _json({**told, "steering": by, "consent": letting_go.consent_told(self.plane, session)})

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
