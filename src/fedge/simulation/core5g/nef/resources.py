"""The six operations on an application function's subscriptions over HTTP, the same in all of the exposure function's APIs.

``Resources`` says what an operation means; this is translation only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import UNSET, Struct, UnsetType
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedge.simulation.core5g.nef.exchange import JSON, Exchange, accepts_json, body_of, said


class Document(Protocol):
    """A resource as it is said. ``self_``: its URI."""

    @property
    def self_(self) -> str | UnsetType: ...


class Made(Struct, frozen=True):
    """What a creation brought. Without a resource (a report at once, and nothing that stays) it is answered 200."""

    document: object
    location: str | UnsetType = UNSET


class Resources(Protocol):
    """All raise ``Problem``. None: there is nothing to say (204)."""

    def list(self, af: str, query: Mapping[str, str]) -> Sequence[object]: ...
    def read(self, af: str, id: str) -> object: ...
    def create(self, af: str, body: bytes) -> Made: ...
    def replace(self, af: str, id: str, body: bytes) -> object: ...
    def patch(self, af: str, id: str, body: bytes) -> object | None: ...
    def delete(self, af: str, id: str) -> object | None: ...


def resource_routes(exchange: Exchange, base: str, resources: Resources, patch_type: str) -> list[Route]:
    """``base``: the API's root path. ``patch_type``: the media type in which this API takes changes."""

    async def many(request: Request) -> Response:
        af = exchange.owner(request)
        if request.method == "POST":
            made = resources.create(af, await body_of(request, JSON))
            if made.location is UNSET:
                return said(made.document)
            return said(made.document, 201, {"Location": made.location})
        accepts_json(request)
        return said(resources.list(af, request.query_params))

    async def one(request: Request) -> Response:
        af, id = exchange.owner(request), request.path_params["id"]
        found = resources.read(af, id)
        match request.method:
            case "PUT":
                return said(resources.replace(af, id, await body_of(request, JSON)))
            case "PATCH":
                return _said_or_nothing(resources.patch(af, id, await body_of(request, patch_type)))
            case "DELETE":
                return _said_or_nothing(resources.delete(af, id))
        accepts_json(request)
        return said(found)

    return [
        exchange.route(f"{base}/{{af}}/subscriptions", many, "GET", "POST"),
        exchange.route(f"{base}/{{af}}/subscriptions/{{id}}", one, "GET", "PUT", "PATCH", "DELETE"),
    ]


def _said_or_nothing(what: object | None) -> Response:
    return Response(status_code=204) if what is None else said(what)
