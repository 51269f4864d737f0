"""The control plane's journal in SQLite: WAL, synchronous=FULL, one transaction a batch (group commit).

``events`` holds what was decided since the last snapshot; a snapshot and the deletion of what it covers are one transaction. An
append that has returned is on disk: the shell lets no effect out before that.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, event BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS snapshot (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, state BLOB NOT NULL);
"""


class Entry(NamedTuple):
    """``at``: the monotonic instant that the core was given, in ns."""

    at: int
    event: bytes


class SqliteJournal:
    """Use from one thread at a time. Raises ``sqlite3.Error`` where the disk fails: the program then stops."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(SCHEMA)
        row = self._db.execute("SELECT max(seq) FROM events").fetchone()
        kept = self._db.execute("SELECT seq FROM snapshot").fetchone()
        self._seq = max(row[0] or 0, kept[0] if kept else 0)
        self.since_snapshot = self._db.execute("SELECT count(*) FROM events").fetchone()[0]

    def append(self, entries: Sequence[tuple[int, bytes]]) -> None:
        """All of them or none, durable on return."""
        numbered = [(self._seq + n, at, event) for n, (at, event) in enumerate(entries, 1)]
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany("INSERT INTO events VALUES (?, ?, ?)", numbered)
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._seq += len(entries)
        self.since_snapshot += len(entries)

    def snapshot(self, state: bytes) -> None:
        """``state`` covers every entry appended so far."""
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute("INSERT OR REPLACE INTO snapshot VALUES (1, ?, ?)", (self._seq, state))
        self._db.execute("DELETE FROM events WHERE seq <= ?", (self._seq,))
        self._db.execute("COMMIT")
        self.since_snapshot = 0

    def read(self) -> tuple[bytes | None, list[Entry]]:
        """The last snapshot, if there is one, and what was decided since, in order."""
        row = self._db.execute("SELECT seq, state FROM snapshot").fetchone()
        after = row[0] if row else 0
        rows = self._db.execute("SELECT at, event FROM events WHERE seq > ? ORDER BY seq", (after,))
        return (row[1] if row else None), [Entry(at, event) for at, event in rows]

    def close(self) -> None:
        self._db.close()
