"""A request for an access token, held against what the invoker may have (TS 29.222, 8.5.4.2.6; RFC 6749, 4.4). Pure.

Who asks has shown its client certificate: the secret of the onboarding is not needed, but must be right where it is said.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping

from fedge.simulation.core5g.capif import scopes
from fedge.wire.oauth import OAuthError


def granted_scope(
    invoker: str, secret: str, form: Mapping[str, str], allowed: Callable[[], scopes.Scope]
) -> str:
    """What the token is for; all that is ``allowed`` where nothing is asked for. Raises ``OAuthError``, or as ``allowed``."""
    if not form.get("grant_type") or not form.get("client_id"):
        raise OAuthError(400, "invalid_request", "grant_type and client_id are needed")
    if form["grant_type"] != "client_credentials":
        raise OAuthError(400, "unsupported_grant_type", "only client_credentials")
    if form["client_id"] != invoker:
        raise OAuthError(401, "invalid_client", "the client certificate is another invoker's")
    given = form.get("client_secret")
    if given is not None and not hmac.compare_digest(given.encode(), secret.encode()):
        raise OAuthError(401, "invalid_client", "the secret is not the one of the onboarding")
    whole = allowed()
    if not whole:
        raise OAuthError(400, "unauthorized_client", "the security context grants nothing by OAUTH")
    asked = scopes.read(form["scope"]) if form.get("scope") else whole
    if asked is None or not asked <= whole:
        raise OAuthError(400, "invalid_scope", f"granted is {scopes.written(whole)}")
    return scopes.written(asked)
