"""An application's address in the access network, and the UEs' sockets that send to it, each with what all its packets need.

Beside ``packet_path``, whose hot path looks a packet's source up here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping

from fedge.simulation.bearers import Ue
from fedge.simulation.gnb import Flow
from fedge.simulation.n3 import Endpoint
from fedge.simulation.stamped import StampedUdp
from fedge.wire import ip


class Sender:
    """A UE's socket that sends to one application. ``packets``: what they are in IP; ``flow``: once it has a path."""

    __slots__ = ("flow", "packets", "service", "ue")

    def __init__(self, ue: Ue, own: Endpoint, service: Endpoint) -> None:
        self.ue, self.service = ue, service
        self.packets = ip.Udp4(own, service)
        self.flow: Flow | None = None


class Application:
    """An application's address, as UEs send to it. ``senders``: by address, at most one a UE. Raises ``OSError``."""

    def __init__(self, address: Endpoint) -> None:
        self.udp = StampedUdp(address)
        self.senders: dict[Endpoint, Sender] = {}

    def new_sender(self, address: Endpoint, ues: Mapping[str, Ue]) -> Sender | None:
        """A UE's socket that has not sent here before; it takes the place of the one that did. None: no UE has this address."""
        ue, service = ues.get(address[0]), self.udp.address
        if ue is None:
            return None
        self.senders.pop(ue.heard.get(service, address), None)
        ue.heard[service] = address
        sender = self.senders[address] = Sender(ue, address, service)
        return sender
