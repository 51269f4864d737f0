"""OAuth2 client credentials (RFC 6749, 4.4): access tokens as TS 33.501, 13.4.1 has them: signed JWTs (RFC 7519, HMAC-SHA-256).

Pure: ``now_s`` is an argument (Unix seconds). A token outlives a restart of the core, since the key does.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from msgspec import Struct

from fedge.simulation.core5g.exposed import APIS
from fedge.wire import jwt
from fedge.wire.oauth import OAuthError, client_of

ISSUER, AUDIENCE = "fedge-simulated-core", "nef"
LIFETIME_S = 600


class Claims(Struct, frozen=True):
    """``sub``: the client. ``scope``: names of APIs, with spaces between."""

    iss: str
    sub: str
    aud: str
    scope: str
    exp: int


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
            "access_token": jwt.signed(claims, self._key),
            "token_type": "Bearer",
            "expires_in": self._lifetime_s,
            "scope": scope,
        }

    def read(self, token: str, now_s: int) -> Claims | None:
        """What a valid token says; None for any other token."""
        claims = jwt.read(token, self._key, Claims)
        if claims is None:
            return None
        fits = claims.iss == ISSUER and claims.aud == AUDIENCE
        return claims if fits and claims.exp > now_s and claims.sub in self._clients else None

    def _client(self, authorization: str | None, form: Mapping[str, str]) -> str:
        client, secret = client_of(authorization, form)
        expected = self._clients.get(client, "")
        if not expected or not hmac.compare_digest(secret.encode(), expected.encode()):
            raise OAuthError(401, "invalid_client", "unknown client or wrong secret")
        return client
