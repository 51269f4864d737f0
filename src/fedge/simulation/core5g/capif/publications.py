"""Published service APIs (TS 29.222, 8.2): each belongs to the publishing function (APF) that brought it.

Without HTTP: each operation answers the resource or raises ``Problem``. An API names exposing functions (AEF) of the publisher's
own domain only: nobody publishes for another.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from msgspec import UNSET, Struct
from msgspec.structs import replace

from fedge.simulation.core5g.capif import negotiation
from fedge.simulation.core5g.capif.merging import patched
from fedge.simulation.core5g.capif.published import (
    AefProfile,
    InterfaceDescription,
    ServiceAPIDescription,
    profiles,
)
from fedge.simulation.core5g.nef import reading
from fedge.simulation.core5g.nef.problem import InvalidParam, Problem, incorrect
from fedge.simulation.core5g.shelf import Disk, Shelf

MOST_APIS = 1000
RESERVED = frozenset(" #;:,")
"""A name with one of them could not be told from a scope's other parts."""
PATCHABLE = frozenset(
    {
        "aefProfiles", "description", "shareableInfo", "serviceAPICategory", "apiSuppFeats", "pubApiPath", "ccfId",
    }
)  # fmt: skip


class Publication(Struct, frozen=True):
    """``apf``: who published it; ``domain``: that function's provider domain."""

    id: str
    apf: str
    domain: str
    says: ServiceAPIDescription


class Publications:
    def __init__(self, disk: Disk, new_id: Callable[[str], str]) -> None:
        self._held = Shelf(disk, "capif-api", Publication)
        self._new_id = new_id

    def __iter__(self) -> Iterator[Publication]:
        return iter(self._held)

    def get(self, id: str) -> Publication | None:
        return self._held.get(id)

    def list(self, apf: str) -> list[Publication]:
        return [one for one in self._held if one.apf == apf]

    def read(self, apf: str, id: str) -> Publication:
        """Raises ``Problem`` 404. Another's is as unknown as one that never was."""
        found = self._held.get(id)
        if found is None or found.apf != apf:
            raise Problem(404, "RESOURCE_NOT_FOUND", "there is no such published API here")
        return found

    def publish(self, apf: str, domain: str, aefs: Collection[str], body: bytes) -> Publication:
        """``aefs``: the exposing functions of the publisher's domain."""
        says = reading.read(body, ServiceAPIDescription)
        if len(self.list(apf)) >= MOST_APIS:
            raise Problem(403, "OPERATION_PROHIBITED", f"at most {MOST_APIS} published APIs")
        if says.api_id is not UNSET:
            raise incorrect(False, InvalidParam("/apiId", "is assigned by the CAPIF core function"))
        return self._put(Publication(self._new_id("api"), apf, domain, says), aefs)

    def replace(self, apf: str, id: str, aefs: Collection[str], body: bytes) -> Publication:
        before = self.read(apf, id)
        says = reading.read(body, ServiceAPIDescription)
        if says.api_id not in (UNSET, id):
            raise incorrect(False, InvalidParam("/apiId", "is not this API's"))
        if says.api_name != before.says.api_name:
            raise Problem(
                403, "MODIFICATION_NOT_ALLOWED", "the name of a published API is what tokens are given for",
                InvalidParam("/apiName", "cannot be changed"),
            )  # fmt: skip
        return self._put(replace(before, says=says), aefs)

    def patch(self, apf: str, id: str, aefs: Collection[str], body: bytes) -> Publication:
        before = self.read(apf, id)
        return self._put(replace(before, says=patched(before.says, body, PATCHABLE)), aefs)

    def withdraw(self, apf: str, id: str) -> Publication:
        found = self.read(apf, id)
        self._held.drop(id)
        return found

    def _put(self, wanted: Publication, aefs: Collection[str]) -> Publication:
        says = wanted.says
        invalid = [
            *_name(says),
            *(found for at, one in enumerate(profiles(says)) for found in _profile(at, one)),
        ]
        for index, one in enumerate(profiles(says)):
            if one.aef_id not in aefs:
                where = f"/aefProfiles/{index}/aefId"
                invalid.append(InvalidParam(where, "is no exposing function of the publisher's domain"))
        if invalid:
            raise incorrect(False, *invalid)
        own = {one.aef_id for one in profiles(says)}
        for other in self._held:
            same = other.id != wanted.id and other.says.api_name == says.api_name
            if same and own & {one.aef_id for one in profiles(other.says)}:
                reason = "an API of this name is published at the same exposing function"
                raise Problem(403, "OPERATION_PROHIBITED", reason, InvalidParam("/apiName", reason))
        features = negotiation.told(says.supported_features, negotiation.PUBLISHING)
        says = replace(says, api_id=wanted.id, supported_features=features)
        return self._held.put(wanted.id, replace(wanted, says=says))


def _name(says: ServiceAPIDescription) -> list[InvalidParam]:
    if not says.api_name or RESERVED & set(says.api_name):
        return [InvalidParam("/apiName", "must be a name without space, #, comma, colon and semicolon")]
    return []


def _profile(index: int, profile: AefProfile) -> Iterator[InvalidParam]:
    where = f"/aefProfiles/{index}"
    if (profile.domain_name is UNSET) == (profile.interface_descriptions is UNSET):
        yield InvalidParam(where, "either domainName or interfaceDescriptions is needed")
    interfaces = [] if profile.interface_descriptions is UNSET else profile.interface_descriptions
    for at, one in enumerate(interfaces):
        yield from interface_objections(f"{where}/interfaceDescriptions/{at}", one)
    for at, version in enumerate(profile.versions):
        if version.expiry is not UNSET and not _is_date_time(version.expiry):
            yield InvalidParam(f"{where}/versions/{at}/expiry", "is no date-time of RFC 3339")


def interface_objections(where: str, interface: InterfaceDescription) -> Iterator[InvalidParam]:
    """What is wrong with an interface's addresses."""
    if (interface.ipv4_addr is UNSET) == (interface.ipv6_addr is UNSET):
        yield InvalidParam(where, "either ipv4Addr or ipv6Addr is needed")
        return
    try:
        if interface.ipv4_addr is not UNSET:
            IPv4Address(interface.ipv4_addr)
        elif interface.ipv6_addr is not UNSET:
            IPv6Address(interface.ipv6_addr)
    except AddressValueError:
        yield InvalidParam(where, "its address is none")


def _is_date_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
