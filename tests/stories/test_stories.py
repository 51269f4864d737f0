"""Every ``*.story`` beside this file, told again: the trace must be the one that is written down."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.stories.tell import told

HERE = Path(__file__).parent
WRITE = os.environ.get("FEDGE_STORIES") == "write"


@pytest.mark.parametrize("path", sorted(HERE.glob("*.story")), ids=lambda path: path.stem)
def test_the_story_is_told_as_it_is_written(path: Path) -> None:
    lines = told(path)
    if WRITE:
        path.write_text("\n".join(lines) + "\n")
    assert path.read_text().splitlines() == lines, f"{path.name}: see FEDGE_STORIES=write in tell.py"
