"""What quality on demand is worth in a congested cell: one player with it and without, in turns within one run; its neighbours.

    make bench BENCH=qod              (python -m bench.qod --rounds 10 --window 6 --load 1.2 --out qod.json)

One ``fedge demo``: players who stand in one 5G cell, and a background load (simulated) that asks for more than the cell carries.
In each round another player is the subject: a window without, then its quality session by CAMARA's API, a window with it, and
its end. Round trips and frames are the client's (``fleet.bin``); make-up and tear-down end with the event at an https sink and
with the bearer in the operator's radio information (ETSI MEC 012). Bars: with it p50 and p99 are at most ``WORST`` times what the
same cell gave before it was loaded, and 98% of its frames arrive; its neighbours keep their p50 within 10%, nothing is lost.
"""

from __future__ import annotations

import argparse
import json
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

import numpy as np
import yaml

from bench.harness.demo_run import DemoFailed, DemoRun, command, demo, finish, median_and_range
from bench.harness.https_sink import HttpsSink, https_sink
from fedge.report.traces import Records, by_ue, read_records
from fedge.wire.records import ACCEPTED, GOT, SENT
from fedge_sdk.network import Network, Sink

PLAYERS = 6
TICKS_A_SECOND = 60
SETTLE_S = 0.7
"""After a change the queue is left so long to itself: the shared buffer holds 150 ms, an input is repeated a few times."""
WORST = 1.3
STARTS_S = 14.0
IDLE_S = 8.0
LATEST_S = 10.0


class Window(NamedTuple):
    """``subject``: the UE index of whose turn it is; ``kind``: idle, without or with."""

    kind: str
    subject: int
    begin_ns: int
    end_ns: int


class Turn(NamedTuple):
    """Milliseconds from the request to its answer, to the event at the sink, to the radio."""

    answered_ms: float
    told_ms: float
    radio_ms: float


def scenario(arguments: argparse.Namespace) -> dict[str, Any]:
    """Everybody stands in the one cell, near the one site."""
    round_s = 2 * (arguments.window + SETTLE_S) + 2.5
    return {
        "seed": arguments.seed,
        "duration_s": round(STARTS_S + IDLE_S + arguments.rounds * round_s + 6),
        "time_scale": 1,
        "policy": "stay",
        "state_bytes": 262144,
        "city": {
            "sites": [{"name": "Harbour", "x_m": 300, "y_m": 300}],
            "width_m": 600,
            "height_m": 600,
            "cells": [{"kind": "nr", "x_m": 320, "y_m": 300}],
        },
        "ues": [{"trace": f"player-{number}.csv"} for number in range(1, PLAYERS + 1)],
        "players": {"join_within_s": 1, "pauses": False},
        "events": [{"at_s": STARTS_S + IDLE_S, "do": "congest", "load": arguments.load}],
    }


class Radio:
    """The bearers of a UE, as the operator's radio network information service says (MEC 012, ``queries/rab_info``)."""

    def __init__(self, api: dict[str, str]) -> None:
        self._url, self._token = api["url"] + "/queries/rab_info", api["token"]
        trust = ssl.create_default_context(cafile=api["ca"])
        self._opener = build_opener(ProxyHandler({}), HTTPSHandler(context=trust))

    def bearers(self, address: str) -> int:
        request = Request(self._url, headers={"Authorization": f"Bearer {self._token}"})
        with self._opener.open(request, timeout=5) as answer:
            found = json.loads(answer.read())
        found = found.get("RabInfo", found)
        return max(
            (
                len(ue.get("erabInfo", ()))
                for cell in found.get("cellUserInfo", ())
                for ue in cell.get("ueInfo", ())
                if any(one.get("value") == address for one in ue.get("associateId", ()))
            ),
            default=0,
        )

    def when(self, address: str, wanted: Callable[[int], bool]) -> int:
        """The instant (ns) at which the number of its bearers is as wanted. Raises ``TimeoutError``."""
        give_up = time.monotonic() + LATEST_S
        while time.monotonic() < give_up:
            if wanted(self.bearers(address)):
                return time.monotonic_ns()
            time.sleep(0.01)
        raise TimeoutError(f"the radio has not followed within {LATEST_S:.0f} s")


