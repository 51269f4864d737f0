"""Who asked for what about whom, and was it granted: ``audit.jsonl`` in the run's folder, one JSON object a line.

``KEPT`` files of bounded size before it, and no client writes more than `audit_bounds.py` lets it. Of every client the newest
entries are kept in memory for the API: who fills it pushes out its own. Never a token, never a place. What a client may read of
its own entries says nothing that its answers did not: ``ue``, ``ues`` and ``because`` are the operator's (`for_client`).
"""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from heapq import merge
from pathlib import Path
from typing import Any

import msgspec

from fedge.runtime.audit_bounds import GATHERED_S, Bounds, Entry

__all__ = [
    "FILE",
    "KEPT",
    "MOST_BYTES",
    "MOST_CHARACTERS",
    "MOST_KEPT",
    "AuditLog",
    "Entry",
    "Shares",
    "for_client",
]

FILE = "audit.jsonl"
MOST_BYTES = 8 << 20
"""Of one file."""
KEPT = 8
"""Files before it, ``audit.jsonl.1`` the newest."""
MOST_KEPT = 2000
MOST_CHARACTERS = 200


class Shares:
    """The newest entries of everybody, by client; where they are too many, the client that has the most gives up its oldest."""

    def __init__(self) -> None:
        self._of: dict[str, deque[tuple[int, Entry]]] = {}
        self._told = 0

    def add(self, entry: Entry) -> None:
        self._told += 1
        self._of.setdefault(entry.client, deque()).append((self._told, entry))
        if sum(map(len, self._of.values())) > MOST_KEPT:
            most = max(self._of, key=lambda client: len(self._of[client]))
            self._of[most].popleft()
            if not self._of[most]:
                del self._of[most]

    def told(self, client: str | None) -> list[Entry]:
        """In the order in which they were told; ``client`` None: everybody's. A client reads what is its own since it began."""
        if client is not None:
            own = [entry for _, entry in self._of.get(client, ())]
            began = [at for at, entry in enumerate(own) if entry.begins]
            return own[began[-1] + 1 :] if began else own
        return [entry for _, entry in merge(*self._of.values())]


class AuditLog:
    """``folder`` None: in memory only. ``now_s()``: Unix seconds."""

    def __init__(self, folder: Path | None, now_s: Callable[[], float] = time.time) -> None:
        self._path = folder / FILE if folder is not None else None
        self._now_s = now_s
        self._kept, self._bounds = Shares(), Bounds()
        if self._path is not None:
            for path in (_before(self._path, 1), self._path):
                for entry in _entries(path):
                    self._kept.add(entry)
            _end_line(self._path)

    def tell(self, entry: Entry) -> None:
        """Write it down, now or gathered with others, with the time; texts are cut to what a line may hold."""
        cut = {
            name: value[:MOST_CHARACTERS]
            for name, value in msgspec.structs.asdict(entry).items()
            if isinstance(value, str)
        }
        entry = msgspec.structs.replace(entry, **cut)
        self.flush()
        if entry.begins:  # what is gathered is of the client before
            for earlier in self._bounds.of(entry.client):
                self._line(earlier)
        if self._bounds.take(entry, self._now_s()):
            self._line(entry)

    def flush(self, all: bool = False) -> None:
        """Write what has been gathered for long enough; ``all``: whatever is there, since the program ends."""
        for entry in self._bounds.due(math.inf if all else self._now_s()):
            self._line(entry)

    async def flush_often(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(GATHERED_S)
            self.flush()

    def _line(self, entry: Entry) -> None:
        at = datetime.fromtimestamp(self._now_s(), UTC).isoformat(timespec="milliseconds")
        whole = msgspec.structs.replace(entry, at=at.replace("+00:00", "Z"))
        self._kept.add(whole)
        if self._path is not None:
            self._write(self._path, msgspec.json.encode(whole) + b"\n")

    def newest(self, limit: int = MOST_KEPT, client: str | None = None) -> list[dict[str, Any]]:
        """The newest last; ``client``: its own alone, as it may see them."""
        self.flush()
        shown = [one if client is None else for_client(one) for one in self._kept.told(client)[-limit:]]
        return [msgspec.to_builtins(one) for one in shown]

    def _write(self, path: Path, line: bytes) -> None:
        if path.exists() and path.stat().st_size + len(line) > MOST_BYTES:
            for number in range(KEPT, 1, -1):
                with suppress(FileNotFoundError):
                    _before(path, number - 1).replace(_before(path, number))
            path.replace(_before(path, 1))
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(file, "ab") as out:
            out.write(line)


def for_client(entry: Entry) -> Entry:
    return msgspec.structs.replace(entry, ue="", ues=(), because="")


def _before(path: Path, number: int) -> Path:
    return path.with_name(f"{FILE}.{number}")


def _end_line(path: Path) -> None:
    """A crash may have cut the last line: what comes next begins a new one."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        if file.seek(0, os.SEEK_END) and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
            file.write(b"\n")


def _entries(path: Path) -> Iterator[Entry]:
    """Of a file, if it is there; a line that was cut by a crash is left out."""
    if not path.exists():
        return
    read = msgspec.json.Decoder(Entry).decode
    with path.open("rb") as lines:
        for line in lines:
            with suppress(msgspec.MsgspecError):
                yield read(line)
