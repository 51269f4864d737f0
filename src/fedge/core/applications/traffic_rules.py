"""The traffic and DNS rules of an application, derived from its manifests; and which rule a packet falls under.

Rules have no create operation (ETSI GS MEC 011, 7.2.7): they come from the deployed Service, `rules_of` and `dns_rules_of`; the
API reads them and changes what they do. `matching` is what a gateway asks for the first packet of a flow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, ip_network

from fedge.core.applications.application import Application
from fedge.core.messages.traffic import (
    Action,
    DestinationInterface,
    DnsRule,
    RuleState,
    TrafficFilter,
    TrafficRule,
)
from fedge.core.model import Address

__all__ = [
    "Action",
    "DestinationInterface",
    "DnsRule",
    "RuleState",
    "TrafficFilter",
    "TrafficRule",
    "dns_rules_of",
    "forwards",
    "matching",
    "rules_of",
    "served",
    "wrong_in",
]

DOMAIN = "fedge.internal"
"""Top-level name that ICANN keeps for private use (resolution of 29 July 2024)."""
DERIVED_PRIORITY = 128
"""In the middle of MEC 011's range, so that an update can put a rule before or behind it."""
FORWARDING: frozenset[Action] = frozenset(("FORWARD_DECAPSULATED", "PASSTHROUGH"))

Endpoint = tuple[str, int]
_Span = tuple[int, int]


def rules_of(application: Application, address: Address, *others: Address) -> tuple[TrafficRule, ...]:
    """One rule a port of the application's Service: what is sent to its stable ``address`` goes to its instances.

    What is sent to one of the ``others``, the sites' own, does so too. No Service, no rule.
    """
    host = address.rpartition(":")[0]
    hosts = (host, *(other.rpartition(":")[0] for other in others))
    return tuple(
        TrafficRule(
            traffic_rule_id=f"{application.app}-{protocol.lower()}-{port}",
            filter_type="FLOW",
            priority=DERIVED_PRIORITY,
            traffic_filter=(
                TrafficFilter(
                    dst_address=hosts,
                    dst_port=_ports_of(application, index, address.rpartition(":")[2]),
                    protocol=(protocol,),
                ),
            ),
            action="FORWARD_DECAPSULATED",
            state="ACTIVE",
            dst_interface=DestinationInterface("IP"),
        )
        for index, (protocol, port) in enumerate(application.ports)
    )


def _ports_of(application: Application, index: int, shared: str) -> tuple[str, ...]:
    """The ``shared`` port of the stable address is where the first UDP port of every application is, for sessions tell themselves
    apart. An application without a state schema has the manifest's port too, as every TCP port and every further one has.
    """
    protocol, port = application.ports[index]
    if index or protocol == "TCP":
        return (str(port),)
    return (shared,) if application.schema or str(port) == shared else (shared, str(port))


def dns_rules_of(application: Application, address: Address) -> tuple[DnsRule, ...]:
    """``arena.default.fedge.internal`` is the stable address of the Service ``arena``. No Service, no rule."""
    if not application.service:
        return ()
    name = f"{application.service}.{application.namespace}.{DOMAIN}"
    host = address.rpartition(":")[0]
    return (DnsRule(f"{application.app}-dns", name, "IP_V4", host, "ACTIVE", 60),)


def forwards(rule: TrafficRule | None) -> bool:
    """May traffic that ``matching`` found to fall under this rule, or under none, pass to the application?"""
    return rule is not None and rule.action in FORWARDING


def served(rules: Iterable[TrafficRule], protocol: str) -> set[Endpoint]:
    """The addresses that active, forwarding rules name one by one: where a gateway serves an application."""
    return {
        (host.partition("/")[0].partition("-")[0], int(port.partition("-")[0]))
        for rule in rules
        if rule.state == "ACTIVE" and forwards(rule)
        for one in rule.traffic_filter
        if not one.protocol or protocol in one.protocol
        for host in one.dst_address
        for port in one.dst_port
        if _single(_addresses(host)) and _single(_ports(port))
    }


def matching(
    rules: Iterable[TrafficRule], source: Endpoint, destination: Endpoint, protocol: str
) -> TrafficRule | None:
    """The active rule that a packet of a UE falls under: of the highest priority, and the first by name among equals."""
    found = [
        rule
        for rule in rules
        if rule.state == "ACTIVE"
        and any(_matches(one, source, destination, protocol) for one in rule.traffic_filter)
    ]
    return min(found, key=lambda rule: (rule.priority, rule.traffic_rule_id), default=None)


def wrong_in(one: TrafficFilter) -> str:
    """What cannot be read in a filter; empty if all can."""
    for text in (*one.src_address, *one.dst_address):
        if _addresses(text) is None:
            return f"{text!r} is no IPv4 address, prefix (a/24) or range (a-b)"
    for text in (*one.src_port, *one.dst_port):
        if _ports(text) is None:
            return f"{text!r} is no port or range of ports (p-q)"
    for text in one.protocol:
        if text.upper() not in ("UDP", "TCP"):
            return f"protocol {text!r} is neither UDP nor TCP"
    return ""


def _matches(one: TrafficFilter, source: Endpoint, destination: Endpoint, protocol: str) -> bool:
    return (
        _within(one.src_address, int(IPv4Address(source[0])), _addresses)
        and _within(one.dst_address, int(IPv4Address(destination[0])), _addresses)
        and _within(one.src_port, source[1], _ports)
        and _within(one.dst_port, destination[1], _ports)
        and (not one.protocol or protocol.upper() in [text.upper() for text in one.protocol])
    )


def _within(allowed: tuple[str, ...], number: int, read: Callable[[str], _Span | None]) -> bool:
    spans = [span for span in map(read, allowed) if span is not None]
    return not allowed or any(low <= number <= high for low, high in spans)


def _single(span: _Span | None) -> bool:
    return span is not None and span[0] == span[1]


@lru_cache(maxsize=4096)
def _addresses(text: str) -> _Span | None:
    first, dash, last = text.partition("-")
    try:
        if dash:
            span = int(IPv4Address(first.strip())), int(IPv4Address(last.strip()))
            return span if span[0] <= span[1] else None
        net = ip_network(text, strict=False)
    except ValueError:
        return None
    if not isinstance(net, IPv4Network):
        return None
    return int(net.network_address), int(net.broadcast_address)


@lru_cache(maxsize=4096)
def _ports(text: str) -> _Span | None:
    first, dash, last = text.partition("-")
    parts = (first, last if dash else first)
    if not all(part.isascii() and part.isdigit() and int(part) <= 65_535 for part in parts):
        return None
    span = int(parts[0]), int(parts[1])
    return span if span[0] <= span[1] else None
