"""The offline checker must be silent about a correct history and complain about each fault by its name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fedge.report import make_report, passed
from fedge.report.findings import CHECKS
from fedge.wire import records
from fedge_sdk.store import encode_note, encode_tick
from tests.report.build import MS, TICK_NS, Run, tally


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(tmp_path / "run")
    run.attach()
    return run


def report_of(run: Run) -> dict[str, Any]:
    return make_report(run.done(), tally)


def complaints(run: Run) -> dict[str, int]:
    report = report_of(run)
    found = {name: n for name, n in report["integrity"]["checks"].items() if n}
    assert passed(report) == (not found)
    assert {finding["check"] for finding in report["findings"]} == set(found)
    return found


# --- nothing to complain of ------------------------------------------------------------------------------------------------


def test_a_session_with_a_move_is_clean(run: Run) -> None:
    writer = run.open()
    writer.play(60)
    writer = writer.hand_over("south", 2)
    writer.play(60, inputs=2)
    writer = writer.hand_over("north", 3)
    writer.play(60, inputs=0)
    report = report_of(run)
    assert report["findings"] == []
    assert report["integrity"]["ok"]
    assert report["integrity"]["ticks_replayed"] == 180
    assert report["inputs"] | {"late": 0} == {
        "sent": 180, "acknowledged": 180, "late": 0, "lost": 0, "lost_by_players_who_left": 0, "acknowledged_then_lost": 0,
    }  # fmt: skip


def test_a_hand_over_that_was_fenced_is_clean(run: Run) -> None:
    source = run.open()
    source.play(30)
    source.stop(2)
    target = source.copied("south", 2)
    target.play(3, heard=False)  # activated, worked, and nobody ever heard of it
    source.resume(3)
    source.play(30)
    report = report_of(run)
    assert report["findings"] == []
    assert report["integrity"]["ticks_replayed"] == 60


def test_frames_of_a_void_epoch_that_the_client_refused_are_clean(run: Run) -> None:
    source = run.open()
    source.play(30)
    source.stop(2)
    source.copied("south", 2).play(3, flags=records.REFUSED_EPOCH)
    source.resume(3)
    source.play(30)
    assert complaints(run) == {}


def test_a_recovery_is_replayed_and_compared(run: Run) -> None:
    writer = run.open()
    writer.play(20)
    writer.append(b"\x01\x00\x40torn")
    assert complaints(run) == {}


def test_a_recovered_copy_goes_on(run: Run) -> None:
    writer = run.open()
    writer.play(20)
    writer.note("recovered")
    writer.play(20)
    assert complaints(run) == {}


def test_archived_copies_count(run: Run) -> None:
    writer = run.open()
    writer.play(20)
    heir = writer.hand_over("south", 2)
    heir.play(20)
    archive = writer.folder.parent.parent / "archive"
    archive.mkdir()
    writer.folder.rename(archive / (writer.folder.name + ".1"))
    assert complaints(run) == {}


def test_overtaken_and_doubled_frames_are_clean(run: Run) -> None:
    writer = run.open()
    writer.play(20)
    writer.heard(tick=18, stable_seq=18)
    writer.heard(tick=20, stable_seq=20)
    assert complaints(run) == {}


def test_an_inputless_player_who_comes_back_is_clean(run: Run) -> None:
    writer = run.open()
    writer.play(20)
    run.leave()
    writer.play(20, inputs=0, heard=False)
    run.attach(floor=1)
    writer.play(20)
    assert complaints(run) == {}


# --- two writers -----------------------------------------------------------------------------------------------------------


def test_without_fencing_two_writers_are_seen(run: Run) -> None:
    """What the test switch does: the source resumes on a time-out alone, the client believes everyone."""
    source = run.open()
    source.play(30)
    source.stop(2)
    target = source.copied("south", 2)
    source.resume(3)
    for _ in range(10):
        target.play(1)
        run.now -= TICK_NS - MS
        source.play(1)
    report = report_of(run)
    assert report["two_writer_violations"] > 10
    found = {finding["check"] for finding in report["findings"]}
    assert {"epoch_went_back", "tick_under_two_epochs", "void_epoch_accepted", "epochs_overlap"} <= found
    assert not passed(report)


def test_an_epoch_that_goes_back(run: Run) -> None:
    source = run.open()
    source.play(10)
    target = source.hand_over("south", 2)
    target.play(10)
    source.heard()
    assert complaints(run) == {"epoch_went_back": 1}


def test_a_frame_below_the_floor(run: Run) -> None:
    source = run.open()
    source.play(10)
    run.leave()
    run.attach(floor=2)
    source.heard()
    assert complaints(run) == {"below_epoch_floor": 1}


def test_one_tick_from_two_writers(run: Run) -> None:
    source = run.open()
    source.play(10)
    target = source.hand_over("south", 2)
    target.play(1)
    target.heard(tick=10, stable_seq=10)
    assert complaints(run) == {"tick_under_two_epochs": 1, "frame_not_in_log": 1}


def test_a_void_epoch_that_was_believed_loses_what_it_acknowledged(run: Run) -> None:
    source = run.open()
    source.play(30)
    source.stop(2)
    target = source.copied("south", 2)
    target.play(5)
    source.resume(3)
    source.play(2)
    found = complaints(run)
    assert found["void_epoch_accepted"] == 5
    assert found["acknowledged_then_lost"] == 3  # the source got two of them again, number and content alike
    assert found["tick_under_two_epochs"] == 2
    assert found["stable_seq_went_back"] == 2


def test_a_source_that_works_on(run: Run) -> None:
    source = run.open()
    source.play(10)
    target = source.hand_over("south", 2)
    target.play(5)
    source.play(4, inputs=0, heard=False)
    assert complaints(run) == {"wrote_after_hand_over": 4}


def test_a_source_that_works_on_and_is_believed(run: Run) -> None:
    source = run.open()
    source.play(10)
    target = source.hand_over("south", 2)
    source.play(4)
    run.now -= 2 * TICK_NS
    target.play(5, inputs=0)
    found = complaints(run)
    assert {
        "wrote_after_hand_over",
        "epochs_overlap",
        "acknowledged_then_lost",
        "tick_under_two_epochs",
    } <= set(found)


def test_two_copies_of_one_epoch(run: Run) -> None:
    source = run.open()
    source.play(10)
    target = source.hand_over("south", 2)
    other = source.copied("west", 2)
    target.play(5)
    other.play(2, inputs=0, heard=False)
    assert complaints(run) == {"two_copies_of_an_epoch": 1}


@pytest.mark.parametrize("by_note", [True, False])
def test_two_answers(run: Run, by_note: bool) -> None:
    source = run.open()
    source.play(10)
    target = source.hand_over("south", 2)
    target.play(5)
    if by_note:
        target.note("refused")
    else:
        target.answer("REFUSED", site="north")
    assert complaints(run) == {"two_answers": 1}


def test_what_only_the_client_noticed(run: Run) -> None:
    writer = run.open()
    writer.play(10)
    writer.play(1, flags=records.ACCEPTED | records.TICK_TWICE)
    assert complaints(run) == {"client_saw_two_writers": 1}


def test_acknowledging_less_than_before(run: Run) -> None:
    writer = run.open()
    writer.play(10)
    writer.play(1)
    writer.heard(tick=11, stable_seq=9)
    assert complaints(run) == {"stable_seq_went_back": 1}


# --- history ---------------------------------------------------------------------------------------------------------------


def test_a_missing_and_a_doubled_tick(run: Run) -> None:
    writer = run.open()
    writer.play(10, inputs=0)
    writer.append(encode_tick(13, run.now, 1, []))
    writer.append(encode_tick(13, run.now, 1, []))
    assert complaints(run) == {"tick_gap": 2, "tick_twice": 1}


def test_a_skipped_and_a_doubled_input(run: Run) -> None:
    writer = run.open()
    writer.play(10)
    writer.append(encode_tick(11, run.now, 13, [b"a"]))
    writer.append(encode_tick(12, run.now, 12, [b"a", b"b", b"c"]))
    assert complaints(run) == {"input_gap": 2, "input_twice": 2}


def test_a_frame_that_was_never_logged(run: Run) -> None:
    writer = run.open()
    writer.play(10)
    writer.heard(tick=11)
    assert complaints(run) == {"frame_not_in_log": 1}


def test_acknowledged_before_it_was_logged(run: Run) -> None:
    writer = run.open()
    writer.play(9)
    writer.heard(tick=9, stable_seq=10)
    writer.play(1)
    assert complaints(run) == {"acknowledged_ahead_of_log": 1}


def test_acknowledged_and_in_no_log(run: Run) -> None:
    writer = run.open()
    writer.play(10)
    writer.heard(tick=10, stable_seq=14)
    found = complaints(run)
    assert found == {"acknowledged_then_lost": 4, "acknowledged_ahead_of_log": 1}
    assert report_of(run)["inputs"]["acknowledged_then_lost"] == 4


def test_a_session_that_was_opened_twice_lost_what_it_had_acknowledged(run: Run) -> None:
    run.open("north", epoch=1).play(10)
    run.open("south", epoch=3).play(5)
    assert complaints(run) == {"restarted_from_nothing": 10}


def test_a_session_that_was_opened_twice_before_any_input_lost_nothing(run: Run) -> None:
    run.open("north", epoch=1).play(10, inputs=0)
    run.open("south", epoch=3).play(5)
    assert complaints(run) == {}


def test_frames_without_any_log(run: Run) -> None:
    run.fleet(records.GOT, 0, run.now, 1, 1, 0, 0, flags=records.ACCEPTED)
    assert complaints(run) == {"no_log": 1}


def test_a_log_that_is_no_log(run: Run) -> None:
    writer = run.open()
    writer.play(5)
    writer.append(b"\x02\x00\x03{no")
    writer.append(encode_note({"event": "recovered"}))
    assert complaints(run) == {"log_unreadable": 1}


# --- state -----------------------------------------------------------------------------------------------------------------


def test_a_target_that_activated_another_state(run: Run) -> None:
    source = run.open()
    source.play(10)
    source.stop(2)
    source.memory.write(
        4096, b"another world"
    )  # the image changes under way, and the target computes its digest from it
    target = source.copied("south", 2)
    target.play(10)
    report = report_of(run)
    assert report["state_hash_mismatches"] == 1
    assert [finding["check"] for finding in report["findings"]] == ["state_digest"]
    assert not passed(report)


def test_an_input_that_was_logged_differently_from_how_it_was_applied(run: Run) -> None:
    writer = run.open()
    writer.play(10)
    data = (writer.folder / "log").read_bytes()
    at = data.rindex(bytes((10,)))
    (writer.folder / "log").write_bytes(data[:at] + b"\xee" + data[at + 1 :])
    writer.note("recovered")
    assert complaints(run) == {"state_digest": 1, "chain": 1}


def test_a_copy_that_says_it_is_elsewhere(run: Run) -> None:
    source = run.open()
    source.play(10)
    source.stop(2)
    source.copied("south", 2, tick=9).play(5)
    assert complaints(run) == {"place": 2}  # the image against the log, then the note against the image


def test_an_image_that_is_not_what_it_says(run: Run) -> None:
    writer = run.open()
    writer.play(10)
    (writer.folder / "image").write_bytes(bytes(4096) + b"x" * 8192)
    assert complaints(run) == {"image": 1}


def test_a_client_that_got_another_chain(run: Run) -> None:
    writer = run.open()
    writer.play(10)
    writer.play(1, flags=records.ACCEPTED | records.CHAIN_MISMATCH)
    assert complaints(run) == {"client_chain": 1}
    assert report_of(run)["state_hash_mismatches"] == 1


def test_a_game_that_is_not_at_hand_is_not_called_checked(run: Run) -> None:
    run.open().play(10)
    report = make_report(run.done(), lambda app: None)
    assert report["integrity"]["sessions_not_replayed"] == 1
    assert not passed(report)


# --- routes ----------------------------------------------------------------------------------------------------------------


def test_a_generation_that_falls(run: Run) -> None:
    run.open().play(10)
    lines = [
        {"t_ns": n, "key": "a1", "mode": "serve", "generation": g, "epoch": 1}
        for n, g in enumerate((1, 2, 2, 1, 3))
    ]
    path = run.folder / "sites" / "north" / "gateway.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert complaints(run) == {"generation_fell": 1}


def test_every_check_says_what_it_means() -> None:
    assert all(group and says for group, says in CHECKS.values())
