"""A file that a program looks at while it runs: told once, when it changed, and nothing where it cannot be understood."""

from __future__ import annotations

import os
from pathlib import Path

from fedge.programs.live_file import LiveFile
from fedge.simulation.background import Load


def written(path: Path, text: str, at: int) -> None:
    path.write_text(text)
    os.utime(path, (at, at))


def test_what_a_file_says_is_told_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "radio-load.json"
    file: LiveFile[tuple[Load, ...]] = LiveFile(path, tuple[Load, ...], ())
    assert file.news() is None
    written(path, '[{"load": 0.5, "site": "harbour"}]', 1)
    assert file.news() == (Load(0.5, site="harbour"),)
    assert file.news() is None
    for at, nonsense in enumerate(
        ("[", "{}", '[{"load": -1}]', '[{"lod": 1}]', '[{"load": "much"}]', "\xff"), 2
    ):
        written(path, nonsense, at)
        assert file.news() == ()
        assert file.news() is None
    path.unlink()
    assert file.news() == ()
    assert file.news() is None
