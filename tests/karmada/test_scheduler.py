"""Fedge's scheduler on a real Karmada: it places, settles, explains; a restart and a change of schedulers move nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from lightkube import Client

from fedge.adapters.karmada.resources import Deployment
from testbench.bench import Bench
from testbench.karmada_setup import client_of
from testbench.programs import MEMBERS
from tests.karmada.objects import (
    SCHEDULER,
    WEIGHTED,
    apply,
    binding,
    deployment,
    placed,
    policy,
    remove,
    scheduled,
    settled,
)
from tests.karmada.schedulers import Schedulers

Until = Callable[..., Any]


def test_a_binding_is_placed_settled_and_explained(
    whole: Bench, karmada: Client, schedulers: Schedulers, until: Until
) -> None:
    schedulers.start()
    apply(karmada, policy("one", **WEIGHTED), deployment("one", 5))
    until(lambda: scheduled(karmada, "one") == ("True", "Success") and settled(karmada, "one"), "settled")
    assert sum(placed(karmada, "one").values()) == 5
    told = json.loads(binding(karmada, "one")["metadata"]["annotations"]["fedge.dev/explanation"])
    assert told == {"because": "5 replicas at 3 clusters", "refused": []}
    for member, replicas in placed(karmada, "one").items():
        client = client_of(whole.at.admin(member))
        found = until(lambda c=client: c.get(Deployment, "one", namespace="default"), f"one at {member}")
        assert found["spec"]["replicas"] == replicas
    remove(karmada, "one")


def test_a_scale_up_takes_nothing_from_a_cluster(
    karmada: Client, schedulers: Schedulers, until: Until
) -> None:
    schedulers.start()
    apply(karmada, policy("grow", **WEIGHTED), deployment("grow", 4))
    until(lambda: sum(placed(karmada, "grow").values()) == 4, "placed")
    before = placed(karmada, "grow")
    apply(karmada, deployment("grow", 9))
    until(lambda: sum(placed(karmada, "grow").values()) == 9, "grown")
    assert all(placed(karmada, "grow")[name] >= count for name, count in before.items())
    remove(karmada, "grow")


def test_nowhere_says_which_rule_refused(karmada: Client, schedulers: Schedulers, until: Until) -> None:
    schedulers.start()
    apply(karmada, policy("none", clusterAffinity={"clusterNames": ["nowhere"]}), deployment("none", 1))
    until(lambda: scheduled(karmada, "none") == ("False", "NoClusterFit"), "refused")
    conditions = binding(karmada, "none")["status"]["conditions"]
    message = next(one["message"] for one in conditions if one["type"] == "Scheduled")
    assert "0/3 clusters are available: 3 by affinity" in message
    assert placed(karmada, "none") == {}
    remove(karmada, "none")


def test_foreign_bindings_are_left_alone(karmada: Client, schedulers: Schedulers, until: Until) -> None:
    schedulers.start()
    apply(karmada, policy("foreign", scheduler="somebody-else", **WEIGHTED), deployment("foreign", 2))
    apply(karmada, policy("ours", **WEIGHTED), deployment("ours", 2))
    until(lambda: sum(placed(karmada, "ours").values()) == 2, "ours")
    assert placed(karmada, "foreign") == {}
    remove(karmada, "foreign", "ours")


def running(bench: Bench, names: list[str]) -> dict[tuple[str, str], tuple[str, int]]:
    """By member and name: the very Deployment there (its uid) and its replicas. Empty until every binding's share is there."""
    found = {}
    for member in MEMBERS:
        client = client_of(bench.at.admin(member))
        for one in client.list(Deployment, namespace="default"):
            if one.metadata.name in names:
                found[member, one.metadata.name] = (one.metadata.uid, one["spec"]["replicas"])
    replicas = {name: sum(n for (_, of), (_, n) in found.items() if of == name) for name in names}
    return found if all(count == 4 for count in replicas.values()) else {}


def test_a_restart_and_the_stock_scheduler_move_nothing(
    whole: Bench, karmada: Client, schedulers: Schedulers, until: Until
) -> None:
    """The operator's way back: Fedge stopped, Karmada's own scheduler takes the same bindings over, and back again."""
    names = [f"stay-{n}" for n in range(6)]
    schedulers.start()
    for name in names:
        apply(karmada, policy(name, **WEIGHTED), deployment(name, 4))
    for name in names:
        until(lambda name=name: settled(karmada, name) and sum(placed(karmada, name).values()) == 4, name)
    until(lambda: running(whole, names), "the members have their shares")
    before, ran = {name: placed(karmada, name) for name in names}, running(whole, names)

    schedulers.stop()
    whole.stop("karmada-scheduler")
    whole.start("karmada-scheduler", (f"--scheduler-name={SCHEDULER}",))
    apply(karmada, policy("by-stock", **WEIGHTED), deployment("by-stock", 2))
    until(lambda: sum(placed(karmada, "by-stock").values()) == 2, "the stock scheduler has taken over")
    assert {name: placed(karmada, name) for name in names} == before
    assert running(whole, names) == ran

    whole.stop("karmada-scheduler")
    schedulers.start()
    apply(karmada, policy("by-fedge", **WEIGHTED), deployment("by-fedge", 2))
    until(lambda: sum(placed(karmada, "by-fedge").values()) == 2, "Fedge has it again")
    assert {name: placed(karmada, name) for name in names} == before
    assert running(whole, names) == ran
    remove(karmada, "by-stock", "by-fedge", *names)
