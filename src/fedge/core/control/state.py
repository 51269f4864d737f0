"""The centre's durable state: what the journal rebuilds. One value, serialisable, changed only by decided events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from fedge.core.control.outbox import Outbox
from fedge.core.enablement import Enablement
from fedge.core.federation import Site
from fedge.core.location import Askings, Consents, Fences
from fedge.core.mobility import Move
from fedge.core.model import AppId, MoveId, Nanoseconds, SessionId, SessionKey, SiteId, UeId
from fedge.core.quality import Quality

KEPT_MOVES = 400


class Session(Struct):
    """``state``: opening, serving, closing or lost. ``top_*``: the highest number ever given out, so none is used twice.

    ``life`` counts the clients that were given this session; one that attaches without memory speaks as the latest.
    """

    session: SessionId
    key: SessionKey
    app: AppId
    ue: UeId
    site: SiteId
    epoch: int = 1
    generation: int = 1
    state: str = "opening"
    move: MoveId | None = None
    top_epoch: int = 1
    top_generation: int = 1
    life: int = 1
    opened: bool = False
    steered: bool = False
    moved_at: Nanoseconds = 0
    came_from: SiteId | None = None
    aborts: int = 0
    aborted_at: Nanoseconds = 0
    because: str = ""
    service: str = ""
    """Where a client that attaches is to send, as steering told; empty while that is not known."""
    redirected: bool = False
    """Its client is led by the SDK; else the core network leads its packets."""


class Visit(Struct):
    """A UE at an application without the SDK, which has no state for Fedge to move: ``site`` has what it opens anew.

    ``generation`` rises each time it is led elsewhere. ``left``: other sites whose gateways may have something of it.
    """

    session: SessionId
    key: SessionKey
    app: AppId
    ue: UeId
    site: SiteId
    because: str
    generation: int = 1
    moved_at: Nanoseconds = 0
    left: tuple[SiteId, ...] = ()
    came_from: SiteId | None = None


class Grant(Struct, frozen=True):
    """What a token allows: everything in one tenant's namespace; ``players``: to attach to its applications, no more.

    ``redirect_uris``: where a browser may be sent with a code for the client that this is the secret of.
    """

    tenant: str
    players: bool = False
    redirect_uris: tuple[str, ...] = ()


class State(Struct):
    sites: dict[SiteId, Site] = field(default_factory=dict)
    sessions: dict[SessionId, Session] = field(default_factory=dict)
    visits: dict[SessionId, Visit] = field(default_factory=dict)
    moves: dict[MoveId, Move] = field(default_factory=dict)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    placed: dict[AppId, dict[SiteId, int]] = field(default_factory=dict)
    placed_because: dict[AppId, str] = field(default_factory=dict)
    next_move: int = 1
    lost_sessions: int = 0
    restarted_from: dict[SiteId, int] = field(default_factory=dict)
    """How many sessions that were lost with a site have begun anew elsewhere."""
    hold_moves: bool = False
    ending: dict[str, Nanoseconds] = field(default_factory=dict)
    """Namespaces whose Tenant was deleted, since when, until something is applied in them again."""
    enablement: Enablement = field(default_factory=Enablement)
    quality: Quality = field(default_factory=Quality)
    grants: dict[str, Grant] = field(default_factory=dict)
    """By the SHA-256 of a tenant's token, in hexadecimal."""
    consents: Consents = field(default_factory=Consents)
    fences: Fences = field(default_factory=Fences)
    ended_tokens: dict[str, dict[str, Nanoseconds]] = field(default_factory=dict)
    """Access tokens of CAMARA APIs that were revoked, by client and id, until when they would have lived."""
    askings: Askings = field(default_factory=Askings)
    outbox: Outbox = field(default_factory=Outbox)
    """What clients' sinks have still to take."""

    def under_way(self) -> Iterator[Move]:
        return (move for move in self.moves.values() if not move.ended)

    def moves_at(self) -> dict[SiteId, int]:
        """How many moves each site takes part in now (the release of a source does not count)."""
        busy: dict[SiteId, int] = {}
        for move in self.under_way():
            if move.state not in ("STEERED", "CONFIRMED"):
                for site in (move.order.source, move.order.target):
                    busy[site] = busy.get(site, 0) + 1
        return busy

    def forget_old_moves(self) -> None:
        """Keep the newest ``KEPT_MOVES`` ended moves."""
        ended = [move.id for move in self.moves.values() if move.ended]
        for move in ended[:-KEPT_MOVES]:
            del self.moves[move]
