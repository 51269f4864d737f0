"""Numbers of a site's instances: one each over all applications, and the same after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from fedge.adapters.embedded import numbers
from fedge.adapters.embedded.numbers import NoNumber, Numbers


def test_two_applications_share_no_number_and_an_agent_finds_them_again(tmp_path: Path) -> None:
    first = Numbers(tmp_path / "instances" / "numbers")
    assert [first.of(name, 1) for name in ("arena-1", "nim-1", "arena-1")] == [1, 2, 1]
    assert first.of("arena-2", 2) == 3, "taken: the lowest that is free"
    again = Numbers(tmp_path / "instances" / "numbers")
    assert [again.of(name, 9) for name in ("arena-1", "nim-1", "arena-2")] == [1, 2, 3]
    again.forget("nim-1")
    assert Numbers(tmp_path / "instances" / "numbers").of("dice-1", 1) == 2


def test_a_file_that_cannot_be_read_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "numbers").write_text("{")
    assert Numbers(tmp_path / "numbers").of("arena-1", 1) == 1


def test_there_is_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "MOST", 2)
    made = Numbers(tmp_path / "numbers")
    assert [made.of(name, 1) for name in "ab"] == [1, 2]
    with pytest.raises(NoNumber, match="no address is left for c"):
        made.of("c", 1)
