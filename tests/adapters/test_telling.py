"""What the scheduler records as Events, and what it reads of the control plane's figures and of QoSPolicies."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from fedge.adapters.karmada.engine import bound_of
from fedge.adapters.karmada.scheduling import figures_of, policy_seen
from fedge.adapters.karmada.telling import LONGEST, MOST_WAITING, Telling, event_of
from fedge.core.model import SiteId
from fedge.core.scheduling import BindingKey, Write


def write(name: str = "arena", **change: Any) -> Write:
    facts: dict[str, Any] = {
        "key": BindingKey("default", name),
        "uid": "u",
        "version": "1",
        "generation": 1,
        "clusters": {"member1": 2},
        "placement": "{}",
        "tasks": None,
        "explanation": "",
        "scheduled": True,
        "reason": "Success",
        "message": "Binding has been scheduled successfully.",
        "affinity": "",
        "conditions": (),
    }
    return Write(**facts | change)


def test_an_event_is_on_the_binding_and_says_where_it_went() -> None:
    event = event_of(write(), "fedge-scheduler", "2027-01-01T00:00:00Z")
    assert event["involvedObject"] == {
        "apiVersion": "work.karmada.io/v1alpha2",
        "kind": "ResourceBinding",
        "namespace": "default",
        "name": "arena",
        "uid": "u",
    }
    assert (event["type"], event["reason"]) == ("Normal", "ScheduleBindingSucceed")
    assert event["message"].startswith("member1 × 2: ")


def test_a_failure_is_a_warning_no_longer_than_the_api_server_takes() -> None:
    failed = write(clusters=None, scheduled=False, reason="NoClusterFit", message="x" * 5000)
    event = event_of(failed, "fedge-scheduler", "2027-01-01T00:00:00Z")
    assert (event["type"], event["reason"]) == ("Warning", "ScheduleBindingFailed")
    assert len(event["message"]) == LONGEST


def test_an_event_of_a_cluster_wide_binding_is_in_the_namespace_default() -> None:
    event = event_of(write(key=BindingKey("", "role")), "fedge-scheduler", "2027-01-01T00:00:00Z")
    assert event["metadata"]["namespace"] == "default"
    assert "namespace" not in event["involvedObject"]
    assert event["involvedObject"]["kind"] == "ClusterResourceBinding"


def test_the_same_outcome_is_told_once_a_minute_and_too_many_are_counted() -> None:
    told = Telling(httpx2.AsyncClient(), "fedge-scheduler")
    failed = write(clusters=None, scheduled=False, reason="NoClusterFit", message="a")
    for at_s in (0.0, 10.0, 59.0, 61.0):
        told.tell(failed, at_s)
    assert len(told._waiting) == 2
    told.tell(write(clusters=None), 62.0)  # all is well, and nothing was changed
    assert len(told._waiting) == 2
    for number in range(MOST_WAITING):
        told.tell(write(f"arena-{number}"), 70.0)
    assert (len(told._waiting), told.dropped) == (MOST_WAITING, 2)


def figures(**change: Any) -> dict[str, Any]:
    return {
        "clusters": [
            {
                "cluster": "member1",
                "site": "market",
                "overloaded": True,
                "applications": [{"namespace": "default", "name": "arena", "sessions": 3}],
            }
        ],
        "cells": [{"cell": "c1", "nearest": "member1", "players": 3, "rtt_ms": {"member1": 12.0}}],
        **change,
    }


def test_figures_tell_sessions_players_and_overload() -> None:
    seen = figures_of(figures())
    assert seen.sessions == {"member1": {("default", "arena"): 3}}
    assert seen.overloaded == {"member1"}
    assert [(cell.cell, cell.players, cell.rtt_ms) for cell in seen.picture.cells] == [
        ("c1", 3.0, {"member1": 12.0})
    ]


@pytest.mark.parametrize("broken", [{"cells": [{"cell": 1}]}, {"clusters": None}, {"cells": "none"}], ids=str)
def test_broken_figures_are_refused_whole(broken: dict[str, Any]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        figures_of(figures(**broken))


def policy(spec: dict[str, Any]) -> dict[str, Any]:
    target = {"kind": "Deployment", "name": "arena"}
    return {"metadata": {"namespace": "default", "name": "q"}, "spec": {"targetRef": target, **spec}}


def test_a_policy_is_read_as_the_embedded_engine_reads_it() -> None:
    seen = policy_seen(policy({"latency": {"objectiveMs": 50}, "border": {"regions": ["eu"]}}))
    assert seen.spec is not None
    assert seen.spec.border is not None
    assert (seen.target, seen.spec.border.regions) == ("arena", ("eu",))


def test_a_policy_that_cannot_be_read_names_the_field() -> None:
    seen = policy_seen(policy({"standby": {"minSites": 0}}))
    assert seen.spec is None
    assert "minSites" in seen.trouble
    assert seen.target == "arena"


@pytest.mark.parametrize(
    ("status", "message", "because"),
    [
        ("True", "Binding has been scheduled successfully.", "2 replicas at 1 clusters"),
        (
            "True",
            "Binding has been scheduled successfully. 97% of the players are expected within 50 ms (95% asked).",
            "2 replicas at 1 clusters; 97% of the players are expected within 50 ms (95% asked)",
        ),
        ("False", "0/3 clusters are available: 3 by taint", "0/3 clusters are available: 3 by taint"),
    ],
)
def test_what_the_binding_says_is_what_is_explained(status: str, message: str, because: str) -> None:
    told = '{"because":"2 replicas at 1 clusters","refused":[]}'
    binding = {
        "metadata": {"annotations": {"fedge.dev/explanation": told}},
        "spec": {
            "resource": {"namespace": "default", "name": "arena"},
            "clusters": [{"name": "member1", "replicas": 2}],
        },
        "status": {"conditions": [{"type": "Scheduled", "status": status, "message": message}]},
    }
    assert bound_of(binding, {"member1": SiteId("market")}).because == because
