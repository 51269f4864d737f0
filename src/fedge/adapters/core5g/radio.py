"""The radio network information service as Fedge uses it (ETSI GS MEC 012 v2.2.1): handovers and measurement reports of all UEs,
how full the cells are.

Notifications come over a websocket of each subscription, or to its callback, as the service chooses.
"""

from __future__ import annotations

import time
from statistics import fmean
from typing import Any

import httpx2

from fedge.adapters.core5g import words
from fedge.adapters.core5g.door import FAULTS, Caller
from fedge.adapters.core5g.parties import Clock, Map, Subscribers
from fedge.adapters.core5g.radio_words import (
    ALL,
    COMPLETED,
    IN_PREPARATION,
    LAYER_2,
    NOTIFICATION,
    PERIODICAL,
    TYPES,
    UE_IPV4_ADDRESS,
    AssociateId,
    CellChangeNotification,
    ExpiryNotification,
    MeasRepUeNotification,
    Notification,
    NrMeasRepUeNotification,
    Resource,
    TestNotification,
    layer_2,
    listed,
    resource,
    typed,
)
from fedge.adapters.core5g.subscribing import plain, unanswered
from fedge.adapters.core5g.words import Identity, Invalid
from fedge.core.access.signal_values import eutra_rsrp_dbm, nr_rsrp_dbm
from fedge.core.exposure import (
    Answer,
    Call,
    CellChanges,
    CellTold,
    Create,
    Delete,
    Expiring,
    Held,
    List,
    MeasureCells,
    MeasuredCell,
    Measurements,
    Notice,
    RadioTold,
    Replace,
    Strange,
    mark_of,
)
from fedge.core.model import SECOND, CellId, Nanoseconds, UeId


