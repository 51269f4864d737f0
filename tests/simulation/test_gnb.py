"""The base stations' end of N3: paths of flows, the uplink's switch, and what a user plane function may send."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fedge.core.messages import InstallPath, PathSwitched, RemovePath, SwitchPath
from fedge.core.model import Address, SiteId, UeId
from fedge.simulation.gnb import MOST_PATHS, Gnb, Path
from fedge.simulation.n3 import MTU, READ_BYTES
from fedge.wire import gtpu, ip

UES = {UeId("player-1"): 0, UeId("player-2"): 1}
ADDRESSES = {0: "127.9.200.1", 1: "127.9.200.2"}
SITES = {SiteId("a"): 0, SiteId("b"): 1}
UE, SERVICE = ("127.9.200.1", 40_000), ("127.9.1.1", 7777)
UPFS = {"a": ("127.9.10.2", 2152), "b": ("127.9.11.2", 2152)}
STRANGER = ("127.9.66.6", 6666)
FRAME = ip.Udp4(SERVICE, UE).packet(b"frame")


def install(site: str = "a", teid_down: int = 22, ue: str = "player-1", **values: object) -> InstallPath:
    host, port = UPFS.get(site, STRANGER)
    ends = {"n3": Address(f"{host}:{port}"), "teid_up": teid_down - 11, "qfi": 9} | values
    return InstallPath(UeId(ue), Address("127.9.1.1:7777"), SiteId(site), teid_down=teid_down, **ends)  # type: ignore[arg-type]


def switch(site: str, number: int) -> SwitchPath:
    return SwitchPath(UeId("player-1"), Address("127.9.1.1:7777"), SiteId(site), number)


def switched(site: str, number: int, at: int) -> PathSwitched:
    return PathSwitched(UeId("player-1"), Address("127.9.1.1:7777"), SiteId(site), number, at)


def remove(site: str) -> RemovePath:
    return RemovePath(UeId("player-1"), Address("127.9.1.1:7777"), SiteId(site))


def gnb(*orders: InstallPath | SwitchPath) -> Gnb:
    made = Gnb("127.9.0.3", UES, ADDRESSES, SITES, Counter())
    for order in orders:
        made.handle(order, 1)
    return made


def chosen(of: Gnb) -> str | None:
    path = of.uplink(0, SERVICE)
    return None if path is None else path.name


def down(teid: int, inner: bytes = FRAME) -> bytes:
    return gtpu.Gpdus(teid, gtpu.Container(9)).packet(inner)


def test_a_path_is_usable_downwards_before_the_uplink_takes_it() -> None:
    core = gnb(install("a"))
    assert chosen(core) is None
    opened = core.from_n3(down(22), UPFS["a"])
    assert opened is not None
    path, datagram, to = opened
    assert isinstance(path, Path)
    assert (path.site, path.flow.ue, datagram, to) == (0, 0, b"frame", UE)
    assert core.handle(switch("a", 5), 7) == switched("a", 5, 7)
    assert chosen(core) == "a"


def test_headers_that_have_passed_pass_again_as_long_as_all_is_the_same() -> None:
    core = gnb(install("a"))
    packet = down(22)
    first = core.from_n3(packet, UPFS["a"])
    assert first is not None
    assert core.from_n3(packet, UPFS["a"]) == first
    assert core.from_n3(packet, UPFS["b"]) is None, "from another function"
    assert core.from_n3(packet + b"more", UPFS["a"]) is None, "longer than it says"
    assert core.from_n3(packet[:-1], UPFS["a"]) is None, "shorter than it says"
    core.handle(install("a", teid_down=22, ue="player-2"), 2)
    assert core.from_n3(packet, UPFS["a"]) is None, "the tunnel is another flow's by now"
    core = gnb(install("a"), install("b", teid_down=33))
    assert core.from_n3(packet, UPFS["a"]) is not None
    core.handle(remove("a"), 2)
    answer = core.from_n3(packet, UPFS["a"])
    assert answer is not None
    assert answer[0] is None, "an error indication: no such tunnel any more"


def test_the_uplink_carries_the_qos_flow_in_the_tunnel_of_its_path() -> None:
    path = gnb(install("a"), switch("a", 1)).uplink(0, SERVICE)
    assert path is not None
    assert path.n3 == UPFS["a"]
    assert gtpu.read(path.up.packet(b"inner")) == gtpu.Gpdu(11, b"inner", gtpu.Container(9, uplink=True))


def test_both_paths_bring_packets_during_a_move_and_the_old_one_until_it_is_removed() -> None:
    core = gnb(install("a", 22), install("b", 33), switch("a", 1), switch("b", 2))
    assert chosen(core) == "b"
    assert core.from_n3(down(22), UPFS["a"]) is not None
    assert core.from_n3(down(33), UPFS["b"]) is not None
    core.handle(remove("a"), 1)
    assert core.from_n3(down(33), UPFS["b"]) is not None
    indication = core.from_n3(down(22), UPFS["a"])
    assert indication == (None, gtpu.encode_error_indication(22, "127.9.0.3"), UPFS["a"])


def test_a_repeated_switch_is_answered_the_same_and_a_lower_one_changes_nothing() -> None:
    core = gnb(install("a", 22), install("b", 33))
    assert core.handle(switch("a", 3), 10) == switched("a", 3, 10)
    assert core.handle(switch("a", 3), 11) == switched("a", 3, 10)
    assert core.handle(switch("b", 4), 12) == switched("b", 4, 12)
    assert core.handle(switch("a", 3), 13) == switched("b", 4, 12)
    assert chosen(core) == "b"


def test_numbers_only_rise_whatever_comes_in_whatever_order() -> None:
    rng = Random(4)
    for _ in range(100):
        core, highest = gnb(), 0
        for _ in range(30):
            order = rng.choice(
                (install("a", 22), install("b", 33), switch(rng.choice("ab"), rng.randint(1, 9)))
            )
            answer = core.handle(order, 1)
            if isinstance(answer, PathSwitched):
                assert answer.number >= highest
                highest = answer.number


def test_a_switch_to_what_was_never_installed_is_not_answered() -> None:
    core = gnb(install("a"))
    assert core.handle(switch("b", 1), 1) is None
    assert gnb().handle(switch("a", 1), 1) is None


def test_a_path_said_again_stays_chosen_and_may_have_moved() -> None:
    core = gnb(install("a"), switch("a", 1), install("a", n3=Address("127.9.12.2:2152")))
    path = core.uplink(0, SERVICE)
    assert path is not None
    assert path.n3 == ("127.9.12.2", 2152)


def test_without_its_last_path_a_flow_is_forgotten() -> None:
    core = gnb(install("a"), switch("a", 7))
    for _ in range(2):
        core.handle(remove("a"), 1)
    assert chosen(core) is None
    core.handle(install("a"), 1)
    assert core.handle(switch("a", 1), 2) == switched("a", 1, 2)


def test_a_tunnel_id_given_to_another_flow_leaves_nothing_of_the_first() -> None:
    core = gnb(install("a"), switch("a", 1), install("a", ue="player-2"))
    assert chosen(core) is None
    assert core.from_n3(down(22), UPFS["a"]) is None
    assert core.counts["n3_of_another_flow"] == 1


def test_paths_of_a_flow_are_bounded_and_the_chosen_one_is_kept() -> None:
    core = gnb(install("a", 22), switch("a", 1))
    for number in range(3 * MOST_PATHS):
        core.handle(install("b", 100 + number), 1)
    path = core.uplink(0, SERVICE)
    assert path is not None
    assert path.name == "a"
    assert len(path.flow.paths) == MOST_PATHS


@pytest.mark.parametrize(
    "order",
    [
        install(ue="player-99"),
        install("elsewhere"),
        install(qfi=64),
        install(teid_down=2**32 + 11),
        install(n3=Address("nowhere")),
        install(teid_up=0),
    ],
)
def test_an_order_out_of_range_changes_nothing(order: InstallPath) -> None:
    core = gnb(install("a"), switch("a", 1))
    assert core.handle(order, 2) is None
    assert core.counts == {"order_out_of_range": 1}
    assert chosen(core) == "a"
    assert core.from_n3(down(22), UPFS["a"]) is not None


def test_an_echo_is_answered_and_an_unknown_tunnel_told() -> None:
    core = gnb()
    assert core.from_n3(gtpu.encode_echo_request(9), STRANGER) == (
        None,
        gtpu.encode_echo_response(9),
        STRANGER,
    )
    told = core.from_n3(down(99), STRANGER)
    assert told == (None, gtpu.encode_error_indication(99, "127.9.0.3"), (STRANGER[0], 2152))
    unknown = bytes.fromhex("34ff0008 00000016 0000 00 c0 01000000")
    assert core.from_n3(unknown, UPFS["a"]) == (None, gtpu.encode_supported_extensions(), UPFS["a"])


DROPPED = {
    "n3_malformed": (b"\x34", UPFS["a"]),
    "n3_too_large": (bytes(READ_BYTES), UPFS["a"]),
    "n3_unknown_source": (down(22), STRANGER),
    "n3_malformed_inside": (down(22, b"not ip, but as long as a header must be"), UPFS["a"]),
    "n3_of_another_flow": (down(22, ip.Udp4(SERVICE, ("127.9.200.2", 1)).packet(b"frame")), UPFS["a"]),
    "end_markers": (gtpu.encode_end_marker(22), UPFS["a"]),
    "n3_unexpected": (gtpu.encode_end_marker(23), UPFS["a"]),
    "error_indications": (gtpu.encode_error_indication(11, "127.9.10.2"), UPFS["a"]),
}


@pytest.mark.parametrize("reason", DROPPED)
def test_what_does_not_reach_the_ue_is_counted(reason: str) -> None:
    core = gnb(install("a"))
    assert core.from_n3(*DROPPED[reason]) is None
    assert core.counts == {reason: 1}


def test_a_packet_above_the_mtu_does_not_reach_the_ue() -> None:
    core = gnb(install("a"))
    fits = bytes(MTU - ip.HEADERS)
    assert core.from_n3(down(22, ip.Udp4(SERVICE, UE).packet(fits)), UPFS["a"]) is not None
    assert core.from_n3(down(22, ip.Udp4(SERVICE, UE).packet(fits + b"!")), UPFS["a"]) is None


@given(some.lists(some.binary(max_size=120), max_size=20), some.booleans())
def test_no_bytes_stop_it(packets: list[bytes], wrapped: bool) -> None:
    core = gnb(install("a"))
    for data in packets:
        core.from_n3(down(22, data) if wrapped else data, UPFS["a"])
    assert core.from_n3(down(22), UPFS["a"]) is not None
