"""A copy's files: what a killed process leaves behind can be read, and an answer, once given, stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedge.simulation.world.store import Disk, Fuse, MemoryStore
from fedge_sdk.instance import Store
from fedge_sdk.store import SiteStore, TickRecord, encode_note, encode_tick, read_log

INPUTS = st.lists(st.binary(max_size=64), max_size=5).map(tuple)
KEY = 7


@pytest.fixture(params=["disk", "simulated"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """The real store, and its stand-in in simulated worlds: one contract."""
    return SiteStore(tmp_path) if request.param == "disk" else MemoryStore(Disk(), Fuse())


@given(st.lists(INPUTS, max_size=6), st.integers(0, 400))
def test_a_log_torn_anywhere_reads_as_far_as_it_is_whole(ticks: list[tuple[bytes, ...]], cut: int) -> None:
    records = [encode_tick(n, 1000 + n, 1, inputs) for n, inputs in enumerate(ticks, 1)]
    log = b"".join(records)
    whole, at = 0, 0
    for record in records:
        at += len(record)
        whole += at <= cut
    found = list(read_log(log[:cut]))
    assert found == [TickRecord(n, 1000 + n, 1, inputs) for n, inputs in enumerate(ticks[:whole], 1)]


def test_what_follows_a_torn_end_is_readable(store: Store) -> None:
    copy = store.copy(KEY, 1)
    copy.put_image(b"image")
    copy.put_meta({"app": "a"})
    copy.append(encode_note({"event": "opened"}))
    copy.append(encode_tick(1, 5, 1, [b"ab"])[:-1])  # killed in the middle of write(2)
    image, log = store.load(KEY, 1)
    assert image == b"image"
    assert list(read_log(log)) == [{"event": "opened"}]
    again = store.copy(KEY, 1)
    again.append(encode_tick(1, 6, 1, [b"cd"]))
    assert list(read_log(store.load(KEY, 1)[1])) == [{"event": "opened"}, TickRecord(1, 6, 1, (b"cd",))]


def test_the_first_answer_stands(store: Store) -> None:
    assert store.recorded_answer(KEY, 2) is None
    assert store.record_answer(KEY, 2, {"verdict": "ACTIVATED"}) == {"verdict": "ACTIVATED"}
    assert store.record_answer(KEY, 2, {"verdict": "REFUSED"}) == {"verdict": "ACTIVATED"}
    assert store.recorded_answer(KEY, 2) == {"verdict": "ACTIVATED"}
    assert store.recorded_answer(KEY, 4) is None


def test_only_complete_copies_are_found_and_archived_ones_are_not(store: Store) -> None:
    store.copy(KEY, 1).put_image(b"x")  # killed before its meta was written
    done = store.copy(KEY, 3)
    done.put_image(b"y")
    done.put_meta({"app": "a"})
    kept = store.copy(8, 1)
    kept.put_image(b"z")
    kept.put_meta({"app": "b"})
    done.archive()
    assert store.copies() == [(8, 1, {"app": "b"})]


def test_pages_beyond_the_image_so_far_extend_it(store: Store) -> None:
    """A copy is collected from nothing: its image file begins empty."""
    copy = store.copy(KEY, 2)
    copy.put_image(b"")
    copy.patch_image([(4, b"bb"), (0, b"aa")])
    copy.put_meta({"app": "a"})
    assert store.load(KEY, 2)[0] == b"aa\0\0bb"
