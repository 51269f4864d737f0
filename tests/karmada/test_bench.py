"""The bench itself: its members join, the stock scheduler's decisions arrive at pushed and pulled members, programs come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lightkube import Client

from fedge.adapters.karmada.resources import Deployment
from testbench import karmada_setup
from testbench.bench import Bench
from testbench.karmada_setup import client_of
from testbench.programs import MEMBERS
from tests.karmada.objects import apply, deployment, policy, remove

Until = Callable[..., Any]


def test_a_deployment_arrives_at_pushed_and_pulled_members(
    whole: Bench, karmada: Client, until: Until
) -> None:
    apply(karmada, policy("plain", scheduler="default-scheduler"), deployment("plain", 1))
    for member in MEMBERS:
        client = client_of(whole.at.admin(member))
        until(lambda c=client: c.get(Deployment, "plain", namespace="default"), f"plain at {member}")
    remove(karmada, "plain")


def test_up_again_starts_nothing_twice(whole: Bench) -> None:
    before = {name: whole.running(name) for name in ("etcd", "karmada-apiserver", "member3-apiserver")}
    again = Bench.up(whole.home)
    assert {name: again.running(name) for name in before} == before


def test_a_killed_api_server_comes_back_with_what_it_knew(whole: Bench, until: Until) -> None:
    whole.kill("karmada-apiserver")
    assert whole.running("karmada-apiserver") == 0
    whole.bring_back("karmada-apiserver")
    ready = until(lambda: sum(karmada_setup.joined(whole.at).values()) == len(MEMBERS), "members Ready again")
    assert ready
