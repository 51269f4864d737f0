"""Parameters of OAuth's endpoints, each given once (RFC 6749, 3.1 and 3.2): of a form, or of a query."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

from fedge.runtime.bodies import BadBody, body_of
from fedge.wire.oauth import OAuthError

MOST_BYTES = 16 << 10
MOST_FIELDS = 50


async def form(request: Request) -> dict[str, str]:
    """The fields of the body. Raises ``OAuthError``."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise OAuthError(400, "invalid_request", "the body must be application/x-www-form-urlencoded")
    try:
        body = await body_of(request, MOST_BYTES)
    except BadBody as error:
        raise OAuthError(400, "invalid_request", str(error)) from None
    return _once(body, "the body is no form")


async def fields(request: Request) -> dict[str, str]:
    """Of the query, or, where it is a POST, of the body (OpenID Connect Core 1.0, 3.1.2.1). Raises ``OAuthError``."""
    if request.method == "POST":
        return await form(request)
    query: bytes = request.scope["query_string"]
    if len(query) > MOST_BYTES:
        raise OAuthError(400, "invalid_request", f"at most {MOST_BYTES} bytes")
    return _once(query, "the query cannot be read")


def _once(text: bytes, otherwise: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(text.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise OAuthError(400, "invalid_request", otherwise) from None
    found = dict(pairs)
    if len(found) != len(pairs):
        raise OAuthError(400, "invalid_request", "a parameter is given twice")
    return found
