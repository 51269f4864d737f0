"""Onboarded API invokers (TS 29.222, 8.4): whose public key was signed, for which customer of the operator.

Without HTTP: each operation answers the resource or raises ``Problem``. CAPIF has no operation that renews a certificate: an
update with another public key gets a new one, and so does one with the same key once half of the certificate's time is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from fedge.simulation.core5g.capif import negotiation
from fedge.simulation.core5g.capif.data_types import APIInvokerEnrolmentDetails, APIList
from fedge.simulation.core5g.capif.ledger import Ledger
from fedge.simulation.core5g.capif.merging import patched
from fedge.simulation.core5g.capif.public_keys import Unusable, public_key
from fedge.simulation.core5g.capif.published import ServiceAPIDescription
from fedge.simulation.core5g.nef import reading
from fedge.simulation.core5g.nef.problem import InvalidParam, Problem, incorrect
from fedge.simulation.core5g.shelf import Disk, Shelf

MOST_INVOKERS = 1000
PATCHABLE = frozenset(
    {"onboardingInformation", "notificationDestination", "apiList", "apiInvokerInformation"}
)


class Invoker(Struct, frozen=True):
    """``customer``: to whom the onboarding credential was given; as which application function it acts. ``says``: the answer."""

    id: str
    customer: str
    says: APIInvokerEnrolmentDetails


class Invokers:
    """``published()``: what invokers may invoke. ``networks``: where notifications may go."""

    def __init__(
        self,
        disk: Disk,
        ledger: Ledger,
        new_id: Callable[[str], str],
        published: Callable[[], Iterable[ServiceAPIDescription]],
        networks: Sequence[str],
    ) -> None:
        self._held = Shelf(disk, "capif-invoker", Invoker)
        self._ledger, self._new_id, self._published, self._networks = ledger, new_id, published, networks

    def __iter__(self) -> Iterator[Invoker]:
        return iter(self._held)

    def get(self, id: str) -> Invoker | None:
        return self._held.get(id)

    def read(self, id: str) -> Invoker:
        """Raises ``Problem`` 404."""
        found = self._held.get(id)
        if found is None:
            raise Problem(404, "RESOURCE_NOT_FOUND", "there is no such API invoker")
        return found

    def onboard(self, customer: str, body: bytes) -> Invoker:
        says = reading.read(body, APIInvokerEnrolmentDetails)
        if sum(one.customer == customer for one in self._held) >= MOST_INVOKERS:
            raise Problem(403, "OPERATION_PROHIBITED", f"at most {MOST_INVOKERS} API invokers")
        if says.api_invoker_id is not UNSET:
            reason = "is assigned by the CAPIF core function"
            raise incorrect(False, InvalidParam("/apiInvokerId", reason))
        return self._put(self._new_id("invoker"), customer, says, None)

    def replace(self, id: str, body: bytes) -> Invoker:
        before = self.read(id)
        says = reading.read(body, APIInvokerEnrolmentDetails)
        if says.api_invoker_id not in (UNSET, id):
            raise incorrect(False, InvalidParam("/apiInvokerId", "is not this invoker's"))
        return self._put(id, before.customer, says, before)

    def patch(self, id: str, body: bytes) -> Invoker:
        before = self.read(id)
        return self._put(id, before.customer, patched(before.says, body, PATCHABLE), before)

    def offboard(self, id: str) -> Invoker:
        found = self.read(id)
        self._ledger.revoke(id)
        self._held.drop(id)
        return found

    def _put(
        self, id: str, customer: str, says: APIInvokerEnrolmentDetails, before: Invoker | None
    ) -> Invoker:
        asked = says.onboarding_information
        invalid = negotiation.notified_at(
            says.notification_destination, says.websock_notif_config, self._networks
        )
        try:
            key = public_key(asked.api_invoker_public_key)
        except Unusable as why:
            invalid.append(InvalidParam("/onboardingInformation/apiInvokerPublicKey", str(why)))
        if invalid:
            raise incorrect(True, *invalid)
        held = before.says.onboarding_information if before is not None else None
        if held is not None and held.api_invoker_public_key == asked.api_invoker_public_key:
            certificate = self._ledger.renewed(str(held.api_invoker_certificate), key, id, "invoker")
        else:
            certificate = self._ledger.issue(key, id, "invoker")
        secret = held.onboarding_secret if held is not None else self._new_id("secret")
        says = replace(
            says,
            api_invoker_id=id,
            onboarding_information=replace(
                asked, api_invoker_certificate=certificate, onboarding_secret=secret
            ),
            api_list=self._allowed(says.api_list),
            supported_features=negotiation.told(says.supported_features, negotiation.INVOKERS),
        )
        return self._held.put(id, Invoker(id, customer, says))

    def _allowed(self, asked: APIList | UnsetType) -> APIList | UnsetType:
        """Of what was asked for that which is there; all of it where nothing was."""
        listed = UNSET if asked is UNSET else asked.service_api_descriptions
        names = None if listed is UNSET else {one.api_name for one in listed}
        allowed = [one for one in self._published() if names is None or one.api_name in names]
        return APIList(allowed) if allowed else UNSET
