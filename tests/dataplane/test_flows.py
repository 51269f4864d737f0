"""A gateway's flow table: held, forwarded once, never to a lower generation, never a stale epoch. Invariants 1 and 2."""

from __future__ import annotations

from typing import Any

from fedge.core.messages import ClientPackets
from fedge.core.model import MS, SessionKey
from fedge.core.transfer import ClearFlow, SetFlow
from fedge.core.transfer.effects import Flow
from fedge.dataplane.flows import HELD_PACKETS, INSTANCE, PEER, Delivery, FlowTable
from fedge_sdk import wire

KEY = SessionKey(7)
NOW = 1_000


def datagram(seq: int = 1, accepted: int = 1) -> bytes:
    return wire.encode_inputs(KEY, 1, accepted, 0, seq, [b"ab"])


def sealed(generation: int, seq: int = 1, hop: int = 0, accepted: int = 1) -> bytes:
    envelope = wire.Envelope(wire.UP, hop, KEY, generation, 0, 0, 0, 0, NOW)
    return wire.seal(envelope, datagram(seq, accepted))


def direct(table: FlowTable, seq: int = 1, accepted: int = 1) -> tuple[list[Delivery], int]:
    return table.direct(KEY, datagram(seq, accepted), NOW)


def down(epoch: int) -> bytes:
    frame = wire.encode_frame(KEY, epoch, 1, 0, 1, wire.CHAIN_START, 0, b"")
    return wire.seal(wire.Envelope(wire.DOWN, 0, KEY, 1, 0, 0, 0, 0, 0), frame)


def flow(kind: Flow, generation: int, epoch: int, **more: Any) -> SetFlow:
    return SetFlow(KEY, kind, generation, epoch, **more)


def test_a_session_here_gets_its_packets_at_the_flows_generation() -> None:
    table = FlowTable()
    assert direct(table) == ([], 0)
    table.set(flow(Flow.LOCAL, 3, 1, instance="i1"))
    assert direct(table)[0] == [(INSTANCE, "i1", sealed(3))]


def test_packets_held_during_a_move_are_forwarded_once_at_the_higher_generation() -> None:
    table = FlowTable()
    table.set(flow(Flow.LOCAL, 1, 1, instance="i1"))
    table.set(flow(Flow.HOLD, 1, 1, instance="i1"))
    held, _ = direct(table)
    assert held == [(INSTANCE, "i1", sealed(1))], "the stopped copy must hear the client's promises"
    (forwarded,) = table.set(flow(Flow.FORWARD, 2, 2, peer="s2"))
    assert forwarded == (PEER, "s2", sealed(2, hop=1))
    assert table.set(flow(Flow.FORWARD, 2, 2, peer="s2")) == [], "the same order again forwards nothing again"


def test_what_still_comes_after_the_move_is_forwarded() -> None:
    """The core network switches its path later than the gateways their flows."""
    table = FlowTable()
    table.set(flow(Flow.FORWARD, 2, 2, peer="s2"))
    assert direct(table) == ([(PEER, "s2", sealed(2, hop=1))], 0)


def test_packets_held_by_a_copy_found_stopped_are_forwarded_too() -> None:
    """A restarted agent holds at the move's own generation; what it held must still reach the target."""
    table = FlowTable()
    table.set(flow(Flow.HOLD, 2, 1, instance="i1"))
    direct(table)
    assert table.set(flow(Flow.FORWARD, 2, 2, peer="s2")) == [(PEER, "s2", sealed(2, hop=1))]


def test_nothing_is_forwarded_twice() -> None:
    """Two gateways that forward to each other would send a packet in circles for ever."""
    table = FlowTable()
    table.set(flow(Flow.FORWARD, 2, 2, peer="s2"))
    assert table.uplink(sealed(1, hop=1)) == []
    assert table.uplink(sealed(3, hop=1)) == []
    assert table.counts["not_forwarded"] == 2


def test_a_forwarded_packet_reaches_the_writer() -> None:
    table = FlowTable()
    assert table.uplink(sealed(2, hop=1)) == []
    table.set(flow(Flow.LOCAL, 2, 2, instance="i1"))
    assert table.uplink(sealed(2, hop=1)) == [(INSTANCE, "i1", sealed(2, hop=1))]
    assert table.counts["no_flow"] == 1


def test_early_packets_wait_for_the_copy() -> None:
    table = FlowTable()
    table.set(flow(Flow.EARLY, 2, 2, instance="i1"))
    assert direct(table) == ([], 0)
    assert table.set(flow(Flow.LOCAL, 2, 2, instance="i1")) == [(INSTANCE, "i1", sealed(2))]


def test_what_is_held_is_bounded_and_the_oldest_goes_first() -> None:
    table = FlowTable()
    table.set(flow(Flow.EARLY, 2, 2, instance="i1"))
    for seq in range(HELD_PACKETS + 3):
        direct(table, seq)
    assert table.counts["overflow"] == 3
    released = table.set(flow(Flow.LOCAL, 2, 2, instance="i1"))
    assert len(released) == HELD_PACKETS
    assert released[0][2] == sealed(2, 3)


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
    assert table.downlink(down(2)) is None
    table.set(flow(Flow.EARLY, 4, 6, instance="i1"))
    assert table.entries[KEY].generation == 4


