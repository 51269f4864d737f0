"""One platform at a time: each module has its own, and no process of it outlives the module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.system.platform import Platform

Start = Callable[..., Platform]
PLAYERS, SITES = 6, 3


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.system)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start ``fedge demo`` with six players at three sites, failpoints armed; more options may be given."""
    with ExitStack() as ends:

        def started(*words: str, policy: str = "stay") -> Platform:
            home = tmp_path_factory.mktemp("fedge")
            sizes = [f"--players={PLAYERS}", f"--sites={SITES}", "--seed=5", f"--policy={policy}"]
            platform = Platform(home, "demo", "--headless", "--test-switch=failpoints", *sizes, *words)
            ends.callback(platform.stop)
            return platform

        yield started
