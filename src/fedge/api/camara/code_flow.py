"""The authorization code flow with PKCE: a browser on the device is sent here, and back to the client with a code.

OpenID Connect Core 1.0, 3.1; RFC 6749, 4.1; RFC 7636 (S256 alone); RFC 9207 (``iss``); CAMARA Security and Interoperability
Profile. The operator knows the device by the address that its packets come from, so nobody logs in, and no ``login_hint`` is
taken: whoever calls could claim any. The subscriber's answer is **simulated** (`asking.py`); until it is there a page says so.
Neighbours: `oauth.py` is the rest of the server, `core/control/asking.py` keeps codes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from html import escape
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from fedge.api.admin.callers import digest_of
from fedge.api.camara.asking import EXPIRES_S, Questions
from fedge.api.camara.authorization import Authorization, audit_entry
from fedge.api.camara.forms import fields
from fedge.api.camara.scopes import AskedScopes, permitted, scopes_of
from fedge.api.pace import Asked
from fedge.core.control.events.asking import AskedCode, AskedRedemption
from fedge.core.location import Asking, Back, Code
from fedge.core.model import SECOND, Nanoseconds, UeId
from fedge.core.pace import Wait
from fedge.wire import jwt
from fedge.wire.oauth import OAuthError

CODE_FOR_S = 60
BY_SUBSCRIBER = "its subscriber (authorization code)"
PROMPTS = ("none", "login", "consent", "select_account")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # of SHA-256
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
MOST_CHARACTERS = 2000
"""Of ``state`` and ``nonce``: they are kept."""


class Wanted(NamedTuple):
    scopes: AskedScopes
    back: Back
    prompt: str


class CodeFlow:
    def __init__(
        self, authorization: Authorization, questions: Questions, asked: Asked, issuer: str, here: str
    ) -> None:
        """``asked``: of a device, or of whoever is elsewhere; ``here``: URL of the decision page."""
        self._tokens, self._questions, self._asked = authorization, questions, asked
        self._issuer, self._here = issuer, here

    # --- the browser's end -------------------------------------------------------------------------------------------------

    async def authorize(self, request: Request) -> Response:
        """Raises ``OAuthError`` where nobody is to be sent back: unknown client, or not its redirect URI (RFC 6749, 4.1.2.1)."""
        given = await fields(request)
        self._in_time(self._wait(request))
        client, uri = given.get("client_id", ""), given.get("redirect_uri", "")
        if uri not in self._tokens.redirect_uris(client):
            said = "client_id is unknown, or redirect_uri is none that is registered for it"
            raise OAuthError(400, "invalid_request", said)
        ue = self._device(request)
        state = given.get("state", "")
        back = Back(uri, "", state if len(state) <= MOST_CHARACTERS else "")
        try:
            wanted = self._wanted(client, given)
            if ue is None:
                error = "login_required" if wanted.prompt == "none" else "access_denied"
                raise OAuthError(400, error, "no subscriber's device is at the address that this comes from")
            if wanted.prompt == "none":
                return await self._without_asking(request, client, ue, wanted)
            secret, one = await self._questions.begin(client, wanted.scopes, ue, EXPIRES_S, wanted.back)
        except OAuthError as error:
            return self._sent_back_with(request, client, back, error, ue)
        return await self._decided(request, one, secret)

    async def decision(self, request: Request) -> Response:
        """The page asks again; where that is too often, it stays and asks later. Raises ``OAuthError``."""
        wait, secret = self._wait(request), request.query_params.get("ticket", "")
        one = self._questions.named(secret)
        if one is None or one.back is None or one.ue != self._device(request):
            self._in_time(wait)
            raise OAuthError(400, "invalid_request", "no such ticket of this device's, or it was answered")
        if wait is not None:
            return self._waiting(one, secret, wait.seconds)
        return await self._decided(request, one, secret)

    async def _decided(self, request: Request, one: Asking, secret: str) -> Response:
        assert one.back is not None
        assert one.ue is not None
        said = self._questions.said(one)
        try:
            if self._questions.centre.now() >= one.until:
                await self._questions.end(one)
                raise OAuthError(400, "access_denied", "the subscriber has not answered in time")
            if said == "silent":
                return self._waiting(one, secret)
            if said == "no":
                await self._questions.end(one)
                raise OAuthError(400, "access_denied", "the subscriber says no")
            consent = await self._questions.consent(one, BY_SUBSCRIBER)
            scopes = AskedScopes(one.scopes, one.purpose)
            return await self._with_code(request, one.client, one.ue, scopes, one.back, consent)
        except OAuthError as error:
            if error.error == "invalid_grant":  # two pages asked at once, and the other one has the code
                error = OAuthError(400, "access_denied", error.description)
            return self._sent_back_with(request, one.client, one.back, error, one.ue)

    async def _without_asking(self, request: Request, client: str, ue: UeId, wanted: Wanted) -> Response:
        """``prompt=none``: by a consent that is there already. Raises ``OAuthError``."""
        now, scopes = self._questions.centre.now(), wanted.scopes
        held = self._questions.centre.plane.state.consents.of_device(client, ue)
        for consent in held:
            if (
                consent.holds(now)
                and scopes.scopes <= consent.scopes
                and consent.purpose in ("", scopes.purpose)
            ):
                return await self._with_code(request, client, ue, scopes, wanted.back, consent.id)
        raise OAuthError(400, "consent_required", "the subscriber has not consented to this")

    async def _with_code(
        self, request: Request, client: str, ue: UeId, scopes: AskedScopes, back: Back, consent: str
    ) -> Response:
        """Raises ``OAuthError``."""
        secret, until = self._questions.draw(), self._questions.centre.now() + CODE_FOR_S * SECOND
        code = Code(digest_of(secret), client, ue, scopes.scopes, scopes.purpose, consent, back, until)
        status, body = await self._questions.centre.ask(lambda n: AskedCode(n, code))
        if status != 201:
            raise OAuthError(503, "temporarily_unavailable", str(body["message"]))
        self._tokens.audit.tell(
            audit_entry(
                request,
                client=client,
                subject="its subscriber said yes",
                decision="granted",
                reason=f"{' '.join(sorted(scopes.scopes))} {scopes.purpose}".strip(),
                because=consent,
                ue=ue,
            )
        )
        return self._sent_back(request, back, {"code": secret})

    def _wanted(self, client: str, given: Mapping[str, str]) -> Wanted:
        """Raises ``OAuthError``."""
        for name in ("request", "request_uri"):
            if name in given:
                raise OAuthError(400, f"{name}_not_supported", f"{name} is not taken here")
        if given.get("response_type") != "code":
            error = "unsupported_response_type" if given.get("response_type") else "invalid_request"
            raise OAuthError(400, error, "response_type: code is wanted")
        if given.get("response_mode", "query") != "query":
            raise OAuthError(400, "invalid_request", "response_mode: only query is supported")
        if any(len(given.get(name, "")) > MOST_CHARACTERS for name in ("state", "nonce")):
            raise OAuthError(400, "invalid_request", f"state, nonce: at most {MOST_CHARACTERS} characters")
        challenge = given.get("code_challenge", "")
        if given.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
            said = "PKCE is wanted: code_challenge_method=S256, and code_challenge of 43 characters"
            raise OAuthError(400, "invalid_request", said)
        prompts = given.get("prompt", "").split()
        if set(prompts) - set(PROMPTS) or ("none" in prompts and len(prompts) > 1):
            raise OAuthError(400, "invalid_request", f"prompt: none, or some of {', '.join(PROMPTS[1:])}")
        scopes = permitted(client, scopes_of(given.get("scope", "")))
        if not scopes.openid or not scopes.scopes:
            raise OAuthError(400, "invalid_scope", "openid and the scopes that are asked for are wanted")
        back = Back(given["redirect_uri"], challenge, given.get("state", ""), given.get("nonce", ""))
        return Wanted(scopes, back, "none" if "none" in prompts else "")

    def _wait(self, request: Request) -> Wait | None:
        """Whoever calls here is no client that says who it is: it has a rate of its own."""
        device = self._device(request)
        return self._asked(f"browser of {device}" if device is not None else "browsers elsewhere")

    def _in_time(self, wait: Wait | None) -> None:
        """Raises ``OAuthError``."""
        if wait is not None:
            raise OAuthError(429, "temporarily_unavailable", wait.because, wait.seconds)

    def _device(self, request: Request) -> UeId | None:
        return self._questions.subscribers.by_ipv4(_host(request))

    def _sent_back_with(
        self, request: Request, client: str, back: Back, error: OAuthError, ue: UeId | None
    ) -> Response:
        """Whoever has a browser may name any client: the line is nobody's, lest it push out that client's own."""
        because = f"{client}: {error.description}"
        entry = audit_entry(request, decision="refused", reason=error.error, because=because, ue=ue or "")
        self._tokens.audit.tell(entry)
        return self._sent_back(request, back, {"error": error.error, "error_description": error.description})

    def _sent_back(self, request: Request, back: Back, said: dict[str, str]) -> Response:
        state = {"state": back.state} if back.state else {}
        query = urlencode({**said, **state, "iss": self._issuer})
        to = f"{back.redirect_uri}{'&' if '?' in back.redirect_uri else '?'}{query}"
        return RedirectResponse(to, 302 if request.method == "GET" else 303)

    def _waiting(self, one: Asking, secret: str, seconds: int = 1) -> Response:
        """The operator's page while the subscriber has not answered; it looks again in so many seconds."""
        scopes = "".join(f"<li>{escape(scope)}</li>" for scope in sorted(one.scopes))
        purpose = f"<p>Purpose: {escape(one.purpose)}</p>" if one.purpose else ""
        page = (
            "<!doctype html><html lang=en><meta charset=utf-8><title>May it?</title>"
            "<h1>Simulated: the operator asks its subscriber</h1>"
            f"<p>{escape(one.client)} asks for:</p><ul>{scopes}</ul>{purpose}"
            "<p>There is nobody to press a button here: the subscriber is simulated, and answers as consents.json says.</p>"
        )
        again = f"{seconds}; url={self._here}?{urlencode({'ticket': secret})}"
        return HTMLResponse(page, headers={"Refresh": again, "Referrer-Policy": "no-referrer"})

    # --- the client's end --------------------------------------------------------------------------------------------------

    async def redeemed(self, client: str, given: Mapping[str, str], token: str, until: Nanoseconds) -> Code:
        """What a code stands for, once. ``token``: the id of the access token that is given for it. Raises ``OAuthError``."""
        missing = [name for name in ("code", "redirect_uri", "code_verifier") if not given.get(name)]
        if missing:
            raise OAuthError(400, "invalid_request", f"{', '.join(missing)} is missing")
        verifier, id = given["code_verifier"], digest_of(given["code"])
        right = _VERIFIER.fullmatch(verifier) is not None
        challenge = jwt.encoded(hashlib.sha256(verifier.encode()).digest()) if right else ""
        code = self._questions.centre.plane.state.askings.codes.get(id)
        status, body = await self._questions.centre.ask(
            lambda n: AskedRedemption(n, id, client, given["redirect_uri"], challenge, token, until)
        )
        if status == 400 or (status == 200 and code is None):
            raise OAuthError(400, "invalid_grant", str(body.get("message", "")))
        if status != 200 or code is None:
            raise OAuthError(503, "temporarily_unavailable", str(body.get("message", "")))
        return code


def _host(request: Request) -> str:
    return request.client.host if request.client is not None else ""
