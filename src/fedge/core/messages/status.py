"""What a site holds, as it says so: session copies and instances."""

from __future__ import annotations

from msgspec import Struct

from fedge.core.messages.order import MoveOrder
from fedge.core.model import AppId, InstanceId, SessionId, SessionKey, UeId


class SessionStatus(Struct, frozen=True):
    """One copy of a session at a site. ``state``: opening, serving, handed_over, restoring, void, gone."""

    session: SessionId
    key: SessionKey
    ue: UeId
    app: AppId
    epoch: int
    state: str
    generation: int
    tick: int = 0
    order: MoveOrder | None = None
    uplink_seen: int = 0
    """The highest generation at which this gateway heard the UE straight from the user plane."""


class InstanceStatus(Struct, frozen=True):
    instance: InstanceId
    app: AppId
    state: str
    """starting, ready, failed"""
    sessions: int
    capacity: int
    schema: str = ""
    restarts: int = 0
    reason: str = ""
    plain: bool = False
    """It does not speak the SDK's contract: it has no sessions, and ``sessions`` are its connections, or UEs."""
