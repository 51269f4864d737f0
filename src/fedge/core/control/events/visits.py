"""A UE comes to an application without the SDK, is led elsewhere, and goes."""

from __future__ import annotations

from fedge.core.control.events.request import RequestId
from fedge.core.messages import Message
from fedge.core.model import AppId, SessionId, SessionKey, SiteId, UeId


class VisitBegan(Message, frozen=True):
    """A UE comes to an application without the SDK. ``request`` 0: nobody asked, a gateway heard it."""

    request: RequestId
    session: SessionId
    key: SessionKey
    app: AppId
    ue: UeId
    site: SiteId
    because: str


class VisitLed(Message, frozen=True):
    """From now on ``site`` has what the UE opens anew. ``cause``: as of a move. ``request`` 0: nobody asked."""

    session: SessionId
    site: SiteId
    cause: str
    because: str
    request: RequestId = 0


class VisitEnded(Message, frozen=True):
    session: SessionId
    because: str


class VisitCleared(Message, frozen=True):
    """The gateway of ``site``, which the visit was led away from, has had nothing of it for a while: it need not lead it."""

    session: SessionId
    site: SiteId


class VisitStrayed(Message, frozen=True):
    """Its UE uses the gateway of ``site``, which is neither where it should be nor leads it there: it shall."""

    session: SessionId
    site: SiteId
