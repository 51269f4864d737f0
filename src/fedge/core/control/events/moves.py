"""A move is ordered, planned, waits for a handover, and is given up or late. What its two agents say is in ``core.messages``."""

from __future__ import annotations

from fedge.core.control.events.request import RequestId
from fedge.core.messages import Message, MoveOrder
from fedge.core.model import MoveId, SessionId, SiteId


class AskedMove(Message, frozen=True):
    request: RequestId
    session: SessionId
    to: SiteId


class AskedHold(Message, frozen=True):
    request: RequestId
    hold: bool


class MovesHeld(Message, frozen=True):
    """No move is begun unless a person or a drain orders it."""

    hold: bool


class MovePlanned(Message, frozen=True):
    order: MoveOrder
    gain_ms: float
    reason: str
    ordered: bool = False
    hold: bool = False
    access: str = ""


class HandoverDone(Message, frozen=True):
    """The handover that the move was held for has happened; the UE is on ``access`` now."""

    move: MoveId
    access: str = ""


class MoveExpired(Message, frozen=True):
    """Not yet begun, and not to be begun."""

    move: MoveId
    reason: str


class MoveOverdue(Message, frozen=True):
    move: MoveId


class MoveWaived(Message, frozen=True):
    """Its client left, or came back without its memory: nothing will confirm the move any more, and nothing needs to."""

    move: MoveId
    reason: str
