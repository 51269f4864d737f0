"""What traffic of UEs goes to an application, and under which name it is found: the shapes of ETSI GS MEC 011.

`core/applications/traffic_rules.py` derives the rules from manifests, the control plane sends them with `RunInstances`, a site's
gateway keeps to them, and MEC 011's API reads and updates them. Clauses 7.1.2.2 (TrafficRule), 7.1.2.3 (DnsRule), 7.1.5.2
(TrafficFilter) and 7.1.5.3 (DestinationInterface); fields that a gateway on N6 cannot see (tunnels, QCI, tags) are left out.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Action = Literal[
    "DROP",
    "FORWARD_DECAPSULATED",
    "FORWARD_ENCAPSULATED",
    "PASSTHROUGH",
    "DUPLICATE_DECAPSULATED",
    "DUPLICATE_ENCAPSULATED",
]
RuleState = Literal["ACTIVE", "INACTIVE"]
Priority = Annotated[int, Meta(ge=0, le=255)]


class TrafficFilter(Struct, frozen=True, rename="camel", omit_defaults=True):
    """All that is given must match; of each list one. Addresses: ``a``, ``a/24`` or ``a-b``; ports: ``p`` or ``p-q``."""

    src_address: tuple[str, ...] = ()
    dst_address: tuple[str, ...] = ()
    src_port: tuple[str, ...] = ()
    dst_port: tuple[str, ...] = ()
    protocol: tuple[str, ...] = ()


class DestinationInterface(Struct, frozen=True, rename="camel", omit_defaults=True):
    interface_type: Literal["TUNNEL", "MAC", "IP"]
    dst_ip_address: str = ""


class TrafficRule(Struct, frozen=True, rename="camel", omit_defaults=True):
    """``priority``: 0 is the highest. ``filter_type`` FLOW: the packets back belong to it."""

    traffic_rule_id: str
    filter_type: Literal["FLOW", "PACKET"]
    priority: Priority
    traffic_filter: tuple[TrafficFilter, ...]
    action: Action
    state: RuleState
    dst_interface: DestinationInterface | None = None


class DnsRule(Struct, frozen=True, rename="camel", omit_defaults=True):
    """``ttl`` in seconds; none given: it does not expire."""

    dns_rule_id: str
    domain_name: str
    ip_address_type: Literal["IP_V4", "IP_V6"]
    ip_address: str
    state: RuleState
    ttl: int | None = None
