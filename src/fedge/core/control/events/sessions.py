"""A session begins, is found again by its client, and ends."""

from __future__ import annotations

from fedge.core.control.events.request import RequestId
from fedge.core.messages import Message
from fedge.core.model import AppId, SessionId, SessionKey, SiteId, UeId


class AskedAttach(Message, frozen=True):
    """``key``: random, used if a session is to be opened."""

    request: RequestId
    app: AppId
    ue: UeId
    key: SessionKey


class AskedClose(Message, frozen=True):
    request: RequestId
    session: SessionId


class SessionPlaced(Message, frozen=True):
    session: SessionId
    key: SessionKey
    app: AppId
    ue: UeId
    site: SiteId
    because: str


class ClientAttached(Message, frozen=True):
    """A client found its session: what it says counts from now on as a life of its own, if it has no memory of another."""

    request: RequestId
    session: SessionId


class SessionClosing(Message, frozen=True):
    session: SessionId


class EpochRaised(Message, frozen=True):
    """The client refuses ``epoch``, and its source is released: the copy goes on under the next number."""

    session: SessionId
    epoch: int
