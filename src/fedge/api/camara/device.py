"""Who a CAMARA ``device`` object means. Shapes: CAMARA commonalities, as in Simple Edge Discovery 2.0.1.

Of several identifiers the first that is supported counts, and the answer names it.
"""

from __future__ import annotations

from typing import Annotated, Any, Protocol

import msgspec
from msgspec import Meta, Struct

from fedge.api.camara.authorization import Grant
from fedge.api.camara.errors import CamaraError
from fedge.core.model import UeId

OCTET = r"(25[0-5]|2[0-4]\d|1?\d?\d)"
NOT_FOUND = "no device that is attached to this network has that identifier"
"""One answer to all whom the caller may not find, so that it does not say which numbers exist."""
Ipv4 = Annotated[str, Meta(pattern=rf"^{OCTET}(\.{OCTET}){{3}}$")]


class Ipv4Address(Struct, frozen=True, rename="camel"):
    public_address: Ipv4
    private_address: Ipv4 | None = None
    public_port: Annotated[int, Meta(ge=0, le=65535)] | None = None


class Device(Struct, frozen=True, rename="camel"):
    phone_number: Annotated[str, Meta(pattern=r"^\+[1-9][0-9]{4,14}\Z")] | None = None
    network_access_identifier: str | None = None
    ipv4_address: Ipv4Address | None = None
    ipv6_address: Annotated[str, Meta(max_length=45)] | None = None


class Subscribers(Protocol):
    """The operator's knowledge of who has which number and address; simulated today."""

    def by_phone_number(self, number: str) -> UeId | None: ...
    def by_ipv4(self, address: str) -> UeId | None: ...


def identified(device: Device | None, subscribers: Subscribers) -> tuple[UeId, dict[str, Any]]:
    """(the UE, the identifier that was used). Raises ``CamaraError`` 400, 404 or 422."""
    if device is None or device == Device():
        raise CamaraError(
            422, "MISSING_IDENTIFIER", "the device cannot be identified: the request names none"
        )
    if device.ipv4_address is not None:
        address = device.ipv4_address
        if address.private_address is None and address.public_port is None:
            raise CamaraError(
                400, "INVALID_ARGUMENT", "device.ipv4Address: privateAddress or publicPort is missing"
            )
        return _known(subscribers.by_ipv4(address.private_address or address.public_address)), {
            "ipv4Address": msgspec.to_builtins(_bare(address))
        }
    if device.phone_number is not None:
        return _known(subscribers.by_phone_number(device.phone_number)), {"phoneNumber": device.phone_number}
    raise CamaraError(422, "UNSUPPORTED_IDENTIFIER", "devices are known by ipv4Address and phoneNumber here")


def subject(
    grant: Grant, device: Device | None, subscribers: Subscribers
) -> tuple[UeId, dict[str, Any] | None]:
    """(the UE that is meant, the identifier that was used): the token's own, where it has one, and then no ``device`` may be
    named; else the ``device``. Raises ``CamaraError`` 400, 404 or 422.
    """
    if grant.ue is None:
        return identified(device, subscribers)
    if device is not None:
        raise CamaraError(
            422, "UNNECESSARY_IDENTIFIER", "the device is identified by the access token already"
        )
    return grant.ue, None


def named(grant: Grant, device: Device | None) -> str:
    """The identifier as the client gave it, the first that is there; for the audit log."""
    if grant.ue is not None:
        return "by token"
    if device is None:
        return ""
    address = device.ipv4_address
    ipv4 = f"{address.private_address or address.public_address}" if address is not None else ""
    return ipv4 or device.phone_number or device.ipv6_address or device.network_access_identifier or ""


def _known(ue: UeId | None) -> UeId:
    if ue is None:
        raise CamaraError(404, "IDENTIFIER_NOT_FOUND", NOT_FOUND)
    return ue


def _bare(address: Ipv4Address) -> dict[str, Any]:
    named = {
        "publicAddress": address.public_address,
        "privateAddress": address.private_address,
        "publicPort": address.public_port,
    }
    return {name: value for name, value in named.items() if value is not None}
