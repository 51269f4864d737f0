"""The authorization server of the CAMARA APIs: OAuth2 client credentials, CIBA in poll mode, revocation, OpenID discovery.

A client is a tenant, by its namespace and its token, or the operator (``OPERATOR`` and the run's token). RFC 6749 (4.4, 5), RFC
7009, OpenID CIBA Core 1.0, OpenID Connect Discovery 1.0; CAMARA Security and Interoperability Profile. The authorization code
flow is not there: it needs a browser that sits on the device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct, field
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from fedge.api.bodies import BadBody, body_of
from fedge.api.camara.authorization import LIFETIME_S, Authorization, audit_entry
from fedge.api.camara.ciba import GRANT_TYPE, Ciba
from fedge.api.camara.guesses import WRONG_WITHIN_S, Guesses
from fedge.api.camara.scopes import SCOPES, AskedScopes, scopes_of
from fedge.api.pace import Asked
from fedge.core.control.events.location import AskedConsent
from fedge.core.control.events.tokens import AskedTokenEnd
from fedge.core.location import NETWORK_OPERATION, OPERATOR, Consent
from fedge.core.messages import Message
from fedge.core.model import SECOND
from fedge.wire import jwt
from fedge.wire.oauth import OAuthError, client_of

BASE, WELL_KNOWN = "/oauth2", "/.well-known"
MOST_BODY_BYTES = 16 << 10
CONSENT_FOR_S = 30 * 24 * 3600
BY_SUBSCRIBER = "its subscriber (CIBA)"


class Centre(Protocol):
    async def ask(self, make: Callable[[int], Message]) -> tuple[int, dict[str, Any]]: ...


class Client(NamedTuple):
    name: str
    secret: str
    credential: str


class IdToken(Struct, frozen=True):
    """OpenID Connect Core, 2; ``sub`` is the subscriber as this client may know it."""

    iss: str
    sub: str
    aud: str
    exp: int
    iat: int
    auth_req_id: str = field(name="urn:openid:params:jwt:claim:auth_req_id")


class AuthorizationServer:
    """``asked``: the APIs' own, so that a client's requests here count with those. ``issuer``: scheme, host and port of these."""

    def __init__(
        self, authorization: Authorization, centre: Centre, ciba: Ciba, asked: Asked, issuer: str
    ) -> None:
        self._tokens, self._centre, self._ciba, self._issuer = authorization, centre, ciba, issuer
        self._asked = asked
        self._guesses = Guesses()

    # --- endpoints ---------------------------------------------------------------------------------------------------------

    async def token(self, request: Request) -> Response:
        form = await _form(request)
        client = self._client(request, form)
        match form.get("grant_type", ""):
            case "client_credentials":
                asked = self._permitted(client, scopes_of(form.get("scope", "")))
                self._granted(request, client, asked)
                return _said(self._answer(client, asked))
            case kind if kind == GRANT_TYPE:
                return _said(await self._after_ciba(request, client, form.get("auth_req_id", "")))
            case "":
                raise OAuthError(400, "invalid_request", "grant_type is missing")
        raise OAuthError(400, "unsupported_grant_type", f"client_credentials and {GRANT_TYPE} are supported")

    async def bc_authorize(self, request: Request) -> Response:
        form = await _form(request)
        client = self._client(request, form)
        asked = self._permitted(client, scopes_of(form.get("scope", "")))
        if not asked.scopes:
            raise OAuthError(400, "invalid_scope", "name the scopes that the subscriber is asked for")
        hint, seconds = form.get("login_hint", ""), form.get("requested_expiry", "")
        return _said(self._ciba.ask(client.name, asked, hint, seconds, self._tokens.unix_s()))

    async def revoke(self, request: Request) -> Response:
        """RFC 7009: also of a token that is another's, or none, the answer is 200 and nothing is said."""
        form = await _form(request)
        client = self._client(request, form)
        if not form.get("token"):
            raise OAuthError(400, "invalid_request", "token is missing")
        claims = self._tokens.claims_of(form["token"])
        if claims is not None and claims.sub == client.name:
            until = self._tokens.until(claims.exp)
            status, body = await self._centre.ask(lambda n: AskedTokenEnd(n, client.name, claims.jti, until))
            if status != 200:
                raise OAuthError(503, "temporarily_unavailable", str(body.get("message", "")))
        return Response(status_code=200)

    async def discovery(self, request: Request) -> Response:
        base = f"{self._issuer}{BASE}"
        return _said(
            {
                "issuer": self._issuer,
                "token_endpoint": f"{base}/token",
                "backchannel_authentication_endpoint": f"{base}/bc-authorize",
                "backchannel_token_delivery_modes_supported": ["poll"],
                "revocation_endpoint": f"{base}/revoke",
                "grant_types_supported": ["client_credentials", GRANT_TYPE],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "scopes_supported": ["openid", *sorted(SCOPES)],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["HS256"],
                "response_types_supported": [],
            }
        )

    # --- what they share ---------------------------------------------------------------------------------------------------

    def _client(self, request: Request, form: Mapping[str, str]) -> Client:
        name, secret = client_of(request.headers.get("authorization"), form)
        who = (request.client.host if request.client is not None else "", name[:253])
        now_s = self._tokens.unix_s()
        if self._guesses.refuse(who, now_s):
            raise OAuthError(429, "temporarily_unavailable", "too many wrong secrets", ceil(WRONG_WITHIN_S))
        credential = self._tokens.client(name, secret)
        if credential is None:
            self._guesses.wrong(who, now_s)
            raise OAuthError(401, "invalid_client", "unknown client or wrong secret")
        if (wait := self._asked(name)) is not None:
            raise OAuthError(429, "temporarily_unavailable", wait.because, wait.seconds)
        return Client(name, secret, credential)

    def _permitted(self, client: Client, asked: AskedScopes) -> AskedScopes:
        if asked.purpose == NETWORK_OPERATION and client.name != OPERATOR:
            raise OAuthError(400, "invalid_scope", f"{NETWORK_OPERATION} is the operator's purpose")
        return asked

    async def _after_ciba(self, request: Request, client: Client, id: str) -> dict[str, object]:
        if not id:
            raise OAuthError(400, "invalid_request", "auth_req_id is missing")
        asked = self._ciba.poll(client.name, id, self._tokens.unix_s())
        assert asked.ue is not None, "nobody has said yes"
        scopes, now = asked.scopes, self._tokens.now()
        until = now + CONSENT_FOR_S * SECOND
        consent = Consent(client.name, asked.ue, scopes.scopes, scopes.purpose, until, now, BY_SUBSCRIBER)
        status, body = await self._centre.ask(lambda n: AskedConsent(n, consent))
        if status != 201:
            raise OAuthError(503, "temporarily_unavailable", str(body.get("message", "")))
        self._granted(request, client, scopes, asked.ue)
        return {
            **self._answer(client, scopes, str(body["id"])),
            "id_token": self._id_token(client, asked.ue, id),
        }

    def _answer(self, client: Client, asked: AskedScopes, consent: str = "") -> dict[str, object]:
        scopes = asked.scopes or SCOPES
        token = self._tokens.issue(client.name, client.credential, scopes, asked.purpose, consent)
        said = sorted(scopes) + ([asked.purpose] if asked.purpose else [])
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": LIFETIME_S,
            "scope": " ".join(said + (["openid"] if consent else [])),
        }

    def _id_token(self, client: Client, ue: str, id: str) -> str:
        """Signed with the client's secret, as HS256 is in OpenID Connect."""
        began = int(self._tokens.unix_s())
        subject = self._tokens.pseudonym(client.name, ue)
        return jwt.signed(
            IdToken(self._issuer, subject, client.name, began + LIFETIME_S, began, id), client.secret.encode()
        )

    def _granted(self, request: Request, client: Client, asked: AskedScopes, ue: str = "") -> None:
        said = " ".join(sorted(asked.scopes)) or "every scope"
        because = f"{said} {asked.purpose}".strip()
        subject = "its subscriber said yes" if ue else ""
        entry = audit_entry(
            request, client=client.name, decision="granted", subject=subject, reason=because, ue=ue
        )
        self._tokens.audit.tell(entry)

    def refused(self, request: Request, error: OAuthError) -> Response:
        said = {"error": error.error, "error_description": error.description}
        told = {"WWW-Authenticate": "Basic"} if error.status == 401 else {}
        if error.status in (429, 503):
            told["Retry-After"] = str(error.retry_after_s)
        if error.error not in ("authorization_pending", "slow_down"):
            entry = audit_entry(request, decision="refused", reason=error.error, because=error.description)
            self._tokens.audit.tell(entry)
        return _said(said, error.status, told)


