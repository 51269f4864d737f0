"""Traffic Influence over HTTP: the routes of TS 29.522, 5.4, the acknowledgement URI of its callbacks, and the token endpoint.

Translation only: ``subscriptions`` says what an operation means, ``Core`` carries it out. Order of refusals: who (401, 403),
what (404, 405), how (406, 411, 413, 415, 429), and then the body (400).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import parse_qsl

import msgspec
from msgspec import UNSET
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedge.core.model import Address
from fedge.simulation.core5g.nef import reading
from fedge.simulation.core5g.nef.checks import N6_REASON, SUPPORTED
from fedge.simulation.core5g.nef.data_types import AF_STATUSES, AfAckInfo, RouteToLocation
from fedge.simulation.core5g.nef.pace import Pace
from fedge.simulation.core5g.nef.problem import InvalidParam, Problem, incorrect
from fedge.simulation.core5g.nef.subscriptions import Subscription
from fedge.simulation.core5g.nef.tokens import Tokens
from fedge.simulation.core5g.words import Outcome
from fedge.wire.oauth import OAuthError

BASE = "/3gpp-traffic-influence/v1"
ACKNOWLEDGEMENTS = "/af-acknowledgements"
TOKEN = "/oauth2/token"
MAX_BODY = 64 * 1024
JSON, MERGE_PATCH, FORM = (
    "application/json",
    "application/merge-patch+json",
    "application/x-www-form-urlencoded",
)

_OUTCOMES = {
    "unknown": (404, "CONTEXT_NOT_FOUND", "nothing waits for this acknowledgement"),
    "over": (404, "CONTEXT_NOT_FOUND", "too late: the path change was given up"),
    "contradicted": (403, "MODIFICATION_NOT_ALLOWED", "another answer was given before"),
    "failed": (403, "TEMPORARY_NETWORK_FAILURE", "the user plane is not there: the old path is kept"),
    "delayed": (503, "NF_CONGESTION", "the switch is under way; acknowledge again"),
}


class Core(Protocol):
    """What the API needs of the system behind it. All but ``acknowledge`` raise ``Problem``."""

    def list(self, af: str) -> list[Subscription]: ...
    def read(self, af: str, id: str) -> Subscription: ...
    def create(self, af: str, body: bytes) -> Subscription: ...
    def replace(self, af: str, id: str, body: bytes) -> Subscription: ...
    def patch(self, af: str, id: str, body: bytes) -> Subscription: ...
    def delete(self, af: str, id: str) -> None: ...
    def owner(self, transaction: str) -> tuple[Subscription, str] | None: ...
    def n6_end(self, route: RouteToLocation) -> Address | None: ...
    async def acknowledge(self, transaction: str, refusal: str, n6: Address | None) -> Outcome: ...


def nef_app(core: Core, tokens: Tokens, pace: Pace, now_s: Callable[[], float]) -> Starlette:
    """``pace``: how many requests each client may make. ``now_s()``: Unix seconds."""

    def client(request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not token:
            raise Problem(
                401, "UNAUTHORIZED", "a bearer token is needed", headers={"WWW-Authenticate": "Bearer"}
            )
        holder = tokens.holder(token.strip(), int(now_s())) if scheme.lower() == "bearer" else None
        if holder is None:
            told = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            raise Problem(401, "UNAUTHORIZED", "the token is not valid", headers=told)
        wait_s = pace.wait_s(holder, now_s())
        if wait_s:
            told = {"Retry-After": str(wait_s)}
            raise Problem(429, "NF_CONGESTION_RISK", "too many requests", headers=told)
        return holder

    def owner(request: Request) -> str:
        af = client(request)
        if request.path_params["af"] != af:
            raise Problem(403, "REQUEST_NOT_AUTHORIZED", "the token is another application function's")
        return af

    async def many(request: Request) -> Response:
        af = owner(request)
        if request.method == "POST":
            made = core.create(af, await body_of(request, JSON))
            assert made.says.self_ is not UNSET
            return _said(made.says, 201, {"Location": made.says.self_})
        _accepts_json(request)
        return _said([one.says for one in core.list(af)])

    async def one(request: Request) -> Response:
        af, id = owner(request), request.path_params["id"]
        match request.method:
            case "PUT":
                core.read(af, id)
                return _said(core.replace(af, id, await body_of(request, JSON)).says)
            case "PATCH":
                core.read(af, id)
                return _said(core.patch(af, id, await body_of(request, MERGE_PATCH)).says)
            case "DELETE":
                core.delete(af, id)
                return Response(status_code=204)
        found = core.read(af, id)
        _accepts_json(request)
        return _said(found.says)

    async def acknowledge(request: Request) -> Response:
        af, transaction = client(request), request.path_params["transaction"]
        asked = core.owner(transaction)
        if asked is None or asked[0].af != af:
            raise Problem(*_OUTCOMES["unknown"])
        ack = reading.read(await body_of(request, JSON), AfAckInfo)
        route = ack.ack_result.traffic_route
        n6_end = core.n6_end(route) if isinstance(route, RouteToLocation) else None
        refusal = _meant(ack, *asked, n6_end)
        outcome = await core.acknowledge(transaction, refusal, n6_end)
        if outcome == "done":
            return Response(status_code=204)
        headers = {"Retry-After": "1"} if outcome == "delayed" else {}
        raise Problem(*_OUTCOMES[outcome], headers=headers)

    async def token(request: Request) -> Response:
        form = dict(parse_qsl((await body_of(request, FORM)).decode("utf-8", "replace")))
        no_store = {"Cache-Control": "no-store"}
        try:
            granted = tokens.grant(request.headers.get("authorization"), form, int(now_s()))
        except OAuthError as error:
            said = {"error": error.error, "error_description": error.description}
            told = {"WWW-Authenticate": "Basic"} if error.status == 401 else {}
            return _said(said, error.status, no_store | told)
        return _said(granted, 200, no_store)

    routes = [
        Route(f"{BASE}/{{af}}/subscriptions", _guarded(many), methods=["GET", "POST"]),
        Route(
            f"{BASE}/{{af}}/subscriptions/{{id}}", _guarded(one), methods=["GET", "PUT", "PATCH", "DELETE"]
        ),
        Route(f"{ACKNOWLEDGEMENTS}/{{transaction}}", _guarded(acknowledge), methods=["POST"]),
        Route(TOKEN, _guarded(token), methods=["POST"]),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: _no_such})


Endpoint = Callable[[Request], Awaitable[Response]]


def _guarded(endpoint: Endpoint) -> Endpoint:
    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Problem as problem:
            return _refused(problem)

    return guarded


async def _no_such(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return _refused(
            Problem(405, "METHOD_NOT_ALLOWED", "no such operation", headers=dict(error.headers or {}))
        )
    return _refused(Problem(404, "RESOURCE_URI_STRUCTURE_NOT_FOUND", "no such resource"))


def _refused(problem: Problem) -> Response:
    body = msgspec.json.encode(problem.details(f"{SUPPORTED:X}"))
    return Response(body, problem.status, problem.headers, "application/problem+json")


def _said(what: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(what), status, headers, JSON)


async def body_of(request: Request, media_type: str) -> bytes:
    """The request's body. Raises ``Problem`` 411, 413, 415."""
    length = request.headers.get("content-length")
    if length is None:
        raise Problem(411, "INCORRECT_LENGTH", "a Content-Length is needed")
    if not length.isascii() or not length.isdigit() or int(length[:20]) > MAX_BODY:
        raise Problem(413, "INCORRECT_LENGTH", f"at most {MAX_BODY} bytes")
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != media_type:
        raise Problem(415, "UNSUPPORTED_MEDIA_TYPE", f"must be {media_type}")
    return await request.body()  # the server reads no more than Content-Length says


