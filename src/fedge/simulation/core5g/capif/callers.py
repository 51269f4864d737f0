"""Who calls the CAPIF core function: by the client certificate that TLS proved, or by the credential given before there is one.

Raises ``Problem``: 401 where nobody is known, 403 where somebody is who may not, 429 where it is too much.
"""

from __future__ import annotations

import secrets

from starlette.requests import Request

from fedge.core.pace import Pace
from fedge.runtime.client_certificates import client_certificate
from fedge.simulation.core5g.capif.core import CapifCore
from fedge.simulation.core5g.capif.ledger import Holder, Role
from fedge.simulation.core5g.nef.problem import Problem


class Callers:
    """``pace``: how many requests each customer and each holder of a certificate may make."""

    def __init__(self, core: CapifCore, pace: Pace) -> None:
        self._core, self._pace = core, pace

    def holder(self, request: Request, *roles: Role) -> Holder:
        """Whose certificate it is; one of these roles. 401 for a certificate that was revoked."""
        certificate = client_certificate(request.scope)
        if certificate is None:
            raise Problem(401, "UNAUTHORIZED", "a client certificate of this CAPIF core function is needed")
        found = self._core.ledger.holder(certificate)
        if found is None:
            raise Problem(401, "UNAUTHORIZED", "the client certificate was revoked, or has expired")
        self._slow_down(found.id)
        if found.role not in roles:
            raise Problem(
                403, "REQUEST_NOT_AUTHORIZED", f"is for {' and '.join(roles)}, not for {found.role}"
            )
        return found

    def own(self, request: Request, id: str, *roles: Role) -> Holder:
        """The same, and ``id`` is its own."""
        found = self.holder(request, *roles)
        if found.id != id:
            raise Problem(403, "REQUEST_NOT_AUTHORIZED", "the client certificate is another's")
        return found

    def customer(self, request: Request) -> str | None:
        """Whose onboarding credential the request bears; None where it bears none. 401 for one that is unknown."""
        scheme, _, credential = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            return None
        found = self.known(credential.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            told = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            raise Problem(401, "UNAUTHORIZED", "the onboarding credential is not valid", headers=told)
        self._slow_down(found)
        return found

    def known(self, credential: str) -> str | None:
        """The customer to whom an onboarding credential was given."""
        given = credential.encode("utf-8", "replace")
        return next(
            (
                customer
                for expected, customer in self._core.customers.items()
                if secrets.compare_digest(given, expected.encode())
            ),
            None,
        )

    def onboarding(self, request: Request) -> str:
        """The customer, who must bear its onboarding credential."""
        found = self.customer(request)
        if found is None:
            told = {"WWW-Authenticate": "Bearer"}
            raise Problem(
                401, "UNAUTHORIZED", "the onboarding credential is needed as a bearer token", headers=told
            )
        return found

    def _slow_down(self, who: str) -> None:
        wait = self._pace.wait(who, self._core.now_s())
        if wait is not None:
            told = {"Retry-After": str(wait.seconds)}
            raise Problem(429, "NF_CONGESTION_RISK", "too many requests", headers=told)
