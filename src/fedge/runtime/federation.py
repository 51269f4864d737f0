"""A federation on more than one machine, as one file says it: its sites, and the addresses at which programs reach each other.

The control plane and every site's agent read the same file (deploy/karmada/federation.yaml); an embedded run needs none.
Addresses to which packets are sent are IPv4 addresses, those that are dialled may be names.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path

import msgspec
import yaml
from msgspec import Struct

from fedge.core.model import Address, SiteId

BETWEEN_PORT = 6002


class Place(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """One site. ``gateway``: UDP, N6; ``peer``: TCP, for other sites' agents; ``between``: UDP, for other sites' gateways, by
    default the gateway's host at port 6002. ``upf``: the user plane's end of N6 here, by default ``userPlane``. ``service``: the
    site's own address for players, which plain IP routing reaches from any access; without one nobody is redirected to it.
    ``dnai``: what the 5G core calls the site's access to the data network, by default the site's name.
    """

    site: SiteId
    cluster: str
    gateway: Address
    peer: Address
    between: Address | None = None
    upf: Address | None = None
    service: Address | None = None
    dnai: str = ""
    name: str = ""
    x_m: float = 0.0
    y_m: float = 0.0

    @property
    def between_gateways(self) -> str:
        return self.between or f"{self.gateway.rpartition(':')[0]}:{BETWEEN_PORT}"


class Federation(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """``control_plane``: where agents dial. ``user_plane``: its N6 end. ``service``: where clients send."""

    control_plane: Address
    user_plane: Address
    service: Address
    sites: tuple[Place, ...]

    def of_cluster(self, cluster: str) -> Place:
        """The site that a member cluster is. Raises ``BadFederation``."""
        for place in self.sites:
            if place.cluster == cluster:
                return place
        known = ", ".join(sorted(place.cluster for place in self.sites)) or "none"
        raise BadFederation(f"no site is in the cluster {cluster!r}; clusters with a site: {known}")


class BadFederation(ValueError):
    """The file is not there, or does not describe a federation: the message says what is wrong."""


def read_federation(file: Path) -> Federation:
    """Raises ``BadFederation``."""
    try:
        found = msgspec.convert(yaml.safe_load(file.read_text()), Federation)
    except OSError as error:
        raise BadFederation(f"{file}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise BadFederation(f"{file}: {error}") from None
    for what, address in (("userPlane", found.user_plane), ("service", found.service)):
        packets_to(address, f"{file}: {what}")
    endpoint(found.control_plane, f"{file}: controlPlane")
    for place in found.sites:
        packets_to(place.gateway, f"{file}: gateway of {place.site}")
        packets_to(place.between_gateways, f"{file}: between of {place.site}")
        if place.upf is not None:
            packets_to(place.upf, f"{file}: upf of {place.site}")
        if place.service is not None:
            packets_to(place.service, f"{file}: service of {place.site}")
        endpoint(place.peer, f"{file}: peer of {place.site}")
    for what in ("site", "cluster"):
        names = [getattr(place, what) for place in found.sites]
        if len(set(names)) < len(names):
            raise BadFederation(f"{file}: a {what} is named twice")
    dnais = [place.dnai or place.site for place in found.sites]
    if len(set(dnais)) < len(dnais):
        raise BadFederation(f"{file}: two sites have the same dnai")
    if 0 < sum(place.service is not None for place in found.sites) < len(found.sites):
        raise BadFederation(f"{file}: some sites have a service of their own and some have none")
    return found


def endpoint(address: str, what: str) -> tuple[str, int]:
    """``"host:port"`` as a pair. Raises ``BadFederation`` that begins with ``what``."""
    host, colon, port = address.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise BadFederation(f"{what} is {address!r}; expected host:port")
    return host, int(port)


def packets_to(address: str, what: str) -> tuple[str, int]:
    """The same, of an IPv4 address: a name would be looked up for every packet. Raises ``BadFederation``."""
    host, port = endpoint(address, what)
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        raise BadFederation(
            f"{what} is {address!r}; packets are sent there: expected an IPv4 address and port"
        ) from None
    return host, port
