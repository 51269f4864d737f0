"""The hint to connect elsewhere, for clients of applications without the SDK's sessions: a question that waits for its answer.

``GET /api/v1/visits/{key}`` says where to connect. With ``after=GENERATION`` and ``wait_s`` the answer waits until the visit was
led elsewhere since: so a client hears of it at once, and needs nothing but HTTP (ADR 0016). Who knows the key, which attaching
told, is the client; its asking keeps the visit alive.
"""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from fedge.api.admin.callers import error_answer, json_answer, seen_of, still_allowed
from fedge.api.admin.centre import Centre
from fedge.core.control.visits import NO_KEY, place_of
from fedge.core.model import SessionId

LONGEST_WAIT_S = 25.0
"""Proxies commonly end what is silent for 30 s."""
LOOK_S = 0.1


class Places:
    def __init__(self, centre: Centre) -> None:
        self._centre = centre

    async def place(self, request: Request) -> Response:
        after = int(_number(request, "after", 0.0))
        loop = asyncio.get_running_loop()
        deadline = loop.time() + min(_number(request, "wait_s", 0.0), LONGEST_WAIT_S)
        plane, name = self._centre.plane, self._name(request)
        while True:
            visit = plane.state.visits.get(name) if name is not None else None
            if visit is None or visit.app not in plane.applications:
                return error_answer(404, "NOT_FOUND", "no visit has this key, or it has ended: attach again")
            plane.visited_at[visit.session] = self._centre.now()
            if visit.generation > after or loop.time() >= deadline:
                return json_answer(place_of(plane, visit))
            await asyncio.sleep(LOOK_S)
            if not still_allowed(request):
                return error_answer(401, "UNAUTHENTICATED", "the token has ended")
            if await request.is_disconnected():
                return Response(status_code=499)

    def _name(self, request: Request) -> SessionId | None:
        try:
            key = int(request.path_params["key"], 16)
        except ValueError:
            return None
        visits = seen_of(request, self._centre.plane, self._centre.now()).state.visits.values()
        return next((visit.session for visit in visits if visit.key == key != NO_KEY), None)


def _number(request: Request, name: str, otherwise: float) -> float:
    text = request.query_params.get(name)
    if text is None:
        return otherwise
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 2**53:
        raise HTTPException(400, f"{name}: a number that is not negative is wanted")
    return value
