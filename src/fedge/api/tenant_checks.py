"""What is wrong with a Tenant, and which applied Deployment asks for more than its namespace's Tenant allows.

Counted is what Deployments declare: their replicas, and requests times replicas. Where a policy duplicates them over several
sites placement counts again (`core/control/tenancy.py`). Source of the rule that a bounded resource must be asked for:
Kubernetes ResourceQuota.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fedge.api.manifest_checks import CONTAINER, RESOURCES, FieldError
from fedge.core.applications.application import Application, app_id, applications_of
from fedge.core.applications.objects import ObjectKey, Raw
from fedge.core.applications.quantity import NotAQuantity
from fedge.core.applications.tenant import Quota, Tenant, Use, exceeded, tenants_of, use_of
from fedge.core.model import AppId

FIELDS = {
    "replicas": "spec.replicas",
    "cpu": f"{CONTAINER}.resources.requests.cpu",
    "memory": f"{CONTAINER}.resources.requests.memory",
}
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


def beyond_quota(
    before: Mapping[ObjectKey, Raw], after: Mapping[ObjectKey, Raw], applied: Sequence[ObjectKey]
) -> Iterator[tuple[ObjectKey, str, str]]:
    """(Deployment, field, message) of each applied Deployment that grows beyond the quota. What is there already stays."""
    tenants = tenants_of(after.values())
    if not tenants:
        return
    was, will = applications_of(before.values()), applications_of(after.values())
    for key in applied:
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
    figure = {"replicas": "replicas", "cpu": "cpu_millis", "memory": "memory_bytes"}[which]
    return bool(getattr(after, figure) > getattr(before, figure))
