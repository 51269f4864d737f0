"""Plain UDP in user space: one port a UE, one instance that is heard, and a flow that moves while it is used."""

from __future__ import annotations

import asyncio
import errno
import resource
import socket
from collections import Counter
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from fedge.core.messages import TrafficFilter, TrafficRule
from fedge.dataplane.away import HERE, Away
from fedge.dataplane.driver import IDLE_S, PlainApplications
from fedge.dataplane.plain_udp import UserspaceForwarding
from fedge.ports import PlainFlow
from fedge.wire import ip

SERVICE, UE, OTHER = ("10.60.0.1", 7777), ("10.45.0.2", 40_000), ("10.45.0.3", 40_000)

RULES = (
    TrafficRule(
        "game-udp-7777", "FLOW", 128, (TrafficFilter(dst_address=(SERVICE[0],), dst_port=(str(SERVICE[1]),)),),
        "FORWARD_DECAPSULATED", "ACTIVE",
    ),
)  # fmt: skip


class Stand:
    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.out: list[ip.Datagram] = []
        self.driver = UserspaceForwarding(
            self.loop, "127.0.0.1", lambda packet: self.out.append(ip.read(packet)), Counter()
        )
        self.instances = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for one in self.instances:
            one.bind(("127.0.0.1", 0))
            one.settimeout(5)
        self.ends = [one.getsockname() for one in self.instances]

    def turn(self) -> None:
        self.loop.run_until_complete(asyncio.sleep(0.02))

    def close(self) -> None:
        self.driver.close()
        self.loop.close()
        for one in self.instances:
            one.close()


@pytest.fixture
def stand() -> Iterator[Stand]:
    made = Stand()
    yield made
    made.close()


def test_the_first_datagram_waits_until_the_ue_is_led_somewhere(stand: Stand) -> None:
    plain = PlainApplications(stand.driver)
    plain.serve("game", RULES, stand.ends[:1])
    stand.driver.uplink(UE, SERVICE, b"hello")
    assert stand.driver.unknown() == [(UE, SERVICE)]
    plain.welcome()
    data, own = stand.instances[0].recvfrom(99)
    assert data == b"hello"
    stand.instances[0].sendto(b"welcome", own)
    stand.turn()
    assert stand.out == [ip.Datagram(SERVICE, UE, b"welcome")]


def test_every_ue_has_a_port_of_its_own(stand: Stand) -> None:
    stand.driver.lead([PlainFlow(ue, SERVICE, stand.ends[0]) for ue in (UE, OTHER)])
    for ue in (UE, OTHER):
        stand.driver.uplink(ue, SERVICE, ue[0].encode())
    seen = dict(stand.instances[0].recvfrom(99) for _ in range(2))
    assert len(set(seen.values())) == 2
    for name, own in seen.items():
        stand.instances[0].sendto(name, own)
    stand.turn()
    assert sorted(stand.out) == [ip.Datagram(SERVICE, ue, ue[0].encode()) for ue in (UE, OTHER)]


def test_a_flow_that_moved_hears_the_new_instance_alone(stand: Stand) -> None:
    stand.driver.lead([PlainFlow(UE, SERVICE, stand.ends[0])])
    stand.driver.uplink(UE, SERVICE, b"1")
    _, own = stand.instances[0].recvfrom(99)
    stand.driver.lead([PlainFlow(UE, SERVICE, stand.ends[1])])
    stand.driver.uplink(UE, SERVICE, b"2")
    data, same = stand.instances[1].recvfrom(99)
    assert (data, same) == (b"2", own), "the instances see one and the same peer"
    stand.instances[0].sendto(b"too late", own)
    stand.instances[1].sendto(b"in time", own)
    stand.turn()
    assert [one.payload for one in stand.out] == [b"in time"]


def test_an_instance_that_is_down_is_left_and_costs_its_packets_only(stand: Stand) -> None:
    plain = PlainApplications(stand.driver)
    plain.serve("game", RULES, stand.ends[:1])
    stand.driver.uplink(UE, SERVICE, b"1")
    plain.welcome()
    stand.instances[0].close()
    for _ in range(3):
        stand.driver.uplink(UE, SERVICE, b"lost")
        stand.turn()
    assert stand.driver.counts["plain_lost"] > 0
    plain.serve("game", RULES, stand.ends[1:])
    stand.driver.uplink(UE, SERVICE, b"2")
    assert stand.instances[1].recv(99) == b"2"


