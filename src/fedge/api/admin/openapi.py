"""The admin API's OpenAPI description, for other people's clients."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from fedge.api.manifests import PLURALS

ERROR = {"$ref": "#/components/responses/Error"}


def _operation(
    summary: str, parameters: tuple[str, ...] = (), body: dict[str, Any] | None = None, ok: str = "200"
) -> Any:
    operation: dict[str, Any] = {
        "summary": summary,
        "responses": {ok: {"description": "done"}, "default": ERROR},
    }
    if parameters:
        operation["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in parameters
        ]
    if body is not None:
        operation["security"] = [{"token": []}]
        if body:
            operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return operation


def _object(**properties: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(properties),
        "properties": {name: {"type": kind} for name, kind in properties.items()},
    }


def _optional(**properties: str) -> dict[str, Any]:
    return {**_object(**properties), "required": []}


def document() -> dict[str, Any]:
    """OpenAPI 3.0."""
    paths: dict[str, Any] = {
        "/view": {"get": _operation("The whole picture: sites, cells, UEs, moves, figures.")},
        "/view/stream": {
            "get": _operation("Server-sent events: the view, then RFC 7396 merge patches of it.")
        },
        "/explain/{session}": {"get": _operation("Why this site, and why not the others.", ("session",))},
        "/explain/deployment/{name}": {"get": _operation("Where an application runs, and why.", ("name",))},
        "/figures": {
            "get": _operation("For the scheduler: sessions by cluster, players and round trips by cell.")
        },
        "/attach": {
            "post": _operation(
                "Find or open a device's session; 503 with Retry-After while a move is undecided.",
                body=_object(application="string", device="string"),
            )
        },
        "/visits/{key}": {
            "get": _operation(
                "Where the client of a visit shall connect; with ?after=GENERATION&wait_s=S answered once that changes.",
                ("key",),
            )
        },
        "/hold-moves": {
            "post": _operation(
                "Begin no move that nobody ordered, or begin them again.", body=_object(hold="boolean")
            )
        },
        "/apply": {
            "post": _operation("Apply Kubernetes objects, all or none.", body=_object(objects="array")),
        },
        "/sessions/{session}": {"delete": _operation("Close a session.", ("session",), body={}, ok="202")},
        "/sessions/{session}/move": {
            "post": _operation("Move a session to a site.", ("session",), body=_object(to="string"), ok="202")
        },
        "/sites/{name}/drain": {"post": _operation("Move every session away.", ("name",), body={}, ok="202")},
        "/sites/{name}/undrain": {"post": _operation("Use the site again.", ("name",), body={}, ok="202")},
    }
    for kind in ("sites", "sessions", "moves", "instances", "steering"):
        paths[f"/{kind}"] = {"get": _operation(f"All {kind}.")}
    for kind in ("sites", "moves", "instances"):
        paths[f"/{kind}/{{name}}"] = {"get": _operation(f"One of the {kind}.", ("name",))}
    issue = _optional(players="boolean")
    issue["properties"]["redirect_uris"] = {"type": "array", "items": {"type": "string"}, "maxItems": 20}
    paths["/tenants/{name}/token"] = {
        "post": _operation(
            "Issue a tenant's token (players: one that may only attach); the one before it ends. "
            "redirect_uris: where a browser may be sent back with an authorization code.",
            ("name",),
            body=issue,
            ok="201",
        ),
        "delete": _operation("End a tenant's tokens.", ("name",), body={}),
    }
    paths["/consents"] = {
        "get": _operation("Subscribers' consents that hold now."),
        "post": _operation(
            "Record a consent: who may locate whose device; scopes, purpose and days may be named.",
            body=_object(client="string", device="string"),
            ok="201",
        ),
    }
    paths["/consents/{id}"] = {"delete": _operation("Withdraw it.", ("id",), body={})}
    paths["/devices/{ue}"] = {
        "get": _operation("One device: its place as far as the caller may know it, its consents.", ("ue",))
    }
    paths["/audit"] = {"get": _operation("Who asked about whom; the newest last. `limit`: how many.")}
    paths["/operator"] = {"get": _operation("The access API gateway: each API of the 5G operator.")}
    paths["/operator/{name}"] = {"get": _operation("One of them.", ("name",))}
    paths["/quality"] = {"get": _operation("All quality sessions: studios' and the platform's own.")}
    paths["/quality/{name}"] = {"get": _operation("One of them.", ("name",))}
    paths["/qos-profiles/{name}"] = {
        "post": _operation(
            "Take a QoS profile back, or offer it again.", ("name",), body=_object(status="string")
        )
    }
    for kind in PLURALS:
        paths[f"/objects/{kind}"] = {"get": _operation(f"Applied {kind}.")}
        paths[f"/objects/{kind}/{{name}}"] = {
            "get": _operation("One applied object.", ("name",)),
            "delete": _operation("Delete it.", ("name",), body={}),
        }
    error = {
        "type": "object",
        "required": ["code", "message"],
        "properties": {name: {"type": "string"} for name in ("code", "message", "object", "field")},
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Fedge admin API", "version": version("fedge")},
        "servers": [{"url": "/api/v1"}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {
                "Error": {"description": "refused", "content": {"application/json": {"schema": error}}},
            },
        },
    }
