"""The exposure function's own token endpoint: OAuth2 client credentials, of an operator that has no CAPIF (``tokens``)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedge.simulation.core5g.nef.exchange import FORM, body_of, guarded, said
from fedge.simulation.core5g.nef.tokens import Tokens
from fedge.wire.oauth import OAuthError

TOKEN = "/oauth2/token"


def token_route(tokens: Tokens, now_s: Callable[[], float]) -> Route:
    """``now_s()``: Unix seconds."""

    async def token(request: Request) -> Response:
        form = dict(parse_qsl((await body_of(request, FORM)).decode("utf-8", "replace")))
        return token_answer(lambda: tokens.grant(request.headers.get("authorization"), form, int(now_s())))

    return Route(TOKEN, guarded(token), methods=["POST"])


def token_answer(grant: Callable[[], object]) -> Response:
    """What ``grant`` says or refuses, as RFC 6749, 5.1 and 5.2 have it."""
    no_store = {"Cache-Control": "no-store"}
    try:
        return said(grant(), 200, no_store)
    except OAuthError as error:
        told = {"WWW-Authenticate": "Basic"} if error.status == 401 else {}
        refusal = {"error": error.error, "error_description": error.description}
        return said(refusal, error.status, no_store | told)
