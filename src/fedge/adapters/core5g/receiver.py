"""Where the operator's notifications arrive: ``POST /notifications/{token}``, answered 204 (TS 29.522, 4.4.7; TS 29.122, 5.2.5).

The last segment of the address is unguessable and each subscription's own: who does not know it gets 404. A notification is
believed no further than that: whoever takes it (``core.steering``, ``core.exposure``, CAPIF's invoker) holds it against what it
knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedge.adapters.core5g.words import NOTIFICATIONS, Invalid
from fedge.runtime.bodies import BadBody, body_of

MOST_BYTES = 8 << 20
"""One notification may tell of all UEs of a group: some 350 bytes each."""


class Taker(Protocol):
    """Who takes the notifications of some subscriptions. ``receive`` raises ``Invalid``."""

    def knows(self, token: str) -> bool: ...
    def receive(self, token: str, body: bytes) -> None: ...


def receiver_app(takers: Sequence[Taker]) -> Starlette:

    async def notified(request: Request) -> Response:
        token = request.path_params["token"]
        taker = next((one for one in takers if one.knows(token)), None)
        if taker is None:
            return _problem(404, "Not Found", "SUBSCRIPTION_NOT_FOUND", "nobody is notified here")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            return _problem(
                415, "Unsupported Media Type", "UNSUPPORTED_MEDIA_TYPE", "must be application/json"
            )
        try:
            taker.receive(token, await body_of(request, MOST_BYTES))
        except BadBody as bad:
            title = "Payload Too Large" if bad.status == 413 else "Bad Request"
            return _problem(bad.status, title, "INCORRECT_LENGTH", str(bad))
        except Invalid as wrong:
            return _problem(400, "Bad Request", "INVALID_MSG_FORMAT", wrong.reason, wrong.parameter)
        return Response(status_code=204)

    routes = [Route(f"{NOTIFICATIONS}{{token}}", notified, methods=["POST"])]
    return Starlette(routes=routes, exception_handlers={HTTPException: _no_such})


async def _no_such(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        answer = _problem(405, "Method Not Allowed", "METHOD_NOT_ALLOWED", "only POST")
        answer.headers.update(error.headers or {})
        return answer
    return _problem(404, "Not Found", "RESOURCE_URI_STRUCTURE_NOT_FOUND", "no such resource")


def _problem(status: int, title: str, cause: str, detail: str, parameter: str = "") -> Response:
    said: dict[str, object] = {"title": title, "status": status, "cause": cause, "detail": detail}
    if parameter:
        said["invalidParams"] = [{"param": parameter, "reason": detail}]
    return Response(msgspec.json.encode(said), status, media_type="application/problem+json")
