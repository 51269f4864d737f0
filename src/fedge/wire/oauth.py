"""What every OAuth2 token endpoint shares (RFC 6749): how a client says who it is, and the form of a refusal. Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from urllib.parse import unquote_plus

_UNSAID = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


class OAuthError(Exception):
    """RFC 6749, 5.2: ``error`` is one of its codes. ``retry_after_s``: where asking again may help.

    ``description``: what of it is outside of the characters that the RFC lets stand there becomes a question mark.
    """

    def __init__(self, status: int, error: str, description: str, retry_after_s: int = 1) -> None:
        super().__init__(description)
        self.status, self.error, self.description = status, error, _UNSAID.sub("?", description)
        self.retry_after_s = retry_after_s


def client_of(authorization: str | None, form: Mapping[str, str]) -> tuple[str, str]:
    """(client id, secret), not yet held against anything. HTTP Basic, or both in the body; not two ways at once (2.3.1).

    Raises ``OAuthError``.
    """
    if authorization is None:
        return form.get("client_id", ""), form.get("client_secret", "")
    if "client_secret" in form:
        raise OAuthError(400, "invalid_request", "two ways of authentication")
    return _basic(authorization)


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, value = authorization.partition(" ")
    try:
        pair = base64.b64decode(value.strip(), validate=True).decode() if scheme.lower() == "basic" else ""
    except ValueError:
        pair = ""
    client, colon, secret = pair.partition(":")
    if not colon:
        raise OAuthError(401, "invalid_client", "not HTTP Basic authentication")
    return unquote_plus(client), unquote_plus(secret)