def rounds(run: DemoRun, arguments: argparse.Namespace) -> tuple[list[Window], list[Turn], list[Turn]]:
    """Play the rounds: (windows, make-ups, tear-downs)."""
    apis = json.loads((run.run_dir / "endpoints.json").read_text())["apis"]
    qod = apis["quality-on-demand"]
    network = Network(qod["url"].removesuffix("/quality-on-demand/v1"), qod["token"])
    radio, net = Radio(apis["mec-012"]), run.config["net"]
    windows, made, ended = [idle(run)], [], []
    time.sleep(SETTLE_S)
    with https_sink(Path(qod["sink_certificate"]), Path(qod["sink_key"])) as sink:
        for number in range(arguments.rounds):
            subject = number % PLAYERS
            windows.append(window("without", subject, arguments.window))
            address = f"127.{net}.200.{1 + subject}"
            name, turn = make_up(network, radio, sink, address, f"127.{net}.1.1")
            made.append(turn)
            time.sleep(SETTLE_S)
            windows.append(window("with", subject, arguments.window))
            ended.append(tear_down(network, radio, sink, address, name))
            time.sleep(SETTLE_S)
            print(f"  round {number + 1}: made up in {turn.told_ms:.0f} ms", file=sys.stderr)
    return windows, made, ended


def idle(run: DemoRun) -> Window:
    """Before the load: the last seconds that the scenario leaves free."""
    started = int(run.config["started_ns"])
    begin = max(time.monotonic_ns(), started + int(STARTS_S * 1e9))
    end = started + int((STARTS_S + IDLE_S - 0.3) * 1e9)
    if end - begin < 2e9:
        raise DemoFailed("the demo took too long to start: nothing was measured before the load")
    time.sleep(max(0.0, (end - time.monotonic_ns()) / 1e9 + 0.5))
    return Window("idle", 0, begin, end)


def window(kind: str, subject: int, seconds: float) -> Window:
    begin = time.monotonic_ns()
    time.sleep(seconds)
    return Window(kind, subject, begin, time.monotonic_ns())


def make_up(network: Network, radio: Radio, sink: HttpsSink, address: str, server: str) -> tuple[str, Turn]:
    asked_ns = time.monotonic_ns()
    session = network.ask_quality(server, address, seconds=600, sink=Sink(sink.url))
    answered_ns = time.monotonic_ns()
    installed_ns = radio.when(address, lambda bearers: bearers > 1)
    told_ns = sink.wait_for(session.id, "AVAILABLE", LATEST_S)
    return session.id, _turn(asked_ns, answered_ns, told_ns, installed_ns)


def tear_down(network: Network, radio: Radio, sink: HttpsSink, address: str, session: str) -> Turn:
    asked_ns = time.monotonic_ns()
    network.end_quality(session)
    answered_ns = time.monotonic_ns()
    gone_ns = radio.when(address, lambda bearers: bearers == 1)
    told_ns = sink.wait_for(session, "UNAVAILABLE", LATEST_S)
    return _turn(asked_ns, answered_ns, told_ns, gone_ns)


def _turn(asked_ns: int, answered_ns: int, told_ns: int, radio_ns: int) -> Turn:
    return Turn(*((at - asked_ns) / 1e6 for at in (answered_ns, told_ns, radio_ns)))


class Seen(NamedTuple):
    """What a client saw in one window: a round trip for each input sent in it, and accepted frames a second."""

    rtt_ms: Any
    frames_s: float


def seen(records: Records, within: Window) -> Seen:
    """An input that was never acknowledged counts with the time that was left to the run's end."""
    sent = records[records["kind"] == SENT]
    got = records[(records["kind"] == GOT) & (records["flags"] & ACCEPTED > 0)]
    chosen = sent[(sent["t_ns"] >= within.begin_ns) & (sent["t_ns"] < within.end_ns)]
    reached = np.maximum.accumulate(got["c"])
    at = np.searchsorted(reached, chosen["a"], side="left")
    arrived = np.append(got["t_ns"], records["t_ns"][-1])[np.minimum(at, len(got))]
    frames = ((got["t_ns"] >= within.begin_ns) & (got["t_ns"] < within.end_ns)).sum()
    return Seen((arrived - chosen["t_ns"]) / 1e6, float(frames) / ((within.end_ns - within.begin_ns) / 1e9))


