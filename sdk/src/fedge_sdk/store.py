"""A session copy's files at its site: what survives a killed process.

One directory a copy, ``sessions/<key>.<epoch>/``: ``image`` (the memory at the log's start), ``meta.json`` and ``log`` (every
tick since, with its inputs, and a note for each change of state). Beside them ``answers/<key>.<epoch>``, the one recorded answer
to a hand-over, and ``archive/``, where ended copies go, without an image that the log of their source can make again. Writes go
to the page cache, not through fsync: they survive a killed process, not lost power. The layout is part of the SDK's contract.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

TICK, NOTE = 1, 2
_RECORD = struct.Struct("!BH")
_TICK = struct.Struct("!IQIB")
_BYTE = [bytes((number,)) for number in range(256)]


class TickRecord(NamedTuple):
    tick: int
    t_ns: int
    first_seq: int
    inputs: tuple[bytes, ...]


def encode_tick(tick: int, t_ns: int, first_seq: int, inputs: Sequence[bytes]) -> bytes:
    parts = [b"", _TICK.pack(tick, t_ns, first_seq, len(inputs))]
    size = _TICK.size
    for data in inputs:
        size += 1 + len(data)
        parts += (_BYTE[len(data)], data)
    parts[0] = _RECORD.pack(TICK, size)
    return b"".join(parts)


def encode_note(note: dict[str, Any]) -> bytes:
    body = json.dumps(note, separators=(",", ":")).encode()
    return _RECORD.pack(NOTE, len(body)) + body


def read_log(data: bytes) -> Iterator[TickRecord | dict[str, Any]]:
    """Ticks and notes in the order written; a torn last record (its writer was killed) ends the log."""
    at = 0
    while at + _RECORD.size <= len(data):
        kind, size = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        if at + size > len(data):
            return
        if kind == NOTE:
            yield json.loads(data[at : at + size])
        elif kind == TICK:
            tick, t_ns, first_seq, count = _TICK.unpack_from(data, at)
            spot, inputs = at + _TICK.size, []
            for _ in range(count):
                length = data[spot]
                inputs.append(data[spot + 1 : spot + 1 + length])
                spot += 1 + length
            yield TickRecord(tick, t_ns, first_seq, tuple(inputs))
        at += size


class CopyStore:
    """The directory of one copy. ``append`` is one write(2), so a record is there or torn at the end, never mixed."""

    def __init__(self, root: Path, key: int, epoch: int) -> None:
        self.folder = root / "sessions" / f"{key:016x}.{epoch}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._archive = root / "archive"
        self._log = -1

    def put_image(self, image: bytes | memoryview) -> None:
        (self.folder / "image").write_bytes(image)

    def patch_image(self, pages: list[tuple[int, bytes]]) -> None:
        descriptor = os.open(self.folder / "image", os.O_WRONLY)
        try:
            for at, content in pages:
                os.pwrite(descriptor, content, at)
        finally:
            os.close(descriptor)

    def put_meta(self, meta: dict[str, Any]) -> None:
        fresh = self.folder / "meta.json.new"
        fresh.write_text(json.dumps(meta))
        fresh.replace(self.folder / "meta.json")

    def append(self, record: bytes) -> None:
        if self._log < 0:
            self._log = os.open(self.folder / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(self._log, record)

    def mend(self) -> bytes:
        """The log without a torn end, cut off on disk too, so that what follows is readable."""
        path = self.folder / "log"
        if not path.exists():
            return b""
        data = path.read_bytes()
        at = 0
        while at + _RECORD.size <= len(data):
            size = _RECORD.unpack_from(data, at)[1]
            if at + _RECORD.size + size > len(data):
                break
            at += _RECORD.size + size
        if at < len(data):
            os.truncate(path, at)
        return data[:at]

    def archive(self) -> None:
        """The copy has ended: out of the way, kept for the checker."""
        if self._log >= 0:
            os.close(self._log)
            self._log = -1
        self._archive.mkdir(parents=True, exist_ok=True)
        name, n = self._archive / self.folder.name, 0
        while name.exists():
            n += 1
            name = self._archive / f"{self.folder.name}.{n}"
        if not self.folder.exists():
            return
        meta = self.folder / "meta.json"
        if not meta.exists() or json.loads(meta.read_text()).get("origin") == "restored":
            (self.folder / "image").unlink(missing_ok=True)
        self.folder.rename(name)


class SiteStore:
    """All that instances and the agent of one site keep on disk about session copies. Safe to share between processes."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def copy(self, key: int, epoch: int) -> CopyStore:
        return CopyStore(self.root, key, epoch)

    def record_answer(self, key: int, epoch: int, answer: dict[str, Any]) -> dict[str, Any]:
        """Record ``answer`` to the hand-over of ``epoch`` unless there is one; returns the one that stands.

        An exclusive link(2) decides: whoever comes first, instance or agent, before or after a crash, decides for all.
        """
        answers = self.root / "answers"
        answers.mkdir(parents=True, exist_ok=True)
        final = answers / f"{key:016x}.{epoch}"
        mine = answers / f".{key:016x}.{epoch}.{os.getpid()}"
        mine.write_text(json.dumps(answer))
        try:
            os.link(mine, final)
        except FileExistsError:
            standing: dict[str, Any] = json.loads(final.read_text())
            return standing
        finally:
            mine.unlink()
        return answer

    def recorded_answer(self, key: int, epoch: int) -> dict[str, Any] | None:
        """The answer on record to the hand-over of ``epoch``, or None."""
        try:
            standing: dict[str, Any] = json.loads((self.root / "answers" / f"{key:016x}.{epoch}").read_text())
        except FileNotFoundError:
            return None
        return standing

    def load(self, key: int, epoch: int) -> tuple[bytes, bytes]:
        """(image, mended log) of a copy."""
        copy = self.copy(key, epoch)
        return (copy.folder / "image").read_bytes(), copy.mend()

    def copies(self) -> list[tuple[int, int, dict[str, Any]]]:
        """(key, epoch, meta) of every copy whose files are complete, in order."""
        found = []
        for folder in sorted((self.root / "sessions").glob("*.*")):
            try:
                key, epoch = folder.name.split(".")
                found.append((int(key, 16), int(epoch), json.loads((folder / "meta.json").read_text())))
            except (ValueError, FileNotFoundError):
                continue
        return found
