"""What is wrong with a Tenant, and which applied Deployment asks for more than its namespace's Tenant allows.

Counted is what Deployments declare: their replicas, and requests times replicas. Where a policy duplicates them over several
sites placement counts again (`core/control/tenancy.py`). Source of the rule that a bounded resource must be asked for:
Kubernetes ResourceQuota.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import msgspec

from fedge.api.manifest_checks import CONTAINER, RESOURCES, FieldError
from fedge.core.applications.application import Application, app_id, applications_of, template_of
from fedge.core.applications.deployment import Deployment
from fedge.core.applications.objects import ObjectKey, Raw
from fedge.core.applications.quantity import NotAQuantity
from fedge.core.applications.tenant import Quota, Tenant, Use, exceeded, tenants_of, use_of
from fedge.core.model import AppId
from fedge.core.placement.overrides import Misfit, applied, overrides_of
from fedge.core.scheduling import SchedulerSettings

FIELDS = {
    "replicas": "spec.replicas",
    "cpu": f"{CONTAINER}.resources.requests.cpu",
    "memory": f"{CONTAINER}.resources.requests.memory",
}
FIGURES = {"replicas": "replicas", "cpu": "cpu_millis", "memory": "memory_bytes"}
"""Figures of a quota as `Use` has them."""

Applications = Mapping[AppId, Application]


def alone(manifest: object) -> None:
    """Rules within one Tenant. Raises ``FieldError``."""
    if not isinstance(manifest, Tenant):
        return
    if "." in manifest.metadata.name:
        raise FieldError("metadata.name", "is the name of a namespace: no dots")
    for name, amount in (("cpu", manifest.spec.quota.cpu), ("memory", manifest.spec.quota.memory)):
        if amount is not None:
            try:
                RESOURCES[name](amount)
            except NotAQuantity as error:
                raise FieldError(f"spec.quota.{name}", str(error)) from None


def scheduled_elsewhere(
    after: Mapping[ObjectKey, Raw], fresh: Collection[ObjectKey]
) -> Iterator[tuple[ObjectKey, str, str]]:
    """(policy, field, message) where on Karmada another scheduler would place it: one that does not know the tenant's sites."""
    bounded = {name for name, tenant in tenants_of(after.values()).items() if tenant.spec.sites is not None}
    ours = SchedulerSettings().name
    for key, raw in after.items():
        concerned = key in fresh or ObjectKey("Tenant", "", key.namespace) in fresh
        if key.kind == "PropagationPolicy" and key.namespace in bounded and concerned:
            named = raw["spec"].get("schedulerName", ours)
            if named != ours:
                said = (
                    f"must be {ours}, not {named}: it alone keeps {key.namespace} to its Tenant's spec.sites"
                )
                yield key, "spec.schedulerName", said


def raised_by_overrides(
    after: Mapping[ObjectKey, Raw], fresh: Collection[ObjectKey]
) -> Iterator[tuple[ObjectKey, str, str]]:
    """(override, field, message) of each that makes a Deployment ask for more than is counted where its Tenant has a quota."""
    tenants = tenants_of(after.values())
    for key, raw in after.items():
        if key.kind != "Deployment" or key.namespace not in tenants:
            continue
        quota = tenants[key.namespace].spec.quota
        bounded = {name for name in FIGURES if getattr(quota, name) is not None}
        counted = _asked(msgspec.convert(raw, Deployment))
        for each in overrides_of(after.values(), raw):
            if not {key, each.policy, ObjectKey("Tenant", "", key.namespace)} & set(fresh):
                continue
            try:
                asked = _asked(applied(raw, [each]))
            except Misfit:
                continue
            for name in sorted(bounded):
                if getattr(asked, FIGURES[name]) > getattr(counted, FIGURES[name]):
                    said = f"raises what {key} asks for; {key.namespace}'s quota of {name} counts the Deployment itself"
                    yield each.policy, each.where, said


def _asked(deployment: Deployment) -> Use:
    template, count = template_of(deployment), deployment.spec.replicas
    return Use(count, count * template.cpu_millis, count * template.memory_bytes)


def beyond_quota(
    before: Mapping[ObjectKey, Raw], after: Mapping[ObjectKey, Raw], fresh: Collection[ObjectKey]
) -> Iterator[tuple[ObjectKey, str, str]]:
    """(Deployment, field, message) of each applied Deployment that grows beyond the quota. What is there already stays."""
    tenants = tenants_of(after.values())
    if not tenants:
        return
    was, will = applications_of(before.values()), applications_of(after.values())
    for key in fresh:
        tenant = tenants.get(key.namespace)
        if key.kind != "Deployment" or tenant is None:
            continue
        app = app_id(key.namespace, key.name)
        yield from _unbounded(key, will[app], tenant.spec.quota)
        found = exceeded(tenant.spec.quota, _used(will, key.namespace))
        if found is not None and _grows(found[0], was.get(app), will[app]):
            which, said = found
            yield (
                key,
                FIELDS[which],
                f"{key.namespace} would use {said} by its Tenant's spec.quota.{which}",
            )


def _unbounded(
    key: ObjectKey, application: Application, quota: Quota
) -> Iterator[tuple[ObjectKey, str, str]]:
    asked = {"cpu": application.template.cpu_millis, "memory": application.template.memory_bytes}
    for name, bound in (("cpu", quota.cpu), ("memory", quota.memory)):
        if bound is not None and not asked[name]:
            yield (
                key,
                FIELDS[name],
                f"is required: {key.namespace}'s Tenant bounds {name} (spec.quota.{name})",
            )


def _used(applications: Applications, namespace: str) -> Use:
    mine = [each for each in applications.values() if each.namespace == namespace]
    return sum((use_of(each, each.replicas) for each in mine), Use())


def _grows(which: str, was: Application | None, will: Application) -> bool:
    before = use_of(was, was.replicas) if was is not None else Use()
    after = use_of(will, will.replicas)
    return bool(getattr(after, FIGURES[which]) > getattr(before, FIGURES[which]))
