"""Which policy an application follows: the manifests, strictly read, and the placement that they ask for.

The placement's own shape is `stock_policy.py`'s. Source: policy.karmada.io/v1alpha1, PropagationPolicy and
ClusterPropagationPolicy (pkg/apis/policy/v1alpha1/propagation_types.go; which one wins: pkg/detector/compare.go), and
scheduling.k8s.io/v1, PriorityClass. A field that is not listed is refused by its name, and so is ``preemption: Always``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from fedge.core.applications.application import Application
from fedge.core.applications.objects import ClusterMetadata, LabelSelector, Metadata, Part, Raw
from fedge.core.applications.tenant import tenants_of
from fedge.core.model import AppId
from fedge.core.placement.stock_policy import StockPlacement

# --- the manifest ------------------------------------------------------------------------------------------------------------


class ResourceSelector(Part, frozen=True, kw_only=True):
    api_version: str
    kind: str
    name: str = ""
    namespace: str = ""
    label_selector: LabelSelector | None = None


class Suspension(Part, frozen=True, kw_only=True):
    """``scheduling``: what runs stays as it is, and nothing is placed. (Upstream has this field on the binding alone.)"""

    scheduling: bool | None = None
    dispatching: Any = None
    dispatching_on_clusters: Any = None


class SchedulePriority(Part, frozen=True, kw_only=True):
    priority_class_source: Literal["KubePriorityClass"]
    priority_class_name: str


class PropagationSpec(Part, frozen=True, kw_only=True):
    resource_selectors: Annotated[tuple[ResourceSelector, ...], Meta(min_length=1)]
    placement: StockPlacement = StockPlacement()
    priority: int = 0
    scheduler_name: Any = None
    propagate_deps: Any = None
    conflict_resolution: Literal["Abort", "Overwrite"] | None = None
    preemption: Literal["Never"] | None = None
    suspension: Suspension | None = None
    schedule_priority: SchedulePriority | None = None


class PropagationPolicy(Part, frozen=True, kw_only=True):
    api_version: Literal["policy.karmada.io/v1alpha1"]
    kind: Literal["PropagationPolicy"]
    metadata: Metadata
    spec: PropagationSpec
    status: Any = None


class ClusterPropagationPolicy(Part, frozen=True, kw_only=True):
    """For every namespace that has no policy of its own for the same object."""

    api_version: Literal["policy.karmada.io/v1alpha1"]
    kind: Literal["ClusterPropagationPolicy"]
    metadata: ClusterMetadata
    spec: PropagationSpec
    status: Any = None


class PriorityClass(Part, frozen=True, kw_only=True):
    """scheduling.k8s.io/v1: a number under a name; ``schedulePriority`` of a policy refers to it."""

    api_version: Literal["scheduling.k8s.io/v1"]
    kind: Literal["PriorityClass"]
    metadata: ClusterMetadata
    value: int
    global_default: Any = None
    description: str = ""
    preemption_policy: Literal["Never"] | None = None


BUILT_IN = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
"""Priority classes that every Kubernetes API server has."""

# --- the value ---------------------------------------------------------------------------------------------------------------

Division = Literal["duplicated", "aggregated", "static", "dynamic"]


class Policy(Struct, frozen=True):
    """How one application is to be spread: Karmada's placement, under the name of its policy.

    ``priority`` orders the queue, the highest first. ``allowed``: the sites of the application's tenant; None: all.
    """

    name: str = ""
    placement: StockPlacement = StockPlacement()
    suspended: bool = False
    priority: int = 0
    allowed: LabelSelector | None = None

    @property
    def division(self) -> Division:
        """Without replicaScheduling replicas are Duplicated, as in Karmada."""
        scheduling = self.placement.replica_scheduling
        if scheduling is None or scheduling.replica_scheduling_type == "Duplicated":
            return "duplicated"
        if scheduling.replica_division_preference == "Aggregated":
            return "aggregated"
        preference = scheduling.weight_preference
        return "dynamic" if preference is not None and preference.dynamic_weight else "static"


def policies_of(
    objects: Mapping[object, Raw] | Iterable[Raw], applications: Mapping[AppId, Application]
) -> dict[AppId, Policy]:
    """The policy of each application that has one: of its namespace, else a cluster-wide one.

    Of several the highest ``priority`` wins, then the closest selector (by name, by labels, all), then the
    first name.
    """
    raws = list(objects.values() if isinstance(objects, Mapping) else objects)
    own = [msgspec.convert(raw, PropagationPolicy) for raw in raws if raw["kind"] == "PropagationPolicy"]
    wide = [
        msgspec.convert(raw, ClusterPropagationPolicy)
        for raw in raws
        if raw["kind"] == "ClusterPropagationPolicy"
    ]
    values = BUILT_IN | {
        raw["metadata"]["name"]: raw["value"] for raw in raws if raw["kind"] == "PriorityClass"
    }
    tenants = tenants_of(raws)
    chosen: dict[AppId, Policy] = {}
    for app, application in applications.items():
        mine = [each for each in own if each.metadata.namespace == application.namespace]
        found = _claiming(mine, application) or _claiming(wide, application)
        if found is not None:
            tenant = tenants.get(application.namespace)
            sites = tenant.spec.sites if tenant is not None else None
            chosen[app] = _policy(found, values, sites.selector if sites is not None else None)
    return chosen


def _claiming(
    manifests: Sequence[PropagationPolicy | ClusterPropagationPolicy], application: Application
) -> PropagationPolicy | ClusterPropagationPolicy | None:
    claims = [
        (-manifest.spec.priority, -closeness, manifest.metadata.name, manifest)
        for manifest in manifests
        if (
            closeness := max(
                closeness_of(each, application.namespace, application.name, application.labels)
                for each in manifest.spec.resource_selectors
            )
        )
    ]
    return min(claims, key=lambda claim: claim[:3])[3] if claims else None


def _policy(
    manifest: PropagationPolicy | ClusterPropagationPolicy,
    values: Mapping[str, int],
    allowed: LabelSelector | None,
) -> Policy:
    asked, suspension = manifest.spec.schedule_priority, manifest.spec.suspension
    return Policy(
        manifest.metadata.name,
        manifest.spec.placement,
        suspended=suspension is not None and suspension.scheduling is True,
        priority=values.get(asked.priority_class_name, 0) if asked is not None else 0,
        allowed=allowed,
    )


def closeness_of(selector: ResourceSelector, namespace: str, name: str, labels: Mapping[str, str]) -> int:
    """How closely a selector is about a Deployment. 0: not at all; 1: all of its kind, 2: by labels, 3: by name.

    Source: pkg/util/selector.go, ResourceSelectorPriority.
    """
    if selector.kind != "Deployment" or selector.namespace not in ("", namespace):
        return 0
    if selector.name:
        return 3 if selector.name == name else 0
    if selector.label_selector is None or selector.label_selector.empty:
        return 1
    return 2 if selector.label_selector.matches(labels) else 0
