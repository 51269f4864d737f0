"""API provider domains (TS 29.222, 8.9): their functions AMF, APF and AEF, each with a certificate of its own.

Without HTTP: each operation answers the resource or raises ``Problem``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast

from msgspec import UNSET, Struct
from msgspec.structs import replace

from fedge.simulation.core5g.capif import negotiation
from fedge.simulation.core5g.capif.data_types import APIProviderEnrolmentDetails, APIProviderFunctionDetails
from fedge.simulation.core5g.capif.ledger import Ledger, Role
from fedge.simulation.core5g.capif.merging import patched
from fedge.simulation.core5g.capif.public_keys import Unusable, public_key
from fedge.simulation.core5g.nef import reading
from fedge.simulation.core5g.nef.problem import InvalidParam, Problem, incorrect
from fedge.simulation.core5g.shelf import Disk, Shelf

MOST_DOMAINS = 1000
ROLES = ("AMF", "APF", "AEF")
PATCHABLE = frozenset({"apiProvFuncs", "apiProvDomInfo"})


class Domain(Struct, frozen=True):
    """``customer``: whose credential registered it. ``says``: with the ids and certificates that were assigned."""

    id: str
    customer: str
    says: APIProviderEnrolmentDetails

    def functions(self) -> list[APIProviderFunctionDetails]:
        return list(self.says.api_prov_funcs) if self.says.api_prov_funcs is not UNSET else []

    def ids(self, role: str) -> list[str]:
        """Its functions of this role."""
        return [
            one.api_prov_func_id
            for one in self.functions()
            if one.api_prov_func_role == role and one.api_prov_func_id is not UNSET
        ]


class Providers:
    """``new_id(prefix)``: an identifier that never was."""

    def __init__(self, disk: Disk, ledger: Ledger, new_id: Callable[[str], str]) -> None:
        self._held = Shelf(disk, "capif-provider", Domain)
        self._ledger, self._new_id = ledger, new_id

    def __iter__(self) -> Iterator[Domain]:
        return iter(self._held)

    def read(self, id: str) -> Domain:
        """Raises ``Problem`` 404."""
        found = self._held.get(id)
        if found is None:
            raise Problem(404, "RESOURCE_NOT_FOUND", "there is no such API provider domain")
        return found

    def register(self, customer: str, body: bytes) -> Domain:
        says = reading.read(body, APIProviderEnrolmentDetails)
        if sum(1 for _ in self._held) >= MOST_DOMAINS:
            raise Problem(403, "OPERATION_PROHIBITED", f"at most {MOST_DOMAINS} provider domains")
        given = [one for one in _functions(says) if one.api_prov_func_id is not UNSET]
        if says.api_prov_dom_id is not UNSET or given:
            name = "/apiProvDomId" if says.api_prov_dom_id is not UNSET else "/apiProvFuncs"
            raise incorrect(False, InvalidParam(name, "identifiers are assigned by the CAPIF core function"))
        return self._put(self._new_id("domain"), customer, says, {})

    def replace(self, id: str, body: bytes) -> Domain:
        return self._update(self.read(id), reading.read(body, APIProviderEnrolmentDetails))

    def patch(self, id: str, body: bytes) -> Domain:
        before = self.read(id)
        return self._update(before, patched(before.says, body, PATCHABLE))

    def remove(self, id: str) -> Domain:
        found = self.read(id)
        for one in found.functions():
            self._ledger.revoke(str(one.api_prov_func_id))
        self._held.drop(id)
        return found

    def _update(self, before: Domain, says: APIProviderEnrolmentDetails) -> Domain:
        """A function that is named by its id stays the same; one without an id is new; one that is no longer there goes."""
        if says.api_prov_dom_id not in (UNSET, before.id):
            raise incorrect(False, InvalidParam("/apiProvDomId", "is not this domain's"))
        known = {str(one.api_prov_func_id): one for one in before.functions()}
        named = [str(one.api_prov_func_id) for one in _functions(says) if one.api_prov_func_id is not UNSET]
        if len(set(named)) < len(named) or not set(named) <= set(known):
            reason = "names a function that is not there, or one twice"
            raise incorrect(False, InvalidParam("/apiProvFuncs", reason))
        kept = self._put(before.id, before.customer, says, known)
        for gone in set(known) - set(named):
            self._ledger.revoke(gone)
        return kept

    def _put(
        self,
        id: str,
        customer: str,
        says: APIProviderEnrolmentDetails,
        known: dict[str, APIProviderFunctionDetails],
    ) -> Domain:
        keys, invalid = [], []
        for index, one in enumerate(_functions(says)):
            before = known.get(str(one.api_prov_func_id))
            if one.api_prov_func_role not in ROLES:
                reason = f"must be one of {', '.join(ROLES)}"
                invalid.append(InvalidParam(f"/apiProvFuncs/{index}/apiProvFuncRole", reason))
            elif before is not None and before.api_prov_func_role != one.api_prov_func_role:
                invalid.append(InvalidParam(f"/apiProvFuncs/{index}/apiProvFuncRole", "cannot be changed"))
            try:
                keys.append(public_key(one.reg_info.api_prov_pub_key))
            except Unusable as why:
                where = f"/apiProvFuncs/{index}/regInfo/apiProvPubKey"
                invalid.append(InvalidParam(where, str(why)))
        if invalid:
            raise incorrect(False, *invalid)
        functions = []
        for one, key in zip(_functions(says), keys, strict=True):
            before = known.get(str(one.api_prov_func_id))
            role = cast(Role, one.api_prov_func_role)
            own = str(one.api_prov_func_id) if before is not None else self._new_id(role.lower())
            held = before.reg_info if before is not None else None
            if held is not None and held.api_prov_pub_key == one.reg_info.api_prov_pub_key:
                certificate = self._ledger.renewed(str(held.api_prov_cert), key, own, role, id)
            else:
                certificate = self._ledger.issue(key, own, role, id)
            registered = replace(one.reg_info, api_prov_cert=certificate)
            functions.append(replace(one, api_prov_func_id=own, reg_info=registered))
        says = replace(
            says,
            api_prov_dom_id=id,
            api_prov_funcs=functions or UNSET,
            supp_feat=negotiation.told(says.supp_feat, negotiation.PROVIDERS),
            fail_reason=UNSET,
        )
        return self._held.put(id, Domain(id, customer, says))


def _functions(says: APIProviderEnrolmentDetails) -> list[APIProviderFunctionDetails]:
    return list(says.api_prov_funcs) if says.api_prov_funcs is not UNSET else []
