"""What the edge data gateway costs and how fast it switches: ``make bench BENCH=gateway``.

In one run, in turns of a quarter of a second, so that whatever else the machine does hits all alike: UDP directly from socket to
socket, through a bare loop of recvfrom and sendto, and through the gateway in user space; routed packets with nftables'
rewriting and without; TCP directly, through the relay, and through HAProxy. Then flows and sessions are moved under load. What is
not there (nft, root, haproxy) is left out, and said.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import statistics
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bench.harness import namespaces, relays, switching
from bench.harness.paths import Figures, TcpServer, UdpPath, bulk, messages
from bench.harness.relays import KEY, SERVICE, UE, free, ready, udp
from fedge.dataplane.nftables import Nftables
from fedge.ports import PlainFlow
from fedge.wire import ip
from fedge_sdk import wire

INPUT = wire.encode_inputs(KEY, 1, 1, 0, 1, [b"12345678"] * 4)
FRAME = wire.encode_frame(KEY, 1, 1, 0, 1, wire.CHAIN_START, 0, bytes(900))
DOWN = wire.seal(wire.Envelope(wire.DOWN, 0, KEY, 1, 0, 0, 0, 0, 0), FRAME)
UP = ip.Udp4(UE, SERVICE).packet(INPUT)
SLICE_S, SINGLES, MESSAGES = 0.25, 100, 200
Way = Callable[[Figures], object]


def in_turns(ways: dict[str, tuple[Way, Way]], turns: int) -> dict[str, Figures]:
    """Each way's load and its single packets or messages, one way after the other, ``turns`` times."""
    found = {name: Figures() for name in ways}
    for turn in range(turns):
        for name in list(ways) if turn % 2 else reversed(ways):
            for act in ways[name]:
                act(found[name])
    return found


def user_space(turns: int) -> dict[str, Any]:
    upf, instance, sink = udp(), udp(), udp()
    n6, inside, bare = free(), free(), free()
    gateway = relays.gateway(n6, inside, upf.getsockname(), instance.getsockname())
    loop = relays.bare_loop(bare, sink.getsockname())
    for address in (n6, inside, bare):
        ready(address, socket.SOCK_DGRAM)
    assert gateway.pid is not None
    assert loop.pid is not None
    found = {}
    for way, packet, to, source, end in (
        ("up", UP, n6, upf, instance),
        ("down", DOWN, inside, instance, upf),
    ):
        paths = {
            "direct": UdpPath(source, sink.getsockname(), sink, packet),
            "bare loop": UdpPath(source, bare, sink, packet, loop.pid),
            "gateway": UdpPath(source, to, end, packet, gateway.pid),
        }
        if way == "down":
            paths["gateway"].source.sendto(DOWN, to)
            upf.sendto(UP, n6)  # so that the gateway knows where the UE is
            instance.recv(2048)
        found |= {f"{way}, {name}": one for name, one in in_turns(_udp_ways(paths), turns).items()}
    gateway.terminate()
    loop.terminate()
    return summary(found)


def _udp_ways(paths: dict[str, UdpPath]) -> dict[str, tuple[Way, Way]]:
    def load(path: UdpPath) -> tuple[Way, Way]:
        return (lambda figures: path.flood(SLICE_S, figures)), (
            lambda figures: path.one_by_one(SINGLES, figures)
        )

    return {name: load(path) for name, path in paths.items()}


def kernel(turns: int, switches: int) -> dict[str, Any]:
    """Routed packets through a gateway's network namespace, to an instance in another: rewritten, and not."""
    with ExitStack() as stack:
        paths, rewriting = {}, None
        for name in ("routed", "nftables"):
            net = stack.enter_context(switching.namespaces())
            source = net.socket_in(net.ue, socket.SOCK_DGRAM, (namespaces.UE, 40_000))
            end = namespaces.INSTANCES[0]
            sink = net.socket_in(net.instances[0], socket.SOCK_DGRAM, end)
            sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            if name == "nftables":
                driver = Nftables(net.nft())
                driver.serve([namespaces.SERVICE])
                driver.lead([PlainFlow((namespaces.UE, 40_000), namespaces.SERVICE, end)])
                rewriting = net
            to = namespaces.SERVICE if name == "nftables" else end
            paths[name] = UdpPath(source, to, sink, INPUT)
        found = summary(in_turns(_udp_ways(paths), turns))
        assert rewriting is not None
        return {"load": found, "switch": judged(switching.by_nftables(rewriting, switches))}


def tcp(turns: int) -> dict[str, Any]:
    swallow, echo = TcpServer(echo=False), TcpServer(echo=True)
    makers: dict[str, Callable[[relays.Endpoint, relays.Endpoint], Any]] = {"relay": relays.tcp_relay}
    if shutil.which("haproxy"):
        makers["HAProxy"] = relays.Haproxy
    running, ways = [swallow.process, echo.process], {}
    ways["direct"] = _tcp_ways(swallow.address, echo.address, swallow, 0, 0)
    for name, make in makers.items():
        fronts, pids = [], []
        for server in (swallow, echo):
            front = free(socket.SOCK_STREAM)
            process = make(front, server.address)
            ready(front, socket.SOCK_STREAM)
            running.append(process)
            fronts.append(front)
            pids.append(process.pid)
        ways[name] = _tcp_ways(fronts[0], fronts[1], swallow, pids[0], pids[1])
    big = in_turns({name: (way[0], lambda figures: None) for name, way in ways.items()}, turns)
    small = in_turns({name: (way[1], lambda figures: None) for name, way in ways.items()}, turns)
    for process in running:
        process.terminate()
    return {"MB/s": summary(big), "messages/s": summary(small)}


