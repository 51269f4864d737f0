"""What the core network keeps over a restart, as a real one does in its UDR: subscriptions and chosen paths.

SQLite, in the run folder. Survives ``kill -9``; not synced for lost power.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import msgspec

from fedge.simulation.core5g.nef.influence.subscriptions import Subscription
from fedge.simulation.core5g.words import Held, Remember


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
        self._put("life", "", b"%d" % self.life)

    def subscriptions(self) -> list[Subscription]:
        return [msgspec.json.decode(body, type=Subscription) for body in self._read("subscription")]

    def keep(self, subscription: Subscription) -> None:
        self._put("subscription", subscription.id, msgspec.json.encode(subscription))

    def forget(self, id: str) -> None:
        self._db.execute("DELETE FROM held WHERE kind = 'subscription' AND key = ?", (id,))

    def forget_subscriptions(self) -> None:
        """A restart that loses them: a fault that is tested."""
        self._db.execute("DELETE FROM held WHERE kind = 'subscription'")

    def paths(self) -> list[Held]:
        return [msgspec.json.decode(body, type=Held) for body in self._read("path")]

    def remember(self, word: Remember) -> None:
        key = f"{word.ue} {word.service}"
        if word.held is None:
            self._db.execute("DELETE FROM held WHERE kind = 'path' AND key = ?", (key,))
        else:
            self._put("path", key, msgspec.json.encode(word.held))

    def bodies(self, kind: str) -> list[bytes]:
        """All that another service keeps under ``kind``, in the order in which it came."""
        return self._read(kind)

    def put(self, kind: str, key: str, body: bytes) -> None:
        self._put(kind, key, body)

    def drop(self, kind: str, key: str) -> None:
        self._db.execute("DELETE FROM held WHERE kind = ? AND key = ?", (kind, key))

    def close(self) -> None:
        self._db.close()

    def _read(self, kind: str) -> list[bytes]:
        rows = self._db.execute("SELECT body FROM held WHERE kind = ? ORDER BY rowid", (kind,))
        return [body for (body,) in rows]

    def _put(self, kind: str, key: str, body: bytes) -> None:
        self._db.execute(
            "INSERT INTO held VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
            (kind, key, body),
        )
