"""nftables moves an established UDP flow, both ways, in network namespaces that the tests make."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from bench.harness.namespaces import INSTANCES, OTHER_UE, SERVICE, UE, Namespaces, inside, missing
from fedge.core.messages import TrafficFilter, TrafficRule
from fedge.dataplane.away import HERE, Away
from fedge.dataplane.driver import IDLE_S, PlainApplications, choice
from fedge.dataplane.nftables import Nftables, NftRefused, change, ruleset
from fedge.ports import PlainFlow

FIRST, SECOND = INSTANCES
UE_END = (UE, 40_000)
RULES = (
    TrafficRule(
        "game-udp-7777", "FLOW", 128, (TrafficFilter(dst_address=(SERVICE[0],), dst_port=(str(SERVICE[1]),)),),
        "FORWARD_DECAPSULATED", "ACTIVE",
    ),
)  # fmt: skip
needs_namespaces = pytest.mark.skipif(bool(missing()), reason=missing() or "-")


def test_one_transaction_ends_the_old_flow_and_begins_the_new() -> None:
    old, new = (PlainFlow(UE_END, SERVICE, instance) for instance in INSTANCES)
    ends, begins = change([old], [new]).splitlines()
    assert ends == (
        "delete element ip fedge flows "
        "{ 10.45.0.2 . 40000 . 10.60.0.1 . 7777, 10.70.1.2 . 6010 . 10.45.0.2 . 40000 }"
    )
    assert begins == (
        "add element ip fedge flows { 10.45.0.2 . 40000 . 10.60.0.1 . 7777 : goto to_10_70_2_2_6011, "
        "10.70.2.2 . 6011 . 10.45.0.2 . 40000 : goto as_10_60_0_1_7777 }"
    )


def test_nothing_is_tracked_and_nothing_is_nat() -> None:
    """A flow that connection tracking knows would stay with the target of its first packet."""
    text = ruleset([SERVICE]) + change([], [], [FIRST])
    assert text.count("notrack") == text.count("chain to_") + text.count("chain as_") == 2
    assert "nat" not in text


def test_without_an_interface_for_n6_user_space_is_chosen() -> None:
    assert choice("") == (
        "userspace",
        "N6 comes in UDP datagrams here, and nftables rewrites what is routed",
    )


class World:
    def __init__(self) -> None:
        self.net = Namespaces()
        udp = socket.SOCK_DGRAM
        self.ue = self.net.socket_in(self.net.ue, udp, UE_END)
        self.instances = [
            self.net.socket_in(name, udp, end)
            for name, end in zip(self.net.instances, INSTANCES, strict=True)
        ]
        self.driver = Nftables(self.net.nft())
        self.driver.serve([SERVICE])

    def close(self) -> None:
        for one in (self.ue, *self.instances):
            one.close()
        self.net.close()


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


@needs_namespaces
def test_an_update_of_the_map_moves_an_established_flow_both_ways(world: World) -> None:
    world.ue.connect(SERVICE)  # takes answers of the stable address alone
    first, second = world.instances
    world.driver.lead([PlainFlow(UE_END, SERVICE, FIRST)])
    for turn in range(3):
        world.ue.send(b"to the first %d" % turn)
        assert first.recvfrom(99) == (b"to the first %d" % turn, UE_END)
        first.sendto(b"from the first %d" % turn, UE_END)
        assert world.ue.recv(99) == b"from the first %d" % turn
    world.driver.lead([PlainFlow(UE_END, SERVICE, SECOND)])
    first.sendto(b"too late", UE_END)
    for turn in range(3):
        world.ue.send(b"to the second %d" % turn)
        assert second.recvfrom(99) == (b"to the second %d" % turn, UE_END)
        second.sendto(b"from the second %d" % turn, UE_END)
        assert world.ue.recv(99) == b"from the second %d" % turn, "only the writer is heard"
    first.setblocking(False)
    with pytest.raises(BlockingIOError):
        first.recv(99)


@needs_namespaces
def test_sockets_of_one_ue_and_ues_are_told_apart(world: World) -> None:
    same_port = world.net.socket_in(world.net.ue, socket.SOCK_DGRAM, (OTHER_UE, 40_000))
    same_host = world.net.socket_in(world.net.ue, socket.SOCK_DGRAM, (UE, 40_001))
    world.driver.lead(
        [
            PlainFlow(UE_END, SERVICE, FIRST),
            PlainFlow((OTHER_UE, 40_000), SERVICE, SECOND),
            PlainFlow((UE, 40_001), SERVICE, SECOND),
        ]
    )
    for one, name in ((world.ue, b"a"), (same_port, b"b"), (same_host, b"c")):
        one.sendto(name, SERVICE)
    assert world.instances[0].recv(9) == b"a"
    assert sorted(world.instances[1].recv(9) for _ in range(2)) == [b"b", b"c"]
    same_port.close()
    same_host.close()


@needs_namespaces
def test_who_has_no_flow_is_dropped_and_named_then_led_to_the_emptiest_instance(world: World) -> None:
    plain = PlainApplications(world.driver)
    plain.serve("game", RULES, INSTANCES)
    other = world.net.socket_in(world.net.ue, socket.SOCK_DGRAM, (OTHER_UE, 40_000))
    for one in (world.ue, other):
        one.sendto(b"hello", SERVICE)
    assert sorted(world.driver.unknown()) == [(UE_END, SERVICE), ((OTHER_UE, 40_000), SERVICE)]
    plain.welcome()
    assert {flow.instance for flow in plain.flows.values()} == set(INSTANCES)
    assert world.driver.unknown() == []
    for one in (world.ue, other):
        one.sendto(b"again", SERVICE)
    assert [one.recv(9) for one in world.instances] == [b"again", b"again"]
    plain.serve("game", RULES, [SECOND])
    for one in (world.ue, other):
        one.sendto(b"moved", SERVICE)
    assert [world.instances[1].recv(9) for _ in range(2)] == [b"moved", b"moved"]
    other.close()


@needs_namespaces
def test_who_a_rule_bans_is_led_nowhere_and_one_that_was_led_is_dropped(world: World) -> None:
    plain = PlainApplications(world.driver)
    plain.serve("game", RULES, INSTANCES[:1])
    world.ue.sendto(b"hello", SERVICE)
    plain.welcome()
    world.ue.sendto(b"again", SERVICE)
    assert world.instances[0].recv(9) == b"again"
    banned = replace(RULES[0], traffic_rule_id="ban", priority=1, action="DROP")
    plain.serve("game", (*RULES, banned), INSTANCES[:1])
    world.ue.sendto(b"banned", SERVICE)
    world.instances[0].settimeout(0.2)
    with pytest.raises(TimeoutError):
        world.instances[0].recv(9)
    plain.welcome()
    assert plain.flows == {}


@needs_namespaces
def test_flows_go_on_when_another_address_is_served_too(world: World) -> None:
    world.driver.lead([PlainFlow(UE_END, SERVICE, FIRST)])
    world.driver.serve([SERVICE, ("10.60.0.2", 7777)])
    world.ue.sendto(b"still", SERVICE)
    assert world.instances[0].recv(9) == b"still"


@needs_namespaces
def test_a_refused_transaction_changes_nothing(world: World) -> None:
    world.driver.lead([PlainFlow(UE_END, SERVICE, FIRST)])
    with pytest.raises(NftRefused):
        world.driver.lead([PlainFlow(UE_END, SERVICE, SECOND), PlainFlow(UE_END, ("10.60.0.9", 1), FIRST)])
    world.ue.sendto(b"still", SERVICE)
    assert world.instances[0].recv(9) == b"still"


@needs_namespaces
def test_what_is_forgotten_is_not_led_any_more(world: World) -> None:
    world.driver.lead([PlainFlow(UE_END, SERVICE, FIRST)])
    world.driver.forget(UE_END, SERVICE)
    world.driver.forget(UE_END, SERVICE)
    world.ue.sendto(b"hello", SERVICE)
    world.instances[0].settimeout(0.2)
    with pytest.raises(TimeoutError):
        world.instances[0].recv(9)
    assert world.driver.unknown() == [(UE_END, SERVICE)]
    world.driver.close()


@needs_namespaces
def test_a_ue_is_led_through_another_sites_door_and_back(world: World) -> None:
    """UE ⇄ gateway ⇄ the other site's gateway ⇄ its instance. The UE hears the stable address all the time."""
    there, instance = world.net.instances[1], ("10.80.0.2", 6012)
    far = world.net.socket_in(world.net.behind(there, instance[0]), socket.SOCK_DGRAM, instance)
    other = PlainApplications(Nftables(world.net.nft(there)), SECOND[0])
    inside(there, lambda: other.serve("game", RULES, [instance]))
    plain = PlainApplications(world.driver)
    plain.serve("game", RULES, [FIRST])
    world.ue.connect(SERVICE)

    def answered(by: socket.socket, words: bytes) -> None:
        world.ue.send(words)
        plain.welcome()
        other.welcome()
        world.ue.send(words)
        data, ue = by.recvfrom(99)
        assert (data, ue) == (words, UE_END), "its own address is seen"
        by.sendto(b"to " + words, ue)
        assert world.ue.recv(99) == b"to " + words

    answered(world.instances[0], b"here")
    plain.serve("game", RULES, [FIRST], Away(ues={UE: other.doors["game"]}))
    answered(far, b"there")
    assert other.flows[UE_END, other.doors["game"]].instance == instance
    plain.serve("game", RULES, [FIRST], HERE)
    answered(world.instances[0], b"here again")
    far.close()
    other.driver.close()


@needs_namespaces
def test_the_kernel_counts_what_a_flow_carries_and_one_that_is_idle_ends(world: World) -> None:
    plain = PlainApplications(world.driver)
    plain.serve("game", RULES, INSTANCES)
    pair = (UE_END, SERVICE)
    world.ue.sendto(b"hello", SERVICE)
    plain.welcome()
    for _ in range(3):
        world.ue.sendto(b"again", SERVICE)
    assert world.driver.carried() == {pair: 3}
    assert plain.end_idle(0.0) == 0
    world.ue.sendto(b"still here", SERVICE)
    assert plain.end_idle(IDLE_S + 1) == 0, "it spoke meanwhile"
    assert plain.end_idle(2 * IDLE_S + 2) == 1
    assert (world.driver.carried(), plain.flows) == ({}, {})
    world.ue.sendto(b"back", SERVICE)
    assert world.driver.unknown() == [pair]
