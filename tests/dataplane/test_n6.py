"""N6 at the gateway: whose packet it is, where the UE is answered, what rules stop, and hostile bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some
from msgspec.structs import replace

from fedge.core.messages import TrafficFilter, TrafficRule
from fedge.core.model import SessionKey
from fedge.core.transfer import ClearFlow, SetFlow
from fedge.core.transfer.effects import Flow
from fedge.dataplane.flows import INSTANCE, FlowTable
from fedge.dataplane.n6 import N6
from fedge.wire import ip
from fedge_sdk import wire

KEY, OTHER = SessionKey(7), SessionKey(8)
SERVICE, UE, ELSEWHERE = ("127.9.1.1", 7777), ("127.9.200.1", 40_000), ("127.9.200.9", 41_000)
NOW = 5
RULE = TrafficRule(
    "arena-udp-7777", "FLOW", 128, (TrafficFilter(dst_address=(SERVICE[0],), protocol=("UDP",)),),
    "FORWARD_DECAPSULATED", "ACTIVE",
)  # fmt: skip


def inputs(key: SessionKey = KEY, seq: int = 1, data: bytes = b"ab", accepted: int = 1) -> bytes:
    return wire.encode_inputs(key, 1, accepted, 0, seq, [data])


def packet(payload: bytes, source: ip.Endpoint = UE, to: ip.Endpoint = SERVICE) -> bytes:
    return ip.Udp4(source, to).packet(payload)


def frame(key: SessionKey = KEY, epoch: int = 1) -> tuple[bytes, bytes]:
    """A frame as its instance sends it, and as its client gets it."""
    bare = wire.encode_frame(key, epoch, 1, 0, 1, wire.CHAIN_START, 0, b"pixels")
    return wire.seal(wire.Envelope(wire.DOWN, 0, key, 1, 0, 0, 0, 0, 0), bare), bare


def serving(*keys: SessionKey, flow: Flow = Flow.LOCAL) -> N6:
    n6 = N6(FlowTable())
    n6.apps["arena-1"] = "arena"
    n6.use_rules("arena", (RULE,))
    for key in keys or (KEY,):
        n6.table.set(SetFlow(key, flow, 1, 1, instance="arena-1"))  # type: ignore[arg-type]
    return n6


def answered(n6: N6, key: SessionKey = KEY) -> ip.Endpoint | None:
    """Where a frame of the session would go."""
    sealed, bare = frame(key)
    out = n6.downlink(sealed)
    if out is None:
        return None
    datagram = ip.read(out)
    assert (datagram.source, datagram.payload) == (SERVICE, bare)
    return datagram.destination


def test_an_input_reaches_the_instance_and_its_frame_the_ue() -> None:
    n6 = serving()
    assert answered(n6) is None
    assert n6.counts["ue_unknown"] == 1
    ((kind, name, inner),), key, generation = n6.uplink(packet(inputs()), NOW)
    assert (kind, name, key, generation) == (INSTANCE, "arena-1", KEY, 1)
    assert inner == wire.seal(wire.Envelope(wire.UP, 0, KEY, 1, 0, 0, 0, 0, NOW), inputs())
    assert answered(n6) == UE


def test_a_session_keeps_its_identity_when_its_address_changes() -> None:
    n6 = serving()
    n6.uplink(packet(inputs()), NOW)
    deliveries, key, _ = n6.uplink(packet(inputs(seq=2), source=ELSEWHERE), NOW)
    assert (len(deliveries), key) == (1, KEY)
    assert answered(n6) == ELSEWHERE


def test_an_address_that_another_session_speaks_from_has_changed_hands() -> None:
    """What was for the UE that had the address before must not reach the one that has it now."""
    n6 = serving(KEY, OTHER)
    n6.uplink(packet(inputs(KEY)), NOW)
    deliveries, key, _ = n6.uplink(packet(inputs(OTHER)), NOW)
    assert (len(deliveries), key) == (1, OTHER)
    assert (answered(n6, KEY), answered(n6, OTHER)) == (None, UE)
    n6.uplink(packet(inputs(KEY), source=ELSEWHERE), NOW)
    assert (answered(n6, KEY), answered(n6, OTHER)) == (ELSEWHERE, UE)


def test_the_target_of_a_move_answers_before_it_has_heard_the_ue() -> None:
    source, target = serving(), serving(flow=Flow.EARLY)
    source.uplink(packet(inputs()), NOW)
    known = source.whereabouts(KEY)
    assert known == (UE, SERVICE)
    target.teach(KEY, *known)
    target.table.set(SetFlow(KEY, Flow.LOCAL, 2, 2, instance="arena-1"))  # type: ignore[arg-type]
    sealed, _ = frame(epoch=2)
    out = target.downlink(sealed)
    assert out is not None
    assert ip.read(out).destination == UE


def test_what_is_heard_here_counts_for_more_than_what_is_told() -> None:
    n6 = serving()
    n6.uplink(packet(inputs()), NOW)
    n6.teach(KEY, ELSEWHERE, SERVICE)
    assert answered(n6) == UE
    n6.teach(OTHER, ELSEWHERE, SERVICE)
    assert n6.whereabouts(OTHER) is None, "of a session that is not here"


def test_nonsense_is_not_learnt() -> None:
    n6 = serving(flow=Flow.EARLY)
    n6.teach(KEY, ("not an address", 1), SERVICE)
    n6.teach(KEY, ("1.2.3.4", 70_000), SERVICE)
    assert n6.whereabouts(KEY) is None
    assert n6.counts["malformed"] == 2


def test_after_a_restart_the_next_input_says_where_the_ue_is() -> None:
    """A new gateway knows the flows that its agent restores, and no address."""
    n6 = serving()
    assert n6.whereabouts(KEY) is None
    n6.uplink(packet(inputs(seq=99)), NOW)
    assert answered(n6) == UE


def test_with_its_session_a_ue_is_forgotten() -> None:
    n6 = serving()
    n6.uplink(packet(inputs()), NOW)
    n6.cleared(ClearFlow(KEY, 0))
    assert n6.whereabouts(KEY) == (UE, SERVICE), "an older epoch's end is not this one's"
    n6.cleared(ClearFlow(KEY, 1))
    assert n6.whereabouts(KEY) is None


@pytest.mark.parametrize("change", [{"state": "INACTIVE"}, {"action": "DROP"}, {"traffic_filter": ()}])
def test_a_rule_stops_both_ways_at_once_and_lets_pass_again(change: dict[str, object]) -> None:
    n6 = serving()
    n6.uplink(packet(inputs()), NOW)
    n6.use_rules("arena", (replace(RULE, **change),))
    assert answered(n6) is None
    assert n6.uplink(packet(inputs(seq=2)), NOW) == ([], 0, 0)
    assert n6.counts["no_rule"] == 1
    n6.use_rules("arena", (RULE,))
    assert n6.uplink(packet(inputs(seq=3)), NOW)[0]
    assert answered(n6) == UE


def test_rules_are_each_applications_own() -> None:
    """A session's traffic passes by its own application's rules, whatever another application's allow."""
    n6 = serving()
    n6.use_rules("arena", ())
    n6.use_rules("chess", (RULE,))
    assert n6.uplink(packet(inputs()), NOW) == ([], 0, 0)


