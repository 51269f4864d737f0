"""One radio network information service a test, with everybody attached."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.rnis.radio import Radio, radio


@pytest.fixture
def rnis(tmp_path: Path) -> Iterator[Radio]:
    with radio(tmp_path) as one:
        yield one.attach()
