"""One CAPIF core function with one exposing function a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.core5g.capif.framework import Framework, framework


@pytest.fixture
def capif(tmp_path: Path) -> Iterator[Framework]:
    with framework(tmp_path) as one:
        yield one
