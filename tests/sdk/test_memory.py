"""Paged memory: what a copy is made of. Every write arrives at the other side, and the digest knows every byte."""

from __future__ import annotations

from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedge_sdk import Memory
from fedge_sdk.memory import PAGE_BYTES

SIZE = 3 * PAGE_BYTES + 100  # the last page is short
WRITES = st.lists(
    st.tuples(st.integers(0, SIZE - 1), st.binary(min_size=1, max_size=PAGE_BYTES + 10)), max_size=12
)


def _write(memory: Memory, writes: list[tuple[int, bytes]]) -> None:
    for at, data in writes:
        memory.write(at, data[: SIZE - at])


@given(WRITES, WRITES, WRITES)
def test_rounds_of_pages_make_the_same_memory(
    first: list[tuple[int, bytes]], later: list[tuple[int, bytes]], last: list[tuple[int, bytes]]
) -> None:
    """A copy in rounds while the game writes on: all pages, then what was written meanwhile, then the final delta."""
    source, target = Memory(SIZE), Memory(SIZE)
    _write(source, first)
    source.mark_all()
    target.put_pages(source.take_pages(PAGE_BYTES))
    _write(source, later)
    while source.bytes_left():
        target.put_pages(source.take_pages(PAGE_BYTES))
    _write(source, last)
    target.put_pages(source.take_pages())
    assert bytes(target.view()) == bytes(source.view())
    assert target.digest() == source.digest()


@given(WRITES, WRITES)
def test_the_digest_is_that_of_the_bytes_however_they_came(
    one: list[tuple[int, bytes]], other: list[tuple[int, bytes]]
) -> None:
    memory = Memory(SIZE)
    _write(memory, one)
    memory.digest()
    _write(memory, other)
    assert memory.digest() == Memory(SIZE, bytes(memory.view())).digest()


def test_one_changed_byte_changes_the_digest() -> None:
    memory = Memory(SIZE)
    before = memory.digest()
    memory.write(SIZE - 1, b"\x01")
    assert memory.digest() != before


def test_memory_does_not_grow() -> None:
    memory = Memory(SIZE)
    with pytest.raises(IndexError):
        memory.write(SIZE - 1, b"ab")
    with pytest.raises(IndexError):
        memory.write(-1, b"a")
    memory.write(SIZE, b"")  # nothing is written nowhere


@pytest.mark.parametrize("torn", [b"\0\0", b"\0\0\0\0" + b"x" * 10, b"\0\0\xff\xff" + b"x" * PAGE_BYTES])
def test_torn_or_foreign_pages_are_refused(torn: bytes) -> None:
    with pytest.raises(ValueError):
        Memory(SIZE).put_pages(torn)


def test_a_whole_image_is_its_own_digest() -> None:
    """The digest is defined as the hash of the pages' hashes: another language must find the same."""
    memory = Memory(PAGE_BYTES, b"\x07" * PAGE_BYTES)
    page = blake2b(b"\x07" * PAGE_BYTES, digest_size=16).digest()
    assert memory.digest() == blake2b(page, digest_size=16).hexdigest()
