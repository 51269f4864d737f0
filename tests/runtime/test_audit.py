"""The audit log: bounded, kept over a restart, and silent about what a client may not learn."""

from __future__ import annotations

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


def test_the_file_is_bounded_and_the_one_before_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST_BYTES", 1000)
    log = AuditLog(tmp_path)
    for number in range(50):
        log.tell(entry(f"client-{number}", subject="x" * 5000))
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE, f"{FILE}.1"]
    assert all(path.stat().st_size <= 1000 for path in tmp_path.iterdir())
    assert b"client-49" in (tmp_path / FILE).read_bytes()
    assert len(log.newest()[0]["subject"]) == audit.MOST_CHARACTERS


@pytest.mark.parametrize("caller", ["", "rival"])
def test_refusals_of_one_are_written_so_often_and_the_rest_are_counted(caller: str) -> None:
    clock = Clock()
    log = AuditLog(None, clock)
    for _ in range(1000):
        log.tell(entry(caller))
    log.tell(entry())
    assert len(log.newest()) == 101
    assert log.newest()[-1]["unwritten"] == 900
    clock.at += 1
    log.tell(entry(caller))
    assert len(log.newest()) == 102
    for _ in range(200):
        log.tell(Entry(client=caller, api="POST /x", decision="granted"))
    assert len(log.newest()) == 302, "what was granted is always written"


def test_who_fills_the_log_pushes_out_its_own_entries_also_over_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST_KEPT", 10)
    monkeypatch.setattr(audit, "MOST_BYTES", 2000)
    log = AuditLog(tmp_path, Clock())
    log.tell(entry(subject="the first"))
    log.tell(entry("other"))
    for number in range(25):
        log.tell(Entry(client="rival", api="POST /x", decision="granted", subject=str(number)))
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE, f"{FILE}.1"]
    for each in (log, AuditLog(tmp_path)):
        assert [one["subject"] for one in each.newest(client="studio")] == ["the first"]
        assert [one["client"] for one in each.newest()] == ["studio", "other", *8 * ["rival"]]
        assert each.newest()[-1]["subject"] == "24"
