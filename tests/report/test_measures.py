"""The figures of the report on hand-made runs whose answers are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fedge.report import compare, make_report, summary
from fedge.report.__main__ import main
from fedge.report.moves import read_moves, spurious
from fedge.report.windows import Stream, Window, interruption_ms
from fedge.wire import records
from tests.report.build import MS, TICK_NS, Run, tally

TICK_MS = TICK_NS / MS


def a_run(folder: Path, pause_ns: int = 0, **more: Any) -> Run:
    """Six seconds, a move in the middle, the target ``pause_ns`` late."""
    run = Run(folder)
    run.attach()
    writer = run.open()
    writer.play(180)
    writer = writer.hand_over("south", 2, pause_ns=pause_ns, **more)
    writer.play(180)
    return run


def test_a_seamless_move_interrupts_nothing(tmp_path: Path) -> None:
    report = make_report(a_run(tmp_path).done(), tally)
    gaps = report["interruption_ms"]
    assert gaps["platform"]["n"] == gaps["no_move"]["n"] == 1
    assert gaps["platform"]["max"] == pytest.approx(0, abs=0.01)
    assert gaps["no_move"]["max"] == pytest.approx(0, abs=0.01)
    assert report["ticks_lost_per_move"]["max"] == 0
    assert report["moves"] | {"by_cause": {}, "aborted_because": {}} == {
        "planned": 1, "released": 1, "aborted": 0, "overdue": 0, "in_flight": 0, "released_without_gain": 0,
        "overdue_ever": 0, "spurious": 0, "by_cause": {}, "aborted_because": {},
    }  # fmt: skip
    assert report["bytes_moved"] == {"total": 12288, "after_trigger": 4096}


def test_a_late_target_is_an_interruption_and_loses_ticks(tmp_path: Path) -> None:
    report = make_report(a_run(tmp_path, pause_ns=40 * MS).done(), tally)
    gaps = report["interruption_ms"]
    assert gaps["platform"]["max"] == pytest.approx(40, abs=0.01)
    assert gaps["combined"]["max"] == pytest.approx(40, abs=0.01)
    assert gaps["no_move"]["max"] == pytest.approx(0, abs=0.01)
    assert report["ticks_lost_per_move"]["max"] >= 58  # 40 ms late for good: every tick of that second


def test_a_target_that_is_less_than_a_period_late_loses_none(tmp_path: Path) -> None:
    report = make_report(a_run(tmp_path, pause_ns=10 * MS).done(), tally)
    assert report["interruption_ms"]["platform"]["max"] == pytest.approx(10, abs=0.01)
    assert report["ticks_lost_per_move"]["max"] == 0


def test_silence_reaches_to_the_end_of_the_window() -> None:
    stream = Stream(np.array([1, 2]), np.array([0, 16 * MS]))
    assert interruption_ms(stream, Window(1, 0, 1016 * MS)) == pytest.approx(1000 - TICK_MS)
    assert (
        interruption_ms(Stream(np.array([], dtype=int), np.array([], dtype=int)), Window(1, 0, 10 * MS))
        == 0.0
    )


def test_a_move_whose_player_left_is_counted_as_left_out(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.attach()
    writer = run.open()
    writer.play(120)
    writer = writer.hand_over("south", 2)
    writer.play(20)
    run.leave()
    writer.play(120, inputs=0, heard=False)
    report = make_report(run.done(), tally)
    assert report["interruption_ms"]["platform"]["n"] == 0
    assert report["interruption_ms"]["left_out"] == {"ue_left": 1, "run_ended": 0}


def test_a_move_at_the_very_end_is_left_out_too(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.attach()
    writer = run.open()
    writer.play(120)
    writer.hand_over("south", 2).play(20)
    report = make_report(run.done(), tally)
    assert report["interruption_ms"]["left_out"] == {"ue_left": 0, "run_ended": 1}


def test_windows_without_a_move_avoid_the_moves(tmp_path: Path) -> None:
    """The interruption is long and only around the move; where the player has room elsewhere, none of it is seen."""
    run = Run(tmp_path)
    run.attach()
    writer = run.open()
    for n in range(5):
        writer.play(240)
        writer = writer.hand_over(
            "south" if n % 2 == 0 else "north", 2 + n, name=f"move-{n}", pause_ns=100 * MS
        )
    writer.play(240)
    gaps = make_report(run.done(), tally)["interruption_ms"]
    assert gaps["platform"]["n"] == gaps["no_move"]["n"] == 5
    assert gaps["platform"]["p50"] == pytest.approx(100, abs=0.01)
    assert gaps["no_move"]["max"] == pytest.approx(0, abs=0.01)


def test_round_trips_and_lateness(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    run.fleet(records.SENT, 0, run.now, 361)  # never acknowledged
    report = make_report(run.done(), tally)
    assert report["rtt_ms"] == {"p50": 13.0, "p95": 13.0, "p99": 13.0}
    assert report["network_rtt_ms"]["p50"] == 9.0
    assert report["inputs"]["sent"] == 361
    assert report["inputs"]["lost"] == 1
    assert report["inputs"]["late"] == 0
    assert report["frames_over_50ms"] == 0


def test_an_input_that_was_held_too_long_is_late_and_its_frame_slow(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.attach()
    writer = run.open()
    writer.play(10)
    run.fleet(records.SENT, 0, run.now - 150 * MS, 11)  # the first sending counts
    writer.play(1)
    report = make_report(run.done(), tally)
    assert report["inputs"]["late"] == 1
    assert report["inputs"]["sent"] == 11
    assert report["frames_over_50ms"] == 1


def test_figures_of_the_path(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    run.access(records.HOPS, 0, run.now, 8000, 3000, 500, 4000)
    run.access(records.HANDOVER, 0, run.now, 45_000, 1, 2)
    run.access(records.RELAY, 0, run.now, 200)
    run.access(records.ADDED, 0, run.now, 700, flags=records.WENT_DOWN)
    report = make_report(run.done(), tally)
    assert {hop: figures["p50"] for hop, figures in report["rtt_by_hop_ms"].items()} == {
        "radio": 8.0, "backhaul": 3.0, "gateway": 0.5, "server": 4.0,
    }  # fmt: skip
    assert report["interruption_ms"]["radio"] == {"n": 1, "p50": 45.0, "p95": 45.0, "p99": 45.0, "max": 45.0}
    assert report["relay_error_ms"] == {"p50": 0.2, "p99": 0.2}
    assert report["relay_added_ms"]["up"]["n"] == 0
    assert report["relay_added_ms"]["down"]["p99"] == 0.7
    assert report["handovers"] == 1


def test_endings_of_moves(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    writer = run.open(key=0xB2, ue=1)
    run.state("m2", "PLANNED", writer, "south", cause="drain")
    run.state("m2", "ABORTED", writer, "south", cause="drain", reason="TARGET_FULL")
    run.state("m3", "PLANNED", writer, "south")
    run.state("m4", "PLANNED", writer, "south")
    run.state("m4", "OVERDUE", writer, "south")
    run.state("m5", "PLANNED", writer, "south", gain_ms=-1.0)
    run.state("m5", "RELEASED", writer, "south", gain_ms=-1.0)
    moves = make_report(run.done(), tally)["moves"]
    names = ("planned", "released", "aborted", "overdue", "in_flight", "released_without_gain")
    assert [moves[name] for name in names] == [5, 1, 1, 1, 1, 1]
    assert moves["by_cause"]["drain"] == {"planned": 1, "aborted": 1}
    assert moves["aborted_because"] == {"TARGET_FULL": 1}


def test_what_foresight_was_worth(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    writer = run.open(key=0xB2, ue=1)
    for name, cause, early in (("m2", "predicted", 120.0), ("m3", "core", -8.0), ("m4", "handover", None)):
        run.state(name, "PLANNED", writer, "south", cause=cause)
        run.state(name, "RELEASED", writer, "south", cause=cause, gain_ms=3.0, warmed_before_ms=early)
    run.state("m5", "PLANNED", writer, "south", cause="predicted")
    run.state("m5", "ABORTED", writer, "south", cause="predicted", bytes_total=4096, reason="did not come")
    run.state("m6", "ABORTED", writer, "south", cause="rebalance", bytes_total=1)
    found = make_report(run.done(), tally)["predictions"]
    names = ("moves_on_handover", "foreseen", "warm_before", "wrong", "wrong_bytes")
    assert [found[name] for name in names] == [4, 2, 1, 1, 4096]  # the run's own move was unforeseen
    assert (found["lead_ms"]["n"], found["lead_ms"]["p50"]) == (2, 56.0)


def test_a_session_that_returns_at_once_is_spurious() -> None:
    def move(name: str, source: str, target: str, at_s: float, cause: str = "handover") -> dict[str, Any]:
        t_ns = int(at_s * 1e9)
        return {
            "move": name,
            "key": "a1",
            "from": source,
            "to": target,
            "cause": cause,
            "state": "ACTIVATED",
            "t_ns": t_ns,
        }

    there_and_back = [move("1", "north", "south", 1), move("2", "south", "north", 4)]
    assert spurious(read_moves(there_and_back)) == 1
    assert spurious(read_moves([there_and_back[0], move("2", "south", "north", 7)])) == 0
    assert spurious(read_moves([there_and_back[0], move("2", "south", "west", 4)])) == 0
    assert spurious(read_moves([there_and_back[0], move("2", "south", "north", 4, "ordered")])) == 0


def test_an_empty_run_makes_a_report(tmp_path: Path) -> None:
    report = make_report(tmp_path, tally)
    assert report["moves"]["planned"] == 0
    assert report["rtt_ms"] == {"p50": 0.0, "p95": 0.0, "p99": 0.0}
    json.dumps(report)
    assert summary(report | {"players": 0, "sites": 0})


def test_compare_pairs_by_player_and_second(tmp_path: Path) -> None:
    """Most pairs are 2 ms quicker, but one player who only one run has would turn the unpaired medians around."""
    follow = make_report(a_run(tmp_path / "a").done(), tally)
    stay = json.loads(json.dumps(follow))
    follow["rtt_by_player_and_second_ms"] = {
        "player-1": {"1": 10.0, "2": 10.0, "3": 14.0},
        "player-2": {"1": 90.0, "2": 90.0},
    }
    stay["rtt_by_player_and_second_ms"] = {"player-1": {"1": 12.0, "2": 12.0, "3": 12.0, "4": 1.0}}
    figures, text = compare(follow, stay)
    assert figures["pairs"] == 3
    assert figures["paired_difference_ms"]["p50"] == -2.0
    assert "quicker: -2.00 ms" in text
    assert "frames over 50 ms" in text


def test_moves_and_round_trips_are_told_apart_by_access(tmp_path: Path) -> None:
    """Three seconds on 5G, then as long on Wi-Fi; the move was led by redirecting the client."""
    run = Run(tmp_path)
    run.access(records.IN_CELL, 0, run.now - MS, 4, records.ACCESS_KINDS.index("nr"))
    run.attach()
    writer = run.open()
    writer.play(180)
    run.access(records.IN_CELL, 0, run.now - 9 * MS, 5, records.ACCESS_KINDS.index("wifi"))
    writer = writer.hand_over("south", 2, access="wifi", steering="client", pause_ns=20 * MS)
    writer.play(179)
    report = make_report(run.done(), tally)
    found = report["by_access"]
    assert found.keys() == {"nr", "wifi"}, "nobody was on LTE"
    assert (found["nr"]["moves"], found["wifi"]["moves"]) == (0, 1)
    assert found["wifi"]["steering"] == {"client": 1}
    assert found["wifi"]["interruption_ms"]["platform"]["max"] == pytest.approx(20, abs=0.01)
    assert found["nr"]["rtt_ms"]["n"] == 180
    assert found["wifi"]["rtt_ms"] == {"n": 179, "p50": 13.0, "p95": 13.0, "p99": 13.0}
    assert found["wifi"]["network_rtt_ms"]["p50"] == 9.0
    text = summary(report)
    assert "round trip, wifi" in text
    assert "1 redirected" in text


def test_the_command_says_whether_it_passed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = a_run(tmp_path / "run").done()
    game = f"{Path(__file__).with_name('build.py')}:Tally"
    assert main([str(folder), "--game", game, "--out", str(tmp_path / "out.json")]) == 0
    assert "OK: no acknowledged input lost" in capsys.readouterr().out
    assert json.loads((tmp_path / "out.json").read_text())["integrity"]["ok"]
    (folder / "sites/north/sessions/00000000000000a1.1/image").write_bytes(b"y" * 12288)
    assert main([str(folder), "--game", game]) == 1
    assert "FAILED: integrity broken (state_digest, image)" in capsys.readouterr().out
