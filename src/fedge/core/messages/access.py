"""Control plane ↔ access network: cells, UEs and measured figures. Control plane ↔ steering: routes."""

from __future__ import annotations

from msgspec import Struct, field

from fedge.core.messages.order import Message
from fedge.core.model import Address, AppId, CellId, Nanoseconds, SessionId, SessionKey, SiteId, UeId


class Cell(Struct, frozen=True):
    """``kind``: nr, nsa, lte or wifi. ``site``: the nearest in the network. ``path_rtt_ms``: expected round trip to each site."""

    cell: CellId
    kind: str
    x_m: float
    y_m: float
    radius_m: float
    site: SiteId
    path_rtt_ms: dict[SiteId, float] = {}


class InstallRoute(Message, frozen=True):
    """Keep generation ``generation`` of the session's route ready, inactive. Said when its site is warm.

    ``leads``, after a restart: this generation was reported active before, so the traffic goes there unless somebody forgot.
    ``redirected``: it was the client that was led there, wherever the core leads.
    ``access``: the kind of the UE's cell as the control plane saw it; empty: it does not say. ``top``: the highest
    generation that the session was ever given.
    """

    session: SessionId
    key: SessionKey
    ue: UeId
    generation: int
    site: SiteId
    gateway: Address
    app: AppId = AppId("")
    leads: bool = False
    access: str = ""
    top: int = 0
    redirected: bool = False


class ActivateRoute(Message, frozen=True):
    session: SessionId
    key: SessionKey
    generation: int


class RemoveRoute(Message, frozen=True):
    session: SessionId
    key: SessionKey


class WithdrawRoute(Message, frozen=True):
    """The move for which this generation was (or would have been) installed is given up: the path that is used is kept."""

    session: SessionId
    key: SessionKey
    generation: int
    site: SiteId


class PathChangeAsked(Message, frozen=True):
    """The core network wants to lead this session's traffic to ``site``.

    ``InstallRoute`` for that site is the yes, ``DeclinePath`` the no.
    """

    session: SessionId
    ue: UeId
    site: SiteId


class DeclinePath(Message, frozen=True):
    """``why``: congestion, not allowed, or other."""

    session: SessionId
    key: SessionKey
    site: SiteId
    why: str


class RouteRefused(Message, frozen=True):
    """The core network will not lead the traffic there: the session is best served where it is."""

    session: SessionId
    generation: int
    reason: str


class RoutesForgotten(Message, frozen=True):
    """Whoever installs routes has started and knows none: say them all."""


class RoutesTold(Message, frozen=True):
    """After ``RoutesForgotten``: those were all routes."""


class RouteStatus(Struct, frozen=True):
    key: SessionKey
    active: int
    installed: int


class AccessHello(Message, frozen=True):
    """The map: a rectangle of local metres, x to the east and y to the north of its south-west corner, and the cells in it.

    ``origin``: latitude and longitude (WGS 84) of that corner.
    """

    width_m: float
    height_m: float
    cells: tuple[Cell, ...]
    routes: tuple[RouteStatus, ...]
    origin: tuple[float, float] | None = None


class RouteInstalled(Message, frozen=True):
    session: SessionId
    generation: int


class RouteActivated(Message, frozen=True):
    """``service``: where a client that attaches from now on is to send; empty: to the application's stable address.

    ``redirected``: the client is led there by the SDK; else the core network leads its packets.
    """

    session: SessionId
    generation: int
    at: Nanoseconds
    service: Address = Address("")
    redirected: bool = False


class UeSighting(Struct, frozen=True):
    """Where a UE is and what its radio is worth: ``radio_rtt_ms`` is the expected round trip to its cell.

    ``place_at``: of when its place is, 0: of the sighting's instant; ``uncertainty_m``: radius of the circle in which it is.
    """

    ue: UeId
    x_m: float
    y_m: float
    cell: CellId
    kind: str
    signal_dbm: float
    radio_rtt_ms: float
    place_at: Nanoseconds = 0
    uncertainty_m: float = 0.0


class UesSighted(Message, frozen=True):
    """What is new of some UEs, several times a second; never journaled."""

    at: Nanoseconds
    ues: tuple[UeSighting, ...]


class CellFigures(Struct, frozen=True):
    """How full a cell is: shares of its capacity in use, 0 to 1.

    ``queue_ms``: what a packet without a guaranteed rate waits in its queues, up and down together; None: not known.
    """

    cell: CellId
    used_up: float
    used_down: float
    queue_ms: float | None = None


class CellsMeasured(Message, frozen=True):
    """All cells of which something is known, once a second."""

    at: Nanoseconds
    cells: tuple[CellFigures, ...]


class HandoverPredicted(Message, frozen=True):
    """A measurement report says that this UE is about to change to ``cell``."""

    ue: UeId
    cell: CellId
    at: Nanoseconds


class CellChanged(Message, frozen=True):
    """The UE is attached to ``cell``; the radio was silent for ``gap_ms``."""

    ue: UeId
    cell: CellId
    previous: CellId | None
    kind: str
    radio_rtt_ms: float
    gap_ms: float
    at: Nanoseconds


class ReachabilityChanged(Message, frozen=True):
    """The network can reach this UE no more, or can again. ``left``: it has left the network, and its sessions there are over."""

    ue: UeId
    reachable: bool
    at: Nanoseconds
    left: bool = False


class WriterChanged(Message, frozen=True):
    """A second ago the first frame of a higher epoch entered the UE's downlink.

    ``gap_ms``: the longest stretch without a new tick there, from 250 ms before the old writer's last until now; one tick
    period of it is as things should be.
    """

    ue: UeId
    epoch: int
    gap_ms: float
    at: Nanoseconds


class HopFigures(Message, frozen=True):
    """Medians of the last second over all UEs, in ms, and the relay's own error.

    ``acknowledged``, ``lost``: inputs by UE, where there are any, since the instrument started: how many frames acknowledged, and
    how many of those a newer frame no longer did.
    """

    at: Nanoseconds
    radio_ms: float
    backhaul_ms: float
    gateway_ms: float
    server_ms: float
    relay_error_p99_ms: float
    ue_rtt_ms: dict[UeId, float] = field(default_factory=dict)
    acknowledged: dict[UeId, int] = field(default_factory=dict)
    lost: dict[UeId, int] = field(default_factory=dict)
