"""The base of all messages, and the one order that both ends of a move are given."""

from __future__ import annotations

from msgspec import Struct

from fedge.core.model import AppId, MoveId, Nanoseconds, SessionId, SessionKey, SiteId, UeId


class Message(Struct, frozen=True, tag=True):
    """Base of all messages; the tag ``type`` is the class name."""


class MoveOrder(Struct, frozen=True):
    """What both agents need to carry a move out alone: who, from where to where, under which numbers, until when.

    ``epoch`` is the target's; the source may resume as ``epoch + 1``. ``deadline`` bounds everything before ACTIVATED.
    """

    move: MoveId
    session: SessionId
    key: SessionKey
    ue: UeId
    app: AppId
    schema: str
    source: SiteId
    target: SiteId
    epoch: int
    generation: int
    deadline: Nanoseconds
    cause: str = "handover"
