"""The audit log: bounded, kept over a restart, and silent about what a client may not learn."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from fedge.runtime import audit
from fedge.runtime.audit import FILE, AuditLog, Entry


class Clock:
    at = 1_750_000_000.0

    def __call__(self) -> float:
        return self.at


def entry(client: str = "studio", **more: str) -> Entry:
    return Entry(client=client, api="POST /x", decision="refused", **more)  # type: ignore[arg-type]


def test_it_is_a_line_each_that_only_its_owner_reads(tmp_path: Path) -> None:
    log = AuditLog(tmp_path, Clock())
    log.tell(entry(subject="+999", because="no consent", ue="player-1"))
    log.tell(entry("rival", correlator="line\nbreak"))
    file = tmp_path / FILE
    assert file.stat().st_mode & 0o777 == 0o600
    first, second = map(msgspec.json.decode, file.read_bytes().splitlines())
    assert (first["at"], first["ue"]) == ("2025-06-15T15:06:40.000Z", "player-1")
    assert second["correlator"] == "line\nbreak"


def test_a_client_reads_its_own_without_what_it_was_decided_by(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.tell(entry(subject="+999", reason="PERMISSION_DENIED", because="no consent", ue="player-1"))
    log.tell(entry("rival"))
    (own,) = log.newest(client="studio")
    assert (own["subject"], own["reason"]) == ("+999", "PERMISSION_DENIED")
    assert "ue" not in own
    assert "because" not in own
    assert [one["client"] for one in log.newest()] == ["studio", "rival"]
    assert [one["client"] for one in log.newest(limit=1)] == ["rival"]


def test_a_restart_reads_it_again_and_a_cut_line_is_left_out(tmp_path: Path) -> None:
    AuditLog(tmp_path).tell(entry())
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"api": "cut')
    assert [one["client"] for one in AuditLog(tmp_path).newest()] == ["studio"]


def test_a_line_that_was_cut_is_not_run_into_by_the_next(tmp_path: Path) -> None:
    AuditLog(tmp_path).tell(entry())
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"api": "cut')
    AuditLog(tmp_path).tell(entry("rival"))
    assert [one["client"] for one in AuditLog(tmp_path).newest()] == ["studio", "rival"]


def test_files_are_bounded_and_so_many_before_it_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST_BYTES", 1000)
    log = AuditLog(tmp_path, Clock())
    for number in range(50):
        log.tell(entry(f"client-{number}", subject="x" * 5000))
    assert len(log.newest()[0]["subject"]) == audit.MOST_CHARACTERS
    kept = [FILE, *(f"{FILE}.{number}" for number in range(1, audit.KEPT + 1))]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)
    assert all(path.stat().st_size <= 1000 for path in tmp_path.iterdir())
    told = [json.loads(line)["client"] for name in reversed(kept) for line in (tmp_path / name).open()]
    assert told == [f"client-{number}" for number in range(50 - len(told), 50)], "the newest, in order"
    assert len(told) > 20


@pytest.mark.parametrize("caller", ["", "rival"])
def test_repeated_refusals_are_counted_and_written_as_one_line_a_second(caller: str) -> None:
    clock = Clock()
    log = AuditLog(None, clock)
    for number in range(1000):
        log.tell(entry(caller, reason="NOT_FOUND", subject=f"+{number}", correlator=str(number)))
        log.tell(entry(caller, reason="PERMISSION_DENIED", because="no consent"))
    log.tell(entry())
    assert len(log.newest()) == 101, "another client has its line"
    clock.at += 1
    counted = [one for one in log.newest() if one.get("times")]
    assert [(one["reason"], one["times"]) for one in counted] == [
        ("NOT_FOUND", 950),
        ("PERMISSION_DENIED", 950),
    ]
    assert counted[0]["subjects"] == tuple(f"+{number}" for number in range(50, 60))
    assert "correlator" not in counted[0]
    assert counted[1]["because"] == "no consent"
    log.tell(entry(caller))
    assert "times" not in log.newest()[-1], "after a second it has a line of its own again"


def test_what_was_granted_is_gathered_too_and_each_device_is_named() -> None:
    clock = Clock()
    log = AuditLog(None, clock)

    def granted(number: int) -> Entry:
        return Entry(client="rival", api="POST /x", decision="granted", ue=f"ue-{number}", because="consent")

    for number in range(700):
        log.tell(granted(number))
    assert len(log.newest()) == 500
    clock.at += 1
    last = log.newest()[-1]
    assert (last["times"], last["ues"]) == (200, tuple(f"ue-{number}" for number in range(500, 700)))
    [own] = [one for one in log.newest(client="rival") if "times" in one]
    assert "ues" not in own
    assert "because" not in own


def test_what_is_gathered_is_written_when_the_program_ends(tmp_path: Path) -> None:
    log = AuditLog(tmp_path, Clock())
    for _ in range(103):
        log.tell(entry())
    log.flush(all=True)
    assert [one.get("times", 1) for one in AuditLog(tmp_path).newest()][-2:] == [1, 3]


def test_a_client_at_full_rate_does_not_rotate_away_what_others_did(tmp_path: Path) -> None:
    """50 requests a second for half an hour, each about another device and of another path, refused and granted in turn."""
    clock = Clock()
    log = AuditLog(tmp_path, clock)
    log.tell(entry(subject="the first"))
    for second in range(1800):
        for number in range(50):
            kind = "granted" if number % 2 else "refused"
            one = f"{second}-{number}"
            who = {"subject": f"+999{one}", "ue": f"ue-{one}", "correlator": one, "reason": "CODE"}
            log.tell(Entry(client="rival", api=f"GET /sessions/{one}", decision=kind, **who))  # type: ignore[arg-type]
        clock.at += 1
    per_hour = 2 * sum(path.stat().st_size for path in tmp_path.iterdir())
    assert per_hour < (1 + audit.KEPT) * audit.MOST_BYTES / 8
    assert "the first" in (tmp_path / FILE).read_text()


def test_who_fills_the_log_pushes_out_its_own_entries_also_over_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST_KEPT", 10)
    monkeypatch.setattr(audit, "MOST_BYTES", 20_000)
    log = AuditLog(tmp_path, Clock())
    log.tell(entry(subject="the first"))
    log.tell(entry("other"))
    for number in range(25):
        log.tell(Entry(client="rival", api="POST /x", decision="granted", subject=str(number)))
    for each in (log, AuditLog(tmp_path)):
        assert [one["subject"] for one in each.newest(client="studio")] == ["the first"]
        assert [one["client"] for one in each.newest()] == ["studio", "other", *8 * ["rival"]]
        assert each.newest()[-1]["subject"] == "24"


@pytest.mark.parametrize("decision", ["granted", "refused"])
def test_a_later_client_of_a_name_reads_nothing_that_was_gathered_of_the_one_before(
    tmp_path: Path, decision: str
) -> None:
    clock = Clock()
    log = AuditLog(tmp_path, clock)
    told = Entry(client="studio", api="POST /x", decision=decision, subject="+1", reason="CODE")  # type: ignore[arg-type]
    for _ in range(520):
        log.tell(told)
    log.tell(Entry(client="studio", api="POST /apply", decision="granted", begins=True))
    clock.at += 2
    log.flush()
    for each in (log, AuditLog(tmp_path, clock)):
        assert each.newest(client="studio") == []
        assert sum(one.get("times", 1) for one in each.newest()) == 521, "the operator reads all of it"
    log.tell(told)
    assert len(log.newest(client="studio")) == 1
