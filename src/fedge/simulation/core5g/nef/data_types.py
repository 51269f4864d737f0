"""Data types that several of the exposure function's APIs share, as TS 29.122 (5.2.1) and TS 29.571 (Rel-17) define them.

UNSET is "not there". Unknown attributes are ignored, as TS 29.501 asks.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

Text = Annotated[str, Meta(max_length=1024)]
Ipv4 = Annotated[
    str,
    Meta(pattern=r"^(([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])\.){3}([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])\Z"),
]  # fmt: skip
_PART = r"0?|[1-9a-f][0-9a-f]{0,3}"
_IPV6 = rf"(?=(:|{_PART}):(({_PART}):){{0,6}}(:|{_PART})(/|\Z))(([^:/]+:){{7}}[^:/]+|(([^:/]+:)*[^:/]+)?::(([^:/]+:)*[^:/]+)?)"
"""Both patterns that TS 29.571 has for an address."""
Ipv6 = Annotated[str, Meta(pattern=rf"^{_IPV6}\Z")]
Ipv6Prefix = Annotated[str, Meta(pattern=rf"^{_IPV6}/([0-9]{{1,2}}|1[01][0-9]|12[0-8])\Z")]
Mac = Annotated[str, Meta(pattern=r"^([0-9a-fA-F]{2})((-[0-9a-fA-F]{2}){5})\Z")]
Features = Annotated[str, Meta(pattern=r"^[A-Fa-f0-9]*\Z", max_length=64)]
Unsigned = Annotated[int, Meta(ge=0)]
Objects = Annotated[list[dict[str, Any]], Meta(min_length=1)]


class Data(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Base: attribute names in camel case, absent ones left out."""


class Snssai(Data, frozen=True):
    sst: Annotated[int, Meta(ge=0, le=255)]
    sd: Annotated[str, Meta(pattern=r"^[A-Fa-f0-9]{6}\Z")] | UnsetType = UNSET


class FlowInfo(Data, frozen=True):
    flow_id: Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
    flow_descriptions: Annotated[list[Text], Meta(min_length=1, max_length=2)] | UnsetType = UNSET


class WebsockNotifConfig(Data, frozen=True):
    websocket_uri: Text | UnsetType = UNSET
    request_websocket_uri: bool | UnsetType = UNSET


class TestNotification(Data, frozen=True):
    """TS 29.122, 5.2.1.2.14."""

    subscription: str


def present(said: Data) -> set[str]:
    """The names of the attributes that are there."""
    return {
        name
        for name, attribute in zip(said.__struct_encode_fields__, said.__struct_fields__, strict=True)
        if getattr(said, attribute) is not UNSET
    }