def figures(fleet: Records, windows: list[Window]) -> dict[str, list[dict[str, float]]]:
    """By who and when, for each window: p50, p95, p99 of the round trips (ms) and a player's frames a second."""
    players = by_ue(fleet)
    found: dict[str, list[dict[str, float]]] = {}
    for one in windows:
        groups: dict[str, list[Seen]] = {}
        for ue, records in players.items():
            who = "all" if one.kind == "idle" else "subject" if ue == one.subject else "neighbours"
            groups.setdefault(f"{who}, {one.kind}", []).append(seen(records, one))
        for label, some in groups.items():
            found.setdefault(label, []).append(_figures(some))
    return found


def _figures(some: list[Seen]) -> dict[str, float]:
    rtt_ms = np.concatenate([one.rtt_ms for one in some])
    p50, p95, p99 = (round(float(value), 1) for value in np.percentile(rtt_ms, (50, 95, 99)))
    return {
        "p50": p50,
        "p95": p95,
        "p99": p99,
        "frames": round(float(np.mean([one.frames_s for one in some])), 1),
    }


def middle(found: dict[str, list[dict[str, float]]], label: str, figure: str) -> float:
    """The median of the windows: this machine's own pauses are in some of them."""
    return float(np.median([one[figure] for one in found[label]]))


def bars(found: dict[str, list[dict[str, float]]], report: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    for point in ("p50", "p99"):
        idle_ms, served_ms = middle(found, "all, idle", point), middle(found, "subject, with", point)
        yield f"{point} with it ≤ {WORST} × {idle_ms} ms", served_ms <= WORST * idle_ms
    yield "98% of its frames", middle(found, "subject, with", "frames") >= 0.98 * TICKS_A_SECOND
    before, beside = (middle(found, f"neighbours, {kind}", "p50") for kind in ("without", "with"))
    yield "neighbours' p50 within 10%", abs(beside - before) <= 0.1 * before
    yield (
        "no input lost, never two writers",
        bool(report["integrity"]["ok"]) and report["inputs"]["lost"] == 0,
    )


def table(found: dict[str, list[dict[str, float]]], made: list[Turn], ended: list[Turn]) -> str:
    lines = [
        f"  {'median of windows (range)':<26}"
        + "".join(f"{name:>22}" for name in ("p50", "p99, ms", "frames/s"))
    ]
    for label, windows in found.items():
        cells = (median_and_range([one[name] for one in windows], 1) for name in ("p50", "p99", "frames"))
        lines.append(f"  {label:<26}" + "".join(f"{cell:>22}" for cell in cells))
    lines.append(
        f"  {'median of rounds (range)':<26}"
        + "".join(f"{name:>22}" for name in ("answered", "sink told", "in the radio, ms"))
    )
    for label, turns in (("make-up", made), ("tear-down", ended)):
        cells = (median_and_range(list(column), 0) for column in zip(*turns, strict=True))
        lines.append(f"  {label:<26}" + "".join(f"{cell:>22}" for cell in cells))
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="bench.qod", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--window", type=float, default=6.0, help="seconds of each window")
    parser.add_argument(
        "--load", type=float, default=1.2, help="what the background asks for, of the cell's capacity"
    )
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with files(arguments) as file, demo("--scenario", file) as run:
        run.wait_until_played(PLAYERS)
        windows, made, ended = rounds(run, arguments)
        report = run.report()
        found = figures(read_records(run.run_dir / "fleet.bin"), windows)
    print(table(found, made, ended))
    judged = list(bars(found, report))
    for bar, kept in judged:
        print(f"  {'✓' if kept else '✗'} {bar}")
    all_of_it = {
        "round_trip": found,
        "make_up_ms": [turn._asdict() for turn in made],
        "tear_down_ms": [turn._asdict() for turn in ended],
        "load": arguments.load,
    }
    return finish(all_of_it, arguments.out, all(kept for _, kept in judged))


@contextmanager
def files(arguments: argparse.Namespace) -> Iterator[Path]:
    """The scenario and its players' paths (each stands), in a folder of their own."""
    with TemporaryDirectory(prefix="fedge-bench-") as folder:
        for number in range(PLAYERS):
            place = f"{270 + 12 * number},{280 + 8 * number}"
            Path(folder, f"player-{number + 1}.csv").write_text(f"t_s,x_m,y_m\n0,{place}\n")
        file = Path(folder, "scenario.yaml")
        file.write_text(yaml.safe_dump(scenario(arguments)))
        yield file


if __name__ == "__main__":
    sys.exit(command(main))
