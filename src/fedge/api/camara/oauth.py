"""The authorization server of the CAMARA APIs: client credentials, authorization code, CIBA in poll mode, revocation, discovery.

A client is a tenant, by its namespace and its token, or the operator (``OPERATOR`` and the run's token). RFC 6749 (4.1, 4.4, 5),
RFC 7009, OpenID CIBA Core 1.0, OpenID Connect Discovery 1.0; CAMARA Security and Interoperability Profile. Neighbours:
`code_flow.py` and `ciba.py` are the flows in which a subscriber is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, field
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from fedge.api.camara.asking import Questions
from fedge.api.camara.authorization import LIFETIME_S, Authorization, audit_entry, new_token_id
from fedge.api.camara.ciba import GRANT_TYPE, Ciba
from fedge.api.camara.code_flow import PROMPTS, CodeFlow
from fedge.api.camara.forms import form as form_of
from fedge.api.camara.guesses import WRONG_WITHIN_S, Guesses
from fedge.api.camara.platform import Centre
from fedge.api.camara.scopes import SCOPES, AskedScopes, permitted, scopes_of
from fedge.api.pace import Asked
from fedge.core.control.events.tokens import AskedTokenEnd
from fedge.wire import jwt
from fedge.wire.oauth import OAuthError, client_of

BASE, WELL_KNOWN = "/oauth2", "/.well-known"
GRANTS = ("client_credentials", "authorization_code", GRANT_TYPE)


class Client(NamedTuple):
    name: str
    secret: str
    credential: str


class IdToken(Struct, frozen=True, omit_defaults=True):
    """OpenID Connect Core, 2; ``sub`` is the subscriber as this client may know it. The last is CIBA's."""

    iss: str
    sub: str
    aud: str
    exp: int
    iat: int
    nonce: str = ""
    auth_req_id: str = field(name="urn:openid:params:jwt:claim:auth_req_id", default="")


class AuthorizationServer:
    """``asked``: the APIs' own, so that a client's requests here count with those. ``browsers``: how often subscribers' may ask;
    no quota of a day is agreed with them. ``issuer``: scheme, host and port of these.
    """

    def __init__(
        self,
        authorization: Authorization,
        centre: Centre,
        questions: Questions,
        asked: Asked,
        browsers: Asked,
        issuer: str,
    ) -> None:
        self._tokens, self._centre, self._issuer = authorization, centre, issuer
        self._ciba = Ciba(questions)
        self.codes = CodeFlow(authorization, questions, browsers, issuer, f"{issuer}{BASE}/decision")
        self._asked = asked
        self._guesses = Guesses()

    # --- endpoints ---------------------------------------------------------------------------------------------------------

    async def token(self, request: Request) -> Response:
        form = await form_of(request)
        client = self._client(request, form)
        match form.get("grant_type", ""):
            case "client_credentials":
                asked = permitted(client.name, scopes_of(form.get("scope", "")))
                self._granted(request, client, asked)
                return _said(self._answer(client, asked))
            case kind if kind == GRANT_TYPE:
                return _said(await self._after_ciba(request, client, form.get("auth_req_id", "")))
            case "authorization_code":
                return _said(await self._after_code(request, client, form))
            case "":
                raise OAuthError(400, "invalid_request", "grant_type is missing")
        raise OAuthError(400, "unsupported_grant_type", f"supported are {', '.join(GRANTS)}")

    async def bc_authorize(self, request: Request) -> Response:
        form = await form_of(request)
        client = self._client(request, form)
        asked = permitted(client.name, scopes_of(form.get("scope", "")))
        hint, seconds = form.get("login_hint", ""), form.get("requested_expiry", "")
        return _said(await self._ciba.ask(client.name, asked, hint, seconds))

    async def revoke(self, request: Request) -> Response:
        """RFC 7009: also of a token that is another's, or none, the answer is 200 and nothing is said."""
        form = await form_of(request)
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
                "authorization_endpoint": f"{base}/authorize",
                "token_endpoint": f"{base}/token",
                "backchannel_authentication_endpoint": f"{base}/bc-authorize",
                "backchannel_token_delivery_modes_supported": ["poll"],
                "revocation_endpoint": f"{base}/revoke",
                "grant_types_supported": GRANTS,
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "scopes_supported": ["openid", *sorted(SCOPES)],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["HS256"],
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "code_challenge_methods_supported": ["S256"],
                "prompt_values_supported": PROMPTS,
                "authorization_response_iss_parameter_supported": True,
                "request_parameter_supported": False,
                "request_uri_parameter_supported": False,
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

    async def _after_ciba(self, request: Request, client: Client, id: str) -> dict[str, object]:
        if not id:
            raise OAuthError(400, "invalid_request", "auth_req_id is missing")
        asked, consent = await self._ciba.poll(client.name, id)
        scopes = AskedScopes(asked.scopes, asked.purpose)
        assert asked.ue is not None, "nobody has said yes"
        self._granted(request, client, scopes, asked.ue)
        id_token = self._id_token(client, asked.ue, auth_req_id=id)
        return {**self._answer(client, scopes, consent), "id_token": id_token}

    async def _after_code(
        self, request: Request, client: Client, form: Mapping[str, str]
    ) -> dict[str, object]:
        token_id, until = new_token_id(), self._tokens.until(int(self._tokens.unix_s()) + LIFETIME_S)
        code = await self.codes.redeemed(client.name, form, token_id, until)
        scopes = AskedScopes(code.scopes, code.purpose)
        self._granted(request, client, scopes, code.ue)
        id_token = self._id_token(client, code.ue, nonce=code.back.nonce)
        return {**self._answer(client, scopes, code.consent, token_id), "id_token": id_token}

    def _answer(
        self, client: Client, asked: AskedScopes, consent: str = "", token_id: str = ""
    ) -> dict[str, object]:
        scopes = asked.scopes or SCOPES
        token = self._tokens.issue(client.name, client.credential, scopes, asked.purpose, consent, token_id)
        said = sorted(scopes) + ([asked.purpose] if asked.purpose else [])
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": LIFETIME_S,
            "scope": " ".join(said + (["openid"] if consent else [])),
        }

    def _id_token(self, client: Client, ue: str, nonce: str = "", auth_req_id: str = "") -> str:
        """Signed with the client's secret, as HS256 is in OpenID Connect."""
        began = int(self._tokens.unix_s())
        subject = self._tokens.pseudonym(client.name, ue)
        claims = IdToken(self._issuer, subject, client.name, began + LIFETIME_S, began, nonce, auth_req_id)
        return jwt.signed(claims, client.secret.encode())

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
    routes += [
        Route("/authorize", endpoint(server.codes.authorize), methods=["GET", "POST"]),
        Route("/decision", endpoint(server.codes.decision), methods=["GET"]),
    ]
    for route in routes:
        (route.methods or set()).discard("HEAD")  # a code and a consent are more than nothing
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


def _said(
    body: Mapping[str, object], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """``Cache-Control: no-store`` is on every answer of the control plane (`api/admin/callers.py`)."""
    return Response(msgspec.json.encode(body), status, headers, "application/json")
