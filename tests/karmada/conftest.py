"""The real thing: a Karmada and three members, started for the session (or taken from ``FEDGE_KARMADA_HOME``).

Without Go and without a finished build these tests are skipped, and say so.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lightkube import Client

from testbench import build
from testbench.bench import Bench
from testbench.karmada_setup import client_of
from testbench.programs import Timing
from tests.karmada.schedulers import Schedulers


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.karmada)
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    told = os.environ.get("FEDGE_KARMADA_HOME")
    home = Path(told) if told else tmp_path_factory.mktemp("karmada")
    try:
        up = Bench.up(home, Timing(node_grace_s=12, cluster_failure_s=10))
    except build.NoGo as error:
        pytest.skip(f"no Karmada here: {error}")
    yield up
    if not told:
        up.down()


@pytest.fixture
def whole(bench: Bench) -> Bench:
    """The bench with every program running, whatever the test before did to it."""
    return Bench.up(bench.home)


@pytest.fixture
def karmada(whole: Bench) -> Client:
    return client_of(whole.at.admin("karmada"))


@pytest.fixture
def until() -> Callable[[Callable[[], Any], str], Any]:
    """Poll until true, and give what came; a deadline fails the test. Not a measurement."""
    import time

    def wait(holds: Callable[[], Any], what: str, within_s: float = 60.0) -> Any:
        give_up, said = time.monotonic() + within_s, ""
        while time.monotonic() < give_up:
            try:
                found = holds()
                if found:
                    return found
            except Exception as error:  # an API server that is away raises many things
                said = f" ({type(error).__name__}: {error})"[:300]
            time.sleep(0.1)
        pytest.fail(f"{what}: not within {within_s:.0f} s{said}")

    return wait


@pytest.fixture
def schedulers(whole: Bench, tmp_path: Path) -> Iterator[Schedulers]:
    ours = Schedulers(whole.at.admin("karmada"), tmp_path)
    yield ours
    ours.stop()