def test_a_frame_of_a_stale_epoch_does_not_leave() -> None:
    table = FlowTable()
    assert table.downlink(down(2)) is None, "of a session that is not here"
    table.set(flow(Flow.LOCAL, 2, 2, instance="i1"))
    assert [table.downlink(down(epoch)) for epoch in (1, 2, 3)] == [None, KEY, KEY]
    fence = wire.seal(wire.Envelope(wire.DOWN, 0, KEY, 1, 0, 0, 0, 0, 0), wire.encode_fence(KEY, 2))
    assert table.downlink(fence) == KEY, "a fence has no epoch of its own"
    assert table.downlink(b"") is None
    assert table.downlink(sealed(1) + b"\0" * 40) is None


def test_the_first_packet_of_a_believer_straight_from_the_user_plane_is_told_once() -> None:
    """A client that has not accepted this epoch yet and a packet that waited confirm nothing."""
    table = FlowTable()
    table.set(flow(Flow.EARLY, 2, 2, instance="i1"))
    assert direct(table, accepted=2)[1] == 0
    table.set(flow(Flow.LOCAL, 2, 2, instance="i1"))
    assert direct(table, accepted=1)[1] == 0
    assert direct(table, accepted=2)[1] == 2
    assert direct(table, accepted=2)[1] == 0
    table.set(flow(Flow.LOCAL, 4, 4, instance="i1"))
    assert direct(table, accepted=4)[1] == 4, "the session has been elsewhere meanwhile"


def test_what_is_no_forwarded_packet_is_counted_and_dropped() -> None:
    table = FlowTable()
    table.set(flow(Flow.LOCAL, 2, 2, instance="i1"))
    for packet in (b"", b"\x51", down(1), sealed(2), sealed(2, hop=2), sealed(2, hop=1)[:40]):
        assert table.uplink(packet) == []
    assert table.counts["malformed"] == 6


def test_an_expected_client_is_told_of_once_before_there_is_a_writer() -> None:
    table = FlowTable()
    table.expect(KEY)
    table.set(flow(Flow.EARLY, 2, 2, instance="i2"))
    direct(table)
    assert table.arrived == [], "it was not expected when its flow was not here"
    table.expect(KEY)
    direct(table, 1, 1)
    direct(table, 2, 1)
    assert table.arrived == [(KEY, 2, False)]


def test_at_the_writer_an_expected_client_is_told_of_when_it_believes() -> None:
    table = FlowTable()
    table.set(flow(Flow.LOCAL, 2, 2, instance="i2"))
    table.expect(KEY)
    direct(table, 1, 1)
    assert table.arrived == []
    direct(table, 1, 2)
    assert table.arrived == [(KEY, 2, True)]


def test_a_client_is_not_told_of_where_its_packets_are_held_or_forwarded() -> None:
    table = FlowTable()
    table.set(flow(Flow.LOCAL, 1, 1, instance="i1"))
    table.set(flow(Flow.HOLD, 1, 1, instance="i1"))
    table.expect(KEY)
    direct(table)
    table.set(flow(Flow.FORWARD, 2, 2, instance="i1", peer="market"))
    direct(table)
    table.uplink(sealed(1, hop=1))
    assert table.arrived == []


def test_when_a_client_was_heard_and_its_longest_silence_are_told_once() -> None:
    table = FlowTable()
    assert table.clients() == ()
    table.set(flow(Flow.LOCAL, 1, 1, instance="i1"))
    assert table.clients() == (), "nobody was heard yet"
    for at_ms in (1000, 1017, 1080, 1097):
        table.direct(KEY, datagram(), at_ms * MS)
    assert table.clients(5 * MS) == (ClientPackets(KEY, 1102 * MS, 63.0, 1085 * MS),)
    assert table.clients() == (), "nothing new"
    table.direct(KEY, datagram(), 1200 * MS)
    assert table.clients() == (ClientPackets(KEY, 1200 * MS, 103.0, 1200 * MS),)


def test_a_first_packet_ends_no_silence_and_forwarded_ones_are_not_the_clients_own() -> None:
    table = FlowTable()
    table.set(flow(Flow.LOCAL, 1, 1, instance="i1"))
    table.uplink(sealed(1, hop=1))
    assert table.clients() == ()
    table.direct(KEY, datagram(), 5 * MS)
    assert table.clients() == (ClientPackets(KEY, 5 * MS, 0.0, 5 * MS),)


def test_whoever_still_sends_to_the_old_site_is_heard_there() -> None:
    table = FlowTable()
    table.set(flow(Flow.FORWARD, 2, 2, peer="s2"))
    table.direct(KEY, datagram(), 5 * MS)
    assert [one.key for one in table.clients()] == [KEY]
