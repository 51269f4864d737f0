"""The scopes of the CAMARA APIs as their definitions name them, and the text in which a client asks for some (RFC 6749, 3.3).

With the scopes a client may name one purpose (CAMARA Identity and Consent Management): ``dpv:`` and a term of W3C's Data Privacy
Vocabulary.
"""

from __future__ import annotations

from msgspec import Struct

from fedge.core.location import NETWORK_OPERATION, OPERATOR, RETRIEVE
from fedge.core.location.consent import LONGEST_PURPOSE
from fedge.wire.oauth import OAuthError

GEOFENCING = "geofencing-subscriptions"
_EVENT = f"{GEOFENCING}:org.camaraproject.{GEOFENCING}.v0"
VERIFY = "location-verification:verify"
ENTERED, LEFT = f"{_EVENT}.area-entered:create", f"{_EVENT}.area-left:create"
FENCES_READ, FENCES_DELETE = f"{GEOFENCING}:read", f"{GEOFENCING}:delete"

ATTACH = "fedge:attach"
"""Not CAMARA's: to begin or continue a session of the tenant's games as this device (``spec.attach: proof`` of a Tenant)."""

LOCATION = frozenset({VERIFY, RETRIEVE, ENTERED, LEFT})
"""Whoever uses these learns where a device is: they need its subscriber's consent."""
SCOPES = LOCATION | {
    FENCES_READ,
    FENCES_DELETE,
    ATTACH,
    "simple-edge-discovery:read",
    "qos-profiles:read",
    "quality-on-demand:sessions:create",
    "quality-on-demand:sessions:read",
    "quality-on-demand:sessions:update",
    "quality-on-demand:sessions:delete",
    "quality-on-demand:sessions:retrieve-by-device",
}
PURPOSE = "dpv:"


class AskedScopes(Struct, frozen=True):
    scopes: frozenset[str]
    purpose: str = ""
    openid: bool = False


def scopes_of(text: str) -> AskedScopes:
    """What a client asks for; empty where it names none. Raises ``OAuthError``."""
    words = set(text.split())
    purposes = sorted(word for word in words if word.startswith(PURPOSE))
    scopes = frozenset(words - {"openid"} - set(purposes))
    if any(len(one) > LONGEST_PURPOSE for one in purposes):
        raise OAuthError(400, "invalid_scope", f"a purpose has at most {LONGEST_PURPOSE} characters")
    if len(purposes) > 1 or PURPOSE in purposes:
        raise OAuthError(400, "invalid_scope", "one purpose, dpv: and a term, may be named")
    if scopes - SCOPES:
        raise OAuthError(400, "invalid_scope", f"unknown: {' '.join(sorted(scopes - SCOPES))[:200]}")
    return AskedScopes(scopes, purposes[0] if purposes else "", "openid" in words)


def permitted(client: str, asked: AskedScopes) -> AskedScopes:
    """The same, if this client may ask for it. Raises ``OAuthError``."""
    if asked.purpose == NETWORK_OPERATION and client != OPERATOR:
        raise OAuthError(400, "invalid_scope", f"{NETWORK_OPERATION} is the operator's purpose")
    return asked
