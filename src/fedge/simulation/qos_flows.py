"""Who has a QoS flow in which cell: admission, and what becomes of flows when their UEs change cells (TS 23.501, 5.7). Pure.

Session management orders flows (``core/messages/user_plane``; NGAP is not emulated) and is answered. Of a cell's capacity a part
may be promised. A flow that comes with its UE into a cell without room is kept, but not fulfilled: the core network is told
(notification control, 5.7.2.4), and again when there is room. Nothing survives a restart, nor a new link to the core network:
it says its flows again. Reasons of refusals are TS 29.512's FailureCode.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network

from fedge.core.messages import Message
from fedge.core.messages.user_plane import (
    InstallQos,
    PacketFilter,
    QosFulfilled,
    QosInstalled,
    QosRefused,
    RemoveQos,
)
from fedge.core.model import UeId
from fedge.simulation.bearers import Endpoint, QosFlow, Ue, within
from fedge.simulation.cell_load import CellShares

MOST_OF_UE = 8
"""QoS flows of one UE beside the usual one (assumed; as many data radio bearers as a phone must support)."""


def is_about(filter: PacketFilter, server: Endpoint, protocol: str = "UDP") -> bool:
    """Is the filter about packets to and from ``server``? Raises ``ValueError`` for a filter that is none."""
    return (
        IPv4Address(server[0]) in IPv4Network(filter.server, strict=False)
        and filter.protocol in ("", protocol)
        and within(filter.ports, server[1])
    )


class QosFlows:
    """Of all UEs. ``services``: every address that a UE may send to."""

    def __init__(self, names: Mapping[UeId, int], ues: Sequence[Ue], services: Sequence[Endpoint]) -> None:
        self._names, self._ues, self._services = names, ues, services
        self._name_of = {index: name for name, index in names.items()}
        self._flows: dict[str, QosFlow] = {}

    # --- orders ---------------------------------------------------------------------------------------------------------------

    def handle(self, order: InstallQos | RemoveQos) -> list[Message]:
        """What follows, for session management. A repeated order is answered the same."""
        if isinstance(order, InstallQos):
            return self._install(order)
        gone = self._flows.pop(order.flow, None)
        return self._drop(gone) if gone is not None else []

    def forget(self) -> None:
        """The core network says all its flows anew."""
        for flow in self._flows.values():
            flow.keep(None)
        self._flows.clear()
        for ue in self._ues:
            ue.flows = {}

    def _install(self, order: InstallQos) -> list[Message]:
        before = self._flows.get(order.flow)
        refusal = self._refusal(order, before)
        if refusal:
            return [QosRefused(order.flow, order.ue, refusal)]
        ue = self._ues[self._names[order.ue]]
        told: list[Message] = [QosInstalled(order.flow, order.ue)]
        flow = QosFlow(order.flow, ue.index, order.filters, order.quality)
        if before is not None and before.same(flow):
            return told if before.kept else [*told, self._fulfilled(before)]
        left = before.promised_in if before is not None else None
        if before is not None:
            before.keep(None)
        if not flow.fits(ue.shares):
            if before is not None:
                before.keep(left)
            return [QosRefused(order.flow, order.ue, "RES_ALLO_FAIL")]
        self._flows[order.flow] = flow
        flow.keep(ue.shares)
        if before is not None and before.ue != ue.index:
            self._match(self._ues[before.ue])
        self._match(ue)
        return told + (self._room_in(left) if left is not None else [])

    def _refusal(self, order: InstallQos, before: QosFlow | None) -> str:
        """Why there can be no such flow in any cell; empty if there can."""
        index = self._names.get(order.ue)
        if index is None:
            return "UE_TEMPORARILY_UNAVAILABLE"
        try:
            for one in order.filters:
                is_about(one, self._services[0])
        except ValueError:
            return "INCOR_FLOW_INFO"
        asked = order.quality
        for guaranteed, most in (
            (asked.guaranteed_up_kbit_s, asked.most_up_kbit_s),
            (asked.guaranteed_down_kbit_s, asked.most_down_kbit_s),
        ):
            if min(guaranteed, most) < 0 or 0 < most < guaranteed:
                return "UNSUCC_QOS_VAL"
        others = sum(flow.ue == index and flow is not before for flow in self._flows.values())
        return "MAX_NR_QoS_FLOW" if others >= MOST_OF_UE else ""

    def _drop(self, flow: QosFlow) -> list[Message]:
        cell = flow.promised_in
        flow.keep(None)
        self._match(self._ues[flow.ue])
        return self._room_in(cell) if cell is not None else []

    def _match(self, ue: Ue) -> None:
        """What the UE sends to an address belongs to its oldest flow that wants it."""
        wanted = [(one, flow) for flow in self._flows.values() if flow.ue == ue.index for one in flow.filters]
        ue.flows = {
            service: found
            for service in self._services
            if (found := tuple((one.ue_ports, flow) for one, flow in wanted if is_about(one, service)))
        }
        ue.radio_changed()

    # --- cells ----------------------------------------------------------------------------------------------------------------

    def moved(self, ue: Ue, left: CellShares) -> list[Message]:
        """The UE has come from a cell into another: its flows follow it."""
        told: list[Message] = []
        own = [flow for flow in self._flows.values() if flow.ue == ue.index]
        for flow in own:
            kept = flow.kept
            flow.keep(None)
            if flow.fits(ue.shares):
                flow.keep(ue.shares)
            if flow.kept != kept:
                told.append(self._fulfilled(flow))
        return told + self._room_in(left) if own else told

    def _room_in(self, cell: CellShares) -> list[Message]:
        """Something there was let go: whoever waits for it there, in the order in which they came."""
        told: list[Message] = []
        for flow in self._flows.values():
            if not flow.kept and self._ues[flow.ue].shares is cell and flow.fits(cell):
                flow.keep(cell)
                told.append(self._fulfilled(flow))
        return told

    def _fulfilled(self, flow: QosFlow) -> Message:
        return QosFulfilled(flow.name, self._name_of[flow.ue], flow.kept)
