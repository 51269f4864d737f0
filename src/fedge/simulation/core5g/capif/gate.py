"""What the exposure function asks CAPIF about a caller: ``nef.access.Gate``. One AEF, with the registry at hand.

A token or a certificate that was good when it was issued opens nothing once its invoker is offboarded, its certificate replaced,
or the authorisation revoked: each call is held against the registry.
"""

from __future__ import annotations

from collections.abc import Callable

from fedge.simulation.core5g.capif import scopes, tokens
from fedge.simulation.core5g.capif.contexts import OAUTH, PKI, Contexts
from fedge.simulation.core5g.capif.invokers import Invokers
from fedge.simulation.core5g.capif.ledger import Holder, Ledger
from fedge.simulation.core5g.nef.access import insufficient_scope, invalid_token
from fedge.simulation.core5g.nef.problem import Problem


class Gate:
    """``aef``: the exposing function that asks. ``now_s()``: Unix seconds."""

    def __init__(
        self,
        aef: str,
        ledger: Ledger,
        invokers: Invokers,
        contexts: Contexts,
        signatures: tokens.Signatures,
        now_s: Callable[[], float],
    ) -> None:
        self._aef, self._ledger, self._invokers, self._contexts = aef, ledger, invokers, contexts
        self._signatures, self._now_s = signatures, now_s

    def by_token(self, token: str, certificate: str | None, api: str) -> str | None:
        if not tokens.ours(token):
            return None
        claims = self._signatures.read(token)
        if claims is None:
            raise invalid_token()
        if claims.exp <= self._now_s():
            raise invalid_token("the token has expired")
        if certificate is None:
            raise invalid_token("the token is bound to a client certificate, and none was shown")
        holder = self._holder(certificate)
        if holder.id != claims.iss or tokens.bound_to(holder.thumbprint) != claims.cnf:
            raise invalid_token("the token is bound to another client certificate")
        if (self._aef, api) not in (scopes.read(claims.scope) or ()):
            raise insufficient_scope(api)
        return self._customer(holder, api, OAUTH)

    def by_certificate(self, certificate: str, api: str) -> str:
        return self._customer(self._holder(certificate), api, PKI)

    def _holder(self, certificate: str) -> Holder:
        holder = self._ledger.holder(certificate)
        if holder is None or holder.role != "invoker":
            raise Problem(401, "UNAUTHORIZED", "the certificate is no API invoker's, or was revoked")
        return holder

    def _customer(self, holder: Holder, api: str, method: str) -> str:
        invoker = self._invokers.get(holder.id)
        if invoker is None:
            raise Problem(401, "UNAUTHORIZED", "the API invoker is not onboarded")
        for grant in self._contexts.granted(holder.id):
            if (grant.aef, grant.name, grant.method) == (self._aef, api, method):
                return invoker.customer
        reason = f"the API invoker's security context does not grant {api} by {method}, or no longer"
        raise Problem(403, "REQUEST_NOT_AUTHORIZED", reason)
