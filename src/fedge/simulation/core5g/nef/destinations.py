"""Where notifications may go: only to addresses inside the allowed networks. Pure.

A destination is written by somebody outside the core. It must name its host as an IP address, so that no name look-up decides, at
another time than the check, where a request of the core's goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.0/8", "::1/128")


def objection(url: str, networks: Sequence[str] = LOOPBACK) -> str | None:
    """Why no request may go to ``url``; None where it may."""
    if any(ord(letter) <= 0x20 or ord(letter) > 0x7E or letter == "\\" for letter in url):
        return "is no URI"
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        return "is no URI"
    if parts.scheme not in ("https", "http"):
        return "must be an https or http URI"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "must have neither user information nor a fragment"
    if not host or port == 0:
        return "names no host and port that can be reached"
    try:
        address: IPv4Address | IPv6Address = ip_address(host)
    except ValueError:
        return "must name its host as an IP address"
    if not allowed(address, networks):
        return "is outside the networks that notifications may go to"
    return None


def allowed(address: IPv4Address | IPv6Address, networks: Sequence[str]) -> bool:
    """Is it in one of the networks, itself or as the IPv4 address that it stands for?"""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return any((mapped or address) in ip_network(network) for network in networks)
