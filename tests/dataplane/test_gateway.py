"""The gateway's sockets: from the user plane function to the instance and back, and what comes from anybody else."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from fedge.core.messages import TrafficFilter, TrafficRule
from fedge.core.model import InstanceId, SessionKey, SiteId
from fedge.core.transfer import ClearFlow, SetFlow
from fedge.core.transfer.effects import Flow
from fedge.dataplane.gateway import Gateway
from fedge.wire import ip
from fedge_sdk import wire

KEY = SessionKey(7)
UE, SERVICE = ("10.45.0.2", 40_000), ("127.9.1.1", 7777)
RULE = TrafficRule(
    "arena-udp-7777", "FLOW", 128, (TrafficFilter(dst_address=(SERVICE[0],)),), "FORWARD_DECAPSULATED", "ACTIVE"
)  # fmt: skip


def bound() -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind(("127.0.0.1", 0))
    opened.settimeout(5)
    return opened


class Bench:
    """A gateway between a user plane function, an instance and a peer that the test plays."""

    def __init__(self, folder: Path) -> None:
        self.upf, self.instance, self.peer, self.stranger = (bound() for _ in range(4))
        free = [bound() for _ in range(3)]
        self.n6, self.inside, self.between = (one.getsockname() for one in free)
        for one in free:
            one.close()
        self.to_peer: list[tuple[str, bytes]] = []
        self.heard: list[tuple[int, int]] = []
        self.arrived: list[tuple[int, int, bool, tuple[str, int]]] = []
        self.journal = folder / "gateway.jsonl"
        self.gateway = Gateway(
            self.n6, self.inside, self.between, self.upf.getsockname(),
            lambda site, packet: self.to_peer.append((site, packet)),
            lambda key, generation: self.heard.append((key, generation)),
            lambda *arrived: self.arrived.append(arrived),
            self.journal,
        )  # fmt: skip
        self.gateway.instance_up("arena-1", "arena", self.instance.getsockname())
        self.gateway.use_rules("arena", (RULE,))
        self.gateway.peers.add(self.peer.getsockname())
        self.loop = asyncio.new_event_loop()
        self.gateway.start(self.loop)

    def turn(self) -> None:
        """Let the gateway read what is there."""
        self.loop.run_until_complete(asyncio.sleep(0.02))

    def set(self, flow: Flow, generation: int = 1, epoch: int = 1, peer: str = "") -> None:
        self.gateway.apply(SetFlow(KEY, flow, generation, epoch, InstanceId("arena-1"), SiteId(peer)))

    def close(self) -> None:
        self.gateway.close()
        self.loop.close()
        for one in (self.upf, self.instance, self.peer, self.stranger):
            one.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def inputs(seq: int = 1) -> bytes:
    return wire.encode_inputs(KEY, 1, 1, 0, seq, [b"ab"])


def packet(payload: bytes) -> bytes:
    return ip.Udp4(UE, SERVICE).packet(payload)


def frame() -> bytes:
    bare = wire.encode_frame(KEY, 1, 1, 0, 1, wire.CHAIN_START, 0, b"pixels")
    return wire.seal(wire.Envelope(wire.DOWN, 0, KEY, 1, 0, 0, 0, 0, 0), bare)


def test_an_input_goes_in_and_a_frame_comes_out(bench: Bench) -> None:
    bench.set(Flow.LOCAL)
    bench.upf.sendto(packet(inputs()), bench.n6)
    bench.turn()
    got = bench.instance.recv(2048)
    assert got[wire.ENVELOPE_BYTES :] == inputs()
    assert bench.heard == [(KEY, 1)]
    bench.instance.sendto(frame(), bench.inside)
    bench.turn()
    assert ip.read(bench.upf.recv(2048)) == ip.Datagram(SERVICE, UE, frame()[wire.ENVELOPE_BYTES :])
    (line,) = bench.journal.read_text().splitlines()
    told = json.loads(line)
    assert (told["mode"], told["generation"], told["epoch"]) == ("local", 1, 1)


def test_the_same_packets_from_anybody_else_are_dropped_and_counted(bench: Bench) -> None:
    bench.set(Flow.LOCAL)
    forwarded = wire.seal(wire.Envelope(wire.UP, 1, KEY, 1, 0, 0, 0, 0, 0), inputs())
    for data, there in ((packet(inputs()), bench.n6), (frame(), bench.inside), (forwarded, bench.between)):
        bench.stranger.sendto(data, there)
    bench.turn()
    assert bench.gateway.counts == {"foreign": 3}
    bench.instance.setblocking(False)
    with pytest.raises(BlockingIOError):
        bench.instance.recv(2048)


def test_an_envelope_is_no_packet_on_n6(bench: Bench) -> None:
    bench.set(Flow.LOCAL)
    bench.upf.sendto(wire.seal(wire.Envelope(wire.UP, 0, KEY, 1, 0, 0, 0, 0, 0), inputs()), bench.n6)
    bench.turn()
    assert bench.gateway.counts == {"malformed": 1}


def test_what_a_peer_forwards_reaches_the_instance(bench: Bench) -> None:
    bench.set(Flow.LOCAL)
    forwarded = wire.seal(wire.Envelope(wire.UP, 1, KEY, 1, 0, 0, 0, 0, 0), inputs())
    bench.peer.sendto(forwarded, bench.between)
    bench.turn()
    assert bench.instance.recv(2048) == forwarded
    assert bench.heard == [], "it did not come straight from the user plane"


def test_after_a_move_packets_go_to_the_peer(bench: Bench) -> None:
    bench.set(Flow.LOCAL)
    bench.set(Flow.HOLD)
    bench.upf.sendto(packet(inputs()), bench.n6)
    bench.turn()
    bench.set(Flow.FORWARD, 2, 2, "market")
    bench.upf.sendto(packet(inputs(2)), bench.n6)
    bench.turn()
    assert [(site, sent[wire.ENVELOPE_BYTES :]) for site, sent in bench.to_peer] == [
        ("market", inputs()),
        ("market", inputs(2)),
    ]


def test_an_instance_that_is_gone_and_an_oversized_datagram_stop_nothing(bench: Bench) -> None:
    bench.set(Flow.LOCAL)
    bench.instance.close()
    bench.upf.sendto(packet(inputs()), bench.n6)
    bench.upf.sendto(bytes(60_000), bench.n6)
    bench.turn()
    bench.upf.sendto(packet(inputs(2)), bench.n6)
    bench.turn()
    assert bench.gateway.counts == {"malformed": 1}


def test_a_flow_that_comes_back_late_changes_nothing(bench: Bench) -> None:
    bench.set(Flow.LOCAL, 2, 2)
    bench.gateway.apply(ClearFlow(KEY, 2))
    bench.set(Flow.LOCAL, 1, 1)
    assert KEY not in bench.gateway.table.entries
    assert len(bench.journal.read_text().splitlines()) == 1


PLAIN = TrafficRule(
    "echo-udp-7777", "FLOW", 128, (TrafficFilter(dst_address=(SERVICE[0],), dst_port=("7777",), protocol=("UDP",)),),
    "PASSTHROUGH", "ACTIVE",
)  # fmt: skip


def test_an_application_without_sessions_gets_its_packets_as_they_are(bench: Bench) -> None:
    bench.gateway.serve_plain("echo", (PLAIN,), [bench.instance.getsockname()])
    for turn in range(2):
        bench.upf.sendto(packet(b"plain %d" % turn), bench.n6)
        bench.turn()
        data, own = bench.instance.recvfrom(99)
        bench.instance.sendto(data.upper(), own)
        bench.turn()
        assert ip.read(bench.upf.recv(2048)) == ip.Datagram(SERVICE, UE, b"PLAIN %d" % turn)
    bench.gateway.serve_plain("echo", (replace(PLAIN, action="DROP"),), [bench.instance.getsockname()])
    bench.upf.sendto(packet(b"plain"), bench.n6)
    bench.turn()
    bench.instance.setblocking(False)
    with pytest.raises(BlockingIOError):
        bench.instance.recv(99)


def test_a_second_plain_application_at_one_address_is_refused_by_name(bench: Bench) -> None:
    ends = [bench.instance.getsockname()]
    assert not bench.gateway.serve_plain("echo", (PLAIN,), ends)
    assert bench.gateway.serve_plain("other", (PLAIN,), ends) == {("other", SERVICE)}
    assert not bench.gateway.serve_plain("other", (PLAIN,), ends), "it was said"
    assert bench.gateway.counts == {"plain_address_taken": 1}


def test_an_application_that_turns_out_to_have_sessions_is_no_longer_carried_plain(bench: Bench) -> None:
    bench.gateway.serve_plain("arena", (PLAIN,), [bench.instance.getsockname()])
    bench.upf.sendto(packet(inputs()), bench.n6)
    bench.turn()
    assert bench.instance.recv(2048) == inputs()
    bench.set(Flow.LOCAL)
    bench.gateway.serve_plain("arena", (), ())
    bench.upf.sendto(packet(inputs()), bench.n6)
    bench.turn()
    assert bench.instance.recv(2048)[wire.ENVELOPE_BYTES :] == inputs()


def test_tcp_ports_are_relayed_and_one_that_is_taken_stops_nothing(bench: Bench) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    taken = socket.create_server(("127.0.0.1", 0))
    free_port = bound().getsockname()[1]
    wanted = tuple(str(port) for port in (free_port, taken.getsockname()[1]))
    tcp = replace(PLAIN, traffic_filter=(TrafficFilter((), ("127.0.0.1",), (), wanted, ("TCP",)),))
    bench.gateway.serve_plain("echo", (tcp,), [listening.getsockname()])
    assert bench.gateway.counts == {"relay_refused": 1}
    client = socket.create_connection(("127.0.0.1", free_port))
    client.sendall(b"hello")
    bench.turn()
    served, _ = listening.accept()
    bench.turn()
    assert served.recv(9) == b"hello"
    bench.gateway.serve_plain("echo", (), ())
    bench.turn()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", free_port))
    for one in (client, served, listening, taken):
        one.close()


def test_in_datagrams_n6_is_forwarded_in_user_space(bench: Bench) -> None:
    assert bench.gateway.chosen[0] == "userspace"


def test_a_client_is_redirected_by_the_gateway_that_knows_where_it_is(bench: Bench) -> None:
    bench.gateway.redirect(KEY, 4, ("127.9.2.2", 7777))
    bench.set(Flow.LOCAL)
    bench.upf.sendto(packet(inputs()), bench.n6)
    bench.turn()
    assert bench.arrived == [(KEY, 1, True, SERVICE)]
    bench.gateway.redirect(KEY, 4, ("127.9.2.2", 7777))
    said = ip.read(bench.upf.recv(2048))
    assert (said.source, said.destination) == (SERVICE, UE)
    assert wire.decode_redirect(said.payload) == wire.Redirect(KEY, 4, ("127.9.2.2", 7777))
    assert bench.gateway.counts["redirects"] == 1, "nobody was known at first"


def test_what_an_instance_that_has_gone_still_sends_is_foreign(bench: Bench) -> None:
    bench.set(Flow.LOCAL)
    second = bound()
    bench.gateway.instance_up("arena-2", "arena", second.getsockname())
    bench.gateway.instances_left({"arena-2"})
    bench.upf.sendto(packet(inputs()), bench.n6)
    bench.turn()
    assert bench.gateway.instances == {"arena-2": second.getsockname()}
    bench.instance.sendto(frame(), bench.inside)
    bench.turn()
    assert bench.gateway.counts["foreign"] == 1
    second.sendto(frame(), bench.inside)
    bench.turn()
    assert ip.read(bench.upf.recv(2048)).destination == UE
    second.close()


def test_an_instance_that_comes_back_elsewhere_is_heard_there_alone(bench: Bench) -> None:
    bench.set(Flow.LOCAL)
    elsewhere = bound()
    bench.gateway.instance_up("arena-1", "arena", elsewhere.getsockname())
    bench.upf.sendto(packet(inputs()), bench.n6)
    bench.turn()
    assert elsewhere.recv(2048)[wire.ENVELOPE_BYTES :] == inputs()
    bench.instance.sendto(frame(), bench.inside)
    bench.turn()
    assert bench.gateway.counts["foreign"] == 1
    elsewhere.close()


def test_of_two_instances_at_one_address_the_other_stays(bench: Bench) -> None:
    bench.set(Flow.LOCAL)
    bench.gateway.instance_up("arena-2", "arena", bench.instance.getsockname())
    bench.gateway.instances_left({"arena-2"})
    bench.upf.sendto(packet(inputs()), bench.n6)
    bench.turn()
    bench.instance.sendto(frame(), bench.inside)
    bench.turn()
    assert ip.read(bench.upf.recv(2048)).destination == UE
    assert bench.gateway.counts["foreign"] == 0
