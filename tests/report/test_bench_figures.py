"""The benchmarks' own arithmetic; what they measure needs a running platform and is not tested here."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.harness.cpu import TICKS_A_S, by_program
from bench.harness.demo_run import listed, median_and_range
from bench.moves import judged, table
from bench.players import own_drops

UDP_TABLE = """\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 6013: 010A097F:1770 00000000:0000 07 00000000:00001B00 00:00000000 00000000     0        0 84281 2 000000007a819abc 1997
 6013: 010B797F:1770 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 83477 2 00000000e6f7290c 5
   66: 00000000:8035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 83500 2 00000000e002a959 7
"""


@pytest.mark.skipif(sys.byteorder == "big", reason="the table is in the machine's byte order")
def test_drops_of_this_runs_sockets_alone() -> None:
    assert own_drops(UDP_TABLE, 9) == {"127.9.10.1:6000/84281": 1997}
    assert own_drops(UDP_TABLE, 0x79) == {"127.121.11.1:6000/83477": 5}


def test_median_and_range() -> None:
    assert median_and_range([3.0, 1.0, 2.0, 10.0]) == "2.50 (1.00–10.00)"
    assert median_and_range([]) == "–"


def test_lists_bare_or_in_items() -> None:
    assert listed([{"a": 1}]) == listed({"items": [{"a": 1}]}) == [{"a": 1}]


def test_bars_are_judged_on_the_median_of_the_runs() -> None:
    def run(platform_p99: float) -> dict[str, object]:
        spread = {"p50": 0.0, "p99": 0.0, "max": 0.0}
        kinds = ("platform_quiet_ms", "no_move_ms", "combined_ms", "freeze_to_activated_ms", "ticks_lost")
        figures: dict[str, object] = {kind: dict(spread) for kind in (*kinds, "ticks_lost_without_a_move")}
        more = {"rtt_p50_ms": 20.0, "integrity_ok": True, "inputs_lost": 0}
        return figures | more | {"platform_ms": spread | {"p99": platform_p99}}

    runs = [run(10), run(16), run(90)]
    bars, aims = judged(runs, 300, 150)
    assert all(bars.values())
    assert all(aims.values())
    assert not judged([run(17), run(17), run(1)], 300, 150)[0]["platform p99 ≤ no move p99 + one tick"]
    assert not judged(runs, 299, 149)[0]["at least 300 moves"]
    assert "16.0 (10.0–90.0)" in table(runs)


def test_cpu_is_summed_by_program_and_an_agents_children_are_instances(tmp_path: Path) -> None:
    pids, proc = tmp_path / "run" / "pids", tmp_path / "proc"
    pids.mkdir(parents=True)
    for name, pid in {
        "upf-market": 10,
        "upf-old-town": 11,
        "agent-market": 12,
        "core-network": 13,
        "gone": 99,
    }.items():
        (pids / name).write_text(str(pid))
    for pid, parent, user, system in (
        (10, 1, 100, 50),
        (11, 1, 300, 0),
        (12, 1, 7, 0),
        (13, 1, 1, 1),
        (14, 12, 20, 5),
        (15, 1, 9, 9),
    ):
        (proc / str(pid)).mkdir(parents=True)
        (proc / str(pid) / "stat").write_text(
            f"{pid} (a (b) c) S {parent} " + "0 " * 9 + f"{user} {system} 0 0\n"
        )
    (proc / "self").mkdir()
    processes, seconds = by_program(tmp_path / "run", proc)
    assert processes == {"upf": 2, "agent": 1, "core-network": 1, "instance": 1}
    assert {name: round(used * TICKS_A_S) for name, used in seconds.items()} == {
        "upf": 450, "agent": 7, "core-network": 2, "instance": 25,
    }  # fmt: skip
