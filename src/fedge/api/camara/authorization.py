"""Whose token it is: a client, its tenant, the scopes it was given and, three-legged, the device that it speaks for."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

from msgspec import Struct
from starlette.requests import Request

from fedge.api.admin.callers import digest_of
from fedge.api.camara.errors import CamaraError
from fedge.core.control.state import State
from fedge.core.model import UeId

EVERY_SCOPE = frozenset({"*"})


class Grant(Struct, frozen=True):
    """``tenant`` None: the operator. ``ue``: the subject of a three-legged token, None of a two-legged one."""

    client: str
    tenant: str | None
    scopes: frozenset[str]
    ue: UeId | None = None


def authorization(token: str, state: Callable[[], State]) -> Callable[[Request, str], Awaitable[Grant]]:
    """``token``: the operator's. Raises ``CamaraError`` 401 or 403."""

    async def granted(request: Request, scope: str) -> Grant:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        given = given.strip()
        if scheme.lower() != "bearer" or not given:
            raise CamaraError(401, "UNAUTHENTICATED", "this call needs a token: Authorization: Bearer …")
        if hmac.compare_digest(given.encode(), token.encode()):
            return Grant("operator", None, EVERY_SCOPE)
        known = state().grants.get(digest_of(given))
        if known is None:
            raise CamaraError(401, "UNAUTHENTICATED", "the token is unknown, or has expired")
        if known.players:
            raise CamaraError(403, "PERMISSION_DENIED", f"the token does not allow {scope}")
        return Grant(known.tenant, known.tenant, EVERY_SCOPE)

    return granted
