"""One exposure function a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.core5g.nef import Exposure, exposure


@pytest.fixture
def nef(tmp_path: Path) -> Iterator[Exposure]:
    with exposure(tmp_path) as one:
        yield one
