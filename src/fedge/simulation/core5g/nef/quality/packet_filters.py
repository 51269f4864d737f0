"""The packets that ``flowInfo`` means: IPFilterRules (RFC 6733, 4.3.1) within the limits of TS 29.214, 5.3.8. Pure.

``permit out`` is downwards, from the server to the UE; ``permit in`` upwards. What is allowed one way gets its quality both ways.
Actions but permit, options and negations are not allowed there. This network has no IPv6, and tells UDP and TCP apart, no more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network

from fedge.core.messages.user_plane import PacketFilter
from fedge.simulation.core5g.nef.data_types import FlowInfo
from fedge.simulation.core5g.nef.problem import InvalidParam

PROTOCOLS = {"ip": "", "17": "UDP", "6": "TCP"}
EVERYWHERE = "0.0.0.0/0"
Spans = tuple[tuple[int, int], ...]
_RULE = re.compile(
    r"permit +(?P<way>in|out) +(?P<protocol>[a-z0-9]+) +from +(?P<source>[^ ]+)(?: +(?P<source_ports>[0-9,-]+))?"
    r" +to +(?P<target>[^ ]+)(?: +(?P<target_ports>[0-9,-]+))?"
)


class NoFilter(Exception):
    """``str`` says what is wrong with the rule."""


def packet_filter(rule: str, ue_address: str) -> PacketFilter:
    """What one flow description means for the UE at ``ue_address``. Raises ``NoFilter``."""
    match = _RULE.fullmatch(rule)
    if match is None:
        raise NoFilter("is no rule such as: permit out 17 from 192.0.2.1 7777 to assigned")
    if match["protocol"] not in PROTOCOLS:
        raise NoFilter("names another protocol than 17 (UDP), 6 (TCP) or ip")
    ends = {
        "source": (match["source"], _spans(match["source_ports"])),
        "target": (match["target"], _spans(match["target_ports"])),
    }
    server, ue = ("source", "target") if match["way"] == "out" else ("target", "source")
    if ends[ue][0] not in ("any", "assigned", ue_address, f"{ue_address}/32"):
        raise NoFilter("names another UE's address")
    if match["protocol"] == "ip" and (ends[server][1] or ends[ue][1]):
        raise NoFilter("has ports, which not every protocol has: name 17 (UDP) or 6 (TCP)")
    return PacketFilter(_server(ends[server][0]), ends[server][1], PROTOCOLS[match["protocol"]], ends[ue][1])


def packet_filters(
    flows: Sequence[FlowInfo], ue_address: str
) -> tuple[tuple[PacketFilter, ...], list[InvalidParam]]:
    """All that ``flowInfo`` means, each once; and what is wrong with it."""
    found: dict[PacketFilter, None] = {}
    invalid: list[InvalidParam] = []
    ids = [flow.flow_id for flow in flows]
    for number, flow in enumerate(flows):
        where = f"/flowInfo/{number}"
        if flow.flow_id in ids[:number]:
            invalid.append(InvalidParam(f"{where}/flowId", "is there twice"))
        if not isinstance(flow.flow_descriptions, list):
            invalid.append(InvalidParam(f"{where}/flowDescriptions", "is needed"))
            continue
        for index, rule in enumerate(flow.flow_descriptions):
            try:
                found[packet_filter(rule, ue_address)] = None
            except NoFilter as error:
                invalid.append(InvalidParam(f"{where}/flowDescriptions/{index}", str(error)))
    return tuple(found), invalid


def _server(text: str) -> str:
    if text == "any":
        return EVERYWHERE
    try:
        if "/" in text:
            return str(IPv4Network(text))
        return str(IPv4Address(text))
    except ValueError:
        raise NoFilter("names no IPv4 address or prefix of a server") from None


def _spans(text: str | None) -> Spans:
    """``"80,443,8000-8010"``."""
    if text is None:
        return ()
    spans = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match is not None else (1, 0)
        if first > last or last > 65535:
            raise NoFilter("has ports that are none")
        spans.append((first, last))
    return tuple(spans)
