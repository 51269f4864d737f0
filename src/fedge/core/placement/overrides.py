"""OverridePolicy and ClusterOverridePolicy: how the manifest of an application differs from site to site.

`overriders.py` changes one object; here is which overrides select it, in which order, and at which sites. On the embedded
engine the control plane applies them before it orders instances; on Karmada its controllers do. Source:
policy.karmada.io/v1alpha1 (override_types.go) and pkg/util/overridemanager/overridemanager.go: cluster-wide policies first,
then those of the namespace; the loosest selector first, then by name; so the closest one has the last word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

from fedge.core.applications.application import template_of
from fedge.core.applications.deployment import Deployment
from fedge.core.applications.objects import ClusterMetadata, Metadata, ObjectKey, Part, Raw, key_of
from fedge.core.placement.filters import matching
from fedge.core.placement.fleet import Fleet
from fedge.core.placement.overriders import Object, Overriders, Unfit, overridden
from fedge.core.placement.policy import ResourceSelector, closeness_of
from fedge.core.placement.question import Cluster
from fedge.core.placement.stock_policy import ClusterAffinity


class OverrideRule(Part, frozen=True, kw_only=True):
    overriders: Overriders
    target_cluster: ClusterAffinity | None = None


class OverrideSpec(Part, frozen=True, kw_only=True):
    """``target_cluster`` and ``overriders`` were deprecated by Karmada 1.0; the embedded engine reads ``override_rules``."""

    resource_selectors: tuple[ResourceSelector, ...] = ()
    override_rules: tuple[OverrideRule, ...] = ()
    target_cluster: Any = None
    overriders: Any = None


class OverridePolicy(Part, frozen=True, kw_only=True):
    api_version: Literal["policy.karmada.io/v1alpha1"]
    kind: Literal["OverridePolicy"]
    metadata: Metadata
    spec: OverrideSpec


class ClusterOverridePolicy(Part, frozen=True, kw_only=True):
    api_version: Literal["policy.karmada.io/v1alpha1"]
    kind: Literal["ClusterOverridePolicy"]
    metadata: ClusterMetadata
    spec: OverrideSpec


SHAPES = {"OverridePolicy": OverridePolicy, "ClusterOverridePolicy": ClusterOverridePolicy}


class Override(Struct, frozen=True):
    """One rule of a policy. ``where``: the path of its overriders in the policy's manifest."""

    policy: ObjectKey
    where: str
    target: ClusterAffinity | None
    overriders: Overriders


class Misfit(Exception):
    """An override cannot be carried out, or what it makes is no valid Deployment."""

    def __init__(self, override: Override, field: str, message: str) -> None:
        self.policy, self.field, self.message = (
            override.policy,
            f"{override.where}.{field}".rstrip("."),
            message,
        )
        super().__init__(f"{self.policy}: {self.field}: {message}")


def overrides_of(objects: Iterable[Raw], deployment: Raw) -> list[Override]:
    """The rules that select the Deployment, in the order in which they apply."""
    namespace, metadata = key_of(deployment).namespace, deployment["metadata"]
    found: list[tuple[bool, int, str, list[Override]]] = []
    for raw in objects:
        if raw["kind"] not in SHAPES:
            continue
        key, spec = key_of(raw), msgspec.convert(raw["spec"], OverrideSpec)
        if key.namespace not in ("", namespace):
            continue
        closeness = max(
            closeness_of(each, namespace, metadata["name"], metadata.get("labels") or {})
            for each in spec.resource_selectors or (EVERY_DEPLOYMENT,)
        )
        if closeness:
            rules = [
                Override(
                    key, f"spec.overrideRules[{number}].overriders", rule.target_cluster, rule.overriders
                )
                for number, rule in enumerate(spec.override_rules)
            ]
            found.append((bool(key.namespace), closeness, key.name, rules))
    found.sort(key=lambda each: each[:3])
    return [rule for *_, rules in found for rule in rules]


EVERY_DEPLOYMENT = ResourceSelector(api_version="apps/v1", kind="Deployment")


def selected(overrides: Iterable[Override], site: str, labels: Mapping[str, str]) -> list[Override]:
    """Those that are for this site."""
    fleet = Fleet([Cluster(site, labels)])
    return [each for each in overrides if each.target is None or matching(fleet, each.target)[0]]


def applied(deployment: Raw, overrides: Iterable[Override]) -> Deployment:
    """The Deployment after all of them. Raises ``Misfit`` with the override that broke it."""
    raw: Object = dict(deployment)
    read = msgspec.convert(raw, Deployment)
    trouble: Misfit | None = None
    for each in overrides:
        try:
            raw = overridden(raw, each.overriders)
        except Unfit as error:
            raise Misfit(each, error.field, error.message) from None
        try:
            read = msgspec.convert(raw, Deployment)
            template_of(read)
            trouble = None if read.container.command else _misfit(each, deployment, "it has no command left")
        except (msgspec.ValidationError, ValueError) as error:
            trouble = trouble or _misfit(each, deployment, str(error))
    if trouble is not None:
        raise trouble
    return read


def _misfit(override: Override, deployment: Raw, why: str) -> Misfit:
    return Misfit(override, "", f"makes {key_of(deployment)} invalid: {why}")
