"""What the admin API changes: sessions begun, moved and closed; sites drained; manifests applied and deleted.

A tenant's caller changes what is its own (404 for the rest); what changes the platform itself is the operator's (403). A refused
manifest names its ``object`` and ``field``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from fedge.api.admin.callers import caller_of, seen_of
from fedge.api.admin.callers import error_answer as _error
from fedge.api.admin.callers import json_answer as _json
from fedge.api.admin.centre import Centre
from fedge.api.admin.tenants import body_of, hold_proof, in_namespace, operator_only
from fedge.api.manifests import PLURALS, Invalid, read_objects
from fedge.api.port_checks import ports_of
from fedge.core.applications.application import app_id
from fedge.core.applications.objects import CLUSTER_WIDE, ObjectKey, key_of
from fedge.core.control import Knowledge, placing
from fedge.core.control.events.moves import AskedHold, AskedMove
from fedge.core.control.events.objects import AskedApply
from fedge.core.control.events.sessions import AskedAttach, AskedClose
from fedge.core.control.events.sites import AskedDrain
from fedge.core.model import AppId, SessionId, SessionKey, SiteId, UeId
from fedge.runtime.audit import Entry


class Changes:
    def __init__(self, centre: Centre) -> None:
        self.centre = centre

    def seen(self, request: Request) -> Knowledge:
        """What the caller may see."""
        return seen_of(request, self.centre.plane, self.centre.now())

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
        known = {key_of(raw): raw for raw in self.centre.plane.state.objects.values()}
        if tenant is not None:
            objects = [in_namespace(one, tenant) for one in objects]
            known = {key: raw for key, raw in known.items() if key.namespace in ("", tenant)}
        others = (
            one for one in self.centre.plane.applications.values() if tenant not in (None, one.namespace)
        )
        engine, sites = self.centre.plane.settings.engine, self.centre.plane.state.sites
        try:
            parsed = read_objects(objects, known, engine, sites, ports_of(others))
        except Invalid as error:
            return _error(422, "INVALID", error.message, object=error.object, field=error.field)
        raws = tuple(one.raw for one in parsed)
        if request.query_params.get("dryRun") == "true":
            status, answer = 200, {"results": placing.actions(self.centre.plane.state, raws)}
        else:
            new = self._new_tenants(raws)
            status, answer = await self.centre.ask(lambda n: AskedApply(n, raws))
            self._begun(new, status)
        for result, one in zip(answer.get("results", []), parsed, strict=False):
            result["notices"] = one.notices
        return _json(answer, status)

    def _new_tenants(self, objects: Iterable[dict[str, Any]]) -> list[str]:
        keys, there = map(key_of, objects), self.centre.plane.state.objects
        return [key.name for key in keys if key.kind == "Tenant" and str(key) not in there]

    def _begun(self, tenants: Iterable[str], status: int) -> None:
        """A tenant that is new reads nothing in the audit log that an earlier one of its name did.

        503: there is no answer yet, and it may be created all the same.
        """
        if status not in (200, 503):
            return
        said = "a tenant of this name is created" if status == 200 else "a tenant of this name may be created"
        api = "POST /api/v1/apply"
        for name in tenants:
            self.centre.audit.tell(Entry(client=name, api=api, decision="granted", reason=said, begins=True))

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


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 253:
        raise HTTPException(400, f"{name}: a string of 1 to 253 characters is wanted")
    return value
