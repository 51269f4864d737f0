"""Who asked for what about whom, and was it granted: ``audit.jsonl`` in the run's folder, one JSON object a line.

Two files of bounded size; the newest entries are kept in memory for the API. Never a token, never a place. What a client may read
of its own entries says nothing that its answers did not: ``ue`` and ``because`` are the operator's (`for_client`).
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

FILE = "audit.jsonl"
MOST_BYTES = 8 << 20
"""Of one file; the one before it is kept beside it, as ``audit.jsonl.1``."""
MOST_KEPT = 2000
MOST_CHARACTERS = 200
NOBODY_BURST, NOBODY_PER_S = 100.0, 1.0
"""Refusals of callers whom nobody knows: so many are written, the rest are counted. Else they would push out the others."""


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``client`` empty: nobody that is known. ``subject``: the device as the client named it, or ``by token``.

    ``reason``: as the client was told. ``ue``, ``because``: who that was, and what it was really decided by.
    """

    at: str = ""
    client: str = ""
    api: str
    subject: str = ""
    decision: Literal["granted", "refused"]
    reason: str = ""
    correlator: str = ""
    ue: str = ""
    because: str = ""
    unwritten: int = 0
    """So many refusals of unknown callers before this one were only counted."""


class AuditLog:
    """``folder`` None: in memory only. ``now_s()``: Unix seconds."""

    def __init__(self, folder: Path | None, now_s: Callable[[], float] = time.time) -> None:
        self._path = folder / FILE if folder is not None else None
        self._now_s = now_s
        self._kept: deque[Entry] = deque(maxlen=MOST_KEPT)
        self._nobody = (NOBODY_BURST, now_s())
        self._unwritten = 0
        if self._path is not None and self._path.exists():
            self._kept.extend(_entries(self._path))
            _end_line(self._path)

    def tell(self, entry: Entry) -> None:
        """Write it down, with the time; texts are cut to what a line may hold."""
        if not entry.client and not self._may_nobody():
            self._unwritten += 1
            return
        cut = {
            name: value[:MOST_CHARACTERS]
            for name, value in msgspec.structs.asdict(entry).items()
            if isinstance(value, str)
        }
        at = datetime.fromtimestamp(self._now_s(), UTC).isoformat(timespec="milliseconds")
        whole = msgspec.structs.replace(
            entry, **{**cut, "at": at.replace("+00:00", "Z")}, unwritten=self._unwritten
        )
        self._unwritten = 0
        self._kept.append(whole)
        if self._path is not None:
            self._write(self._path, msgspec.json.encode(whole) + b"\n")

    def newest(self, limit: int = MOST_KEPT, client: str | None = None) -> list[dict[str, Any]]:
        """The newest last; ``client``: its own alone, as it may see them."""
        found = [one for one in self._kept if client is None or one.client == client]
        shown = [one if client is None else for_client(one) for one in found[-limit:]]
        return [msgspec.to_builtins(one) for one in shown]

    def _may_nobody(self) -> bool:
        left, at = self._nobody
        now = self._now_s()
        left = min(NOBODY_BURST, left + max(0.0, now - at) * NOBODY_PER_S)
        self._nobody = (left - 1.0 if left >= 1.0 else left, now)
        return left >= 1.0

    def _write(self, path: Path, line: bytes) -> None:
        if path.exists() and path.stat().st_size + len(line) > MOST_BYTES:
            path.replace(path.with_name(f"{FILE}.1"))
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(file, "ab") as out:
            out.write(line)


def for_client(entry: Entry) -> Entry:
    return msgspec.structs.replace(entry, ue="", because="", unwritten=0)


def _end_line(path: Path) -> None:
    """A crash may have cut the last line: what comes next begins a new one."""
    with path.open("rb+") as file:
        if file.seek(0, os.SEEK_END) and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
            file.write(b"\n")


def _entries(path: Path) -> list[Entry]:
    """The newest of a file; a line that was cut by a crash is left out."""
    found: deque[Entry] = deque(maxlen=MOST_KEPT)
    with path.open("rb") as lines:
        for line in lines:
            try:
                found.append(msgspec.json.decode(line, type=Entry))
            except msgspec.MsgspecError:
                continue
    return list(found)
