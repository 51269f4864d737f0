"""We decide as the stock scheduler does: generated cases against the real one, on a bench of its own.

Its own, because cases make Clusters without members and the controllers are stopped. The whole comparison is
`python -m bench.agreement --karmada HOME`; this is a sample.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.agreement import compared
from bench.agreement_real import real_answers
from testbench import build
from testbench.bench import Bench


@pytest.fixture(scope="module")
def lonely_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("agreement")
    try:
        bench = Bench.up(home)
    except build.NoGo as error:
        pytest.skip(f"no Karmada here: {error}")
    yield home
    bench.down()


def test_a_sample_of_cases_is_decided_as_by_the_stock_scheduler(lonely_home: Path) -> None:
    result = compared(*real_answers(lonely_home, 60, seed=5))
    assert result["cases"] == 60
    assert result["equal"] + result["differ_by_a_second_pass"] == 60, result["differ"][:3]
