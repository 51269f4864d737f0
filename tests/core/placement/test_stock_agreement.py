"""Decisions against the answers of Karmada's own scheduler code, kept beside this file.

`stock_answers.jsonl` holds, for the cases of `bench/cases.py` with the seed below, what `testbench/karmada/oracle` (v1.18.2)
answered. To renew it: `python -m bench.agreement --oracle BINARY --write tests/core/placement/stock_answers.jsonl`.
"""

import json
from pathlib import Path

import pytest

from bench.cases import STRATEGIES, cases
from fedge.core.placement.decide import decide
from fedge.core.placement.fleet import Fleet
from fedge.core.placement.read import cluster_of, question_of

ANSWERS = Path(__file__).with_name("stock_answers.jsonl")
SEED, SIZES = 1, (3, 5, 8, 12, 40)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_case_is_decided_as_the_stock_scheduler_decides_it(strategy: str) -> None:
    answers = [json.loads(line) for line in ANSWERS.read_text().splitlines()]
    asked = 0
    for (clusters, binding, its), answer in zip(cases(SEED, len(answers), SIZES), answers, strict=True):
        if its != strategy:
            continue
        decision = decide(question_of(binding), Fleet(map(cluster_of, clusters)))
        assert [decision.clusters or {}, decision.failure, decision.affinity] == answer, binding
        asked += 1
    assert asked >= 80
