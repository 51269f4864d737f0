"""A session's state as paged memory: the platform can copy it while the game writes to it.

All that a session must not lose lives here. Writes mark their 4 KiB pages; a move copies the image once, then only the pages
written since, and the digest rehashes only those. So a freeze costs the same for 1 MiB and for 64 MiB of state.
"""

from __future__ import annotations

import struct
from hashlib import blake2b

PAGE_BYTES = 4096
_PAGE_NUMBER = struct.Struct("!I")


class Memory:
    """``size`` bytes, all zero at first. Write through ``write``; ``read`` and ``view`` never copy more than asked."""

    def __init__(self, size: int, image: bytes | None = None) -> None:
        if size <= 0:
            raise ValueError("a session's memory needs at least one byte")
        if image is not None and len(image) != size:
            raise ValueError(f"an image of {len(image)} bytes for a memory of {size}")
        self.size = size
        self._data = bytearray(image) if image is not None else bytearray(size)
        self._pages = -(-size // PAGE_BYTES)
        self._hashes = [b""] * self._pages
        self._unhashed = set(range(self._pages))
        self._written: set[int] = set()

    def read(self, at: int, size: int) -> bytes:
        return bytes(self._data[at : at + size])

    def view(self) -> memoryview:
        """Read-only view of the whole memory."""
        return memoryview(self._data).toreadonly()

    def write(self, at: int, data: bytes) -> None:
        """Write ``data`` at byte ``at``. Raises ``IndexError`` beyond the end: memory does not grow."""
        end = at + len(data)
        if at < 0 or end > self.size:
            raise IndexError(f"write of bytes {at} to {end} in a memory of {self.size}")
        if not data:
            return
        self._data[at:end] = data
        first, last = at // PAGE_BYTES, (end - 1) // PAGE_BYTES
        if first == last:
            self._written.add(first)
            self._unhashed.add(first)
        else:
            pages = range(first, last + 1)
            self._written.update(pages)
            self._unhashed.update(pages)

    def image(self) -> bytes:
        """All of it; from now on ``take_pages`` answers what changed since."""
        self._written.clear()
        return bytes(self._data)

    def take_pages(self) -> bytes:
        """The pages written since the last ``image`` or ``take_pages``, each as number (u32) and content."""
        parts = []
        for page in sorted(self._written):
            parts.append(_PAGE_NUMBER.pack(page))
            parts.append(bytes(self._data[page * PAGE_BYTES : (page + 1) * PAGE_BYTES]))
        self._written.clear()
        return b"".join(parts)

    def put_pages(self, pages: bytes) -> list[tuple[int, bytes]]:
        """Apply what ``take_pages`` gave; returns [(byte offset, content)]. Raises ``ValueError`` if it is torn."""
        placed = []
        at = 0
        while at < len(pages):
            if at + 4 > len(pages):
                raise ValueError("torn page list")
            (page,) = _PAGE_NUMBER.unpack_from(pages, at)
            at += 4
            size = min(PAGE_BYTES, self.size - page * PAGE_BYTES)
            if size <= 0 or at + size > len(pages):
                raise ValueError("a page outside this memory, or torn")
            content = pages[at : at + size]
            self.write(page * PAGE_BYTES, content)
            placed.append((page * PAGE_BYTES, content))
            at += size
        return placed

    def digest(self) -> str:
        """32 hex digits that commit to every byte; costs only the pages written since the last call."""
        for page in self._unhashed:
            content = self._data[page * PAGE_BYTES : (page + 1) * PAGE_BYTES]
            self._hashes[page] = blake2b(content, digest_size=16).digest()
        self._unhashed.clear()
        return blake2b(b"".join(self._hashes), digest_size=16).hexdigest()
