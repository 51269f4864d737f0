"""QoS flows: admission, what a guaranteed flow keeps in a congested cell, and that it follows its UE from cell to cell."""

from __future__ import annotations

from random import Random

import pytest

from fedge.core.messages import Message
from fedge.core.messages.user_plane import (
    InstallQos,
    PacketFilter,
    QosFulfilled,
    QosInstalled,
    QosRefused,
    Quality,
    RemoveQos,
)
from fedge.core.model import MS, SECOND, UeId
from fedge.simulation.bearers import ABOVE_MOST, IN_FULL_CELL, Ue
from fedge.simulation.cell_load import BUFFER_NS, CellQueue, CellShares, swing
from fedge.simulation.profiles import NR_MID_BAND
from fedge.simulation.qos_flows import MOST_OF_UE, QosFlows, is_about

GAME, SITE, OTHER = ("127.9.1.1", 7777), ("127.9.10.5", 7777), ("127.9.1.1", 9000)
FILTER = PacketFilter("127.9.1.1", ((7777, 7777),))
PORT, Z = 40_000, 0.0


class Cells:
    """Three cells of 10 Mbit/s each way, half of which may be promised (the last: none), and four UEs in the first."""

    def __init__(self, load: float = 0.0) -> None:
        self.all = [CellShares(kind, self._queue(load), self._queue(load)) for kind in ("nr", "lte", "wifi")]
        self.ues = [Ue(index) for index in range(4)]
        for ue in self.ues:
            ue.up.tune(NR_MID_BAND.rtt_ms, 0.5, 40.0)
            ue.down.tune(NR_MID_BAND.rtt_ms, 0.5, 300.0)
            ue.attach(0, self.all[0])
        names = {UeId(f"player-{index + 1}"): index for index in range(4)}
        self.flows = QosFlows(names, self.ues, (GAME, SITE, OTHER))

    @staticmethod
    def _queue(load: float) -> CellQueue:
        made = CellQueue(10.0, swing(7), 0, 0, Random(2).random)
        made.carry(load, 0)
        return made

    def install(self, flow: str, ue: int = 1, kbit_s: int = 1_000, **more: int) -> list[Message]:
        quality = Quality(3, kbit_s, kbit_s, **more)
        return self.flows.handle(InstallQos(flow, UeId(f"player-{ue}"), (FILTER,), quality))

    def move(self, ue: int, cell: int) -> list[Message]:
        found = self.ues[ue - 1]
        left = found.shares
        found.attach(cell, self.all[cell])
        return self.flows.moved(found, left)

    def promised(self) -> list[tuple[int, int]]:
        return [(cell.promised_up_kbit_s, cell.promised_down_kbit_s) for cell in self.all]


def installed(flow: str, ue: int = 1) -> QosInstalled:
    return QosInstalled(flow, UeId(f"player-{ue}"))


def refused(flow: str, reason: str, ue: int = 1) -> QosRefused:
    return QosRefused(flow, UeId(f"player-{ue}"), reason)


def fulfilled(flow: str, yes: bool, ue: int = 1) -> QosFulfilled:
    return QosFulfilled(flow, UeId(f"player-{ue}"), yes)


# --- which packets --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filter", "wanted"),
    [
        (FILTER, [GAME]),
        (PacketFilter("127.9.1.1"), [GAME, OTHER]),
        (PacketFilter("127.9.0.0/16", ((7000, 8000),), "UDP"), [GAME, SITE]),
        (PacketFilter("127.9.0.0/16", ((1, 10), (9000, 9001))), [OTHER]),
        (PacketFilter("127.9.1.1", (), "TCP"), []),
        (PacketFilter("10.0.0.1"), []),
    ],
)
def test_a_filter_says_which_servers_are_meant(filter: PacketFilter, wanted: list[tuple[str, int]]) -> None:
    assert [server for server in (GAME, SITE, OTHER) if is_about(filter, server)] == wanted


def test_a_filter_may_name_ports_of_the_ue_too() -> None:
    cells = Cells()
    ours = PacketFilter("127.9.1.1", (), "UDP", ((4_000, 4_010),))
    for flow, filters in (("a", (ours, PacketFilter("127.9.10.5"))), ("b", (FILTER,))):
        cells.flows.handle(InstallQos(flow, UeId("player-1"), filters, Quality(3, 100)))
    ue = cells.ues[0]
    found = [
        ue.flow(*asked) for asked in ((GAME, 4_005), (GAME, 5_000), (SITE, 1), (OTHER, 4_000), (OTHER, 3_999))
    ]
    assert [flow.name if flow is not None else "" for flow in found] == ["a", "b", "a", "a", ""]


# --- admission ------------------------------------------------------------------------------------------------------------------


