"""What the operator tells by itself, as values. ``at`` is when it was so, by the operator's clock, on the clock of ``now``."""

from __future__ import annotations

from msgspec import Struct

from fedge.core.model import CellId, Nanoseconds, UeId


class Place(Struct, frozen=True):
    """``cell``: where the report names one that is on the map. Metres of the map; ``uncertainty_m``: radius of the circle."""

    ue: UeId
    at: Nanoseconds
    x_m: float
    y_m: float
    uncertainty_m: float = 0.0
    cell: CellId | None = None


class PlacesTold(Struct, frozen=True):
    """MonitoringNotification. ``ended``: the operator has cancelled the subscription (``cancelInd``)."""

    token: str
    places: tuple[Place, ...]
    ended: bool = False


class Reach(Struct, frozen=True):
    """The network can reach this UE again, or cannot. ``left``: for it has left the network, and its sessions there are over."""

    ue: UeId
    at: Nanoseconds
    reachable: bool
    left: bool = False


class ReachTold(Struct, frozen=True):
    """MonitoringNotification, as ``PlacesTold``."""

    token: str
    changes: tuple[Reach, ...]
    ended: bool = False


class CellTold(Struct, frozen=True):
    """CellChangeNotification: a handover to ``target`` is being prepared, or ``done``."""

    token: str
    ue: UeId
    at: Nanoseconds
    target: CellId
    source: CellId | None = None
    done: bool = True


class RadioTold(Struct, frozen=True):
    """MeasRepUeNotification or NrMeasRepUeNotification: the serving cell and its signal; None: not said."""

    token: str
    ue: UeId
    at: Nanoseconds
    cell: CellId
    signal_dbm: float | None = None


class FlowTold(Struct, frozen=True):
    """UserPlaneNotificationData: ``events`` in the order in which they are reported.

    ``subscription``: of which they are told; empty: it does not say.
    """

    token: str
    events: tuple[str, ...]
    subscription: str = ""


class Expiring(Struct, frozen=True):
    """ExpiryNotification (MEC 012): it ends soon."""

    token: str
    lasts_s: float


class Channelled(Struct, frozen=True):
    """A subscription's websocket is open, or is not any more."""

    token: str
    up: bool


class Strange(Struct, frozen=True):
    """A notification about nobody and nothing that is known: counted, by ``why``."""

    token: str
    why: str


Notice = PlacesTold | ReachTold | CellTold | RadioTold | FlowTold | Expiring | Channelled | Strange