def test_those_who_wait_are_bounded(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fedge.dataplane.plain_udp.MAX_FLOWS", 2)
    for port in range(5):
        stand.driver.uplink(("10.45.0.2", port), SERVICE, b"?")
    assert (len(stand.driver.unknown()), stand.driver.counts["plain_refused"]) == (2, 3)


def test_who_may_not_pass_does_not_wait(stand: Stand) -> None:
    plain = PlainApplications(stand.driver)
    plain.serve("game", (replace(RULES[0], state="INACTIVE"),), stand.ends)
    stand.driver.uplink(UE, SERVICE, b"hello")
    plain.welcome()
    assert (stand.driver.unknown(), plain.flows) == ([], {})


def test_an_address_is_the_first_applications_until_it_goes(stand: Stand) -> None:
    plain = PlainApplications(stand.driver)
    plain.serve("zebra", RULES, stand.ends[:1])
    plain.serve("aardvark", RULES, stand.ends[1:])
    plain.serve("zebra", RULES, stand.ends[:1])
    assert plain.refused == {("aardvark", SERVICE)}
    stand.driver.uplink(UE, SERVICE, b"hello")
    plain.welcome()
    assert stand.instances[0].recv(99) == b"hello"
    plain.serve("zebra", (), ())
    assert (plain.refused, plain.services) == (frozenset(), {SERVICE})
    stand.driver.uplink(UE, SERVICE, b"anybody?")
    plain.welcome()
    assert stand.instances[1].recv(99) == b"anybody?"


def test_who_comes_to_an_address_by_a_later_rule_does_not_take_it(stand: Stand) -> None:
    plain = PlainApplications(stand.driver)
    plain.serve("first", (replace(RULES[0], state="INACTIVE"),), stand.ends[:1])
    plain.serve("second", RULES, stand.ends[1:])
    plain.serve("first", RULES, stand.ends[:1])
    assert plain.refused == {("first", SERVICE)}
    stand.driver.uplink(UE, SERVICE, b"hello")
    plain.welcome()
    assert stand.instances[1].recv(99) == b"hello"


def test_one_ue_that_changes_ports_takes_no_more_sockets_than_are_allowed(stand: Stand) -> None:
    plain = PlainApplications(stand.driver)
    plain.serve("game", RULES, stand.ends)
    stand.driver.most = 3
    others = [(UE[0], port) for port in range(1, 21)]
    for ue in (OTHER, *others):
        if not stand.driver.uplink(ue, SERVICE, b"?"):
            plain.welcome()
        assert stand.driver.uplink(OTHER, SERVICE, b"who speaks stays")
    assert (len(stand.driver._legs), stand.driver.counts["plain_evicted"]) == (3, 18)
    assert set(plain.flows) == {(OTHER, SERVICE), *((ue, SERVICE) for ue in others[-2:])}
    assert sum(plain._held.values()) == 3
    assert not stand.driver.uplink(others[0], SERVICE, b"back")
    plain.welcome()
    assert stand.driver.uplink(others[0], SERVICE, b"again")


def test_flows_leave_descriptors_for_the_agents_links(stand: Stand) -> None:
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert 0 < stand.driver.most < allowed


def test_a_socket_that_cannot_be_had_costs_its_flow_only(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = PlainApplications(stand.driver)
    plain.serve("game", RULES, stand.ends[:1])
    with monkeypatch.context() as none_left:
        none_left.setattr("fedge.dataplane.plain_udp._Leg", no_descriptor)
        stand.driver.uplink(UE, SERVICE, b"lost")
        plain.welcome()
    assert (stand.driver.unknown(), plain.flows, stand.driver.counts["plain_no_socket"]) == ([], {}, 1)
    stand.driver.uplink(UE, SERVICE, b"2")
    plain.welcome()
    assert stand.instances[0].recv(99) == b"2"


def no_descriptor(*_: object) -> None:
    raise OSError(errno.EMFILE, "Too many open files")


def test_a_ue_is_led_to_the_instance_that_has_the_fewest_now(stand: Stand) -> None:
    plain = PlainApplications(stand.driver)
    low, high = sorted(stand.ends)
    plain.serve("game", RULES, [low])
    for port in (1, 2):
        stand.driver.uplink((UE[0], port), SERVICE, b"?")
    plain.welcome()
    plain.serve("game", RULES, [low, high])
    for port in (3, 4, 5):
        stand.driver.uplink((UE[0], port), SERVICE, b"?")
        plain.welcome()
    led = [plain.flows[(UE[0], port), SERVICE].instance for port in range(1, 6)]
    assert led == [low, low, high, high, low]
    plain.serve("game", RULES, [high])
    assert {flow.instance for flow in plain.flows.values()} == {high}
    assert plain._held == {high: 5}


class OtherSite(Stand):
    """Another site's gateway: its door is open to the first one's address, and its instances are here."""

    def __init__(self, admits: bool = True) -> None:
        super().__init__()
        self.plain = PlainApplications(self.driver, "127.0.0.1", lambda host: admits and host == "127.0.0.1")
        self.driver.arrived = self.plain.welcome
        self.plain.serve("game", RULES, self.ends[:1])
        self.door = self.plain.doors["game"]


def test_a_ue_is_led_through_another_sites_door_and_back(stand: Stand) -> None:
    other, plain = OtherSite(), PlainApplications(stand.driver)
    plain.serve("game", RULES, stand.ends[:1])
    stand.driver.uplink(UE, SERVICE, b"1")
    plain.welcome()
    assert stand.instances[0].recv(99) == b"1"
    plain.serve("game", RULES, stand.ends[:1], Away(ues={UE[0]: other.door}))
    assert stand.driver.uplink(UE, SERVICE, b"2"), "an open flow is led with its next datagram"
    other.turn()
    data, own = other.instances[0].recvfrom(99)
    assert data == b"2"
    other.instances[0].sendto(b"from there", own)
    other.turn()
    stand.turn()
    assert stand.out == [ip.Datagram(SERVICE, UE, b"from there")]
    assert (other.out, other.plain.held("game")) == ([], Counter(other.ends[:1]))
    assert (plain.hosts("game"), other.plain.hosts("game")) == ([UE[0]], [])
    plain.serve("game", RULES, stand.ends[:1], HERE)
    stand.driver.uplink(UE, SERVICE, b"3")
    assert stand.instances[0].recv(99) == b"3"
    other.close()


def test_without_an_instance_here_everybody_is_led_elsewhere(stand: Stand) -> None:
    other, plain = OtherSite(), PlainApplications(stand.driver)
    plain.serve("game", RULES, (), Away(elsewhere=other.door))
    stand.driver.uplink(OTHER, SERVICE, b"hello")
    plain.welcome()
    other.turn()
    assert other.instances[0].recv(99) == b"hello"
    plain.serve("game", RULES, (), HERE)
    assert (plain.flows, plain.services) == ({}, frozenset())
    other.close()


def test_a_door_is_open_to_gateways_alone(stand: Stand) -> None:
    other = OtherSite(admits=False)
    stand.instances[0].sendto(b"let me in", other.door)
    other.turn()
    assert (other.plain.flows, other.driver.unknown()) == ({}, [])
    other.close()


def test_a_door_closes_with_its_application(stand: Stand) -> None:
    other = OtherSite()
    other.plain.serve("game", (), ())
    assert other.plain.doors == {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as takes_it:
        takes_it.bind(other.door)
    other.close()


def test_a_flow_that_carries_nothing_ends_and_one_that_carries_does_not(stand: Stand) -> None:
    plain = PlainApplications(stand.driver)
    plain.serve("game", RULES, stand.ends[:1])
    for ue in (UE, OTHER):
        stand.driver.uplink(ue, SERVICE, b"?")
        plain.welcome()
    assert plain.end_idle(0.0) == 0
    stand.driver.uplink(OTHER, SERVICE, b"I am here")
    assert plain.end_idle(IDLE_S - 1) == 0
    assert plain.end_idle(IDLE_S) == 1
    assert set(plain.flows) == {(OTHER, SERVICE)}
    assert not stand.driver.uplink(UE, SERVICE, b"back"), "it is led anew"


def test_two_applications_have_a_port_each(stand: Stand) -> None:
    """Each has the shared port in its rules as well, which the first one has: nobody is refused for that."""
    plain, shared = PlainApplications(stand.driver), SERVICE[1]
    for name, port, end in (("one", 7778, stand.ends[0]), ("two", 7779, stand.ends[1])):
        asks = replace(RULES[0].traffic_filter[0], dst_port=(str(shared), str(port)))
        plain.serve(name, (replace(RULES[0], traffic_filter=(asks,)),), [end])
    assert plain.refused == frozenset()
    for port, instance in ((7778, 0), (7779, 1), (shared, 0)):
        stand.driver.uplink(UE, (SERVICE[0], port), b"%d" % port)
        plain.welcome()
        assert stand.instances[instance].recv(99) == b"%d" % port
