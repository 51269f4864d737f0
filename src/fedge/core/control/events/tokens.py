"""Who may ask: tenants' tokens, and access tokens that end before their time."""

from __future__ import annotations

from fedge.core.control.events.request import RequestId
from fedge.core.messages import Message
from fedge.core.model import Nanoseconds


class AskedToken(Message, frozen=True):
    """``digest``: SHA-256 of the new token, in hexadecimal; empty: the tenant's tokens end. ``players``: it may only attach.

    ``redirect_uris`` None: those that the token before it had.
    """

    request: RequestId
    tenant: str
    digest: str = ""
    players: bool = False
    redirect_uris: tuple[str, ...] | None = None


class TokenIssued(Message, frozen=True):
    """It ends the tenant's token of the same kind."""

    tenant: str
    digest: str
    players: bool = False
    redirect_uris: tuple[str, ...] = ()


class TokensRevoked(Message, frozen=True):
    tenant: str


class AskedTokenEnd(Message, frozen=True):
    """Revoke the client's access token with this id, which would have ended at ``until``."""

    request: RequestId
    client: str
    token: str
    until: Nanoseconds


class AccessTokenEnded(Message, frozen=True):
    """Not to be accepted any more; forgotten once it would have ended by itself."""

    client: str
    token: str
    until: Nanoseconds
