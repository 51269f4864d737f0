"""Do we decide as Karmada's stock scheduler? Generated cases, ours against the stock code.

`python -m bench.agreement --oracle BINARY` asks the stock algorithm in memory (`testbench/karmada/oracle`);
`python -m bench.agreement --karmada HOME` asks the stock scheduler of a running test bench (`bench/agreement_real.py`).
Each prints a JSON object: cases and equal ones by strategy, and the cases that differ.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import click

from bench.cases import STRATEGIES, Raw, cases
from fedge.core.placement.decide import decide
from fedge.core.placement.fleet import Fleet
from fedge.core.placement.read import cluster_of, question_of

Case = tuple[list[Raw], Raw, str]
Answer = list[Any]
"""clusters with replicas, failure, affinity name"""

SIZES = (3, 5, 8, 12, 40)


def ours(case: Case) -> Answer:
    clusters, binding, _ = case
    decision = decide(question_of(binding), Fleet(map(cluster_of, clusters)))
    return [decision.clusters or {}, decision.failure, decision.affinity]


def again(case: Case, first: Answer) -> Answer:
    """The answer to the same question asked once more, after ``first`` was written.

    The stock scheduler asks itself so whenever a Duplicated binding changes, by its own patch too
    (karmada v1.18.2 pkg/scheduler/scheduler.go, doScheduleBinding: "Duplicated resources should always be scheduled"); spread
    by region is not always stable under it, as clusters that have the binding now score more.
    """
    clusters, binding, strategy = case
    held = [{"name": name, "replicas": count} for name, count in first[0].items()]
    return ours((clusters, {**binding, "spec": {**binding["spec"], "clusters": held}}, strategy))


def stock(oracle: str, asked: list[Case]) -> list[Answer]:
    """The answers of the stock code to each case."""
    lines = [json.dumps({"clusters": clusters, **binding}) for clusters, binding, _ in asked]
    done = subprocess.run([oracle], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [[each["clusters"] or {}, each["failure"], each["affinity"]] for each in found]


def compared(asked: list[Case], theirs: list[Answer]) -> Raw:
    """Counts by strategy, and what differs; of that, how often the stock answer is ours to the question asked again."""
    total, equal, differ, second = Counter[str](), Counter[str](), [], 0
    for case, answer in zip(asked, theirs, strict=True):
        total[case[2]] += 1
        if (mine := ours(case)) == answer:
            equal[case[2]] += 1
        else:
            second += again(case, mine) == answer
            differ.append({"strategy": case[2], "ours": mine, "stock": answer, "binding": case[1]})
    return {
        "cases": total.total(),
        "equal": equal.total(),
        "by_strategy": {each: [equal[each], total[each]] for each in STRATEGIES},
        "differ": differ,
        "differ_by_a_second_pass": second,
    }


@click.command()
@click.option("--oracle", type=click.Path(exists=True), help="Built from testbench/karmada/oracle.")
@click.option("--karmada", type=click.Path(exists=True), help="Home of a running test bench.")
@click.option("--cases", "count", default=500, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--write", type=click.Path(path_type=Path), help="Write the oracle's answers, a line each.")
def main(oracle: str | None, karmada: str | None, count: int, seed: int, write: Path | None) -> None:
    """Compare, and print the result."""
    if karmada:
        from bench.agreement_real import real_answers

        click.echo(json.dumps(compared(*real_answers(Path(karmada), count, seed)), indent=1))
        return
    if not oracle:
        raise click.UsageError("--oracle or --karmada is required")
    asked = list(cases(seed, count, SIZES))
    theirs = stock(oracle, asked)
    if write:
        write.write_text("".join(json.dumps(each, separators=(",", ":")) + "\n" for each in theirs))
    click.echo(json.dumps(compared(asked, theirs), indent=1))


if __name__ == "__main__":
    main()
