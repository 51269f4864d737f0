"""Who may call an API of the exposure function: the check of CAPIF-2e (TS 33.122, 6.5.2), the same for every API.

Three ways: an access token of CAPIF, bound to the client certificate; the client certificate alone (security method PKI of
TS 29.222); the exposure function's own token (``tokens``), as an operator without CAPIF has it. Each ends at the name of an
application function, whose resources the caller may touch: a customer that is onboarded again keeps them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from starlette.requests import HTTPConnection

from fedge.core.pace import Limits, Pace
from fedge.runtime.client_certificates import client_certificate
from fedge.simulation.core5g.nef.problem import Problem
from fedge.simulation.core5g.nef.tokens import Tokens

LIMITS = Limits(per_second=1000.0, burst=2000.0)
"""What one application function, or holder of a certificate, may ask the simulated operator."""


class Gate(Protocol):
    """What CAPIF says of a caller (``capif.gate``). ``certificate``: PEM, proven by TLS. Each raises ``Problem`` 401, 403."""

    def by_token(self, token: str, certificate: str | None, api: str) -> str | None:
        """The application function; None: that is no token of CAPIF's."""

    def by_certificate(self, certificate: str, api: str) -> str: ...


class Access:
    """``pace``: how many requests each application function may make. ``now_s()``: Unix seconds."""

    def __init__(
        self, tokens: Tokens, pace: Pace, now_s: Callable[[], float], gate: Gate | None = None
    ) -> None:
        self._tokens, self._pace, self._now_s, self._gate = tokens, pace, now_s, gate

    def client(self, request: HTTPConnection, api: str) -> str:
        """The application function that calls ``api`` (one of ``exposed.APIS``). Raises ``Problem`` 401, 403, 429."""
        af = self._caller(request, api)
        wait = self._pace.wait(af, self._now_s())
        if wait is not None:
            told = {"Retry-After": str(wait.seconds)}
            raise Problem(429, "NF_CONGESTION_RISK", "too many requests", headers=told)
        return af

    def owner(self, request: HTTPConnection, api: str) -> str:
        """The same, for a path that names the application function as ``af``."""
        af = self.client(request, api)
        if request.path_params["af"] != af:
            raise Problem(403, "REQUEST_NOT_AUTHORIZED", "the caller is another application function")
        return af

    def _caller(self, request: HTTPConnection, api: str) -> str:
        certificate = client_certificate(request.scope)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not scheme and certificate is not None and self._gate is not None:
            return self._gate.by_certificate(certificate, api)
        if not token:
            raise Problem(
                401, "UNAUTHORIZED", "a bearer token is needed", headers={"WWW-Authenticate": "Bearer"}
            )
        if scheme.lower() != "bearer":
            raise invalid_token()
        if self._gate is not None:
            af = self._gate.by_token(token.strip(), certificate, api)
            if af is not None:
                return af
        claims = self._tokens.read(token.strip(), int(self._now_s()))
        if claims is None:
            raise invalid_token()
        if api not in claims.scope.split():
            raise insufficient_scope(api)
        return claims.sub


def invalid_token(reason: str = "the token is not valid") -> Problem:
    """RFC 6750, 3.1."""
    return Problem(401, "UNAUTHORIZED", reason, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


def insufficient_scope(api: str) -> Problem:
    told = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{api}"'}
    return Problem(403, "REQUEST_NOT_AUTHORIZED", f"the token is not for {api}", headers=told)