def test_the_same_rules_again_change_nothing() -> None:
    n6 = serving()
    n6.uplink(packet(inputs()), NOW)
    n6.use_rules("arena", (RULE,))
    assert answered(n6) == UE


MALFORMED = {
    "empty": b"",
    "cut off": packet(inputs())[:-1],
    "no input": packet(b"hello, is this a game?" * 2),
    "short input": packet(inputs()[:20]),
    "TCP": b"\x45\0\0\x28\0\0@\0@\x06" + bytes(30),
    "a frame": packet(frame()[1]),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_input_is_counted_and_dropped(data: bytes) -> None:
    n6 = serving()
    assert n6.uplink(data, NOW) == ([], 0, 0)
    assert n6.counts["malformed"] == 1
    assert n6.whereabouts(KEY) is None


def test_what_is_too_long_is_counted_and_dropped() -> None:
    n6 = serving()
    assert n6.uplink(packet(inputs() + bytes(wire.MAX_DATAGRAM)), NOW) == ([], 0, 0)
    assert n6.counts["oversized"] == 1


def test_a_header_that_was_right_once_does_not_carry_a_shorter_packet() -> None:
    n6 = serving()
    whole = packet(inputs())
    n6.uplink(whole, NOW)
    assert n6.uplink(whole[:-3], NOW) == ([], 0, 0)
    assert n6.uplink(whole[:30], NOW) == ([], 0, 0)
    assert n6.counts["malformed"] == 2


def test_a_session_that_is_not_here_teaches_nothing() -> None:
    n6 = serving()
    assert n6.uplink(packet(inputs(OTHER)), NOW) == ([], 0, 0)
    assert n6.counts["no_flow"] == 1
    assert n6.whereabouts(OTHER) is None


@given(some.lists(some.binary(max_size=80) | some.integers(0, 53).map(lambda at: at), max_size=20))
def test_hostile_bytes_stop_nothing(noise: list[bytes | int]) -> None:
    """Any bytes, and right packets with one byte turned: afterwards the session is played as before."""
    n6 = serving()
    right = packet(inputs())
    for one in noise:
        if isinstance(one, bytes):
            n6.uplink(one, NOW)
            n6.downlink(one)
        else:
            turned = bytearray(right)
            turned[one] ^= 0xFF
            n6.uplink(bytes(turned), NOW)
    assert n6.uplink(packet(inputs(seq=9)), NOW)[0]
    assert answered(n6) == UE


def test_memory_for_headers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fedge.dataplane.n6.KNOWN_HEADERS", 8)
    n6 = serving(KEY, OTHER)
    n6.uplink(packet(inputs(KEY)), NOW)
    for port in range(1, 100):
        n6.uplink(packet(inputs(OTHER), source=("127.9.200.2", port)), NOW)
    assert len(n6._known) <= 8
    assert len(n6._flows) <= 10
    assert (answered(n6, KEY), answered(n6, OTHER)) == (UE, ("127.9.200.2", 99))


OWN = ("127.9.2.1", 7777)
OWN_RULE = replace(RULE, traffic_filter=(TrafficFilter(dst_address=(SERVICE[0], OWN[0]), protocol=("UDP",)),))


def test_a_client_that_sends_to_another_address_is_answered_from_there_and_told_of() -> None:
    n6 = serving()
    n6.use_rules("arena", (OWN_RULE,))
    n6.uplink(packet(inputs()), NOW)
    assert n6.table.arrived == [(KEY, 1, True)], "the first that is heard of it"
    n6.uplink(packet(inputs()), NOW)
    n6.uplink(packet(inputs(), source=ELSEWHERE), NOW)
    assert len(n6.table.arrived) == 1, "another address of the UE is no other address of the application"
    n6.uplink(packet(inputs(), to=OWN), NOW)
    assert n6.table.arrived == [(KEY, 1, True)] * 2
    sealed, _ = frame()
    out = n6.downlink(sealed)
    assert out is not None
    assert ip.read(out).source == OWN
    assert n6.whereabouts(KEY) == (UE, OWN)


def test_a_word_of_the_gateways_own_goes_where_frames_go() -> None:
    n6 = serving()
    assert n6.towards(KEY, b"word") is None
    n6.uplink(packet(inputs()), NOW)
    out = n6.towards(KEY, b"word")
    assert out is not None
    assert ip.read(out) == ip.Datagram(SERVICE, UE, b"word")


def test_a_plain_application_at_the_same_address_takes_nothing_of_a_session() -> None:
    """All applications' first port is one address; another tenant's needs no more than a Service to be there."""
    n6, carried = serving(), []
    n6.carry = lambda ue, service, payload: carried.append(payload)
    n6.uplink(packet(inputs()), NOW)
    n6.use_plain(frozenset({SERVICE}))
    for seq, source in ((2, UE), (3, ELSEWHERE)):
        deliveries, key, _ = n6.uplink(packet(inputs(seq=seq), source=source), NOW)
        assert (len(deliveries), key, answered(n6)) == (1, KEY, source)
    n6.use_rules("arena", ())
    assert n6.uplink(packet(inputs(seq=4)), NOW) == ([], 0, 0)
    assert (n6.counts["no_rule"], carried) == (1, [])


@pytest.mark.parametrize(
    "payload", [b"", b"hi", inputs(OTHER), frame()[1], inputs() + bytes(wire.MAX_DATAGRAM)]
)
def test_what_is_no_input_of_a_session_here_is_carried_to_the_plain_application(payload: bytes) -> None:
    n6, carried = serving(), []
    n6.carry = lambda ue, service, payload: carried.append((ue, service, payload))
    n6.use_plain(frozenset({SERVICE}))
    assert n6.uplink(packet(payload), NOW) == ([], 0, 0)
    assert carried == [(UE, SERVICE, payload)]
