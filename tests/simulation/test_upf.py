"""The user plane function: what passes between N3 and N6, what is answered, and what is dropped and counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fedge.core.messages import EndTunnel, InstallTunnel, RemoveTunnel, TunnelInstalled, UpfHello
from fedge.core.model import Address, SiteId, UeId
from fedge.simulation.n3 import MTU, READ_BYTES
from fedge.simulation.upf import N3, N6, Upf
from fedge.wire import gtpu, ip

UE, SERVICE = ("127.9.200.1", 40_000), ("127.9.1.1", 7777)
GNB, GATEWAY, STRANGER = ("127.9.0.3", 2152), ("127.9.10.1", 6000), ("127.9.66.6", 6666)
UP = gtpu.Gpdus(11, gtpu.Container(9, uplink=True))
UPWARDS, DOWNWARDS = ip.Udp4(UE, SERVICE), ip.Udp4(SERVICE, UE)
ORDER = InstallTunnel(
    UeId("player-1"), UE[0], Address("127.9.1.1:7777"), 11, 22, Address("127.9.0.3:2152"), Address("127.9.10.1:6000"), 9
)  # fmt: skip


def upf(*orders: InstallTunnel) -> Upf:
    made = Upf(SiteId("market"), Address("127.9.10.2:2152"))
    for order in orders or (ORDER,):
        assert made.handle(order) == (TunnelInstalled(SiteId("market"), order.teid_up), None)
    return made


def test_an_inner_packet_goes_up_as_it_is_to_the_gateway_of_the_route() -> None:
    core, inner = upf(), UPWARDS.packet(b"jump")
    assert core.from_n3(UP.packet(inner), GNB) == (N6, inner, GATEWAY)
    assert core.counts == {"up": 1}


def test_an_inner_packet_goes_down_in_the_tunnel_with_its_qos_flow() -> None:
    core, inner = upf(), DOWNWARDS.packet(b"frame")
    sending = core.from_n6(inner, GATEWAY)
    assert sending is not None
    assert (sending[0], sending[2]) == (N3, GNB)
    assert gtpu.read(sending[1]) == gtpu.Gpdu(22, inner, gtpu.Container(9))


def test_a_sequence_number_and_a_plain_header_do_no_harm() -> None:
    core, inner = upf(), UPWARDS.packet(b"jump")
    plain = b"\x30\xff" + len(inner).to_bytes(2, "big") + (11).to_bytes(4, "big") + inner
    numbered = (
        b"\x32\xff" + (len(inner) + 4).to_bytes(2, "big") + (11).to_bytes(4, "big") + b"\0\7\0\0" + inner
    )
    for packet in (plain, numbered):
        assert core.from_n3(packet, GNB) == (N6, inner, GATEWAY)


def test_the_hello_says_where_n3_is() -> None:
    assert upf().hello() == UpfHello(SiteId("market"), Address("127.9.10.2:2152"))


def test_an_echo_is_answered_to_whoever_asks() -> None:
    sending = upf().from_n3(gtpu.encode_echo_request(7), STRANGER)
    assert sending == (N3, gtpu.encode_echo_response(7), STRANGER)


def test_an_unknown_tunnel_is_told_to_its_sender_and_counted() -> None:
    core = upf()
    sending = core.from_n3(gtpu.Gpdus(12, gtpu.Container(9, uplink=True)).packet(b"?"), STRANGER)
    assert sending is not None
    assert (sending[0], sending[2]) == (N3, (STRANGER[0], 2152))
    assert gtpu.read(sending[1]) == gtpu.ErrorIndication(12, "127.9.10.2")
    assert core.counts == {"n3_unknown_teid": 1}


def test_a_header_that_had_to_be_understood_is_answered_with_those_that_are() -> None:
    packet = bytes.fromhex("34ff0008 0000000b 0000 00 84 01000000")
    core = upf()
    assert core.from_n3(packet, GNB) == (N3, gtpu.encode_supported_extensions(), GNB)
    assert core.counts == {"n3_extension_not_understood": 1}


def test_an_end_marker_goes_down_and_stragglers_still_pass() -> None:
    core = upf()
    assert core.handle(EndTunnel(11)) == (None, (N3, gtpu.encode_end_marker(22), GNB))
    assert core.from_n3(UP.packet(UPWARDS.packet(b"late")), GNB) is not None
    assert core.from_n6(DOWNWARDS.packet(b"late"), GATEWAY) is not None
    assert core.handle(EndTunnel(99)) == (None, None)


def test_after_removal_nothing_passes() -> None:
    core = upf()
    for _ in range(2):
        assert core.handle(RemoveTunnel(11)) == (None, None)
    assert core.from_n6(DOWNWARDS.packet(b"frame"), GATEWAY) is None
    core.from_n3(UP.packet(UPWARDS.packet(b"jump")), GNB)
    assert core.counts == {"n6_unknown_flow": 1, "n3_unknown_teid": 1}


def test_a_flow_that_comes_back_has_two_tunnels_and_keeps_the_other_when_one_goes() -> None:
    again = InstallTunnel(ORDER.ue, UE[0], ORDER.service, 13, 24, ORDER.gnb, ORDER.n6, 9)
    core = upf(ORDER, again)
    for teid_up, teid_down in ((13, 24), (11, 22)):
        sending = core.from_n6(DOWNWARDS.packet(b"frame"), GATEWAY)
        assert sending is not None
        assert gtpu.read(sending[1]) == gtpu.Gpdu(teid_down, DOWNWARDS.packet(b"frame"), gtpu.Container(9))
        core.handle(RemoveTunnel(teid_up))
    assert core.from_n6(DOWNWARDS.packet(b"frame"), GATEWAY) is None


def test_a_tunnel_id_given_to_another_flow_leaves_nothing_of_the_first() -> None:
    other = InstallTunnel(UeId("player-2"), "127.9.200.2", ORDER.service, 11, 22, ORDER.gnb, ORDER.n6, 9)
    core = upf(ORDER, other)
    assert core.from_n6(DOWNWARDS.packet(b"frame"), GATEWAY) is None
    assert core.from_n6(ip.Udp4(SERVICE, ("127.9.200.2", 5)).packet(b"frame"), GATEWAY) is not None


BIG = bytes(MTU - ip.HEADERS)
FROM_N3 = {
    "n3_malformed": (b"\x34\xff\x00", GNB),
    "n3_malformed_inside": (UP.packet(b"\x45not ip at all, but long enough to look"), GNB),
    "n3_spoofed_source": (UP.packet(ip.Udp4(("127.9.200.2", 40_000), SERVICE).packet(b"jump")), GNB),
    "n3_other_destination": (UP.packet(ip.Udp4(UE, ("127.9.1.1", 7778)).packet(b"jump")), GNB),
    "n3_unknown_source": (UP.packet(UPWARDS.packet(b"jump")), STRANGER),
    "n3_too_large": (UP.packet(UPWARDS.packet(BIG + b"!")), GNB),
    "error_indications": (gtpu.encode_error_indication(22, "127.9.0.3"), GNB),
    "n3_unexpected": (gtpu.encode_end_marker(11), GNB),
}


@pytest.mark.parametrize("reason", FROM_N3)
def test_what_n3_may_not_bring_is_dropped_and_counted(reason: str) -> None:
    core = upf()
    assert core.from_n3(*FROM_N3[reason]) is None
    assert core.counts == {reason: 1}


def test_what_a_socket_cut_off_is_too_large_and_the_largest_packet_passes() -> None:
    core = upf()
    assert core.from_n3(UP.packet(bytes(3000))[:READ_BYTES], GNB) is None
    assert core.from_n6(bytes(READ_BYTES), GATEWAY) is None
    assert core.counts == {"n3_too_large": 1, "n6_too_large": 1}
    assert core.from_n3(UP.packet(UPWARDS.packet(BIG)), GNB) is not None
    assert core.from_n6(DOWNWARDS.packet(BIG), GATEWAY) is not None


FROM_N6 = {
    "n6_malformed": (b"\x45\x00", GATEWAY),
    "n6_unknown_flow": (ip.Udp4(SERVICE, ("127.9.200.2", 40_000)).packet(b"frame"), GATEWAY),
    "n6_unknown_source": (DOWNWARDS.packet(b"frame"), STRANGER),
    "n6_too_large": (DOWNWARDS.packet(BIG + b"!"), GATEWAY),
}


@pytest.mark.parametrize("reason", FROM_N6)
def test_what_n6_may_not_bring_is_dropped_and_counted(reason: str) -> None:
    core = upf()
    assert core.from_n6(*FROM_N6[reason]) is None
    assert core.counts == {reason: 1}


BAD_ORDERS = [
    {"qfi": 64},
    {"teid_down": 0},
    {"teid_down": 2**32},
    {"ue_address": "127.9.200"},
    {"gnb": "nowhere"},
    {"n6": "127.9.10.1:70000"},
    {"service": "127.9.1.1:"},
]


@pytest.mark.parametrize("wrong", BAD_ORDERS, ids=lambda wrong: "-".join(wrong))
def test_an_order_out_of_range_changes_nothing(wrong: dict[str, object]) -> None:
    core = upf()
    values = {name: getattr(ORDER, name) for name in ORDER.__struct_fields__} | wrong
    assert core.handle(InstallTunnel(**values)) == (None, None)
    assert core.from_n3(UP.packet(UPWARDS.packet(b"jump")), GNB) is not None
    assert core.counts["order_out_of_range"] == 1


@given(some.lists(some.binary(max_size=120), max_size=20), some.booleans())
def test_no_bytes_stop_it(packets: list[bytes], wrapped: bool) -> None:
    core = upf()
    for data in packets:
        core.from_n3(UP.packet(data) if wrapped else data, GNB)
        core.from_n6(data, GATEWAY)
    assert core.from_n3(UP.packet(UPWARDS.packet(b"jump")), GNB) is not None
    assert core.from_n6(DOWNWARDS.packet(b"frame"), GATEWAY) is not None


# Each is (from N3?, packet); what follows from one must not depend on what has passed before.
PASSED = [(True, UP.packet(UPWARDS.packet(payload))) for payload in (b"jump", b"", b"and run")]
PASSED += [(False, DOWNWARDS.packet(payload)) for payload in (b"frame", b"", b"another one")]


@given(
    some.sampled_from(PASSED),
    some.integers(0, 60),
    some.integers(0, 255),
    some.integers(-12, 12),
    some.sampled_from([GNB, GATEWAY, STRANGER, (GNB[0], 9), (GATEWAY[0], 9)]),
)
def test_headers_that_are_known_let_nothing_pass_that_else_would_not(
    passed: tuple[bool, bytes], at: int, value: int, longer: int, source: ip.Endpoint
) -> None:
    warm, cold = upf(), upf()
    for up, packet in PASSED * 2:
        assert (warm.from_n3(packet, GNB) if up else warm.from_n6(packet, GATEWAY)) is not None
    warm.counts.clear()
    up, packet = passed
    changed = bytearray(packet)
    changed[at % len(changed)] = value
    hostile = bytes(changed) + bytes(longer) if longer >= 0 else bytes(changed[:longer])
    for core in (warm, cold):
        core.from_n3(hostile, source)
        core.from_n6(hostile, source)
    assert warm.counts == cold.counts
    answers = [
        core.from_n3(hostile, source) if up else core.from_n6(hostile, source) for core in (warm, cold)
    ]
    assert answers[0] == answers[1]


def test_known_headers_go_with_their_tunnel_and_follow_it_elsewhere() -> None:
    core = upf()
    for _ in range(2):
        core.from_n3(UP.packet(UPWARDS.packet(b"jump")), GNB)
        core.from_n6(DOWNWARDS.packet(b"frame"), GATEWAY)
    other = Address("127.9.11.1:6000")
    values = {name: getattr(ORDER, name) for name in ORDER.__struct_fields__}
    core.handle(InstallTunnel(**values | {"n6": other}))
    assert core.from_n3(UP.packet(UPWARDS.packet(b"jump")), GNB) == (
        N6, UPWARDS.packet(b"jump"), ("127.9.11.1", 6000)
    )  # fmt: skip
    assert core.from_n6(DOWNWARDS.packet(b"frame"), GATEWAY) is None
    core.handle(RemoveTunnel(ORDER.teid_up))
    sending = core.from_n3(UP.packet(UPWARDS.packet(b"jump")), GNB)
    assert sending is not None
    assert sending[0] == N3  # an error indication


def test_only_so_many_headers_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fedge.simulation.upf.KNOWN_HEADERS", 3)
    core = upf()
    for size in (*range(10), *range(10)):
        assert core.from_n3(UP.packet(UPWARDS.packet(bytes(size))), GNB) is not None
        assert core.from_n6(DOWNWARDS.packet(bytes(size)), GATEWAY) is not None
    assert core.counts == {"up": 20, "down": 20}