def test_half_of_a_cell_may_be_promised() -> None:
    cells = Cells()
    assert cells.install("a", 1, 3_000) == [installed("a")]
    assert cells.install("b", 2, 2_000) == [installed("b", 2)]
    assert cells.install("c", 3, 1) == [refused("c", "RES_ALLO_FAIL", 3)]
    assert cells.promised()[0] == (5_000, 5_000)
    assert cells.flows.handle(RemoveQos("b", UeId("player-2"))) == []
    assert cells.install("c", 3, 2_000) == [installed("c", 3)]


def test_a_flow_without_a_guarantee_needs_no_room() -> None:
    cells = Cells()
    cells.install("a", 1, 5_000)
    assert cells.install("b", 2, 0) == [installed("b", 2)]


def test_the_same_order_again_changes_nothing() -> None:
    cells = Cells()
    for _ in range(3):
        assert cells.install("a", 1, 3_000) == [installed("a")]
    assert cells.promised()[0] == (3_000, 3_000)


def test_a_flow_that_is_changed_without_room_is_as_it_was() -> None:
    cells = Cells()
    cells.install("a", 1, 3_000)
    assert cells.install("a", 1, 6_000) == [refused("a", "RES_ALLO_FAIL")]
    assert cells.promised()[0] == (3_000, 3_000)
    assert cells.install("a", 1, 5_000) == [installed("a")]
    assert cells.install("a", 2, 1_000) == [installed("a", 2)], "it may become another UE's"
    assert cells.promised()[0] == (1_000, 1_000)
    assert (cells.ues[0].flows, list(cells.ues[1].flows)) == ({}, [GAME])


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (InstallQos("a", UeId("player-9"), (FILTER,), Quality(3)), "UE_TEMPORARILY_UNAVAILABLE"),
        (InstallQos("a", UeId("player-1"), (PacketFilter("no address"),), Quality(3)), "INCOR_FLOW_INFO"),
        (InstallQos("a", UeId("player-1"), (PacketFilter("127.0.0.1/99"),), Quality(3)), "INCOR_FLOW_INFO"),
        (InstallQos("a", UeId("player-1"), (FILTER,), Quality(3, 100, 0, 50)), "UNSUCC_QOS_VAL"),
        (InstallQos("a", UeId("player-1"), (FILTER,), Quality(3, -1)), "UNSUCC_QOS_VAL"),
    ],
)
def test_what_no_cell_can_do_is_refused_and_changes_nothing(order: InstallQos, reason: str) -> None:
    cells = Cells()
    assert cells.flows.handle(order) == [QosRefused(order.flow, order.ue, reason)]
    assert cells.promised()[0] == (0, 0)
    assert all(not ue.flows for ue in cells.ues)


def test_a_ue_has_so_many_flows_and_no_more() -> None:
    cells = Cells()
    for number in range(MOST_OF_UE):
        assert cells.install(f"f-{number}", 1, 10) == [installed(f"f-{number}")]
    assert cells.install("one more", 1, 10) == [refused("one more", "MAX_NR_QoS_FLOW")]
    assert cells.install("f-0", 1, 20) == [installed("f-0")]
    assert cells.install("one more", 2, 10) == [installed("one more", 2)]


def test_a_flow_that_nobody_has_is_removed_in_peace() -> None:
    assert Cells().flows.handle(RemoveQos("a", UeId("player-1"))) == []


# --- from cell to cell ----------------------------------------------------------------------------------------------------------


def test_a_flow_follows_its_ue() -> None:
    cells = Cells()
    cells.install("a", 1, 3_000)
    assert cells.move(1, 1) == []
    assert cells.promised() == [(0, 0), (3_000, 3_000), (0, 0)]


def test_in_a_full_cell_it_is_not_fulfilled_until_there_is_room() -> None:
    cells = Cells()
    cells.install("a", 1, 3_000)
    cells.install("c", 3, 1_000)
    cells.move(2, 1)
    cells.install("b", 2, 3_000)
    assert cells.move(1, 1) == [fulfilled("a", False)]
    assert cells.move(3, 1) == []
    assert cells.promised() == [(0, 0), (4_000, 4_000), (0, 0)]
    assert cells.install("a", 1, 3_000) == [installed("a"), fulfilled("a", False)], "said again"
    assert cells.move(2, 0) == [fulfilled("a", True)]
    assert cells.promised() == [(3_000, 3_000), (4_000, 4_000), (0, 0)]


def test_who_is_removed_makes_room_for_who_waits() -> None:
    cells = Cells()
    cells.install("a", 1, 3_000)
    cells.move(2, 1)
    cells.install("b", 2, 3_000)
    assert cells.move(1, 1) == [fulfilled("a", False)]
    assert cells.flows.handle(RemoveQos("b", UeId("player-2"))) == [fulfilled("a", True)]
    assert cells.promised()[1] == (3_000, 3_000)


def test_who_asks_for_less_makes_room_for_who_waits() -> None:
    cells = Cells()
    cells.install("a", 1, 3_000)
    cells.move(2, 1)
    cells.install("b", 2, 3_000)
    cells.move(1, 1)
    assert cells.install("b", 2, 2_000) == [installed("b", 2), fulfilled("a", True)]


