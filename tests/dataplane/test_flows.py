"""A gateway's flow table: held, forwarded once, never to a lower generation, never a stale epoch. Invariants 1 and 2."""

from __future__ import annotations

from typing import Any

from fedge.core.model import SessionKey
from fedge.core.transfer import ClearFlow, SetFlow
from fedge.core.transfer.effects import Flow
from fedge.dataplane.flows import HELD_PACKETS, INSTANCE, PEER, FlowTable
from fedge_sdk import wire

KEY = SessionKey(7)


def up(generation: int, seq: int = 1, hop: int = 0, accepted: int = 1) -> bytes:
    datagram = wire.encode_inputs(KEY, 1, accepted, 0, seq, [b"ab"])
    return wire.seal(wire.Envelope(wire.UP, hop, KEY, generation, 0, 0, 0, 0, 0), datagram)


def down(epoch: int) -> bytes:
    frame = wire.encode_frame(KEY, epoch, 1, 0, 1, wire.CHAIN_START, 0, b"")
    return wire.seal(wire.Envelope(wire.DOWN, 0, KEY, 1, 0, 0, 0, 0, 0), frame)


def flow(kind: Flow, generation: int, epoch: int, **more: Any) -> SetFlow:
    return SetFlow(KEY, kind, generation, epoch, **more)


def test_a_session_here_gets_its_packets() -> None:
    table = FlowTable()
    assert table.uplink(up(1)) == ([], 0)
    table.set(flow(Flow.LOCAL, 1, 1, instance="i1"))
    assert table.uplink(up(1))[0] == [(INSTANCE, "i1", up(1))]


def test_packets_held_during_a_move_are_forwarded_once_at_the_higher_generation() -> None:
    table = FlowTable()
    table.set(flow(Flow.LOCAL, 1, 1, instance="i1"))
    table.set(flow(Flow.HOLD, 1, 1, instance="i1"))
    held, _ = table.uplink(up(1))
    assert held == [(INSTANCE, "i1", up(1))], "the stopped copy must hear the client's promises"
    (forwarded,) = table.set(flow(Flow.FORWARD, 2, 2, peer="s2"))
    assert forwarded[:2] == (PEER, "s2")
    envelope = wire.unseal(forwarded[2])
    assert (envelope.hop, envelope.generation) == (1, 2)
    assert table.set(flow(Flow.FORWARD, 2, 2, peer="s2")) == [], "the same order again forwards nothing again"


def test_nothing_is_forwarded_twice_or_downwards() -> None:
    """Two gateways that forward to each other would send a packet in circles for ever."""
    table = FlowTable()
    table.set(flow(Flow.FORWARD, 2, 2, peer="s2"))
    assert len(table.uplink(up(1))[0]) == 1
    assert table.uplink(up(1, hop=1)) == ([], 0)
    assert table.uplink(up(2)) == ([], 0)
    assert table.counts["not_forwarded"] == 2


def test_early_packets_wait_for_the_copy() -> None:
    table = FlowTable()
    table.set(flow(Flow.EARLY, 2, 2, instance="i1"))
    assert table.uplink(up(2)) == ([], 0)
    assert table.set(flow(Flow.LOCAL, 2, 2, instance="i1")) == [(INSTANCE, "i1", up(2))]


def test_what_is_held_is_bounded_and_the_oldest_goes_first() -> None:
    table = FlowTable()
    table.set(flow(Flow.EARLY, 2, 2, instance="i1"))
    for seq in range(HELD_PACKETS + 3):
        table.uplink(up(2, seq))
    assert table.counts["overflow"] == 3
    released = table.set(flow(Flow.LOCAL, 2, 2, instance="i1"))
    assert len(released) == HELD_PACKETS
    assert released[0][2] == up(2, 3)


def test_generations_and_epochs_never_fall() -> None:
    table = FlowTable()
    table.set(flow(Flow.FORWARD, 3, 4, peer="s2"))
    table.set(flow(Flow.LOCAL, 2, 2, instance="i1"))
    table.set(flow(Flow.LOCAL, 3, 2, instance="i1"))
    assert (table.entries[KEY].flow, table.entries[KEY].generation, table.entries[KEY].epoch) == (
        Flow.FORWARD,
        3,
        4,
    )
    assert table.counts["stale_flow"] == 2
    table.clear(ClearFlow(KEY, 2))
    assert KEY in table.entries, "an order to forget an older epoch forgets nothing"
    table.clear(ClearFlow(KEY, 4))
    assert KEY not in table.entries


def test_what_was_cleared_does_not_come_back_lower() -> None:
    """Seed 45135: an old copy that an instance reported late set its flow again behind that of a later move."""
    table = FlowTable()
    table.set(flow(Flow.EARLY, 3, 4, instance="i1"))
    table.clear(ClearFlow(KEY, 4))
    assert table.set(flow(Flow.LOCAL, 2, 2, instance="i1")) == []
    assert not table.downlink(down(2))
    table.set(flow(Flow.EARLY, 4, 6, instance="i1"))
    assert table.entries[KEY].generation == 4


def test_a_frame_of_a_stale_epoch_does_not_leave() -> None:
    table = FlowTable()
    assert not table.downlink(down(2)), "of a session that is not here"
    table.set(flow(Flow.LOCAL, 2, 2, instance="i1"))
    assert [table.downlink(down(epoch)) for epoch in (1, 2, 3)] == [False, True, True]
    fence = wire.seal(wire.Envelope(wire.DOWN, 0, KEY, 1, 0, 0, 0, 0, 0), wire.encode_fence(KEY, 2))
    assert table.downlink(fence), "a fence has no epoch of its own"
    assert not table.downlink(b"")
    assert not table.downlink(up(1) + b"\0" * 40)


def test_the_first_packet_of_a_believer_straight_from_the_user_plane_is_told_once() -> None:
    """A client that has not accepted this epoch yet, a forwarded packet and an old generation confirm nothing."""
    table = FlowTable()
    table.set(flow(Flow.LOCAL, 2, 2, instance="i1"))
    assert table.uplink(up(2, accepted=1))[1] == 0
    assert table.uplink(up(2, hop=1, accepted=2))[1] == 0
    assert table.uplink(up(1, accepted=2))[1] == 0
    assert table.uplink(up(2, accepted=2))[1] == 2
    assert table.uplink(up(2, accepted=2))[1] == 0


def test_what_is_no_packet_is_counted_and_dropped() -> None:
    table = FlowTable()
    assert table.uplink(b"\x51") == ([], 0)
    assert table.uplink(down(1)) == ([], 0)
    assert table.counts["malformed"] == 2
