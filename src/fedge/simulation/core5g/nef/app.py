"""The exposure function's HTTP server: the routes of its APIs, and the endpoint that gives access tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from fedge.simulation.core5g.nef.exchange import FORM, body_of, guarded, no_such, said
from fedge.simulation.core5g.nef.tokens import OAuthError, Tokens

TOKEN = "/oauth2/token"


def nef_app(*apis: Iterable[BaseRoute]) -> Starlette:
    """One application of the routes of all ``apis``."""
    routes = [route for api in apis for route in api]
    return Starlette(routes=routes, exception_handlers={HTTPException: no_such})


def token_routes(tokens: Tokens, now_s: Callable[[], float]) -> list[Route]:
    """The token endpoint (RFC 6749, 4.4). ``now_s()``: Unix seconds."""

    async def token(request: Request) -> Response:
        form = dict(parse_qsl((await body_of(request, FORM)).decode("utf-8", "replace")))
        no_store = {"Cache-Control": "no-store"}
        try:
            granted = tokens.grant(request.headers.get("authorization"), form, int(now_s()))
        except OAuthError as error:
            refusal = {"error": error.error, "error_description": error.description}
            told = {"WWW-Authenticate": "Basic"} if error.status == 401 else {}
            return said(refusal, error.status, no_store | told)
        return said(granted, 200, no_store)

    return [Route(TOKEN, guarded(token), methods=["POST"])]