def test_a_hotspot_promises_nothing() -> None:
    cells = Cells()
    cells.install("a", 1, 3_000)
    assert cells.move(1, 2) == [fulfilled("a", False)]
    assert cells.install("b", 1, 1) == [refused("b", "RES_ALLO_FAIL")]
    assert cells.move(1, 0) == [fulfilled("a", True)]


def test_the_core_network_says_its_flows_anew() -> None:
    cells = Cells()
    cells.install("a", 1, 5_000)
    cells.flows.forget()
    assert cells.promised()[0] == (0, 0)
    assert cells.ues[0].flows == {}
    assert cells.install("a", 1, 5_000) == [installed("a")]


# --- packets --------------------------------------------------------------------------------------------------------------------


def up_ms(ue: Ue, now: int, size: int) -> float | None:
    """One way through the radio, or None if it is lost, as the packet path asks."""
    flow = ue.flow(GAME, PORT)
    if flow is not None:
        due = flow.up.due(ue.queue_up, ue.up, now, size, Z)
    else:
        wait = ue.queue_up.enter(now, size)
        due = ue.up.due(now + wait, size, Z) if wait >= 0 else wait
    return (due - now) / MS if due > 0 else None


def ways_ms(ue: Ue, kbit_s: int, begins: int, seconds: int, size: int = 250) -> list[float | None]:
    every = size * 8 * SECOND // (kbit_s * 1000)
    return [up_ms(ue, begins + number * every, size) for number in range(seconds * SECOND // every)]


def test_within_its_rate_a_flow_in_a_congested_cell_is_as_fast_as_in_an_empty_one() -> None:
    alone, full = Cells(), Cells(load=1.2)
    full.install("a", 1, 1_000)
    empty = ways_ms(alone.ues[0], 1_000, SECOND, 20)
    assert ways_ms(full.ues[0], 1_000, SECOND, 20) == empty
    others = ways_ms(full.ues[1], 1_000, 22 * SECOND, 20)
    lost = sum(way is None for way in others) / len(others)
    assert 0.05 < lost < 0.3
    late = [way for way in others if way is not None]
    assert sum(late) / len(late) > BUFFER_NS / MS / 2


def test_what_exceeds_the_guaranteed_rate_is_treated_like_the_rest() -> None:
    cells = Cells(load=1.2)
    cells.install("a", 1, 1_000)
    ways = ways_ms(cells.ues[0], 2_000, SECOND, 20)
    quick = sum(way is not None and way < 10 for way in ways) / len(ways)
    assert quick == pytest.approx(0.5, abs=0.02), "half of twice the rate"
    assert any(way is None for way in ways)


def test_what_exceeds_the_most_is_lost_even_in_an_empty_cell() -> None:
    cells = Cells()
    cells.install("a", 1, 500, most_up_kbit_s=1_000)
    ways = ways_ms(cells.ues[0], 2_000, SECOND, 20)
    assert sum(way is None for way in ways) / len(ways) == pytest.approx(0.5, abs=0.02)
    flow = cells.ues[0].flow(GAME, PORT)
    assert flow is not None
    assert flow.up.due(cells.ues[0].queue_up, cells.ues[0].up, 21 * SECOND - 1, 99_000, Z) == ABOVE_MOST


def test_a_flow_that_is_not_fulfilled_is_treated_like_the_rest() -> None:
    cells = Cells(load=1.5)
    cells.install("a", 1, 1_000)
    cells.move(1, 2)
    ways = ways_ms(cells.ues[0], 500, SECOND, 20)
    assert any(way is None for way in ways)
    queue, flow = cells.ues[0].queue_up, cells.ues[0].flow(GAME, PORT)
    assert flow is not None
    told = {flow.up.due(queue, cells.ues[0].up, 22 * SECOND + k, 250, Z) for k in range(500)}
    assert IN_FULL_CELL in told


def test_a_flow_shares_its_ues_handovers() -> None:
    cells = Cells()
    cells.install("a", 1, 1_000)
    ue = cells.ues[0]
    ue.up.silence(SECOND, SECOND + 60 * MS, True)
    ue.radio_changed()
    assert up_ms(ue, SECOND + 10 * MS, 250) == pytest.approx(50.6, abs=0.5)
    ue.up.silence(2 * SECOND, 2 * SECOND + 60 * MS, False)
    ue.radio_changed()
    assert up_ms(ue, 2 * SECOND + 10 * MS, 250) is None


def test_the_cell_gives_a_slow_ue_what_its_guaranteed_rate_needs() -> None:
    cells = Cells()
    slow = cells.ues[0]
    slow.up.tune(NR_MID_BAND.rtt_ms, 0.5, 0.6)
    cells.install("a", 1, 3_000)
    ways = ways_ms(slow, 2_900, SECOND, 5)
    assert None not in ways
    assert max(way for way in ways if way is not None) < 15
