"""Security contexts (TS 29.222, 8.5): by which method an invoker may call which APIs of which exposing functions.

Without HTTP: each operation answers the context or raises ``Problem``. Methods offered: OAUTH (an access token over mutual TLS)
and PKI (the client certificate alone); not PSK. What is granted is written out when the context is made: an API published
later needs an update, and one that is gone is granted no longer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import UNSET, Struct
from msgspec.structs import replace

from fedge.simulation.core5g.capif import negotiation
from fedge.simulation.core5g.capif.data_types import (
    SecurityInformation,
    SecurityNotification,
    ServiceSecurity,
)
from fedge.simulation.core5g.capif.publications import Publication, Publications, interface_objections
from fedge.simulation.core5g.capif.published import AefProfile, InterfaceDescription, methods, profiles
from fedge.simulation.core5g.nef import reading
from fedge.simulation.core5g.nef.problem import InvalidParam, Problem, incorrect
from fedge.simulation.core5g.shelf import Disk, Shelf

OAUTH, PKI = "OAUTH", "PKI"
OFFERED = (OAUTH, PKI)


class Grant(Struct, frozen=True):
    """``aef``: an exposing function's id; ``api``, ``name``: the published API's; ``method``: the only one that opens it."""

    aef: str
    api: str
    name: str
    method: str


class Entry(Struct, frozen=True):
    """One of ``securityInfo``, with the method chosen, and what it grants."""

    info: SecurityInformation
    grants: tuple[Grant, ...]


class Context(Struct, frozen=True):
    """``says``: without its ``securityInfo``, which is in the entries."""

    invoker: str
    says: ServiceSecurity
    entries: tuple[Entry, ...]

    @property
    def grants(self) -> list[Grant]:
        return [grant for entry in self.entries for grant in entry.grants]

    def described(self) -> ServiceSecurity:
        """As its invoker is told."""
        return replace(self.says, security_info=[entry.info for entry in self.entries])


class Contexts:
    """``networks``: where notifications may go."""

    def __init__(self, disk: Disk, published: Publications, networks: Sequence[str]) -> None:
        self._held = Shelf(disk, "capif-context", Context)
        self._published, self._networks = published, networks

    def __iter__(self) -> Iterator[Context]:
        return iter(self._held)

    def get(self, invoker: str) -> Context | None:
        return self._held.get(invoker)

    def read(self, invoker: str) -> Context:
        """Raises ``Problem`` 404."""
        found = self._held.get(invoker)
        if found is None:
            raise Problem(404, "SECURITY_CONTEXT_NOT_FOUND", "the API invoker has no security context")
        return found

    def put(self, invoker: str, body: bytes) -> Context:
        """Made anew, whatever was there."""
        says = reading.read(body, ServiceSecurity)
        invalid = negotiation.notified_at(
            says.notification_destination, says.websock_notif_config, self._networks
        )
        if not says.security_info:
            invalid.append(InvalidParam("/securityInfo", "at least one is needed"))
        entries = []
        for index, info in enumerate(says.security_info):
            made = self._entry(f"/securityInfo/{index}", info)
            if isinstance(made, InvalidParam):
                invalid.append(made)
            else:
                entries.append(made)
        if invalid:
            raise incorrect(True, *invalid)
        features = negotiation.told(says.supported_features, negotiation.SECURITY)
        kept = replace(says, security_info=[], supported_features=features)
        return self._held.put(invoker, Context(invoker, kept, tuple(entries)))

    def update(self, invoker: str, body: bytes) -> Context:
        self.read(invoker)
        return self.put(invoker, body)

    def drop(self, invoker: str) -> None:
        self._held.drop(invoker)

    def revoke(self, invoker: str, gone: Callable[[Grant], bool]) -> list[Grant]:
        """Take back what ``gone`` says; a context that grants nothing any more ends. Returns what was taken."""
        context = self.read(invoker)
        taken = [grant for grant in context.grants if gone(grant)]
        left = [
            replace(entry, grants=tuple(grant for grant in entry.grants if not gone(grant)))
            for entry in context.entries
        ]
        kept = tuple(entry for entry in left if entry.grants)
        if not taken:
            return []
        if kept:
            self._held.put(invoker, replace(context, entries=kept))
        else:
            self._held.drop(invoker)
        return taken

    def granted(self, invoker: str) -> list[Grant]:
        """What an invoker may call now: of what its context says that which is still published."""
        context = self._held.get(invoker)
        return [one for one in context.grants if self._stands(one)] if context is not None else []

    def _stands(self, grant: Grant) -> bool:
        published = self._published.get(grant.api)
        return published is not None and any(one.aef_id == grant.aef for one in profiles(published.says))

    def _entry(self, where: str, info: SecurityInformation) -> Entry | InvalidParam:
        if (info.interface_details is UNSET) == (info.aef_id is UNSET):
            return InvalidParam(where, "either interfaceDetails or aefId is needed")
        if info.interface_details is not UNSET:
            for wrong in interface_objections(f"{where}/interfaceDetails", info.interface_details):
                return wrong
        found = [
            (api, profile, interface)
            for api in self._published
            if info.api_id in (UNSET, api.id)
            for profile in profiles(api.says)
            for interface in _meant(info, profile)
        ]
        if not found:
            return InvalidParam(where, "names no published API at such an exposing function")
        for method in info.pref_security_methods:
            if method in OFFERED and all(method in methods(one, at) for _, one, at in found):
                return Entry(_answered(info, method), _grants(found, method))
        return InvalidParam(
            f"{where}/prefSecurityMethods",
            f"what is offered are {', '.join(OFFERED)}, where the API has them",
        )


def of_aef(context: Context, aef: str, authentication: str | None, authorization: bool) -> ServiceSecurity:
    """What an exposing function is told: its own entries. ``authentication``: the invoker's certificate, where asked for."""
    shown = []
    for entry in context.entries:
        own = [grant for grant in entry.grants if grant.aef == aef]
        if not own:
            continue
        info = entry.info
        if authentication is not None:
            info = replace(info, authentication_info=authentication)
        if authorization:
            info = replace(info, authorization_info=",".join(grant.name for grant in own))
        shown.append(info)
    return replace(context.says, security_info=shown)


def read_revocation(invoker: str, body: bytes) -> SecurityNotification:
    """What an exposing function takes back of ``invoker``. Raises ``Problem`` 400."""
    said = reading.read(body, SecurityNotification)
    if said.api_invoker_id != invoker:
        raise incorrect(True, InvalidParam("/apiInvokerId", "is not the one of the path"))
    return said


def _meant(info: SecurityInformation, profile: AefProfile) -> Iterator[InterfaceDescription | None]:
    """The interfaces of a profile that the entry names; one None for all that the AEF has."""
    if info.aef_id is not UNSET:
        if info.aef_id == profile.aef_id:
            yield None
        return
    asked = info.interface_details
    interfaces = [] if profile.interface_descriptions is UNSET else profile.interface_descriptions
    for one in interfaces:
        if asked is not UNSET and (one.ipv4_addr, one.ipv6_addr) == (asked.ipv4_addr, asked.ipv6_addr):
            if asked.port in (UNSET, one.port):
                yield one


def _grants(
    found: Sequence[tuple[Publication, AefProfile, InterfaceDescription | None]], method: str
) -> tuple[Grant, ...]:
    made = (Grant(profile.aef_id, api.id, api.says.api_name, method) for api, profile, _ in found)
    return tuple(dict.fromkeys(made))


def _answered(info: SecurityInformation, method: str) -> SecurityInformation:
    return replace(info, sel_security_method=method, authentication_info=UNSET, authorization_info=UNSET)