class RadioInformation:
    """One subscription of each type that is wanted; their list tells links only, so each is read."""

    def __init__(
        self, caller: Caller, identity: Identity, subscribers: Subscribers, where: Map, clock: Clock
    ) -> None:
        self.call = caller
        self._identity, self._subscribers, self._map, self._clock = identity, subscribers, where, clock

    async def carry_out(self, call: Call) -> Answer:
        """Never raises: what went wrong is in the answer."""
        try:
            return await self._carry_out(call)
        except FAULTS as error:
            return unanswered(call.number, error)

    async def _carry_out(self, call: Call) -> Answer:
        match call:
            case List(number):
                return await self._list(number)
            case MeasureCells(number):
                return self._measured(number, await self.call("GET", LAYER_2))
            case Delete(number, _, subscription):
                return plain(number, await self.call("DELETE", f"{ALL}/{subscription}"))
            case Create():
                return self._made(call.number, await self.call("POST", ALL, self._said(call)))
            case Replace():
                answer = await self.call("PUT", f"{ALL}/{call.subscription}", self._said(call))
                return self._made(call.number, answer, call.subscription)
        raise AssertionError(call)

    async def _list(self, number: int) -> Answer:
        answer = await self.call("GET", ALL)
        if not answer.is_success:
            return plain(number, answer)
        found = []
        for link in listed(answer.content):
            if link.subscription_type in TYPES:
                name = words.name_of(link.href)
                one = await self.call("GET", f"{ALL}/{name}")
                if one.is_success:
                    found.append(self._held(resource(one.content), name))
                elif one.status_code != 404:
                    return plain(number, one)
        return Answer(number, 200, held=tuple(found))

    def _measured(self, number: int, answer: httpx2.Response) -> Answer:
        """Of cells that are on the map. What cannot be read is as good as not offered: the service is still there."""
        if not answer.is_success:
            return plain(number, answer)
        try:
            said = layer_2(answer.content)
        except words.UNREADABLE as error:
            return Answer(number, 406, detail=f"layer 2 measurements: {error}")
        delays: dict[CellId, list[float]] = {}
        for one in said.cell_ue_info:
            cell = self._map.cell(one.ecgi.cell_id)
            if cell is not None and one.dl_nongbr_delay_ue is not None and one.ul_nongbr_delay_ue is not None:
                delays.setdefault(cell, []).append(float(one.dl_nongbr_delay_ue + one.ul_nongbr_delay_ue))
        found = []
        for each in said.cell_info:
            cell = self._map.cell(each.ecgi.cell_id)
            if cell is not None:
                mean = fmean(delays[cell]) if cell in delays else None
                up, down = each.ul_total_prb_usage_cell / 100, each.dl_total_prb_usage_cell / 100
                found.append(MeasuredCell(cell, up, down, mean))
        return Answer(number, answer.status_code, cells=tuple(found))

    def _made(self, number: int, answer: httpx2.Response, subscription: str = "") -> Answer:
        if not answer.is_success:
            return plain(number, answer)
        said = resource(answer.content)
        name = subscription or words.name_of(said.links.self.href or answer.headers.get("location", ""))
        if not name:
            return Answer(number, 0, detail="created without a name")
        return Answer(number, answer.status_code, held=(self._held(said, name),))

    def _held(self, said: Resource, name: str) -> Held:
        lasts_s = None
        if said.expiry_deadline is not None:
            lasts_s = (self._clock.instant(said.expiry_deadline.unix_ns) - self._clock.now()) / SECOND
        token = self._identity.token_of(said.callback_reference)
        return Held(name, token, said.mark, said.websock_notif_config.websocket_uri, lasts_s)

    def _said(self, call: Create | Replace) -> dict[str, Any]:
        asks, mark = call.asks, mark_of(call.token)
        if isinstance(asks, CellChanges):
            said = typed(
                "CellChange", "filterCriteriaAssocHo", mark, {"hoStatus": [IN_PREPARATION, COMPLETED]}
            )
        elif isinstance(asks, Measurements) and asks.kind == "nr":
            said = typed("NrMeasRepUe", "filterCriteriaNrMrs", mark, {"triggerNr": [PERIODICAL]})
        else:
            said = typed("MeasRepUe", "filterCriteriaAssocTri", mark, {"trigger": [PERIODICAL]})
        until = time.time() + call.lasts_s
        said["expiryDeadline"] = {"seconds": int(until), "nanoSeconds": 0}
        said["callbackReference"] = self._identity.destination(call.token)
        if call.channel == "websocket":
            said["websockNotifConfig"] = {"requestWebsocketUri": True}
        return said

    # --- notifications -----------------------------------------------------------------------------------------------------

    def heard(self, token: str, body: bytes) -> Notice | None:
        """A notification; None for one that says nothing. Raises ``Invalid``."""
        try:
            said = NOTIFICATION.decode(body)
        except words.UNREADABLE as error:
            raise Invalid(str(error)) from None
        if isinstance(said, TestNotification):
            return None
        if isinstance(said, ExpiryNotification):
            until = said.expiry_deadline
            left = self._clock.instant(until.unix_ns) - self._clock.now() if until is not None else 0
            return Expiring(token, max(left / SECOND, 0.0))
        ue = next(filter(None, map(self._ue, said.associate_id)), None)
        if ue is None:
            return Strange(token, "about nobody known")
        at = (
            self._clock.instant(said.time_stamp.unix_ns) if said.time_stamp is not None else self._clock.now()
        )
        return self._about(token, said, ue, at)

    def _about(self, token: str, said: Notification, ue: UeId, at: Nanoseconds) -> Notice | None:
        match said:
            case CellChangeNotification():
                if said.ho_status not in (IN_PREPARATION, COMPLETED) or not said.trg_ecgi:
                    return None
                target = self._map.cell(said.trg_ecgi[0].cell_id)
                source = self._map.cell(said.src_ecgi.cell_id) if said.src_ecgi is not None else None
                if target is None:
                    return Strange(token, "unknown cell")
                return CellTold(token, ue, at, target, source, said.ho_status == COMPLETED)
            case NrMeasRepUeNotification(serv_cell_meas_info=serving) if serving:
                value = serving[0].s_cell.meas_quantity_results_ssb_cell.rsrp
                signal_dbm = nr_rsrp_dbm(value) if value is not None else None
                cell = self._map.cell(serving[0].nrcgi.nr_cell_id)
            case MeasRepUeNotification(ecgi=ecgi) if ecgi is not None:
                signal_dbm = eutra_rsrp_dbm(said.rsrp) if said.rsrp is not None else None
                cell = self._map.cell(ecgi.cell_id)
            case _:
                return None
        return (
            RadioTold(token, ue, at, cell, signal_dbm) if cell is not None else Strange(token, "unknown cell")
        )

    def _ue(self, id: AssociateId) -> UeId | None:
        return self._subscribers.by_ipv4(id.value) if id.type == UE_IPV4_ADDRESS else None
