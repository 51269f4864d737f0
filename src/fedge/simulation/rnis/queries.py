"""The four queries of ETSI GS MEC 012, 7.3 to 7.6, answered from the picture. Pure.

A filter that this network could never match, because the model has nothing of the kind, is refused with 400; one that matches
nobody now gives an empty list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from fedge.core.messages.user_plane import CellLoad
from fedge.core.model import CellId, Nanoseconds, UeId
from fedge.simulation.rnis.data_types import Json
from fedge.simulation.rnis.packet_delay import delay_down_ms, delay_up_ms
from fedge.simulation.rnis.picture import KINDS_3GPP, Bearer, RadioPicture
from fedge.simulation.rnis.problem import Refusal
from fedge.simulation.rnis.words import PLMN, CellWords, associate_id, rates, time_stamp

MOST_VALUES = 1000
MOST_NAME = 256
_BEARER_FILTERS: dict[str, Callable[[Bearer], int | None]] = {
    "erab_id": lambda bearer: bearer.erab,
    "qci": lambda bearer: bearer.quality.five_qi,
    "erab_mbr_dl": lambda bearer: rates(bearer.quality).get("erabMbrDl"),
    "erab_mbr_ul": lambda bearer: rates(bearer.quality).get("erabMbrUl"),
    "erab_gbr_dl": lambda bearer: rates(bearer.quality).get("erabGbrDl"),
    "erab_gbr_ul": lambda bearer: rates(bearer.quality).get("erabGbrUl"),
}
_MEASURED: dict[str, Callable[[CellLoad], int]] = {
    "dl_total_prb_usage_cell": lambda load: round(100 * load.used_down),
    "ul_total_prb_usage_cell": lambda load: round(100 * load.used_up),
}
"""What the model has of layer 2: the share of a cell's capacity in use."""
_DELAYS: dict[str, Callable[[str, CellLoad], int]] = {
    "dl_nongbr_delay_ue": delay_down_ms,
    "ul_nongbr_delay_ue": delay_up_ms,
}
"""And of each UE: what its packets without a guaranteed rate take."""
_NOT_MEASURED = frozenset(
    f"{way}_{traffic}_{what}"
    for way in ("dl", "ul")
    for traffic in ("gbr", "nongbr")
    for what in ("prb_usage_cell", "pdr_cell", "pdr_ue", "throughput_ue", "data_volume_ue")
) | {
    "dl_gbr_delay_ue",
    "ul_gbr_delay_ue",
    *(f"number_of_active_ue_{way}_{traffic}_cell" for way in ("dl", "ul") for traffic in ("gbr", "nongbr")),
    "received_dedicated_preambles_cell",
    "received_randomly_selecte_preambles_low_range_cell",
    "received_randomly_selected_preambles_low_range_cell",
    "received_randomly_selected_preambles_high_range_cell",
}
_NO_ADDRESSES = {
    "ue_ipv6_address": "the UEs of this network have IPv4 addresses only",
    "nated_ip_address": "no address is translated in this network",
    "temp_ue_id": "this network has no temporary UE identities",
}


class Query:
    """The parameters of a request: each given once or several times, its values separated by commas."""

    def __init__(self, given: Iterable[tuple[str, str]]) -> None:
        self._given: dict[str, list[str]] = {}
        for name, value in given:
            self._given.setdefault(name, []).extend(value.split(","))

    def __contains__(self, name: str) -> bool:
        return name in self._given

    def texts(self, name: str) -> list[str]:
        """Raises ``Refusal`` 400 for an empty value, or too many."""
        values = [value.strip() for value in self._given.get(name, [])]
        if len(values) > MOST_VALUES or any(not 0 < len(value) <= MOST_NAME for value in values):
            raise Refusal(400, f"{name}: 1 to {MOST_VALUES} values of 1 to {MOST_NAME} characters")
        return values

    def numbers(self, name: str) -> frozenset[int]:
        """Raises ``Refusal`` 400."""
        values = self.texts(name)
        if not all(value.isascii() and value.isdigit() and len(value) < 20 for value in values):
            raise Refusal(400, f"{name}: whole numbers are wanted")
        return frozenset(map(int, values))


