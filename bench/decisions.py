"""How long one decision takes: ours (CPU) against the stock algorithm's span, at 3 to 1000 clusters.

`python -m bench.decisions --oracle BINARY` prints a row for each fleet. Every binding is distinct and nothing is kept from one
decision to the next; the fleet's arrays are made once, as after a change of a cluster (that time is a column too). The stock
algorithm answers in `testbench/karmada/oracle` (Go): its own code in memory, with no API server.
"""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
from random import Random
from time import process_time_ns

import click

from bench.cases import STRATEGIES, Raw, binding, clusters
from fedge.core.placement.decide import decide
from fedge.core.placement.fleet import Fleet
from fedge.core.placement.read import cluster_of, question_of


def answers(oracle: str, fleet: list[Raw], bindings: list[Raw]) -> list[Raw]:
    """The stock algorithm's answers to ``bindings`` over one fleet."""
    lines = [
        json.dumps(each if number else {"clusters": fleet, **each}) for number, each in enumerate(bindings)
    ]
    done = subprocess.run([oracle], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def measured(count: int, tries: int, oracle: str, graded: float) -> Raw:
    """Both sides over the same fleet and the same distinct bindings."""
    raws = clusters(count, count, graded)
    names = [each["metadata"]["name"] for each in raws]
    random = Random(count)
    bindings = [binding(random, names, STRATEGIES[number % len(STRATEGIES)]) for number in range(tries)]
    began = process_time_ns()
    parsed = [cluster_of(raw) for raw in raws]
    fleet = Fleet(parsed)
    built = process_time_ns() - began
    decide(question_of(bindings[0]), fleet)
    ours, equal, reading = [], 0, []
    stock = answers(oracle, raws, bindings)
    gc.collect()
    for raw, theirs in zip(bindings, stock, strict=True):
        began = process_time_ns()
        question = question_of(raw)
        read = process_time_ns()
        decision = decide(question, fleet)
        ours.append(process_time_ns() - began)
        reading.append(read - began)
        equal += (decision.clusters or {}, decision.failure) == (theirs["clusters"] or {}, theirs["failure"])
    spans = [each["ns"] for each in stock]
    return {
        "clusters": count,
        "tries": tries,
        "equal": equal,
        "ours_us_median": statistics.median(ours) / 1e3,
        "ours_us_mean": statistics.fmean(ours) / 1e3,
        "ours_us_p99": sorted(ours)[int(0.99 * tries)] / 1e3,
        "reading_us_mean": statistics.fmean(reading) / 1e3,
        "stock_us_median": statistics.median(spans) / 1e3,
        "stock_us_mean": statistics.fmean(spans) / 1e3,
        "fleet_ms": built / 1e6,
        "ratio_of_means": statistics.fmean(spans) / statistics.fmean(ours),
    }


@click.command()
@click.option(
    "--oracle", type=click.Path(exists=True), required=True, help="Built from testbench/karmada/oracle."
)
@click.option("--tries", default=500, show_default=True)
@click.option("--clusters", "sizes", multiple=True, type=int, default=(3, 10, 100, 1000), show_default=True)
@click.option("--graded", default=0.0, show_default=True, help="Share of clusters with resource models.")
def main(oracle: str, tries: int, sizes: tuple[int, ...], graded: float) -> None:
    """Print one JSON row for each size of fleet."""
    for count in sizes:
        click.echo(json.dumps({k: round(v, 2) for k, v in measured(count, tries, oracle, graded).items()}))


if __name__ == "__main__":
    main()
