"""What the core network keeps over a restart, as a real one does in its UDR: subscriptions and chosen paths.

SQLite, in the run folder. Survives ``kill -9``; not synced for lost power.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import msgspec

from fedge.simulation.core5g.words import Held, Remember

SUBSCRIPTIONS = INFLUENCES, QOS_SESSIONS, MONITORINGS, RADIOS = ("subscription", "qos", "monitoring", "radio")
"""Kinds of things; CAPIF has its own."""


class Store:
    """One row a thing, its kind and key, as JSON. ``life``: which start of the program this is, from 1."""

    def __init__(self, path: Path) -> None:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS held (kind TEXT, key TEXT, body BLOB, PRIMARY KEY (kind, key))"
        )
        self.life = int(next(iter(self._read("life")), b"0")) + 1
        self.put("life", "", b"%d" % self.life)

    def forget_subscriptions(self) -> None:
        """A restart that loses them, all APIs': a fault that is tested."""
        marks = ", ".join("?" * len(SUBSCRIPTIONS))
        self._db.execute(f"DELETE FROM held WHERE kind IN ({marks})", SUBSCRIPTIONS)

    def paths(self) -> list[Held]:
        return [msgspec.json.decode(body, type=Held) for body in self._read("path")]

    def remember(self, word: Remember) -> None:
        key = f"{word.ue} {word.service}"
        if word.held is None:
            self.drop("path", key)
        else:
            self.put("path", key, msgspec.json.encode(word.held))

    def rows(self, kind: str) -> list[tuple[str, bytes]]:
        """(key, body) of everything of a kind, in the order in which it first came."""
        rows = self._db.execute("SELECT key, body FROM held WHERE kind = ? ORDER BY rowid", (kind,))
        return [(key, body) for key, body in rows]

    def put(self, kind: str, key: str, body: bytes) -> None:
        self._db.execute(
            "INSERT INTO held VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
            (kind, key, body),
        )

    def drop(self, kind: str, key: str) -> None:
        self._db.execute("DELETE FROM held WHERE kind = ? AND key = ?", (kind, key))

    def close(self) -> None:
        self._db.close()

    def _read(self, kind: str) -> list[bytes]:
        return [body for _, body in self.rows(kind)]