def _accepts_json(request: Request) -> None:
    accept = request.headers.get("accept", "*/*").lower()
    kinds = [kind.partition(";")[0].strip() for kind in accept.split(",")]
    if not any(kind in ("", "*/*", "application/*", JSON) for kind in kinds):
        raise Problem(406, "NOT_ACCEPTABLE", f"this is {JSON}")


def _meant(ack: AfAckInfo, subscription: Subscription, target: str, n6_end: Address | None) -> str:
    """The refusal, empty for SUCCESS. ``n6_end``: of the route that it names. Raises ``Problem`` 400."""
    says, result, invalid = subscription.says, ack.ack_result, []
    if result.af_status not in AF_STATUSES:
        invalid.append(InvalidParam("/ackResult/afStatus", f"must be one of {', '.join(AF_STATUSES)}"))
    if ack.af_trans_id is not UNSET and ack.af_trans_id != says.af_trans_id:
        invalid.append(InvalidParam("/afTransId", "is not the subscription's"))
    if ack.gpsi is not UNSET and says.gpsi is not UNSET and ack.gpsi != says.gpsi:
        invalid.append(InvalidParam("/gpsi", "is not the subscription's"))
    if isinstance(result.traffic_route, RouteToLocation):
        if result.traffic_route.dnai != target:
            invalid.append(InvalidParam("/ackResult/trafficRoute/dnai", "is not the target's"))
        elif n6_end is None:
            invalid.append(InvalidParam("/ackResult/trafficRoute/routeInfo", N6_REASON))
    if invalid:
        raise incorrect(True, *invalid)
    return "" if result.af_status == "SUCCESS" else result.af_status
