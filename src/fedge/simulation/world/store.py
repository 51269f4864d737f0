"""A site's disk in the simulated world: the contract of ``fedge_sdk.store.SiteStore`` in memory.

What was written survives a crash of the instance that wrote it. A ``Fuse`` lets the world kill an instance between any two
writes, or in the middle of one: then the log ends with a torn record, as it does when a process is killed in write(2).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fedge_sdk.store import read_log

_HEAD = 3
"""Bytes before a log record's body; the last two are its size."""


class Crashed(Exception):
    """The process that was writing is dead. Only the world raises and catches it."""


class Fuse:
    """Blows at the n-th write from now; unlit while ``left`` is negative."""

    def __init__(self) -> None:
        self.left = -1

    def burn(self) -> None:
        if self.left == 0:
            self.left = -1
            raise Crashed
        self.left -= self.left > 0


class Folder:
    """One copy's files."""

    def __init__(self, key: int, epoch: int) -> None:
        self.key, self.epoch = key, epoch
        self.image = bytearray()
        self.meta: str | None = None
        self.log = bytearray()

    def notes(self) -> Iterator[dict[str, Any]]:
        return (record for record in read_log(bytes(self.log)) if isinstance(record, dict))


class Disk:
    """Everything that one site has written. ``archived``: copies that ended, in order."""

    def __init__(self) -> None:
        self.folders: dict[tuple[int, int], Folder] = {}
        self.archived: list[Folder] = []
        self.answers: dict[tuple[int, int], str] = {}

    def all_folders(self) -> list[Folder]:
        return [*self.archived, *self.folders.values()]


class MemoryCopy:
    """``fedge_sdk.store.CopyStore``, in memory. An archived copy's folder can still be appended to, like an open file."""

    def __init__(self, disk: Disk, fuse: Fuse, key: int, epoch: int) -> None:
        self._disk, self._fuse = disk, fuse
        self.folder = disk.folders.setdefault((key, epoch), Folder(key, epoch))

    def put_image(self, image: bytes | memoryview) -> None:
        self._fuse.burn()
        self.folder.image = bytearray(image)

    def patch_image(self, pages: list[tuple[int, bytes]]) -> None:
        for at, content in pages:
            self._fuse.burn()
            self.folder.image.extend(bytes(max(0, at - len(self.folder.image))))
            self.folder.image[at : at + len(content)] = content

    def put_meta(self, meta: dict[str, Any]) -> None:
        self._fuse.burn()
        self.folder.meta = json.dumps(meta)

    def append(self, record: bytes) -> None:
        try:
            self._fuse.burn()
        except Crashed:
            self.folder.log += record[: len(record) // 2]
            raise
        self.folder.log += record

    def archive(self) -> None:
        self._fuse.burn()
        if self._disk.folders.get((self.folder.key, self.folder.epoch)) is self.folder:
            del self._disk.folders[self.folder.key, self.folder.epoch]
            self._disk.archived.append(self.folder)


class MemoryStore:
    """``fedge_sdk.store.SiteStore``, in memory: one life of an instance over its site's disk."""

    def __init__(self, disk: Disk, fuse: Fuse) -> None:
        self._disk, self._fuse = disk, fuse

    def copy(self, key: int, epoch: int) -> MemoryCopy:
        return MemoryCopy(self._disk, self._fuse, key, epoch)

    def record_answer(self, key: int, epoch: int, answer: dict[str, Any]) -> dict[str, Any]:
        self._fuse.burn()
        standing = self._disk.answers.setdefault((key, epoch), json.dumps(answer))
        self._fuse.burn()
        found: dict[str, Any] = json.loads(standing)
        return found

    def recorded_answer(self, key: int, epoch: int) -> dict[str, Any] | None:
        standing = self._disk.answers.get((key, epoch))
        return None if standing is None else json.loads(standing)

    def load(self, key: int, epoch: int) -> tuple[bytes, bytes]:
        folder = self._disk.folders[key, epoch]
        at, log = 0, folder.log
        while at + _HEAD <= len(log):
            end = at + _HEAD + int.from_bytes(log[at + 1 : at + _HEAD], "big")
            if end > len(log):
                break
            at = end
        del log[at:]
        return bytes(folder.image), bytes(log)

    def copies(self) -> list[tuple[int, int, dict[str, Any]]]:
        complete = [
            (f.key, f.epoch, json.loads(f.meta)) for f in self._disk.folders.values() if f.meta is not None
        ]
        return sorted(complete, key=lambda found: found[:2])