def _tcp_ways(
    big: relays.Endpoint, small: relays.Endpoint, server: TcpServer, big_pid: int, small_pid: int
) -> tuple[Way, Way]:
    return (
        lambda figures: bulk(big, server, SLICE_S, big_pid, figures),
        lambda figures: messages(small, MESSAGES, small_pid, figures),
    )


def summary(found: dict[str, Figures]) -> dict[str, Any]:
    return {name: _summed(one) for name, one in found.items()}


def _summed(one: Figures) -> dict[str, Any]:
    ordered = sorted(one.latency_us)
    told: dict[str, float] = {
        "rate": statistics.median(one.rates),
        "slowest": min(one.rates),
        "fastest": max(one.rates),
        "lost": one.lost,
    }
    if one.cpu:
        told["cpu"] = statistics.median(one.cpu)
    if ordered:
        told |= {"p50_us": statistics.median(ordered), "p99_us": ordered[int(len(ordered) * 0.99)]}
    turns = {"rates": [round(rate) for rate in one.rates], "cpus": [round(cpu, 2) for cpu in one.cpu]}
    return {key: round(value, 2) for key, value in told.items()} | turns


def ratio(found: dict[str, Any], ours: str, theirs: str, of: str = "rates") -> float:
    """Median of the turns' ratios: what else the machine does in a turn hits both."""
    pairs = zip(found[ours][of], found[theirs][of], strict=True)
    return statistics.median(a / b for a, b in pairs if b)


def judged(one: switching.Switches) -> dict[str, Any]:
    ordered = sorted(one.millis)
    figures = {key: value for key, value in asdict(one).items() if key != "millis"}
    return figures | {
        "switches": len(ordered),
        "p50_ms": round(statistics.median(ordered), 2),
        "max_ms": round(ordered[-1], 2),
    }


def bars(found: dict[str, Any]) -> dict[str, tuple[float, bool]]:
    """What was aimed at: (figure, met)."""
    told = {}
    loads = found["user space"]
    for way in ("up", "down"):
        share = ratio(loads, f"{way}, gateway", f"{way}, bare loop")
        told[f"user space {way} / bare loop, rate, ≥ 0.5"] = (share, share >= 0.5)
    if "nftables" in found:
        share = ratio(found["nftables"]["load"], "nftables", "routed")
        told["nftables / routed, rate, ≥ 0.95"] = (share, share >= 0.95)
    if "HAProxy" in found["TCP"]["MB/s"]:
        share = ratio(found["TCP"]["MB/s"], "relay", "HAProxy")
        told["TCP / HAProxy, bytes, ≥ 0.9"] = (share, share >= 0.9)
        share = ratio(found["TCP"]["MB/s"], "relay", "HAProxy", "cpus")
        told["TCP / HAProxy, CPU a GB, ≤ 1.0"] = (share, share <= 1.0)
    moved = {"sessions": found["sessions moved"]}
    if "nftables" in found:
        moved["nftables"] = found["nftables"]["switch"]
    for name, one in moved.items():
        wrong = one["lost"] + one["doubled"]
        told[f"{name}: lost and doubled in switches, 0"] = (wrong, not wrong)
    return told


@click.command()
@click.option("--turns", default=30, help="Turns of a quarter of a second for each way.")
@click.option("--switches", default=60, help="Moves under load.")
@click.option("--out", type=click.Path(path_type=Path), help="All figures, as JSON.")
def main(turns: int, switches: int, out: Path | None) -> None:
    """Measure the edge data gateway's two drivers and its TCP relay."""
    found: dict[str, Any] = {"load of the machine": os.getloadavg()[0]}
    found["user space"] = user_space(turns)
    found["sessions moved"] = judged(switching.by_gateways(switches))
    why_not = namespaces.missing()
    if why_not:
        click.echo(f"nftables left out: {why_not}")
    else:
        found["nftables"] = kernel(turns, switches)
    if not shutil.which("haproxy"):
        click.echo("HAProxy left out: there is no haproxy")
    found["TCP"] = tcp(turns)
    click.echo(json.dumps(found, indent=1, ensure_ascii=False))
    if out:
        out.write_text(json.dumps(found, indent=1))
    told = bars(found)
    for name, (figure, met) in told.items():
        click.echo(f"{'met   ' if met else 'MISSED'} {figure:8.2f}  {name}")
    passed = all(met for _, met in told.values())
    click.echo("PASSED" if passed else "NOT PASSED")
    raise SystemExit(not passed)


if __name__ == "__main__":
    main()
