"""A subscriber's consent: this client may use these scopes on this device, for this purpose, until then. Durable.

Another thing than `core/enablement/consent.py`: there an application lets a session go, here a person lets somebody be located.
Whoever looks at a device's place asks `consent_to` at each use, so what is withdrawn ends at once. Words: CAMARA Identity and
Consent Management; a purpose is one of W3C's Data Privacy Vocabulary (``dpv:…``).
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from fedge.core.model import Nanoseconds, UeId

MOST_OF_A_CLIENT, MOST = 4000, 20_000
"""So many consents are kept."""
LOOKED_THROUGH_EVERY = 256
"""Those that have ended are forgotten when so many more are kept."""
LONGEST_PURPOSE = 100
"""Characters. No term of the vocabulary is as long."""
OPERATOR = "OPERATOR"
"""The operator as a client. No namespace has capital letters, so no tenant is called so."""
RETRIEVE = "location-retrieval:read"
"""The scope of whoever may know where a device is (CAMARA Location Retrieval)."""
NETWORK_OPERATION = "dpv:TechnicalServiceProvision"
"""The operator's own purpose: running the network. It needs nobody's consent; no tenant may claim it."""


class Consent(Struct, frozen=True):
    """``client``: the tenant, or the operator. ``until``: on the core's clock, 0 for never. ``by``: who recorded it.

    ``purpose`` empty: whatever the client uses these scopes for.
    """

    client: str
    ue: UeId
    scopes: frozenset[str]
    purpose: str = ""
    until: Nanoseconds = 0
    given_at: Nanoseconds = 0
    by: str = ""
    id: str = ""

    def holds(self, now: Nanoseconds) -> bool:
        return not self.until or now < self.until

    def allows(self, client: str, ue: UeId, scope: str, purpose: str) -> bool:
        """A consent that was given for a purpose is for a use that names it, and for no other."""
        return (self.client, self.ue) == (client, ue) and scope in self.scopes and self._within(purpose)

    def _within(self, purpose: str) -> bool:
        return not self.purpose or self.purpose == purpose


class Consents(Struct):
    """``by_device``: ids by client and device, since a consent is looked at on each use."""

    given: dict[str, Consent] = field(default_factory=dict)
    next_id: int = 1
    by_device: dict[str, dict[UeId, list[str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.by_device:
            for one in self.given.values():
                self._index(one)

    def of_device(self, client: str, ue: UeId) -> list[Consent]:
        """What the device's subscriber let this client do; some may have ended."""
        return [self.given[id] for id in self.by_device.get(client, {}).get(ue, ())]

    def same(self, other: Consent) -> Consent | None:
        """One that says the same, whatever its time."""
        wanted = (other.scopes, other.purpose)
        held = self.of_device(other.client, other.ue)
        return next((one for one in held if (one.scopes, one.purpose) == wanted), None)

    def full(self, client: str, now: Nanoseconds) -> bool:
        """Those that have ended do not count; they are counted only where all together are many."""
        own = [id for ids in self.by_device.get(client, {}).values() for id in ids]
        if len(own) >= MOST_OF_A_CLIENT and self._alive(own, now) >= MOST_OF_A_CLIENT:
            return True
        return len(self.given) >= MOST and self._alive(self.given, now) >= MOST

    def keep(self, consent: Consent) -> None:
        """A new one, or one that is prolonged."""
        if consent.id not in self.given:
            self.next_id += 1
            self._index(consent)
            if len(self.given) % LOOKED_THROUGH_EVERY == 0:
                self._forget_ended(consent.given_at)
        self.given[consent.id] = consent

    def drop(self, id: str) -> None:
        one = self.given.pop(id, None)
        if one is None:
            return
        of_client = self.by_device[one.client]
        of_client[one.ue].remove(id)
        if not of_client[one.ue]:
            del of_client[one.ue]
        if not of_client:
            del self.by_device[one.client]

    def drop_client(self, client: str) -> None:
        for ids in self.by_device.pop(client, {}).values():
            for id in ids:
                del self.given[id]

    def _index(self, one: Consent) -> None:
        self.by_device.setdefault(one.client, {}).setdefault(one.ue, []).append(one.id)

    def _alive(self, ids: Iterable[str], now: Nanoseconds) -> int:
        return sum(self.given[id].holds(now) for id in ids)

    def _forget_ended(self, now: Nanoseconds) -> None:
        for one in [each for each in self.given.values() if not each.holds(now)]:
            self.drop(one.id)


def consent_to(
    consents: Iterable[Consent], client: str, ue: UeId, scope: str, purpose: str, now: Nanoseconds
) -> Consent | None:
    """The consent that allows this use now, the longest of several; None: there is none."""
    found = [one for one in consents if one.allows(client, ue, scope, purpose) and one.holds(now)]
    return max(found, key=lambda one: (one.until == 0, one.until), default=None)


def allowed_by(
    consents: Iterable[Consent], client: str, ue: UeId, scope: str, purpose: str, now: Nanoseconds
) -> str:
    """What lets this client locate the UE now: a consent's id, or the operator's own purpose. Empty: nothing does."""
    if client == OPERATOR and purpose in ("", NETWORK_OPERATION):
        return "network operation"
    found = consent_to(consents, client, ue, scope, purpose, now)
    return found.id if found is not None else ""
