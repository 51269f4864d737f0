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

from fedge.simulation.core5g.exposed import path_of
from fedge.simulation.core5g.nef.access import Access
from fedge.simulation.core5g.nef.exchange import JSON, accepts_json, body_of, guarded, said


class Api(Struct, frozen=True):
    """``name``: one of ``exposed.APIS``. ``features``: what it supports. ``patch_type``: the media type of changes."""

    name: str
    features: int
    patch_type: str

    @property
    def base(self) -> str:
        """The API's root path."""
        return path_of(self.name)

    @property
    def told_features(self) -> str:
        """As ``SupportedFeatures`` (TS 29.571) writes them; each refusal tells them."""
        return f"{self.features:X}"


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


def resource_routes(api: Api, resources: Resources, access: Access) -> list[Route]:
    async def many(request: Request) -> Response:
        af = access.owner(request, api.name)
        if request.method == "POST":
            made = resources.create(af, await body_of(request, JSON))
            if made.location is UNSET:
                return said(made.document)
            return said(made.document, 201, {"Location": made.location})
        accepts_json(request)
        return said(resources.list(af, request.query_params))

    async def one(request: Request) -> Response:
        af, id = access.owner(request, api.name), request.path_params["id"]
        found = resources.read(af, id)
        match request.method:
            case "PUT":
                return said(resources.replace(af, id, await body_of(request, JSON)))
            case "PATCH":
                return _said_or_nothing(resources.patch(af, id, await body_of(request, api.patch_type)))
            case "DELETE":
                return _said_or_nothing(resources.delete(af, id))
        accepts_json(request)
        return said(found)

    path, features = f"{api.base}/{{af}}/subscriptions", api.told_features
    return [
        Route(path, guarded(many, features), methods=["GET", "POST"]),
        Route(f"{path}/{{id}}", guarded(one, features), methods=["GET", "PUT", "PATCH", "DELETE"]),
    ]


def _said_or_nothing(what: object | None) -> Response:
    return Response(status_code=204) if what is None else said(what)
