"""What is wrong with a propagation policy: what Karmada's webhook would refuse, and what neither its scheduler nor Fedge does.

`manifests.py` asks; the shapes are `core/placement/policy.py` and `stock_policy.py`. Source: Karmada's
pkg/util/validation/validation.go.
"""

from __future__ import annotations

from collections.abc import Mapping

from fedge.api.manifest_checks import FieldError
from fedge.core.applications.objects import ObjectKey
from fedge.core.placement.policy import BUILT_IN, ClusterPropagationPolicy, PriorityClass, PropagationPolicy
from fedge.core.placement.stock_policy import StockPlacement

AnyPolicy = PropagationPolicy | ClusterPropagationPolicy
SELECTABLE = {"Deployment": "apps/v1", "Service": "v1", "QoSPolicy": "fedge.dev/v1alpha1"}


def alone(manifest: object, engine: str) -> None:
    """Rules within one policy. Raises ``FieldError``."""
    if isinstance(manifest, AnyPolicy):
        _propagation(manifest, engine)


def together(key: ObjectKey, manifest: object, objects: Mapping[ObjectKey, object], engine: str) -> None:
    """Rules between a policy and ``objects``, all as they would be. Raises ``FieldError``."""
    if isinstance(manifest, AnyPolicy):
        _propagates(key, manifest, objects)
        _prioritises(manifest, objects, engine)


def _propagation(policy: AnyPolicy, engine: str) -> None:
    own = policy.metadata.namespace if isinstance(policy, PropagationPolicy) else None
    for number, selector in enumerate(policy.spec.resource_selectors):
        path = f"spec.resourceSelectors[{number}]"
        if selector.kind not in SELECTABLE:
            raise FieldError(f"{path}.kind", f"Fedge propagates {', '.join(SELECTABLE)}, not {selector.kind}")
        if selector.api_version != SELECTABLE[selector.kind]:
            expected = SELECTABLE[selector.kind]
            raise FieldError(
                f"{path}.apiVersion", f"must be {expected} for {selector.kind}, not {selector.api_version}"
            )
        if own is not None and selector.namespace not in ("", own):
            raise FieldError(f"{path}.namespace", f"must be the policy's own, {own}")
    placement = policy.spec.placement
    _spreads(placement)
    _affinities(placement)
    for number, toleration in enumerate(placement.cluster_tolerations):
        path = f"spec.placement.clusterTolerations[{number}]"
        if not toleration.key and toleration.operator != "Exists":
            raise FieldError(f"{path}.operator", "must be Exists where the key is empty")
        if toleration.operator == "Exists" and toleration.value:
            raise FieldError(f"{path}.value", "must be empty where the operator is Exists")
    _scheduling(placement)
    suspension = policy.spec.suspension
    if engine == "embedded" and suspension is not None:
        for name, value in (
            ("dispatching", suspension.dispatching),
            ("dispatchingOnClusters", suspension.dispatching_on_clusters),
        ):
            if value is not None:
                raise FieldError(
                    f"spec.suspension.{name}", "is for Karmada; the embedded engine knows scheduling"
                )


def _spreads(placement: StockPlacement) -> None:
    """Karmada's webhook wants a cluster constraint beside any other; its scheduler spreads over clusters and regions only."""
    fields = [each.spread_by_field for each in placement.spread_constraints]
    for number, spread in enumerate(placement.spread_constraints):
        path = f"spec.placement.spreadConstraints[{number}]"
        if spread.max_groups and spread.max_groups < spread.min_groups:
            raise FieldError(
                f"{path}.maxGroups", f"{spread.max_groups} is less than minGroups, {spread.min_groups}"
            )
        if spread.spread_by_field in fields[:number]:
            raise FieldError(
                f"{path}.spreadByField", f"{spread.spread_by_field} is constrained above already"
            )
        if "cluster" not in fields:
            raise FieldError(
                f"{path}.spreadByField", f"{spread.spread_by_field} needs a constraint by cluster beside it"
            )


def _affinities(placement: StockPlacement) -> None:
    """Karmada's webhook refuses both kinds together, and two terms of one name."""
    if placement.cluster_affinity is not None and placement.cluster_affinities:
        raise FieldError(
            "spec.placement.clusterAffinities", "is given together with clusterAffinity: choose one"
        )
    names = [term.affinity_name for term in placement.cluster_affinities]
    for number, name in enumerate(names):
        if name in names[:number]:
            path = f"spec.placement.clusterAffinities[{number}].affinityName"
            raise FieldError(path, f"{name!r} is the name of an earlier term too")


def _scheduling(placement: StockPlacement) -> None:
    scheduling = placement.replica_scheduling
    if scheduling is None:
        return
    path = "spec.placement.replicaScheduling"
    preference = scheduling.weight_preference
    if scheduling.replica_scheduling_type == "Duplicated":
        if scheduling.replica_division_preference:
            raise FieldError(
                f"{path}.replicaDivisionPreference", "is for Divided replicas; these are Duplicated"
            )
    elif not scheduling.replica_division_preference:
        raise FieldError(
            f"{path}.replicaDivisionPreference", "must be Aggregated or Weighted where replicas are Divided"
        )
    if preference is None:
        return
    if scheduling.replica_division_preference != "Weighted":
        raise FieldError(f"{path}.weightPreference", "is for replicaDivisionPreference Weighted")
    if preference.static_weight_list and preference.dynamic_weight:
        raise FieldError(
            f"{path}.weightPreference.dynamicWeight", "is given together with staticWeightList: choose one"
        )


def _propagates(
    key: ObjectKey,
    policy: AnyPolicy,
    objects: Mapping[ObjectKey, object],
) -> None:
    for number, selector in enumerate(policy.spec.resource_selectors):
        namespace = key.namespace or selector.namespace
        there = any(
            (other.kind, other.name) == (selector.kind, selector.name) and namespace in ("", other.namespace)
            for other in objects
        )
        if selector.name and not there:
            path = f"spec.resourceSelectors[{number}].name"
            where = namespace or "any namespace"
            raise FieldError(path, f"there is no {selector.kind} {selector.name!r} in {where}")


def _prioritises(policy: AnyPolicy, objects: Mapping[ObjectKey, object], engine: str) -> None:
    """Karmada's API server may have priority classes that were not applied here."""
    asked = policy.spec.schedule_priority
    if asked is None or engine != "embedded" or asked.priority_class_name in BUILT_IN:
        return
    name = asked.priority_class_name
    if not any(isinstance(each, PriorityClass) and each.metadata.name == name for each in objects.values()):
        raise FieldError("spec.schedulePriority.priorityClassName", f"there is no PriorityClass {name!r}")
