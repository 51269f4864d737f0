"""Inside the simulated 5G system: session management ↔ user plane functions (N4) and ↔ radio access network (N2).

These are direct calls between our own simulated programs: neither PFCP (TS 29.244) nor NGAP (TS 38.413) is emulated, only what
they achieve. Fedge itself never sees them: it talks to the core network by NEF Traffic Influence and by N6. A *flow* is one UE's
traffic with one application's stable address (``service``); a *path* is that flow's way through the user plane function of one
site (``site`` is its DNAI). Session management allocates the tunnel end ids of both ends.
"""

from __future__ import annotations

from msgspec import Struct

from fedge.core.messages.order import Message
from fedge.core.model import Address, Nanoseconds, SiteId, UeId


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