class Queries:
    """``who``: the client that asks; it is its own application instance where it names none."""

    def __init__(self, picture: RadioPicture, words: CellWords) -> None:
        self._picture, self._words = picture, words
        self._asked = 0

    def plmn_info(self, query: Query, now_ns: Nanoseconds) -> list[Json]:
        """An item for each instance asked for: the simulated operator has one network, wherever the instance is."""
        instances = query.texts("app_ins_id")
        if not instances:
            raise Refusal(400, "app_ins_id is needed")
        return [
            {"timeStamp": time_stamp(now_ns), "appInstanceId": instance, "plmn": [PLMN]}
            for instance in dict.fromkeys(instances)
        ]

    def rab_info(self, query: Query, who: str, now_ns: Nanoseconds) -> Json:
        instances = query.texts("app_ins_id")
        if len(instances) > 1:
            raise Refusal(400, "app_ins_id: a RabInfo is for one application instance")
        filters = {name: query.numbers(name) for name in _BEARER_FILTERS if name in query}
        in_cells: dict[CellId, list[Json]] = {}
        for ue, cell in self._chosen(query):
            bearers = [
                _erab(bearer)
                for bearer in self._picture.bearers(ue)
                if all(_BEARER_FILTERS[name](bearer) in wanted for name, wanted in filters.items())
            ]
            if bearers:
                in_cells.setdefault(cell, []).append(
                    {"associateId": self._associate_ids(ue), "erabInfo": bearers}
                )
        self._asked += 1
        return {
            "timeStamp": time_stamp(now_ns),
            "appInstanceId": instances[0] if instances else who,
            "requestId": str(self._asked),
            "cellUserInfo": [
                {"ecgi": self._words.ecgi[cell], "ueInfo": ues} for cell, ues in in_cells.items()
            ],
        }

    def s1_bearer_info(self, query: Query, now_ns: Nanoseconds) -> Json:
        """Of UEs on an LTE core: 5G has no S1. The simulated user plane function stands for the S-GW; each flow has a tunnel."""
        erabs = query.numbers("erab_id")
        teids = set(query.texts("gtp_teid"))
        found = []
        for ue, cell in self._chosen(query):
            if self._picture.cells[cell].kind == "nr" or (
                erabs and next(self._picture.bearers(ue)).erab not in erabs
            ):
                continue
            tunnels = [
                {
                    "erabId": next(self._picture.bearers(ue)).erab,
                    "enbInfo": {"ipAddress": self._picture.gnb, "tunnelId": _teid(path.teid_down)},
                    "sGwInfo": {"ipAddress": path.n3.rpartition(":")[0], "tunnelId": _teid(path.teid_up)},
                }
                for path in self._picture.tunnels(ue)
                if not teids or teids & {_teid(path.teid_down), _teid(path.teid_up)}
            ]
            if tunnels:
                found.append(
                    {
                        "associateId": self._associate_ids(ue),
                        "ecgi": [self._words.ecgi[cell]],
                        "s1BearerInfoDetailed": tunnels,
                    }
                )
        return {"timeStamp": time_stamp(now_ns), "s1UeInfo": found}

    def layer2_meas(self, query: Query, now_ns: Nanoseconds) -> Json:
        """Per cell and per UE, of all figures the two each that the model has. A UE's delays are its cell's."""
        query.texts("app_ins_id")
        if missing := sorted(name for name in _NOT_MEASURED if name in query):
            raise Refusal(400, f"{', '.join(missing)}: not measured in this network")
        filters = {name: query.numbers(name) for name in _MEASURED if name in query}
        wanted = self._cells(query)
        if any(name in query for name in ("ue_ipv4_address", "gtp_teid", *_NO_ADDRESSES)):
            serving = {cell for _, cell in self._chosen(query)}
            wanted = serving if wanted is None else wanted & serving
        delays = {name: query.numbers(name) for name in _DELAYS if name in query}
        measured, delayed = [], []
        for cell, load in self._picture.loads.items():
            known = self._picture.cells.get(cell)
            if known is None or known.kind not in KINDS_3GPP or (wanted is not None and cell not in wanted):
                continue
            figures = {name: figure(load) for name, figure in _MEASURED.items()}
            if all(figures[name] in values for name, values in filters.items()):
                measured.append({"ecgi": self._words.ecgi[cell], **figures})
        for ue, cell in self._chosen(query):
            if cell not in self._picture.loads:
                continue
            kind, load = self._picture.cells[cell].kind, self._picture.loads[cell]
            figures = {name: figure(kind, load) for name, figure in _DELAYS.items()}
            if all(figures[name] in values for name, values in delays.items()):
                who = self._associate_ids(ue)[0]
                delayed.append({"associateId": who, "ecgi": self._words.ecgi[cell], **figures})
        return {"timeStamp": time_stamp(now_ns), "cellInfo": measured, "cellUEInfo": delayed}

    # --- which UEs, which cells ---------------------------------------------------------------------------------------------

    def _chosen(self, query: Query) -> list[tuple[UeId, CellId]]:
        """The UEs that the request is about, on 3GPP cells, with their cells. Raises ``Refusal`` 400."""
        for name, reason in _NO_ADDRESSES.items():
            if name in query:
                raise Refusal(400, f"{name}: {reason}")
        cells = self._cells(query)
        ues: Iterable[UeId] = self._picture.subscribers
        if "ue_ipv4_address" in query:
            addresses = [_ipv4(text) for text in query.texts("ue_ipv4_address")]
            known = self._picture.at_address
            ues = dict.fromkeys(known[address] for address in addresses if address in known)
        if "gtp_teid" in query:
            wanted = set(query.texts("gtp_teid"))
            if not all(len(teid) == 8 and set(teid) <= set("0123456789abcdef") for teid in wanted):
                raise Refusal(400, "gtp_teid: 8 hexadecimal digits, in lower case")
            ues = [ue for ue in ues if wanted & self._teids(ue)]
        found = []
        for ue in ues:
            cell = self._picture.cell_of(ue)
            if cell is not None and (cells is None or cell.cell in cells):
                found.append((ue, cell.cell))
        return found

    def _cells(self, query: Query) -> set[CellId] | None:
        """None: all. Raises ``Refusal`` 400 for what is no identity; one of another network names no cell here."""
        if "cell_id" not in query:
            return None
        identities = query.texts("cell_id")
        if not all(len(one) in (7, 9) and _hexadecimal(one) for one in identities):
            raise Refusal(400, "cell_id: 7 hexadecimal digits (28 bits), or 9 of an NR cell")
        return {cell for one in identities if (cell := self._words.numbers.cell(one)) is not None}

    def _teids(self, ue: UeId) -> set[str]:
        return {_teid(teid) for path in self._picture.tunnels(ue) for teid in (path.teid_up, path.teid_down)}

    def _associate_ids(self, ue: UeId) -> list[Json]:
        return [associate_id(self._picture.subscribers[ue].ipv4)]


def _erab(bearer: Bearer) -> Json:
    quality: dict[str, Any] = {"qci": bearer.quality.five_qi}
    if information := rates(bearer.quality):
        quality["qosInformation"] = information
    return {"erabId": bearer.erab, "erabQosParameters": quality}


def _teid(number: int) -> str:
    return f"{number:08x}"


def _hexadecimal(text: str) -> bool:
    return all(letter in "0123456789abcdefABCDEF" for letter in text)


def _ipv4(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except AddressValueError:
        raise Refusal(400, f"ue_ipv4_address: {text[:64]!r} is no IPv4 address") from None
