"""Inside the simulated 5G system: session management ↔ user plane functions (N4) and ↔ radio access network (N2).

These are direct calls between our own simulated programs: neither PFCP (TS 29.244) nor NGAP (TS 38.413) is emulated, only what
they achieve. Fedge itself never sees them: it talks to the core network by NEF Traffic Influence and by N6. A *flow* is one UE's
traffic with one application's stable address (``service``); a *path* is that flow's way through the user plane function of one
site (``site`` is its DNAI). Session management allocates the tunnel end ids of both ends.
"""

from __future__ import annotations

from msgspec import Struct

from fedge.core.messages.order import Message
from fedge.core.model import Address, CellId, Nanoseconds, SiteId, UeId


class UpfHello(Message, frozen=True):
    """A user plane function is there (again), knowing nothing. ``n3``: where it takes GTP-U."""

    site: SiteId
    n3: Address


class InstallTunnel(Message, frozen=True):
    """To a user plane function: this flow may pass, up to the edge data gateway at ``n6`` and down to the base station ``gnb``.

    ``ue_address``: the UE's IPv4 address; ``teid_up`` is the function's own end, ``teid_down`` the base station's;
    ``qfi``: the QoS flow (TS 38.415).
    """

    ue: UeId
    ue_address: str
    service: Address
    teid_up: int
    teid_down: int
    gnb: Address
    n6: Address
    qfi: int


class TunnelInstalled(Message, frozen=True):
    site: SiteId
    teid_up: int


class EndTunnel(Message, frozen=True):
    """The uplink goes another way now: send an End Marker (TS 29.281, 7.3.2) down; stragglers may still pass both ways."""

    teid_up: int


class RemoveTunnel(Message, frozen=True):
    teid_up: int


class InstallPath(Message, frozen=True):
    """To the access network: a path of this flow, both directions usable, not yet chosen for the uplink."""

    ue: UeId
    service: Address
    site: SiteId
    n3: Address
    teid_up: int
    teid_down: int
    qfi: int


class SwitchPath(Message, frozen=True):
    """To the access network: the flow's uplink takes the path through ``site`` from now on. ``number`` rises with each switch."""

    ue: UeId
    service: Address
    site: SiteId
    number: int


class PathSwitched(Message, frozen=True):
    ue: UeId
    service: Address
    site: SiteId
    number: int
    at: Nanoseconds


class RemovePath(Message, frozen=True):
    ue: UeId
    service: Address
    site: SiteId


class Subscriber(Struct, frozen=True):
    """A UE as the core network knows it: ``gpsi`` (TS 29.571, ``msisdn-…``), its IPv4 address, the access it is attached by."""

    ue: UeId
    gpsi: str
    ipv4: str
    kind: str


class RanHello(Message, frozen=True):
    """The access network is there (again). ``n3``: where it takes GTP-U; ``subscribers``: who is attached."""

    n3: Address
    subscribers: tuple[Subscriber, ...]


class PacketFilter(Struct, frozen=True):
    """Which packets of a UE, both ways: those of this conversation. ``protocol``: UDP, TCP, or empty for both.

    ``server``: the IPv4 address on the other side of N6, or a prefix; ``ports``: inclusive spans there, none for all;
    ``ue_ports``: the same at the UE.
    """

    server: str
    ports: tuple[tuple[int, int], ...] = ()
    protocol: str = ""
    ue_ports: tuple[tuple[int, int], ...] = ()


class Quality(Struct, frozen=True):
    """What a QoS flow is promised (TS 23.501, 5.7): its 5QI, guaranteed, most kbit/s each way (0: none), delay budget in ms."""

    five_qi: int
    guaranteed_up_kbit_s: int = 0
    guaranteed_down_kbit_s: int = 0
    most_up_kbit_s: int = 0
    most_down_kbit_s: int = 0
    delay_ms: float = 0.0


class InstallQos(Message, frozen=True):
    """To the access network: give these packets of the UE a QoS flow of their own. The same ``flow`` again replaces it."""

    flow: str
    ue: UeId
    filters: tuple[PacketFilter, ...]
    quality: Quality


class QosInstalled(Message, frozen=True):
    """The cell has room for it and serves it so from now on."""

    flow: str
    ue: UeId


class QosRefused(Message, frozen=True):
    """Not served: ``reason`` is a FailureCode of TS 29.512, such as RES_ALLO_FAIL; an earlier flow of that name is as it was."""

    flow: str
    ue: UeId
    reason: str


class QosFulfilled(Message, frozen=True):
    """Notification control (TS 23.501, 5.7.2.4): the guaranteed rate of a flow can be kept no longer, or can again."""

    flow: str
    ue: UeId
    fulfilled: bool


class RemoveQos(Message, frozen=True):
    flow: str
    ue: UeId


class Neighbour(Struct, frozen=True, gc=False):
    """These come by tens of thousands, and hold nothing that could hold them: the garbage collector need not look."""

    cell: CellId
    rsrp_dbm: float


class UeMeasured(Struct, frozen=True, gc=False):
    """A UE's place and radio at one instant. ``neighbours``: the strongest first."""

    ue: UeId
    x_m: float
    y_m: float
    cell: CellId
    kind: str
    rsrp_dbm: float
    neighbours: tuple[Neighbour, ...] = ()


class CellLoad(Struct, frozen=True, gc=False):
    """A cell in the last second: share of its capacity in use (0 to 1), its UEs' bytes, mean wait in the shared queue in ms."""

    cell: CellId
    ues: int
    used_up: float
    used_down: float
    bytes_up: int = 0
    bytes_down: int = 0
    wait_up_ms: float = 0.0
    wait_down_ms: float = 0.0


class RadioMeasured(Message, frozen=True):
    """From the access network to the core network's control side, some times a second: all UEs; once a second cells too.

    What the exposure function (location) and the radio network information service (signal, load) answer from.
    """

    at: Nanoseconds
    ues: tuple[UeMeasured, ...]
    cells: tuple[CellLoad, ...] = ()
