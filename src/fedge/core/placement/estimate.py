"""How many replicas each cluster could take: Karmada's general estimator, over all clusters at once.

Source: pkg/estimator/client/general.go (free resources of the summary, or nodes counted by resource model,
110 pods a node) and pkg/scheduler/core/util.go, calAvailableReplicas.
"""

from __future__ import annotations

import numpy as np

from fedge.core.placement.fleet import Fleet, Ints
from fedge.core.placement.question import Amounts, Question

MOST = 2**31 - 1
PODS_A_NODE = 110
NATIVE = ("cpu", "memory", "ephemeral-storage")


def allocatable(fleet: Fleet, question: Question) -> Ints:
    """For each cluster of the fleet; objects without replicas fit everywhere."""
    if question.replicas == 0 and not question.components:
        return np.full(fleet.size, MOST, np.int64)
    room = fleet.pods.copy()
    if question.requests is not None:
        by_summary = _by_summary(fleet, question.requests)
        if fleet.any_graded:
            by_summary = np.where(fleet.graded, _by_grade(fleet, question.requests), by_summary)
        np.minimum(room, by_summary, out=room)
    room[room == MOST] = question.replicas
    return room


def _by_summary(fleet: Fleet, requests: Amounts) -> Ints:
    most = np.full(fleet.size, 2**62, np.int64)
    for kind, amount in requests.items():
        if amount <= 0:
            continue
        free = fleet.free.get(kind)
        if free is None:
            return np.zeros(fleet.size, np.int64)
        np.minimum(most, free // amount, out=most)
    return most


def _by_grade(fleet: Fleet, requests: Amounts) -> Ints:
    asked = {kind: amount for kind, amount in requests.items() if amount > 0 and _counted(kind)}
    fits = [
        min([PODS_A_NODE, *(holds.get(kind, 0) // amount for kind, amount in asked.items())])
        for holds in fleet.templates
    ]
    weights = fleet.grade_nodes * np.array(fits, np.int64)[fleet.grade_code]
    total = np.zeros(fleet.size, np.int64)
    np.add.at(total, fleet.grade_cluster, weights)
    return np.minimum(total, MOST)


def _counted(kind: str) -> bool:
    """Upstream's nodes know these and scalar resources (with a domain, huge pages, volumes) only."""
    return kind in NATIVE or "/" in kind or kind.startswith(("hugepages-", "attachable-volumes-"))
