"""OAuth2 client credentials (RFC 6749, 4.4): access tokens as TS 33.501, 13.4.1 has them: signed JWTs (RFC 7519, HMAC-SHA-256).

Pure: ``now_s`` is an argument (Unix seconds). A token outlives a restart of the core, since the key does.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import unquote_plus

import msgspec
from msgspec import Struct

from fedge.simulation.core5g.exposed import APIS

ISSUER, AUDIENCE = "fedge-simulated-core", "nef"
LIFETIME_S = 600
_HEADER = b'{"alg":"HS256","typ":"JWT"}'


class Claims(Struct, frozen=True):
    """``sub``: the client. ``scope``: names of APIs, with spaces between."""

    iss: str
    sub: str
    aud: str
    scope: str
    exp: int


class OAuthError(Exception):
    """RFC 6749, 5.2: ``error`` is one of its codes."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status, self.error, self.description = status, error, description


class Tokens:
    """``clients``: the secret of each client id. ``key``: at least 32 random bytes."""

    def __init__(self, clients: Mapping[str, str], key: bytes, lifetime_s: int = LIFETIME_S) -> None:
        self._clients, self._key, self._lifetime_s = clients, key, lifetime_s

    def grant(self, authorization: str | None, form: Mapping[str, str], now_s: int) -> dict[str, object]:
        """The token endpoint's answer. Raises ``OAuthError``."""
        if not form.get("grant_type"):
            raise OAuthError(400, "invalid_request", "grant_type is missing")
        client = self._client(authorization, form)
        if form["grant_type"] != "client_credentials":
            raise OAuthError(400, "unsupported_grant_type", "only client_credentials")
        asked = form.get("scope", "").split()
        if not set(asked) <= set(APIS):
            raise OAuthError(400, "invalid_scope", f"scopes are {' '.join(APIS)}")
        scope = " ".join(api for api in APIS if api in (asked or APIS))
        claims = Claims(ISSUER, client, AUDIENCE, scope, now_s + self._lifetime_s)
        return {
            "access_token": self._sign(claims),
            "token_type": "Bearer",
            "expires_in": self._lifetime_s,
            "scope": scope,
        }

    def read(self, token: str, now_s: int) -> Claims | None:
        """What a valid token says; None for any other token."""
        head, _, mac = token.rpartition(".")
        try:
            if not hmac.compare_digest(_decode(mac), self._mac(head)):
                return None
            claims = msgspec.json.decode(_decode(head.partition(".")[2]), type=Claims)
        except (ValueError, binascii.Error, msgspec.MsgspecError):
            return None
        fits = claims.iss == ISSUER and claims.aud == AUDIENCE
        return claims if fits and claims.exp > now_s and claims.sub in self._clients else None

    def _client(self, authorization: str | None, form: Mapping[str, str]) -> str:
        """RFC 6749, 2.3.1: HTTP Basic, or both in the body; not two ways at once."""
        if authorization is not None:
            if "client_secret" in form:
                raise OAuthError(400, "invalid_request", "two ways of authentication")
            client, secret = _basic(authorization)
        else:
            client, secret = form.get("client_id", ""), form.get("client_secret", "")
        expected = self._clients.get(client, "")
        if not expected or not hmac.compare_digest(secret.encode(), expected.encode()):
            raise OAuthError(401, "invalid_client", "unknown client or wrong secret")
        return client

    def _sign(self, claims: Claims) -> str:
        head = f"{_encode(_HEADER)}.{_encode(msgspec.json.encode(claims))}"
        return f"{head}.{_encode(self._mac(head))}"

    def _mac(self, head: str) -> bytes:
        return hmac.digest(self._key, head.encode(), hashlib.sha256)


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


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
