"""A session's state as paged memory: the platform can copy it while the game writes to it.

All that a session must not lose lives here. Writes mark their 4 KiB pages; a move copies every page once, a piece at a time, then
only the pages written since, and the digest rehashes only those. So a freeze costs the same for 1 MiB and for 64 MiB of state.
"""

from __future__ import annotations

import struct
from hashlib import blake2b

PAGE_BYTES = 4096
_PAGE_NUMBER = struct.Struct("!I")
_ZERO_PAGE_HASH = blake2b(bytes(PAGE_BYTES), digest_size=16).digest()


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
        self._hashes = [_ZERO_PAGE_HASH] * self._pages
        last_is_short = size % PAGE_BYTES != 0
        self._unhashed = (
            set(range(self._pages)) if image is not None else {self._pages - 1} if last_is_short else set()
        )
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

    def mark_all(self) -> None:
        """A copy begins: every page counts as written."""
        self._written = set(range(self._pages))

    def bytes_left(self) -> int:
        """About how much ``take_pages`` would give if it were asked for everything."""
        return len(self._written) * PAGE_BYTES

    def take_pages(self, most_bytes: int | None = None) -> bytes:
        """Pages written since they were last taken, lowest first, each as number (u32) and content."""
        pages = sorted(self._written)
        if most_bytes is not None:
            pages = pages[: max(1, most_bytes // PAGE_BYTES)]
        parts = []
        for page in pages:
            parts.append(_PAGE_NUMBER.pack(page))
            parts.append(bytes(self._data[page * PAGE_BYTES : (page + 1) * PAGE_BYTES]))
        self._written.difference_update(pages)
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
