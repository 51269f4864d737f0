"""Events of 10,000 UEs from the operator into Fedge's control plane: how many a second on one core, and how late.

`python -m bench.access_events` starts the simulated core network and the control plane as they run in a demo, each on a core of
its own, onboards by CAPIF, and plays the access network itself: all UEs are measured some times a second, some change cells. What
reaches Fedge went through CAPIF-secured interfaces: MEC 012 notifications over a websocket (TLS; CAPIF's token, bound to a client
certificate), one a UE; or MonitoringEvent notifications (HTTPS, both certificates checked), batched by the operator.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from bench.harness.demo_run import ROOT, command, finish
from fedge.adapters.embedded import addresses
from fedge.adapters.embedded.link import Dialled, dial
from fedge.core.messages import Cell, CellChanged, Message, RadioMeasured
from fedge.core.messages.user_plane import CellLoad, Neighbour, RanHello, Subscriber, UeMeasured
from fedge.core.model import SECOND, Address, UeId
from fedge.runtime.run import Config
from fedge.simulation.city import City, generate, write_city
from fedge.simulation.core5g.account import TOPOLOGY
from fedge.simulation.topology import write_topology

TOKEN = "bench"
WAYS = {"websocket": "cells,nr,lte", "https": "places"}
"""What the gateway subscribes to, of its standing subscriptions."""
READY_WITHIN_S = 60.0
END_WITHIN_S = 60.0
SETTLE_S = 3.0
HANDOVERS_A_SECOND = 100
ARRIVED = 0.95


class Crowd:
    """UEs that stand somewhere, each in an NR cell, heard with three neighbours. Signals change with every measurement."""

    def __init__(self, city: City, net: int, ues: int, seed: int) -> None:
        rng = random.Random(seed)
        self.cells = [cell for cell in city.cells if cell.kind == "nr"]
        self.names = [UeId(f"player-{index + 1}") for index in range(ues)]
        self._places = [(rng.uniform(0, city.width_m), rng.uniform(0, city.height_m)) for _ in self.names]
        self._serving = [rng.randrange(len(self.cells)) for _ in self.names]
        gpsis = addresses.SimulatedSubscribers(net, ues).by_gpsi()
        self.hello = RanHello(
            Address(addresses.gnb(net)),
            tuple(
                Subscriber(name, gpsi, addresses.ue(net, index), "nr")
                for index, (gpsi, name) in enumerate(gpsis.items())
            ),
        )
        self._rng = rng

    def attached(self) -> Iterator[CellChanged]:
        for index, name in enumerate(self.names):
            cell = self.cells[self._serving[index]]
            yield CellChanged(name, cell.cell, None, cell.kind, 10.0, 0.0, time.monotonic_ns())

    def measured(self, number: int) -> RadioMeasured:
        signal_dbm = -80.0 - number % 16
        near = [self._neighbours(cell) for cell in range(len(self.cells))]
        ues = tuple(
            UeMeasured(name, x_m, y_m, self.cells[cell].cell, "nr", signal_dbm, near[cell])
            for name, (x_m, y_m), cell in zip(self.names, self._places, self._serving, strict=True)
        )
        loads = tuple(CellLoad(cell.cell, 1, 0.1, 0.2) for cell in self.cells)
        return RadioMeasured(time.monotonic_ns(), ues, loads)

    def handover(self) -> CellChanged:
        index = self._rng.randrange(len(self.names))
        before, after = self._serving[index], self._rng.randrange(len(self.cells))
        self._serving[index] = after
        here: Cell = self.cells[after]
        return CellChanged(
            self.names[index], here.cell, self.cells[before].cell, "nr", 10.0, 30.0, time.monotonic_ns()
        )

    def _neighbours(self, cell: int) -> tuple[Neighbour, ...]:
        count = len(self.cells)
        return tuple(Neighbour(self.cells[(cell + step) % count].cell, -90.0 - step) for step in (1, 2, 3))


class Bench:
    """A run folder, and the two programs. ``cores``: the operator's, and Fedge's."""

    def __init__(self, folder: Path, ues: int, seed: int, way: str, cores: tuple[int, int]) -> None:
        self.folder, self.net, self._cores = folder, random.randrange(100, 250), cores
        self.lags = folder / "lags.npz"
        config = Config(
            "embedded", seed, 4, ues, "follow", 1.0, 1 << 20, 5.0, self.net, 0.0, 0, time.monotonic_ns()
        )
        (folder / "config.json").write_bytes(msgspec.json.encode(config))
        (folder / "token").write_text(TOKEN)
        self.city = generate(seed, 4, 5.0)
        write_city(folder / "city.json", self.city)
        write_topology(folder / TOPOLOGY, self.city)
        self.crowd = Crowd(self.city, self.net, ues, seed)
        self.core = self._start(cores[0], "fedge.programs.core_network")
        while not (folder / "core5g.json").exists():
            time.sleep(0.05)
        self.control = self._start(cores[1], "bench.harness.measured_control", str(self.lags), WAYS[way])

    def dial(self) -> Dialled:
        def no_orders(message: Message) -> None:
            """Paths are not what this is about."""

        return dial(
            addresses.core_network(self.net), TOKEN, role="ran", name="ran", greet=lambda: self.crowd.hello,
            receive=no_orders,
        )  # fmt: skip

    def end(self) -> None:
        for program in (self.control, self.core):
            if program.poll() is None:
                program.send_signal(signal.SIGTERM)
                program.wait(END_WITHIN_S)

    def cpu_s(self) -> tuple[float, float]:
        """Of core network and control plane, so far."""
        return _cpu_s(self.core.pid), _cpu_s(self.control.pid)

    def _start(self, core: int, module: str, *words: str) -> subprocess.Popen[bytes]:
        environment = os.environ | {"FEDGE_RUN_DIR": str(self.folder)}
        program = subprocess.Popen([sys.executable, "-m", module, *words], cwd=ROOT, env=environment)
        os.sched_setaffinity(program.pid, {core})
        return program


@contextmanager
def bench_of(ues: int, seed: int, way: str, cores: tuple[int, int]) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="fedge-events-") as folder:
        bench = Bench(Path(folder), ues, seed, way, cores)
        try:
            yield bench
        finally:
            bench.end()


async def play(bench: Bench, per_s: list[float], seconds: float) -> list[dict[str, Any]]:
    """A window of ``seconds`` for each number of measurements a second; begin, end and CPU of each."""
    link = bench.dial()
    try:
        await asyncio.sleep(SETTLE_S)
        for attachment in bench.crowd.attached():
            link.send(attachment)
        await _heard(bench, link)
        windows = []
        for rate in per_s:
            await _measure(bench, link, rate, SETTLE_S)
            began, cpu = time.monotonic_ns(), bench.cpu_s()
            sent = await _measure(bench, link, rate, seconds)
            ended, after = time.monotonic_ns(), bench.cpu_s()
            took_s = (ended - began) / SECOND
            shares = [round((now - before) / took_s, 3) for now, before in zip(after, cpu, strict=True)]
            windows.append(
                {
                    "per_s": rate,
                    "began": began,
                    "ended": ended,
                    "sent_per_s": round(sent / took_s),
                    "cpu": shares,
                }
            )
        return windows
    finally:
        await link.close()


async def _measure(bench: Bench, link: Dialled, rate: float, seconds: float) -> int:
    """So many measurements of everybody a second, and handovers between them. Returns how many facts that were."""
    began, number, handovers = time.monotonic(), 0, 0
    while (now := time.monotonic()) - began < seconds:
        if now - began >= number / rate:
            link.send(bench.crowd.measured(number))
            number += 1
        if (now - began) * HANDOVERS_A_SECOND >= handovers:
            link.send(bench.crowd.handover())
            handovers += 1
        await asyncio.sleep(0.002)
    return number * len(bench.crowd.names) + handovers


async def _heard(bench: Bench, link: Dialled) -> None:
    """Returns once the gateway has onboarded, subscribed and taken a first fact. Raises ``TimeoutError``."""
    give_up = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < give_up:
        await _measure(bench, link, 1.0, 1.0)
        if bench.lags.with_suffix(".begun").exists():
            return
    told = (bench.folder / "logs" / "control-plane.log").read_text()[-2000:]
    raise TimeoutError(f"the gateway hears nothing: {told}")


def figures(windows: list[dict[str, Any]], lags: Path) -> list[dict[str, Any]]:
    """Events a second, CPU and lag of each window."""
    rows = []
    with np.load(lags) as noted:
        taken, seen = noted["taken"], noted["seen"]
    for window in windows:
        within = (taken[:, 1] >= window["began"]) & (taken[:, 1] < window["ended"])
        sighted = (seen[:, 1] >= window["began"]) & (seen[:, 1] < window["ended"])
        took_s = (window["ended"] - window["began"]) / SECOND
        rows.append(
            {
                "measurements_per_s": window["per_s"],
                "offered_per_s": window["sent_per_s"],
                "events_per_s": round(int(within.sum()) / took_s),
                "lag_ms": _spread(taken[within]),
                "lag_to_view_ms": _spread(seen[sighted]),
                "core_network_cpu": window["cpu"][0],
                "control_plane_cpu": window["cpu"][1],
                "events_per_core_s": round(int(within.sum()) / max(window["cpu"][1] * took_s, 0.01)),
            }
        )
    return rows


def _spread(pairs: NDArray[np.int64]) -> dict[str, float]:
    if not len(pairs):
        return {"p50": 0.0, "p99": 0.0}
    p50, p99 = np.percentile((pairs[:, 1] - pairs[:, 0]) / 1e6, (50, 99))
    return {"p50": round(float(p50), 1), "p99": round(float(p99), 1)}


def _cpu_s(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.access_events", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--ues", type=int, default=10_000)
    parser.add_argument("--duration", type=float, default=15.0, metavar="S", help="of each window")
    parser.add_argument("--per-second", type=float, nargs="+", default=[0.5, 1.0, 2.0], metavar="N")
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    usable = sorted(os.sched_getaffinity(0))
    cores = usable[0], usable[-1]
    os.sched_setaffinity(0, {cores[0]})
    found: dict[str, list[dict[str, Any]]] = {}
    for way in given.ways:
        with bench_of(given.ues, given.seed, way, cores) as bench:
            windows = asyncio.run(play(bench, given.per_second, given.duration))
            bench.end()
            found[way] = figures(windows, bench.lags)
    show(found, given.ues, given.duration)
    bars = bars_of(found, given.ues)
    for name, held in bars.items():
        print(f"  bar  {name}: {'held' if held else 'NOT held'}")
    return finish(
        {"benchmark": "access-events", "ues": given.ues, "bars": bars, "ways": found},
        given.out,
        all(bars.values()),
    )


def show(found: dict[str, list[dict[str, Any]]], ues: int, seconds: float) -> None:
    print(
        f"{ues} UEs, {seconds:g} s a row; the control plane on one core, the operator and the radio on another"
    )
    print(
        "                            events of them     of the radio's instant, ms:    cores busy with it    events that"
    )
    print(
        "  way        measured       a second arrived   to gateway      to view         Fedge   operator     fill a core"
    )
    for way, rows in found.items():
        for row in rows:
            lag, view = row["lag_ms"], row["lag_to_view_ms"]
            print(
                f"  {way:<10} {row['measurements_per_s']:>4g}/s each {row['events_per_s']:>12}/s"
                f"    p50 {lag['p50']:>6.0f} p99 {lag['p99']:>6.0f}   {view['p50']:>6.0f} {view['p99']:>6.0f}"
                f"    {row['control_plane_cpu']:>6.0%} {row['core_network_cpu']:>9.0%} {row['events_per_core_s']:>12}/s"
            )


def bars_of(found: dict[str, list[dict[str, Any]]], ues: int) -> dict[str, bool]:
    """Of the row in which everybody is measured once a second; so often the operator tells places, however often it measures."""
    bars = {}
    for way, rows in found.items():
        for row in rows:
            if row["measurements_per_s"] == 1.0:
                bars[f"{way}: an event of each UE arrives each second"] = row["events_per_s"] >= ARRIVED * ues
                bars[f"{way}: 99% of them within a second"] = row["lag_ms"]["p99"] <= 1000
    return bars


if __name__ == "__main__":
    sys.exit(command(main))
