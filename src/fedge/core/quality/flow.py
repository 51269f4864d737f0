"""Which packets a quality is for: one UE's, with a server or prefix, on some ports at either end. IPv4 only.

A studio names the address that its clients know, the application's stable one. A client that the core network does not steer is
redirected to the address of a site (`core/steering/redirect.py`): its packets carry that, and the network's filter must, too.
`carried` is that rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from typing import NamedTuple

from msgspec import Struct

from fedge.core.messages.exposure import Span
from fedge.core.model import Address, UeId


class Flow(Struct, frozen=True):
    """``server``: an IPv4 address or prefix. Ports: inclusive spans, none for all."""

    ue: UeId
    server: str
    server_ports: tuple[Span, ...] = ()
    device_ports: tuple[Span, ...] = ()


def parse_server(text: str) -> str:
    """``1.2.3.4`` or ``1.2.3.0/24``, as it is written best. Raises ``ValueError``.

    CAMARA lets host bits be set: ``1.2.3.4/24`` means 1.2.3.0 to 1.2.3.255.
    """
    address, slash, width = text.partition("/")
    if slash and not (width.isascii() and width.isdigit()):
        raise ValueError("the mask of an address is a number from 0 to 32")
    network = IPv4Network((IPv4Address(address), int(width) if slash else 32), strict=False)
    return str(network.network_address) if network.prefixlen == 32 else str(network)


def overlap(one: Flow, other: Flow) -> bool:
    """May a packet belong to both?"""
    return (
        one.ue == other.ue
        and IPv4Network(one.server).overlaps(IPv4Network(other.server))
        and _ports_overlap(one.server_ports, other.server_ports)
        and _ports_overlap(one.device_ports, other.device_ports)
    )


def _ports_overlap(one: tuple[Span, ...], other: tuple[Span, ...]) -> bool:
    if not one or not other:
        return True
    return any(a <= d and c <= b for a, b in one for c, d in other)


class Way(NamedTuple):
    """Of one session: its application's stable address, where its client sends (empty: not known), and where it may soon."""

    stable: Address
    sends_to: Address
    coming: Address = Address("")


def carried(server: str, ways: Iterable[Way]) -> tuple[str, ...]:
    """The servers that the UE's packets may carry where a studio named ``server``: that, and what else its clients send to.

    ``ways``: of each of the UE's sessions. Ports are the same at all. A client that is on its way to another site has both, so
    that its packets are served whenever it changes; it may also be called home to the stable address.
    """
    named, found = IPv4Network(server), {server: None}
    for way in ways:
        if IPv4Address(_host(way.stable)) in named:
            hosts = (_host(address) for address in (way.sends_to, way.coming) if address)
            found |= {host: None for host in hosts if IPv4Address(host) not in named}
    return tuple(found)


def _host(address: str) -> str:
    return address.rpartition(":")[0]
