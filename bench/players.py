"""How many players this machine carries: tick rate, what the relays add, and packets that sockets dropped.

    make bench BENCH=players          (python -m bench.players --players 100 --duration 60)

Tick rates come from the session logs, the relays' additions from ``access.bin``, drops from the ``drops`` column of
``/proc/net/udp``, of the run's own loopback addresses alone, CPU by program from ``/proc/PID/stat`` while everybody plays.
Bars: ≥ 59 Hz, ≤ 5 ms added at p99 each way, no drop. Linux only.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from bench.harness.cpu import CpuWatch
from bench.harness.demo_run import DemoRun, command, demo, finish

UDP_TABLE = Path("/proc/net/udp")
SETTLES_S = 5.0
"""Then everybody plays, and what starting costs is over."""


def own_drops(table: str, net: int) -> dict[str, int]:
    """Drops by socket (address:port, inode) of the addresses 127.``net``.x.y in the text of ``/proc/net/udp``."""
    found = {}
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 13:
            continue
        address, _, port = fields[1].partition(":")
        octets = bytes.fromhex(address)[::-1] if sys.byteorder == "little" else bytes.fromhex(address)
        if octets[0] == 127 and octets[1] == net:
            found[f"{'.'.join(map(str, octets))}:{int(port, 16)}/{fields[9]}"] = int(fields[-1])
    return found


def watch(run: DemoRun, net: int) -> tuple[dict[str, int], dict[str, tuple[int, float]]]:
    """Until the run ends. The highest count of drops seen of every socket (it goes with the socket), and `CpuWatch.shares`."""
    most: dict[str, int] = {}
    cpu, settled_at = None, time.monotonic() + SETTLES_S
    while run.running:
        if cpu is not None:
            cpu.look()
        elif time.monotonic() >= settled_at:
            cpu = CpuWatch(run.run_dir)
        for place, drops in own_drops(UDP_TABLE.read_text(), net).items():
            most[place] = max(most.get(place, 0), drops)
        time.sleep(0.5)
    return most, cpu.shares() if cpu is not None else {}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.players", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--players", type=int, default=100)
    parser.add_argument("--duration", type=float, default=60.0, metavar="S")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if not UDP_TABLE.exists():
        parser.error("needs /proc/net/udp (Linux)")
    with demo(
        "--players", arguments.players, "--duration", arguments.duration, "--seed", arguments.seed
    ) as run:
        run.wait_until_played(1)
        drops, shares = watch(run, int(run.config["net"]))
        report = run.report()
    dropped = {place: count for place, count in drops.items() if count}
    rate, added = report["tick_rate_hz"], report["relay_added_ms"]
    print(f"{arguments.players} players for {arguments.duration:g} s on {os.cpu_count()} CPUs")
    print(
        f"  tick rate             slowest session {rate['min']:.2f} Hz, median {rate['p50']:.2f} Hz ({rate['n']} sessions)"
    )
    for way in ("up", "down"):
        figures = added[way]
        spread = ", ".join(f"{name} {figures[name]:.2f}" for name in ("p50", "p99", "max"))
        print(f"  added by relays, {way:<5}{spread} ms (n={figures['n']})")
    print(
        f"  delay queues late by  p50 {report['relay_error_ms']['p50']:.2f}, p99 {report['relay_error_ms']['p99']:.2f} ms"
    )
    print(f"  socket drops          {sum(dropped.values())} in {len(drops)} sockets")
    for place, count in sorted(dropped.items(), key=lambda row: -row[1])[:5]:
        print(f"    {count:>8}  {place}")
    print(f"  round trip            p50 {report['rtt_ms']['p50']:.1f}, p99 {report['rtt_ms']['p99']:.1f} ms")
    for program, (count, share) in sorted(shares.items(), key=lambda row: -row[1][0] * row[1][1]):
        print(f"  CPU  {program:<16} {count} × {100 * share:.1f}% of a core")
    bars = {
        "every session ≥ 59 Hz": rate["n"] > 0 and rate["min"] >= 59,
        "relays add ≤ 5 ms at p99 up": added["up"]["n"] > 0 and added["up"]["p99"] <= 5,
        "relays add ≤ 5 ms at p99 down": added["down"]["n"] > 0 and added["down"]["p99"] <= 5,
        "no socket drops": not dropped,
        "integrity": report["integrity"]["ok"],
    }
    for name, held in bars.items():
        print(f"  bar  {name}: {'held' if held else 'NOT held'}")
    figures = {
        "tick_rate_hz": rate,
        "relay_added_ms": added,
        "relay_error_ms": report["relay_error_ms"],
        "drops": dropped,
        "cpu": {
            program: {"processes": count, "cores_each": round(share, 4)}
            for program, (count, share) in shares.items()
        },
    }
    more = {"rtt_ms": report["rtt_ms"], "inputs": report["inputs"], "moves": report["moves"]}
    return finish(
        {"benchmark": "players", "players": arguments.players, "bars": bars, **figures, **more},
        arguments.out,
        all(bars.values()),
    )


if __name__ == "__main__":
    sys.exit(command(main))