def oauth_routes(server: AuthorizationServer) -> list[BaseRoute]:
    """The endpoints, each under its base; they know their callers themselves."""

    def endpoint(serve: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def guarded(request: Request) -> Response:
            try:
                return await serve(request)  # type: ignore[no-any-return]
            except OAuthError as error:
                return server.refused(request, error)

        return guarded

    async def unrouted(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        said = {"error": "invalid_request", "error_description": error.detail}
        return _said(said, error.status_code, error.headers)

    posts = {"/token": server.token, "/bc-authorize": server.bc_authorize, "/revoke": server.revoke}
    routes = [Route(path, endpoint(serve), methods=["POST"]) for path, serve in posts.items()]
    handlers: Any = {HTTPException: unrouted}
    apps = [
        (BASE, Starlette(routes=routes, exception_handlers=handlers)),
        (
            WELL_KNOWN,
            Starlette(routes=[Route("/openid-configuration", server.discovery)], exception_handlers=handlers),
        ),
    ]
    for _, app in apps:
        app.router.redirect_slashes = False
    return [Mount(base, app) for base, app in apps]


async def _form(request: Request) -> dict[str, str]:
    """The fields of the body, each given once. Raises ``OAuthError``."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise OAuthError(400, "invalid_request", "the body must be application/x-www-form-urlencoded")
    try:
        body = await body_of(request, MOST_BODY_BYTES)
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=50)
    except BadBody as error:
        raise OAuthError(400, "invalid_request", str(error)) from None
    except ValueError:
        raise OAuthError(400, "invalid_request", "the body is no form") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise OAuthError(400, "invalid_request", "a parameter is given twice")
    return form


def _said(
    body: Mapping[str, object], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """``Cache-Control: no-store`` is on every answer of the control plane (`api/admin/callers.py`)."""
    return Response(msgspec.json.encode(body), status, headers, "application/json")
