"""Whose token it is: a client, its tenant, the scopes it was given and, three-legged, the device that it speaks for.

Two kinds are taken: a tenant's or the operator's own token, two-legged with every scope, and access tokens of `oauth.py`, which
are signed. What an access token was got with must still hold when it is used: the client's secret and, three-legged, the
subscriber's consent. So withdrawing either ends it at once.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable

from msgspec import Struct
from starlette.requests import Request

from fedge.api.admin.callers import digest_of
from fedge.api.camara.errors import CamaraError
from fedge.api.camara.scopes import ATTACH
from fedge.core.control.state import State
from fedge.core.location import OPERATOR
from fedge.core.model import SECOND, Nanoseconds, UeId
from fedge.runtime.audit import AuditLog, Entry
from fedge.wire import jwt

EVERY_SCOPE = frozenset({"*"})
ISSUER, AUDIENCE = "fedge", "camara"
LIFETIME_S = 600


class Grant(Struct, frozen=True):
    """``tenant`` None: the operator. ``ue``: the subject of a three-legged token, None of a two-legged one.

    ``purpose``: what the client said that it wants it for; empty: nothing.
    """

    client: str
    tenant: str | None
    scopes: frozenset[str]
    ue: UeId | None = None
    purpose: str = ""

    def allows(self, scope: str) -> bool:
        return scope in self.scopes or self.scopes == EVERY_SCOPE


class AccessToken(Struct, frozen=True):
    """RFC 9068's claims, as far as they are of use here. ``credential``: of the secret that it was got with.

    ``consent``: of a three-legged token, the record that it rests on; it names no device.
    """

    iss: str
    sub: str
    aud: str
    exp: int
    iat: int
    jti: str
    scope: str
    credential: str
    consent: str = ""
    purpose: str = ""


class Authorization:
    """``token``: the operator's. ``now()``: the core's clock; ``unix_s()``: the time of day. ``key``: signs access tokens.

    The port ``Granted`` of `exchange.py`.
    """

    def __init__(
        self,
        token: str,
        state: Callable[[], State],
        now: Callable[[], Nanoseconds],
        key: bytes | None = None,
        audit: AuditLog | None = None,
        unix_s: Callable[[], float] = time.time,
    ) -> None:
        self._token, self._state, self.now, self.unix_s = token, state, now, unix_s
        self._key = key or secrets.token_bytes(32)
        self.audit = audit or AuditLog(None)

    def caller(self, request: Request) -> Grant:
        """Raises ``CamaraError`` 401."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        grant = self.holder(given.strip()) if scheme.lower() == "bearer" else None
        if grant is None:
            self._refused(request, "", "UNAUTHENTICATED", "no token" if not given else "no valid token")
            said = "this call needs a valid token: Authorization: Bearer …"
            raise CamaraError(401, "UNAUTHENTICATED", said, {"WWW-Authenticate": "Bearer"})
        return grant

    def hold(self, request: Request, grant: Grant, scope: str) -> None:
        """Hold the grant against a scope; an empty one asks for none. Raises ``CamaraError`` 403."""
        if scope and not grant.allows(scope):
            self._refused(request, grant.client, "PERMISSION_DENIED", f"the token lacks {scope}")
            raise CamaraError(403, "PERMISSION_DENIED", f"the token does not allow {scope}")

    def holder(self, given: str) -> Grant | None:
        """Whom a token speaks for; None: for nobody, or not any more."""
        if not given:
            return None
        if hmac.compare_digest(given.encode(), self._token.encode()):
            return Grant(OPERATOR, None, EVERY_SCOPE)
        known = self._state().grants.get(digest_of(given))
        if known is not None:
            return Grant(known.tenant, known.tenant, frozenset() if known.players else EVERY_SCOPE)
        claims = self.claims_of(given)
        return self._of_claims(claims) if claims is not None else None

    def proven(self, proof: str) -> tuple[str, UeId] | None:
        """(tenant, device) of a three-legged token that its subscriber granted for attaching."""
        grant = self.holder(proof)
        if grant is None or grant.ue is None or grant.tenant is None or not grant.allows(ATTACH):
            return None
        return grant.tenant, grant.ue

    # --- clients and their access tokens -----------------------------------------------------------------------------------

    def client(self, client: str, secret: str) -> str | None:
        """The credential of a client that knows its secret: of a tenant its token, of the operator the run's."""
        if client == OPERATOR:
            right = hmac.compare_digest(secret.encode(), self._token.encode())
            return _credential(digest_of(self._token)) if right else None
        known = self._state().grants.get(digest_of(secret))
        right = known is not None and known.tenant == client and not known.players
        return _credential(digest_of(secret)) if right else None

    def redirect_uris(self, client: str) -> tuple[str, ...]:
        """Where a browser may be sent back with a code for this client: none, unless they were registered with its secret."""
        held = self._state().grants.values()
        return next((one.redirect_uris for one in held if one.tenant == client and not one.players), ())

    def issue(
        self,
        client: str,
        credential: str,
        scopes: frozenset[str],
        purpose: str = "",
        consent: str = "",
        token_id: str = "",
    ) -> str:
        """A signed access token. ``consent``: the id of the record behind a three-legged one. ``token_id`` empty: any."""
        began = int(self.unix_s())
        said = " ".join(sorted(scopes))
        token_id = token_id or new_token_id()
        claims = AccessToken(
            ISSUER, client, AUDIENCE, began + LIFETIME_S, began, token_id, said, credential, consent, purpose
        )
        return jwt.signed(claims, self._key)

    def claims_of(self, token: str) -> AccessToken | None:
        """Of an access token that was issued here and has not expired."""
        claims = jwt.read(token, self._key, AccessToken)
        fits = claims is not None and (claims.iss, claims.aud) == (ISSUER, AUDIENCE)
        return claims if fits and claims is not None and claims.exp > self.unix_s() else None

    def pseudonym(self, client: str, ue: str) -> str:
        """What a client may know a subscriber by: the same each time, and another for every client."""
        return hmac.digest(self._key, f"{client}\n{ue}".encode(), "sha256").hex()[:32]

    def _of_claims(self, claims: AccessToken) -> Grant | None:
        state = self._state()
        ended = state.ended_tokens.get(claims.sub, {})
        if claims.jti in ended or not self._still_a_client(claims.sub, claims.credential):
            return None
        tenant = None if claims.sub == OPERATOR else claims.sub
        scopes = frozenset(claims.scope.split())
        if not claims.consent:
            return Grant(claims.sub, tenant, scopes, None, claims.purpose)
        consent = state.consents.given.get(claims.consent)
        if consent is None or consent.client != claims.sub or not consent.holds(self.now()):
            return None
        return Grant(claims.sub, tenant, scopes & consent.scopes, consent.ue, claims.purpose)

    def _still_a_client(self, client: str, credential: str) -> bool:
        if client == OPERATOR:
            return credential == _credential(digest_of(self._token))
        return any(
            _credential(digest) == credential and one.tenant == client and not one.players
            for digest, one in self._state().grants.items()
        )

    def until(self, unix_s: float) -> Nanoseconds:
        """A time of day on the core's clock."""
        return self.now() + int((unix_s - self.unix_s()) * SECOND)

    def _refused(self, request: Request, client: str, code: str, why: str) -> None:
        self.audit.tell(audit_entry(request, client=client, decision="refused", reason=code, because=why))


def new_token_id() -> str:
    return secrets.token_urlsafe(12)


def audit_entry(request: Request, **said: str) -> Entry:
    """What is written of this request; ``said``: the fields of ``Entry`` beside the request's own."""
    api = f"{request.method} {request.url.path}"
    return Entry(api=api, correlator=request.headers.get("x-correlator", ""), **said)  # type: ignore[arg-type]


def _credential(digest: str) -> str:
    """Enough of a secret's digest to know it again, and too little to look the grant up by."""
    return digest[:16]
