"""Which PropagationPolicy an application follows: its manifest, strictly read, and the placement that it asks for.

The placement's own shape is `stock_policy.py`'s. Source: policy.karmada.io/v1alpha1, PropagationPolicy
(pkg/apis/policy/v1alpha1/propagation_types.go). A field that is not listed is refused by its name, and so is
``preemption: Always``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from fedge.core.applications.application import Application
from fedge.core.applications.objects import LabelSelector, Metadata, Part, Raw
from fedge.core.model import AppId
from fedge.core.placement.stock_policy import StockPlacement

# --- the manifest ------------------------------------------------------------------------------------------------------------


class ResourceSelector(Part, frozen=True, kw_only=True):
    api_version: str
    kind: str
    name: str = ""
    namespace: str = ""
    label_selector: LabelSelector | None = None


class PropagationSpec(Part, frozen=True, kw_only=True):
    resource_selectors: Annotated[tuple[ResourceSelector, ...], Meta(min_length=1)]
    placement: StockPlacement = StockPlacement()
    priority: int = 0
    scheduler_name: Any = None
    propagate_deps: Any = None
    conflict_resolution: Any = None
    preemption: Literal["Never"] | None = None


class PropagationPolicy(Part, frozen=True, kw_only=True):
    api_version: Literal["policy.karmada.io/v1alpha1"]
    kind: Literal["PropagationPolicy"]
    metadata: Metadata
    spec: PropagationSpec
    status: Any = None


# --- the value ---------------------------------------------------------------------------------------------------------------

Division = Literal["duplicated", "aggregated", "static", "dynamic"]


class Policy(Struct, frozen=True):
    """How one application is to be spread: Karmada's placement, under the name of its policy."""

    name: str = ""
    placement: StockPlacement = StockPlacement()

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
    """The policy of each application that has one.

    Of several the highest ``priority`` wins, then the closest selector (by name, by labels, all), then the
    first name.
    """
    raws = objects.values() if isinstance(objects, Mapping) else objects
    manifests = [
        msgspec.convert(raw, PropagationPolicy) for raw in raws if raw["kind"] == "PropagationPolicy"
    ]
    chosen: dict[AppId, Policy] = {}
    for app, application in applications.items():
        claims = [
            (-manifest.spec.priority, -closeness, manifest.metadata.name, manifest)
            for manifest in manifests
            if manifest.metadata.namespace == application.namespace
            and (closeness := max(_closeness(s, application) for s in manifest.spec.resource_selectors))
        ]
        if claims:
            manifest = min(claims, key=lambda claim: claim[:3])[3]
            chosen[app] = Policy(manifest.metadata.name, manifest.spec.placement)
    return chosen


def _closeness(selector: ResourceSelector, application: Application) -> int:
    """0: does not select it; 1: all of its kind, 2: by labels, 3: by name."""
    if selector.kind != "Deployment" or selector.namespace not in ("", application.namespace):
        return 0
    if selector.name:
        return 3 if selector.name == application.name else 0
    if selector.label_selector is None or selector.label_selector.empty:
        return 1
    return 2 if selector.label_selector.matches(application.labels) else 0
