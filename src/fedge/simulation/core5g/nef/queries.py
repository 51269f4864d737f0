"""The query parameters by which a list of subscriptions is narrowed to UEs (TS 29.122, 5.3.3.2.3.1 and 5.14.3.2.3.1). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from fedge.simulation.core5g.nef.data_types import Ipv4, Ipv6, Ipv6Prefix, Mac
from fedge.simulation.core5g.nef.problem import InvalidParam, incorrect


class IpAddr(Struct, frozen=True, rename="camel", omit_defaults=True):
    """TS 29.571. Exactly one is there."""

    ipv4_addr: Ipv4 | UnsetType = UNSET
    ipv6_addr: Ipv6 | UnsetType = UNSET
    ipv6_prefix: Ipv6Prefix | UnsetType = UNSET

    def __post_init__(self) -> None:
        if sum(one is not UNSET for one in (self.ipv4_addr, self.ipv6_addr, self.ipv6_prefix)) != 1:
            raise ValueError("needs exactly one of ipv4Addr, ipv6Addr, ipv6Prefix")


class Asked(Struct, frozen=True):
    """``addresses`` None: all UEs. This network knows no MAC addresses and no IPv6: who is asked for by one is not there."""

    addresses: frozenset[str] | None
    ip_domain: str | None


def asked(query: Mapping[str, str]) -> Asked:
    """Raises ``Problem`` 400."""
    addresses: set[str] | None = None
    if "ip-addrs" in query:
        found = _read(query["ip-addrs"], Annotated[list[IpAddr], Meta(min_length=1)], "ip-addrs")
        addresses = {one.ipv4_addr for one in found if one.ipv4_addr is not UNSET}
    if "mac-addrs" in query:
        quoted = msgspec.json.encode(query["mac-addrs"].split(",")).decode()
        _read(quoted, list[Mac], "mac-addrs")
        addresses = addresses or set()
    domain = query.get("ip-domain")
    if domain is not None and not addresses:
        raise incorrect(False, InvalidParam("ip-domain", "goes with an IPv4 address in ip-addrs only"))
    return Asked(None if addresses is None else frozenset(addresses), domain)


def _read(text: str, kind: object, name: str) -> list:  # type: ignore[type-arg]
    try:
        return msgspec.json.decode(text, type=kind)  # type: ignore[no-any-return]
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError) as error:
        raise incorrect(False, InvalidParam(name, str(error))) from None
