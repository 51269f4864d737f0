"""What the two ends of a transfer, and the site agent around them, ask the shell to do. Each is safe to run twice."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from fedge.core.messages import Message
from fedge.core.model import InstanceId, SessionKey, SiteId


class Flow(StrEnum):
    """Where the data gateway sends a session's uplink."""

    LOCAL = "local"  # to the instance here
    HOLD = (
        "hold"  # kept (bounded); also shown to the stopped copy here, which must hear the client's promises
    )
    EARLY = "early"  # kept (bounded) until the copy here is the writer
    FORWARD = "forward"  # on to the peer, once, at a higher generation


class TellControl(Struct, frozen=True):
    message: Message


class TellPeer(Struct, frozen=True):
    site: SiteId
    message: Message


class TellInstance(Struct, frozen=True):
    instance: InstanceId
    message: Message


class SetFlow(Struct, frozen=True):
    """``epoch``: frames below it are dropped. ``peer`` for FORWARD, ``instance`` for the others."""

    key: SessionKey
    flow: Flow
    generation: int
    epoch: int
    instance: InstanceId | None = None
    peer: SiteId | None = None


class ClearFlow(Struct, frozen=True):
    key: SessionKey
    epoch: int


Effect = TellControl | TellPeer | TellInstance | SetFlow | ClearFlow
