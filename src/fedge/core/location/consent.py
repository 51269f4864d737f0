"""A subscriber's consent: this client may use these scopes on this device, for this purpose, until then. Durable.

Another thing than `core/enablement/consent.py`: there an application lets a session go, here a person lets somebody be located.
Whoever looks at a device's place asks `consent_to` at each use, so what is withdrawn ends at once. Words: CAMARA Identity and
Consent Management; a purpose is one of W3C's Data Privacy Vocabulary (``dpv:…``).
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from fedge.core.model import Nanoseconds, UeId

MOST = 20_000
"""So many consents are kept."""
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
        """A use that names no purpose is within any; one that does must be within this one."""
        return (self.client, self.ue) == (client, ue) and scope in self.scopes and self._within(purpose)

    def _within(self, purpose: str) -> bool:
        return not self.purpose or not purpose or self.purpose == purpose


class Consents(Struct):
    """``changes`` rises with each change, so that an index over them knows when it is old."""

    given: dict[str, Consent] = field(default_factory=dict)
    next_id: int = 1
    changes: int = 0

    def same(self, other: Consent) -> Consent | None:
        """One that says the same, whatever its time."""
        wanted = (other.client, other.ue, other.scopes, other.purpose)
        return next(
            (one for one in self.given.values() if (one.client, one.ue, one.scopes, one.purpose) == wanted),
            None,
        )

    def forget_ended(self, now: Nanoseconds) -> None:
        self.given = {id: one for id, one in self.given.items() if one.holds(now)}


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
