"""The types of subscriptions, and what one asks for: which UEs, cells, handover states, triggers, bearers. Pure.

Types of which the model has nothing are refused (422), and so is every filter that could never match. Triggers that the simulated
network reports by: periodically (all UEs, twice a second), and event A3, which comes before each handover.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from fedge.core.access.cell_numbers import MCC, MNC
from fedge.core.model import CellId
from fedge.simulation.rnis.data_types import (
    UE_IPV4_ADDRESS,
    AssociateId,
    Ecgi,
    FilterCriteria,
    NrCgi,
    Plmn,
)
from fedge.simulation.rnis.problem import Refusal
from fedge.simulation.rnis.words import CellWords

IN_PREPARATION, COMPLETED = 1, 3
PERIODICAL, A3 = 1, 12
"""PERIODICAL_REPORT_STRONGEST_CELLS or NR_PERIODICAL, and EVENT_A3: the same numbers in Trigger and TriggerNr."""


class Kind(Struct, frozen=True):
    """``query``: its word in ``subscription_type``. ``criteria``: the filter's name. ``why_not``: the network has nothing of it.

    ``reads``: the filter's attributes. ``chosen``: the one that picks among ``offered``, ``default`` where it is not there.
    ``needed``: mandatory attributes.
    """

    name: str
    query: str
    criteria: str
    reads: tuple[str, ...] = ()
    why_not: str = ""
    chosen: str = ""
    offered: tuple[int, ...] = ()
    default: tuple[int, ...] = ()
    needed: tuple[str, ...] = ()


_BEARER = ("erab_id", "ecgi", "qci")
_KINDS = (
    Kind(
        "CellChangeSubscription", "cell_change", "filterCriteriaAssocHo", reads=("associate_id", "ecgi", "ho_status"),
        chosen="ho_status", offered=(IN_PREPARATION, COMPLETED), default=(COMPLETED,),
    ),
    Kind("RabEstSubscription", "rab_est", "filterCriteriaQci", reads=("ecgi", "qci"), needed=("qci",)),
    Kind("RabModSubscription", "rab_mod", "filterCriteriaQci", reads=_BEARER, needed=("qci", "erab_id")),
    Kind("RabRelSubscription", "rab_rel", "filterCriteriaQci", reads=_BEARER, needed=("qci", "erab_id")),
    Kind(
        "MeasRepUeSubscription", "meas_rep_ue", "filterCriteriaAssocTri", reads=("associate_id", "ecgi", "trigger"),
        chosen="trigger", offered=(PERIODICAL, A3), default=(PERIODICAL, A3),
    ),
    Kind(
        "NrMeasRepUeSubscription", "nr_meas_rep_ue", "filterCriteriaNrMrs", reads=("associate_id", "nrcgi", "trigger_nr"),
        chosen="trigger_nr", offered=(PERIODICAL, A3), default=(PERIODICAL, A3),
    ),
    Kind("MeasTaSubscription", "timing_advance_ue", "filterCriteriaAssoc", why_not="timing advance is not simulated"),
    Kind("CaReconfSubscription", "ca_reconf", "filterCriteriaAssoc", why_not="there is no carrier aggregation here"),
    Kind(
        "S1BearerSubscription", "s1_bearer", "S1BearerSubscriptionCriteria",
        why_not="changes of S1 bearers are not told; queries/s1_bearer_info tells the present ones",
    ),
)  # fmt: skip
TYPES = {kind.name: kind for kind in _KINDS}


class Wants(Struct, frozen=True):
    """None: any. ``addresses``: IPv4, of UEs. ``codes``: handover states, or triggers."""

    addresses: frozenset[str] | None = None
    cells: frozenset[CellId] | None = None
    codes: frozenset[int] = frozenset()
    qci: int | None = None
    erab: int | None = None

    def ue(self, ipv4: str) -> bool:
        return self.addresses is None or ipv4 in self.addresses

    def cell(self, *cells: CellId) -> bool:
        return self.cells is None or any(cell in self.cells for cell in cells)


def wants_of(kind: Kind, criteria: FilterCriteria, words: CellWords) -> tuple[Wants, FilterCriteria]:
    """What is asked for, and the filter with its defaults. Raises ``Refusal`` 400, 422."""
    other = [
        name for name in FilterCriteria.__struct_fields__ if name not in (*kind.reads, "app_instance_id")
    ]
    criteria = replace(criteria, **dict.fromkeys(other, UNSET))
    for name in kind.needed:
        if getattr(criteria, name) is UNSET:
            raise Refusal(400, f"{kind.criteria}: {'erabId' if name == 'erab_id' else name} is needed")
    codes: tuple[int, ...] = ()
    if kind.chosen:
        told = getattr(criteria, kind.chosen)
        codes = told if told is not UNSET and told else kind.default
        if unheard := sorted(set(codes) - set(kind.offered)):
            offered = ", ".join(map(str, kind.offered))
            raise Refusal(
                422, f"{kind.criteria}: {unheard[0]} does not occur in this network, which has {offered}"
            )
        if kind.chosen == "ho_status":
            criteria = replace(criteria, ho_status=codes)
    addresses = _addresses(criteria.associate_id)
    cells = _cells(criteria, words)
    qci = criteria.qci if criteria.qci is not UNSET else None
    erab = criteria.erab_id if criteria.erab_id is not UNSET else None
    return Wants(addresses, cells, frozenset(codes), qci, erab), criteria


def _addresses(told: tuple[AssociateId, ...] | UnsetType) -> frozenset[str] | None:
    if told is UNSET or not told:
        return None
    found = set()
    for one in told:
        if one.type != UE_IPV4_ADDRESS:
            raise Refusal(
                422, f"associateId: UEs are told apart by type {UE_IPV4_ADDRESS}, UE_IPv4_ADDRESS, only"
            )
        try:
            found.add(str(IPv4Address(one.value)))
        except AddressValueError:
            raise Refusal(400, f"associateId: {one.value[:64]!r} is no IPv4 address") from None
    return frozenset(found)


def _cells(criteria: FilterCriteria, words: CellWords) -> frozenset[CellId] | None:
    told: list[tuple[Plmn, str]] = []
    if criteria.ecgi is not UNSET:
        told += _pairs(criteria.ecgi)
    if criteria.nrcgi is not UNSET:
        told += _pairs(criteria.nrcgi)
    found = set()
    for plmn, identity in told:
        cell = words.numbers.cell(identity) if (plmn.mcc, plmn.mnc) == (MCC, MNC) else None
        if cell is None:
            raise Refusal(422, f"no cell of this network: {plmn.mcc[:8]}-{plmn.mnc[:8]} {identity[:64]!r}")
        found.add(cell)
    return frozenset(found) if told else None


def _pairs(cells: Iterable[Ecgi | NrCgi]) -> list[tuple[Plmn, str]]:
    return [(one.plmn, one.cell_id if isinstance(one, Ecgi) else one.nr_cell_id) for one in cells]
