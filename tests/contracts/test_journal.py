"""The port ``Journal``: in order, all or nothing, there after a crash; a snapshot replaces what it covers."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from fedge.adapters.sqlite import SqliteJournal

ENTRIES = [(1, b"one"), (2, b"two"), (3, b"three")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def test_what_was_appended_is_read_in_order_after_reopening(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.append(ENTRIES[:2])
    journal.append(ENTRIES[2:])
    journal.close()
    assert SqliteJournal(path).read() == (None, ENTRIES)


def test_it_is_durable_without_being_closed(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.append(ENTRIES)
    assert SqliteJournal(path).read() == (None, ENTRIES), "a killed program closes nothing"


def test_a_snapshot_replaces_what_it_covers(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.append(ENTRIES[:2])
    journal.snapshot(b"state")
    journal.append(ENTRIES[2:])
    assert journal.since_snapshot == 1
    assert SqliteJournal(path).read() == (b"state", ENTRIES[2:])
    assert SqliteJournal(path).since_snapshot == 1


def test_numbers_go_on_behind_a_snapshot(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.append(ENTRIES)
    journal.snapshot(b"state")
    journal.close()
    again = SqliteJournal(path)
    again.append([(4, b"four")])
    assert again.read() == (b"state", [(4, b"four")])


def test_a_batch_is_all_or_nothing(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.append(ENTRIES[:1])
    with pytest.raises((sqlite3.Error, TypeError)):
        journal.append([(2, b"two"), (None, b"not an instant")])  # type: ignore[list-item]
    assert journal.read() == (None, ENTRIES[:1])
    journal.append(ENTRIES[1:2])
    assert journal.read() == (None, ENTRIES[:2])


def test_the_disk_is_asked_to_keep_it(path: Path) -> None:
    journal = SqliteJournal(path)
    asked = {
        name: journal._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
    }
    assert asked == {"journal_mode": "wal", "synchronous": 2}
