"""What the radio network information service knows: who is attached where, signals, loads, bearers and tunnels. Pure.

``hear`` takes what the access network tells the core network, and what session management orders of it (``core.messages``).
Volatile, as a real one's: after a restart the access network says hello, and everything is said again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from fedge.core.messages import Cell, CellChanged, Message, RadioMeasured
from fedge.core.messages.user_plane import (
    CellLoad,
    InstallPath,
    InstallQos,
    QosInstalled,
    QosRefused,
    Quality,
    RanHello,
    RemovePath,
    RemoveQos,
    Subscriber,
    UeMeasured,
)
from fedge.core.model import Address, CellId, Nanoseconds, SiteId, UeId

DEFAULT_ERAB, LAST_ERAB = 5, 15
"""EPS bearer identities are 5 to 15 (TS 24.007, 11.2.3.1.5); the default bearer has the first."""
DEFAULT_QUALITY = Quality(9)
"""QCI 9: the usual default bearer to the internet (TS 23.203, table 6.1.7-A)."""
KINDS_3GPP = ("lte", "nr", "nsa")
"""What MEC 012 is about. Wi-Fi has bearers and measurement reports of another standard (ETSI GS MEC 028)."""


class Bearer(Struct, frozen=True):
    """A radio access bearer. Of a UE on NR it is its QoS flow, by the EPS bearer identity for interworking (TS 23.501, 5.17.2.1).

    A 5QI is told as the QCI of the same number.
    """

    erab: int
    quality: Quality


class BearerEvent(Struct, frozen=True):
    """``kind``: RabEst, RabMod or RabRel."""

    kind: str
    ue: UeId
    bearer: Bearer


class RadioPicture:
    """``cells``: the network's, in the order that numbers them."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.cells = {cell.cell: cell for cell in cells}
        self.subscribers: dict[UeId, Subscriber] = {}
        self.at_address: dict[str, UeId] = {}
        self.attached: dict[UeId, CellId] = {}
        self.measured: dict[UeId, UeMeasured] = {}
        self.loads: dict[CellId, CellLoad] = {}
        self.measured_at: Nanoseconds = 0
        self.gnb = ""
        self._paths: dict[UeId, dict[tuple[Address, SiteId], InstallPath]] = {}
        self._asked: dict[str, Quality] = {}
        self._bearers: dict[UeId, dict[str, Bearer]] = {}

    def hear(self, message: Message) -> list[BearerEvent]:
        """Returns the bearers that change by it."""
        match message:
            case RadioMeasured():
                self.measured_at = message.at
                for ue in message.ues:
                    self.measured[ue.ue] = ue
                    self.attached[ue.ue] = ue.cell
                for load in message.cells:
                    self.loads[load.cell] = load
            case CellChanged():
                self.attached[message.ue] = message.cell
            case RanHello():
                self._hello(message)
            case InstallPath():
                self._paths.setdefault(message.ue, {})[message.service, message.site] = message
            case RemovePath():
                self._paths.get(message.ue, {}).pop((message.service, message.site), None)
            case InstallQos():
                self._asked[message.flow] = message.quality
            case QosInstalled():
                return self._established(message)
            case QosRefused():
                self._asked.pop(message.flow, None)
            case RemoveQos():
                return self._released(message)
        return []

    def cell_of(self, ue: UeId) -> Cell | None:
        """The cell that a subscriber is attached to; None where it is unknown, or is no 3GPP cell."""
        cell = self.cells.get(self.attached.get(ue, CellId("")))
        return cell if cell is not None and ue in self.subscribers and cell.kind in KINDS_3GPP else None

    def bearers(self, ue: UeId) -> Iterator[Bearer]:
        """The default bearer first."""
        yield Bearer(DEFAULT_ERAB, DEFAULT_QUALITY)
        yield from sorted(self._bearers.get(ue, {}).values(), key=lambda bearer: bearer.erab)

    def tunnels(self, ue: UeId) -> list[InstallPath]:
        return list(self._paths.get(ue, {}).values())

    def _hello(self, message: RanHello) -> None:
        """The access network knows no path and no QoS flow now; session management says them anew."""
        self.subscribers = {one.ue: one for one in message.subscribers}
        self.at_address = {one.ipv4: one.ue for one in message.subscribers}
        self.gnb = message.n3.rpartition(":")[0]
        self._paths.clear()
        for known in (self.attached, self.measured, self._bearers):
            for ue in [ue for ue in known if ue not in self.subscribers]:
                del known[ue]

    def _established(self, message: QosInstalled) -> list[BearerEvent]:
        quality = self._asked.pop(message.flow, None)
        if quality is None:
            return []  # asked of the access network by an earlier life of this one
        flows = self._bearers.setdefault(message.ue, {})
        before = flows.get(message.flow)
        if before is not None:
            flows[message.flow] = bearer = Bearer(before.erab, quality)
            return [BearerEvent("RabMod", message.ue, bearer)] if before != bearer else []
        taken = {bearer.erab for bearer in flows.values()}
        free = next((erab for erab in range(DEFAULT_ERAB + 1, LAST_ERAB + 1) if erab not in taken), None)
        if free is None:
            return []  # a QoS flow without EPS bearer identity: not told here, as none could name it
        flows[message.flow] = bearer = Bearer(free, quality)
        return [BearerEvent("RabEst", message.ue, bearer)]

    def _released(self, message: RemoveQos) -> list[BearerEvent]:
        self._asked.pop(message.flow, None)
        bearer = self._bearers.get(message.ue, {}).pop(message.flow, None)
        return [BearerEvent("RabRel", message.ue, bearer)] if bearer is not None else []
