"""Which clusters could hold a binding at all, as masks over the fleet, and for which rule the others could not.

The rules are the stock scheduler's filter plugins (pkg/scheduler/framework/plugins): affinity, taints, APIs, evictions, fields
that a spread needs; and three of ours: the sites that the namespace's tenant may use, and a QoS's border and overload. A cluster
that has the binding already is not asked for taints (the taint manager's matter), APIs nor overload.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fedge.core.applications.objects import LabelSelector, Requirement
from fedge.core.placement.facts import Refusal, Taint
from fedge.core.placement.fleet import Fleet, Mask
from fedge.core.placement.question import Question
from fedge.core.placement.stock_policy import ClusterAffinity, ClusterAffinityTerm, Toleration


def matching(fleet: Fleet, affinity: ClusterAffinity) -> Mask:
    """Clusters that the affinity selects: by names, exclusions, labels and fields, all of which must hold."""
    if affinity.cluster_names:
        mask = fleet.none.copy()
        mask[[fleet.number[name] for name in affinity.cluster_names if name in fleet.number]] = True
    else:
        mask = np.ones(fleet.size, bool)
    for name in affinity.exclude:
        if (number := fleet.number.get(name)) is not None:
            mask[number] = False
    if (selector := affinity.label_selector) is not None:
        for key, value in selector.match_labels.items():
            mask &= fleet.labels.get(key, {}).get(value, fleet.none)
        for each in selector.match_expressions:
            mask &= _expression(
                each, fleet.labels.get(each.key, {}), fleet.labelled.get(each.key, fleet.none)
            )
    if affinity.field_selector is not None:
        for each in affinity.field_selector.match_expressions:
            there = fleet.with_field.get(each.key, fleet.none)
            mask &= _expression(each, fleet.fields.get(each.key, {}), there)
    return mask


def _expression(requirement: Requirement, masks: Mapping[str, Mask], there: Mask) -> Mask:
    if requirement.operator == "Exists":
        return there
    if requirement.operator == "DoesNotExist":
        return ~there
    found = np.zeros_like(there)
    for value in requirement.values:
        if value in masks:
            found |= masks[value]
    return found if requirement.operator == "In" else ~found


def bars(taint: Taint, tolerations: tuple[Toleration, ...]) -> bool:
    """Does the taint keep new work away? PreferNoSchedule never does."""
    if taint.effect == "PreferNoSchedule":
        return False
    return not any(
        each.effect in ("", taint.effect)
        and each.key in ("", taint.key)
        and (each.operator == "Exists" or each.value == taint.value)
        for each in tolerations
    )


def term_of(question: Question) -> ClusterAffinityTerm | None:
    """The affinity term in use, where the placement lists several."""
    if question.placement.cluster_affinity is not None:
        return None
    terms = question.placement.cluster_affinities
    return next((term for term in terms if term.affinity_name == question.affinity), None)


def _selected(fleet: Fleet, question: Question) -> Mask | None:
    if question.placement.cluster_affinity is not None:
        return matching(fleet, question.placement.cluster_affinity)
    term = term_of(question)
    if term is None:
        return None
    mask = matching(fleet, term)
    if question.workload:
        for more in term.overflow_affinities:
            mask = mask | matching(fleet, more)
    return mask


def rules(fleet: Fleet, question: Question) -> list[tuple[str, str, Mask]]:
    """Each rule that bars anything: its name, the reason, and the mask of clusters that pass."""
    placement = question.placement
    held = [fleet.number[name] for name in question.clusters if name in fleet.number]
    found = [("state", "it is being deleted", fleet.staying)]
    if question.allowed is not None:
        found.append(("tenant", "it is not one of the tenant's sites", _allowed(fleet, question.allowed)))
    if (selected := _selected(fleet, question)) is not None:
        found.append(("affinity", "the policy's cluster affinity does not select it", selected))
    tolerant = [not any(bars(each, placement.cluster_tolerations) for each in s) for s in fleet.taint_sets]
    if not all(tolerant):
        passing = np.array(tolerant, bool)[fleet.taint_code]
        passing[held] = True
        found.append(("taint", "it has a taint that the policy does not tolerate", passing))
    serving = fleet.serving.get((question.api_version, question.kind), fleet.none).copy()
    serving[held] = True
    found.append(("api", f"its API server does not have {question.api_version} {question.kind}", serving))
    if question.evicted_from:
        passing = np.ones(fleet.size, bool)
        passing[[fleet.number[name] for name in question.evicted_from if name in fleet.number]] = False
        found.append(("eviction", "it is being evicted from there", passing))
    if question.border is not None:
        border = matching(fleet, question.border)
        found.append(("border", "the application's data must not leave for there", border))
    if question.overloaded:
        passing = np.ones(fleet.size, bool)
        passing[[fleet.number[name] for name in question.overloaded if name in fleet.number]] = False
        passing[held] = True
        found.append(("overload", "it is overloaded and takes nothing new for now", passing))
    for spread in placement.spread_constraints:
        if spread.spread_by_field in fleet.with_field:
            reason = f"it has no {spread.spread_by_field}"
            found.append(("spread", reason, fleet.with_field[spread.spread_by_field]))
    return found


def _allowed(fleet: Fleet, selector: LabelSelector) -> Mask:
    return matching(fleet, ClusterAffinity(label_selector=selector))


def outside(fleet: Fleet, question: Question) -> bool:
    """Does it hold a cluster that its tenant may not use (any more)?"""
    if question.allowed is None:
        return False
    held = [fleet.number[name] for name in question.clusters if name in fleet.number]
    return not _allowed(fleet, question.allowed)[held].all()


def refusals(fleet: Fleet, question: Question) -> dict[str, Refusal]:
    """The first rule that bars each cluster which is barred."""
    refused: dict[str, Refusal] = {}
    for rule, reason, passing in rules(fleet, question):
        for number in np.flatnonzero(~passing):
            refused.setdefault(fleet.names[number], Refusal(rule, reason))
    return refused


def feasible(fleet: Fleet, question: Question) -> Mask:
    """Clusters that pass every rule."""
    mask = np.ones(fleet.size, bool)
    for _, _, passing in rules(fleet, question):
        mask &= passing
    return mask
