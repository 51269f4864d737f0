"""What session management hears from the exposure function, and what it has done: events in, effects out.

The other events are messages of the user plane (``core.messages.user_plane``) and the access network (``HandoverPredicted``,
``CellChanged``). Nothing here crosses a process boundary.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from fedge.core.messages import Message
from fedge.core.model import Address, Nanoseconds, SiteId, UeId

Stage = Literal["EARLY", "LATE"]
Outcome = Literal["done", "unknown", "over", "contradicted", "failed", "delayed"]
"""How an acknowledgement is answered. ``over``: nobody waits for it any more; ``delayed``: the network has not answered yet."""


class Route(Struct, frozen=True):
    """A place where traffic may leave the network (RouteToLocation): its DNAI, and the far end of N6 there."""

    site: SiteId
    n6: Address


class Influence(Struct, frozen=True):
    """What one subscription asks for. ``ue`` None: every UE. Said again with the same ``id`` it replaces what was asked.

    ``early``, ``late``: which notifications are wanted; ``ack``: wait for their acknowledgement. ``relocatable``: the network
    itself may choose another place later. ``linger``: how long the old path stays after a switch (simConnTerm).
    """

    id: str
    service: Address
    ue: UeId | None
    routes: tuple[Route, ...]
    early: bool = False
    late: bool = False
    ack: bool = False
    relocatable: bool = True
    linger: Nanoseconds = 0


class InfluenceEnded(Struct, frozen=True):
    id: str


class Acknowledged(Struct, frozen=True):
    """The application function's word on a notification. ``refusal`` is empty for SUCCESS; ``n6`` replaces the route's end.

    ``request`` names the HTTP request that waits for the ``AnswerAck``.
    """

    request: int
    transaction: str
    refusal: str = ""
    n6: Address | None = None


class UpfLost(Struct, frozen=True):
    """The link to a site's user plane function is down."""

    site: SiteId


class RanLost(Struct, frozen=True):
    """The link to the access network is down."""


Event = Message | Influence | InfluenceEnded | Acknowledged | UpfLost | RanLost


class ToUpf(Struct, frozen=True):
    site: SiteId
    message: Message


class ToRan(Struct, frozen=True):
    message: Message


class Notify(Struct, frozen=True):
    """Tell the application function. ``transaction`` empty: no acknowledgement is waited for. ``source`` None: the first path."""

    influence: str
    transaction: str
    stage: Stage
    ue: UeId
    source: Route | None
    target: Route


class AnswerAck(Struct, frozen=True):
    request: int
    outcome: Outcome


class Path(Struct, frozen=True):
    """A flow's way through the user plane function of ``site``: its N6 far end, and the tunnel's two ends on N3."""

    site: SiteId
    n6: Address
    teid_up: int
    teid_down: int


class Held(Struct, frozen=True):
    """What a restart of session management must find again: the chosen path, its switch number, and paths that are to be removed.

    ``influence``: whose the path is. A target that is not chosen yet is among ``retiring``: a restart drops the change.
    """

    ue: UeId
    service: Address
    influence: str
    path: Path | None
    number: int
    retiring: tuple[Path, ...] = ()


class Remember(Struct, frozen=True):
    """Put on disk before any later effect is carried out. ``held`` None: forget the flow."""

    ue: UeId
    service: Address
    held: Held | None


Effect = ToUpf | ToRan | Notify | AnswerAck | Remember
