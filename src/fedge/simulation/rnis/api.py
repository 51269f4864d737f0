"""ETSI GS MEC 012 over HTTPS: the nine operations below ``/rni/v2``, and the websockets that notifications may leave by.

Translation only: ``queries`` and ``subscriptions`` say what an operation means. Order of refusals: what
(404, 405), who (401, 403, 429), how (406, 414, 412, 413, 415), and then the body (400, 403, 422).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from fedge.core.model import SECOND
from fedge.runtime.bodies import BadBody, body_of
from fedge.simulation.core5g.exposed import RADIO
from fedge.simulation.core5g.nef.access import Access
from fedge.simulation.core5g.nef.problem import Problem
from fedge.simulation.rnis.data_types import Json
from fedge.simulation.rnis.problem import Refusal, details_of
from fedge.simulation.rnis.queries import Query
from fedge.simulation.rnis.service import RadioInformation, Socket
from fedge.simulation.rnis.subscriptions import BASE, Subscription

MOST_BODY_BYTES = 1 << 20
MOST_URI_BYTES = 8192
AT_ONCE = 32
"""Messages that leave over a websocket before anything else in this process has its turn."""
POLICY_VIOLATION = 1008
LOOK_AGAIN_S = 2.0
"""So often it is checked that whoever opened a websocket still may."""

Endpoint = Callable[[Request], Awaitable[Response]]


def rnis_route(radio: RadioInformation, access: Access, now_s: Callable[[], float]) -> BaseRoute:
    """The whole API, to be put among the routes of the server. ``now_s()``: Unix seconds."""

    def now_ns() -> int:
        return int(now_s() * SECOND)

    def query(request: Request) -> Query:
        return Query(request.query_params.multi_items())

    async def rab_info(request: Request) -> Response:
        return _said(radio.queries.rab_info(query(request), request.state.client, now_ns()))

    async def plmn_info(request: Request) -> Response:
        return _said(radio.queries.plmn_info(query(request), now_ns()))

    async def s1_bearer_info(request: Request) -> Response:
        return _said(radio.queries.s1_bearer_info(query(request), now_ns()))

    async def layer2_meas(request: Request) -> Response:
        return _said(radio.queries.layer2_meas(query(request), now_ns()))

    async def many(request: Request) -> Response:
        client = request.state.client
        if request.method == "POST":
            made = radio.create(client, await _object(request), now_s())
            return told(made, 201, {"Location": radio.subscriptions.href(made.id)})
        wanted = request.query_params.get("subscription_type")
        return _said({"SubscriptionLinkList": radio.subscriptions.listed(client, wanted)})

    async def one(request: Request) -> Response:
        client, id = request.state.client, request.path_params["id"]
        found = radio.subscriptions.read(client, id)
        match request.method:
            case "PUT":
                expected = request.headers.get("if-match", "*").strip()
                if expected not in ("*", radio.subscriptions.etag(found)):
                    raise Refusal(412, "it has changed since it was read")
                return told(radio.replace(client, id, await _object(request), now_s()))
            case "DELETE":
                radio.delete(client, id)
                return Response(status_code=204)
        return told(found)

    def told(one: Subscription, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        subscriptions = radio.subscriptions
        return _said(
            subscriptions.resource(one), status, {"ETag": subscriptions.etag(one), **(headers or {})}
        )

    async def notifications(websocket: WebSocket) -> None:
        try:
            found = radio.subscriptions.read(access.client(websocket, RADIO), websocket.path_params["id"])
            if found.callback:
                raise Refusal(404, "the notifications of this subscription are posted")
        except (Problem, Refusal) as refusal:
            await websocket.send_denial_response(_refused(refusal))
            return
        await websocket.accept()
        socket = radio.open(found)
        looking = asyncio.get_running_loop().create_task(look_again(websocket, socket))
        try:
            await _carry(websocket, socket)
        finally:
            looking.cancel()
            radio.closed(found.id, socket)

    async def look_again(websocket: WebSocket, socket: Socket) -> None:
        """A token that has expired or was revoked carries nothing further."""
        try:
            while True:
                await asyncio.sleep(LOOK_AGAIN_S)
                access.client(websocket, RADIO)
        except Problem as problem:
            socket.end(problem.detail, at_once=True)

    def guarded(endpoint: Endpoint) -> Endpoint:
        async def guard(request: Request) -> Response:
            request.state.client = access.client(request, RADIO)
            accepted = request.headers.get("accept", "*/*").lower()
            if not any(kind in accepted for kind in ("*/*", "application/*", "json")):
                raise Refusal(406, "answers are application/json")
            if len(request.url.path) + len(request.url.query) > MOST_URI_BYTES:
                raise Refusal(414, f"a URI of at most {MOST_URI_BYTES} bytes is read")
            return await endpoint(request)

        return guard

    queries = {
        "rab_info": rab_info,
        "plmn_info": plmn_info,
        "s1_bearer_info": s1_bearer_info,
        "layer2_meas": layer2_meas,
    }
    routes: list[BaseRoute] = [
        *(Route(f"/queries/{name}", guarded(answer), methods=["GET"]) for name, answer in queries.items()),
        Route("/subscriptions", guarded(many), methods=["GET", "POST"]),
        Route("/subscriptions/{id}", guarded(one), methods=["GET", "PUT", "DELETE"]),
        WebSocketRoute("/notifications/{id}", notifications),
    ]
    handlers: Any = {Problem: _answered, Refusal: _answered, HTTPException: _no_such}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return Mount(BASE, app=app)


async def _carry(websocket: WebSocket, socket: Socket) -> None:
    """Until the reader leaves, or the subscription ends. What the reader says is read and means nothing."""
    sending = asyncio.get_running_loop().create_task(_send(websocket, socket))
    try:
        while (await websocket.receive())["type"] != "websocket.disconnect":
            pass
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def _send(websocket: WebSocket, socket: Socket) -> None:
    sent = 0
    while True:
        body = socket.stream.take()
        if body is not None:
            await websocket.send({"type": "websocket.send", "text": body.decode()})
            sent += 1
            if sent % AT_ONCE == 0:
                await asyncio.sleep(0)
        elif socket.ended:
            await websocket.close(POLICY_VIOLATION, socket.ended)
            return
        else:
            socket.news.clear()
            await socket.news.wait()


async def _object(request: Request) -> Json:
    """The JSON object in the body. Raises ``Refusal`` 400, 413, 415."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", ""):
        raise Refusal(415, "bodies are application/json")
    try:
        found: Json = msgspec.json.decode(await body_of(request, MOST_BODY_BYTES), type=dict[str, Any])
    except BadBody as bad:
        raise Refusal(bad.status, str(bad)) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(400, f"the body is no JSON object: {error}") from None
    return found


def _said(what: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(what), status, headers, "application/json")


def _refused(refusal: Problem | Refusal) -> Response:
    """``Problem`` is how ``Access`` refuses, in 3GPP's words; here it is told in MEC's."""
    details = details_of(refusal.status, refusal.detail)
    return Response(msgspec.json.encode(details), refusal.status, refusal.headers, "application/problem+json")


async def _answered(request: Request, error: Exception) -> Response:
    assert isinstance(error, (Problem, Refusal))
    return _refused(error)


async def _no_such(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _refused(Refusal(error.status_code, error.detail, dict(error.headers or {})))
