"""Notifications: what each event means to each subscription (ETSI GS MEC 012, 6.4). Pure.

One notification is about one UE, as the standard has it. Bodies are encoded here, because the parts that many share (cells, UEs,
links) are encoded once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec
from msgspec import UNSET, Raw, Struct

from fedge.core.access.signal_values import eutra_rsrp_value, eutra_rsrq_value, nr_rsrp_value
from fedge.core.messages import CellChanged, HandoverPredicted
from fedge.core.messages.user_plane import UeMeasured
from fedge.core.model import SECOND, CellId, Nanoseconds, UeId
from fedge.simulation.rnis.data_types import (
    CellChangeNotification,
    ErabQosParameters,
    EutranNeighbour,
    ExpiryNotification,
    MeasRepUeNotification,
    NewRadioNeighbour,
    NrMeasRepUeNotification,
    NrNeighbour,
    RabEstNotification,
    RabModNotification,
    RabRelNotification,
    Rsrp,
    ServingCell,
    SsbResults,
    TestNotification,
    TimeStamp,
)
from fedge.simulation.rnis.picture import BearerEvent, RadioPicture
from fedge.simulation.rnis.quality import rsrq_db
from fedge.simulation.rnis.subscriptions import Subscription, Subscriptions
from fedge.simulation.rnis.wants import A3, COMPLETED, IN_PREPARATION, PERIODICAL
from fedge.simulation.rnis.words import CellWords, associate_id, rates, raw, time_stamp

NR_KINDS = ("nr", "nsa")
"""Kinds of cell whose signal is that of an NR carrier."""
REPORTS = ("MeasRepUeSubscription", "NrMeasRepUeSubscription")


class Notice(NamedTuple):
    """A notification for one subscription. ``ue`` empty: it is about the subscription itself."""

    subscription: Subscription
    ue: UeId
    body: bytes


def report_kind(kind: str) -> str:
    """The type of subscription to reports of UEs in such a cell; empty: they are not reported."""
    if kind in NR_KINDS:
        return "NrMeasRepUeSubscription"
    return "MeasRepUeSubscription" if kind == "lte" else ""


def periodical(one: Subscription) -> bool:
    """Does it want a report of each measurement?"""
    return one.kind in REPORTS and PERIODICAL in one.wants.codes


class Reports:
    """``unix_ns``: what to add to an event's instant to have the time of day."""

    def __init__(
        self, picture: RadioPicture, words: CellWords, subscriptions: Subscriptions, unix_ns: Nanoseconds
    ) -> None:
        self._picture, self._words, self._subscriptions = picture, words, subscriptions
        self._unix_ns = unix_ns
        self._encode = msgspec.json.Encoder().encode
        self._associate: dict[str, Raw] = {}

    # --- what the access network tells --------------------------------------------------------------------------------------

    def periodical(self, one: Subscription, ue: UeId) -> bytes | None:
        """The newest periodical report of this UE; None where the subscription does not want it."""
        measured = self._picture.measured.get(ue)
        if measured is None or not periodical(one):
            return None
        return self._meas_rep(one, measured, self._picture.measured_at)

    def predicted(self, event: HandoverPredicted) -> Iterator[Notice]:
        """Event A3 has been reported, and a handover is being prepared."""
        source = self._picture.attached.get(event.ue)
        if source is not None:
            yield from self._cell_change(event.ue, source, event.cell, IN_PREPARATION, event.at)
        measured = self._picture.measured.get(event.ue)
        if measured is None:
            return
        for one in self._subscriptions.of_kind(report_kind(measured.kind)):
            if A3 in one.wants.codes and (body := self._meas_rep(one, measured, event.at, A3)) is not None:
                yield Notice(one, event.ue, body)

    def changed(self, event: CellChanged) -> Iterator[Notice]:
        """Attaching is no change of cells: there is no source."""
        if event.previous is not None and event.previous != event.cell:
            yield from self._cell_change(event.ue, event.previous, event.cell, COMPLETED, event.at)

    def bearer(self, event: BearerEvent, at: Nanoseconds) -> Iterator[Notice]:
        cell, known = self._picture.cell_of(event.ue), self._picture.subscribers.get(event.ue)
        if cell is None or known is None:
            return
        bearer, quality = event.bearer, event.bearer.quality
        stamp, ecgi, ue = self._stamp(at), self._words.ecgi[cell.cell], self._associate_ids(known.ipv4)
        for one in self._subscriptions.of_kind(f"{event.kind}Subscription"):
            wants = one.wants
            if (
                wants.qci != quality.five_qi
                or wants.erab not in (None, bearer.erab)
                or not wants.cell(cell.cell)
            ):
                continue
            links = self.links(one)
            notification: Struct
            if event.kind == "RabRel":
                notification = RabRelNotification(stamp, ecgi, ue, {"erabId": bearer.erab}, links)
            else:
                made = RabEstNotification if event.kind == "RabEst" else RabModNotification
                parameters = ErabQosParameters(quality.five_qi, rates(quality) or UNSET)
                notification = made(stamp, ecgi, ue, bearer.erab, parameters, links)
            yield Notice(one, event.ue, self._encode(notification))

    # --- what the subscription itself is due --------------------------------------------------------------------------------

    def test(self, one: Subscription) -> Notice:
        return Notice(one, UeId(""), self._encode(TestNotification(self.links(one))))

    def expiry(self, one: Subscription, now_unix_ns: Nanoseconds) -> Notice:
        deadline = time_stamp(round(one.deadline_s * SECOND))
        return Notice(
            one,
            UeId(""),
            self._encode(ExpiryNotification(time_stamp(now_unix_ns), deadline, self.links(one))),
        )

    def links(self, one: Subscription) -> Raw:
        return raw({"subscription": {"href": self._subscriptions.href(one.id)}})

    # --- parts --------------------------------------------------------------------------------------------------------------

    def _cell_change(
        self, ue: UeId, source: CellId, target: CellId, status: int, at: Nanoseconds
    ) -> Iterator[Notice]:
        known, ecgi = self._picture.subscribers.get(ue), self._words.ecgi
        if known is None or source not in ecgi or target not in ecgi:
            return
        for one in self._subscriptions.of_kind("CellChangeSubscription"):
            wants = one.wants
            if status in wants.codes and wants.ue(known.ipv4) and wants.cell(source, target):
                yield Notice(
                    one,
                    ue,
                    self._encode(
                        CellChangeNotification(
                            self._stamp(at),
                            self._associate_ids(known.ipv4),
                            ecgi[source],
                            (ecgi[target],),
                            status,
                            self.links(one),
                        )
                    ),
                )

    def _meas_rep(
        self, one: Subscription, ue: UeMeasured, at: Nanoseconds, trigger: int = PERIODICAL
    ) -> bytes | None:
        known, wants = self._picture.subscribers.get(ue.ue), one.wants
        if one.kind != report_kind(ue.kind) or known is None or ue.cell not in self._words.ecgi:
            return None
        if not wants.ue(known.ipv4) or not wants.cell(ue.cell):
            return None
        report = self._nr_report if ue.kind in NR_KINDS else self._eutra_report
        told = report(ue, self._associate_ids(known.ipv4), self._stamp(at), trigger, self.links(one))
        return self._encode(told)

    def _eutra_report(
        self, ue: UeMeasured, associate: Raw, stamp: TimeStamp, trigger: int, links: Raw
    ) -> MeasRepUeNotification:
        quality_db = rsrq_db(ue, self._picture.cells, self._picture.loads)
        return MeasRepUeNotification(
            stamp,
            self._words.ecgi[ue.cell],
            associate,
            eutra_rsrp_value(ue.rsrp_dbm),
            eutra_rsrq_value(quality_db),
            trigger,
            links,
            self._eutra_neighbours(ue),
            tuple(
                NewRadioNeighbour(self._words.nr_cell_info[cell], nr_rsrp_value(dbm))
                for cell, dbm in self._neighbours(ue, NR_KINDS)
            ),
        )

    def _nr_report(
        self, ue: UeMeasured, associate: Raw, stamp: TimeStamp, trigger: int, links: Raw
    ) -> NrMeasRepUeNotification:
        nrcgi = self._words.nrcgi
        neighbours = tuple(
            NrNeighbour(nrcgi[cell], Rsrp(nr_rsrp_value(dbm))) for cell, dbm in self._neighbours(ue, NR_KINDS)
        )
        return NrMeasRepUeNotification(
            stamp,
            associate,
            trigger,
            (ServingCell(nrcgi[ue.cell], SsbResults(Rsrp(nr_rsrp_value(ue.rsrp_dbm)))),),
            links,
            neighbours,
            () if neighbours else self._eutra_neighbours(ue),
        )

    def _eutra_neighbours(self, ue: UeMeasured) -> tuple[EutranNeighbour, ...]:
        return tuple(
            EutranNeighbour(self._words.ecgi[cell], eutra_rsrp_value(dbm))
            for cell, dbm in self._neighbours(ue, ("lte",))
        )

    def _neighbours(self, ue: UeMeasured, kinds: tuple[str, ...]) -> Iterator[tuple[CellId, float]]:
        cells = self._picture.cells
        for neighbour in ue.neighbours:
            cell = cells.get(neighbour.cell)
            if cell is not None and cell.kind in kinds:
                yield neighbour.cell, neighbour.rsrp_dbm

    def _associate_ids(self, ipv4: str) -> Raw:
        found = self._associate.get(ipv4)
        if found is None:
            found = self._associate[ipv4] = raw([associate_id(ipv4)])
        return found

    def _stamp(self, at: Nanoseconds) -> TimeStamp:
        return time_stamp(at + self._unix_ns)
