"""A Tenant (fedge.dev/v1alpha1, cluster-wide): the namespace of its name, how much it may use, and at which sites.

A namespace without a Tenant is the operator's own and has no bounds. `api/manifest_checks.py` and `core/control/tenancy.py`
hold applications and sessions against the quota; placement holds sites against ``spec.sites``
(`core/placement/filters.py`). The same file is a custom resource on Karmada.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from fedge.core.applications.application import Application
from fedge.core.applications.objects import ClusterMetadata, LabelSelector, Name, Part, Raw, Requirement
from fedge.core.applications.quantity import Quantity, cpu_millis, memory_bytes
from fedge.core.model import SITE_LABEL

Count = Annotated[int, Meta(ge=0)]


class Quota(Part, frozen=True, kw_only=True):
    """The most that all applications of the namespace may use together; None: no bound. cpu and memory are requests."""

    replicas: Count | None = None
    cpu: Quantity | None = None
    memory: Quantity | None = None
    sessions: Count | None = None


class AllowedSites(Part, frozen=True, kw_only=True):
    """Sites by name (if any are named) and by labels, less those excluded; all that is said must hold."""

    names: tuple[Name, ...] = ()
    exclude: tuple[Name, ...] = ()
    label_selector: LabelSelector | None = None

    @property
    def selector(self) -> LabelSelector:
        """The same as one selector over a site's labels."""
        more = self.label_selector or LabelSelector()
        named = (Requirement(key=SITE_LABEL, operator="In", values=self.names),) if self.names else ()
        kept = (Requirement(key=SITE_LABEL, operator="NotIn", values=self.exclude),) if self.exclude else ()
        return LabelSelector(
            match_labels=more.match_labels, match_expressions=(*more.match_expressions, *named, *kept)
        )


class TenantSpec(Part, frozen=True, kw_only=True):
    """``sites`` None: every site is allowed. ``attach`` proof: who attaches must prove which device it is."""

    quota: Quota = Quota()
    sites: AllowedSites | None = None
    attach: Literal["token", "proof"] = "token"


class Tenant(Part, frozen=True, kw_only=True):
    api_version: Literal["fedge.dev/v1alpha1"]
    kind: Literal["Tenant"]
    metadata: ClusterMetadata
    spec: TenantSpec = TenantSpec()
    status: Any = None


class Use(Struct, frozen=True):
    """What some copies of applications ask for together."""

    replicas: int = 0
    cpu_millis: int = 0
    memory_bytes: int = 0

    def __add__(self, other: Use) -> Use:
        return Use(
            self.replicas + other.replicas,
            self.cpu_millis + other.cpu_millis,
            self.memory_bytes + other.memory_bytes,
        )


def use_of(application: Application, copies: int) -> Use:
    """Of ``copies`` copies of it."""
    one = application.template
    return Use(copies, copies * one.cpu_millis, copies * one.memory_bytes)


def exceeded(quota: Quota, use: Use) -> tuple[str, str] | None:
    """(which figure of the quota, used and allowed in words) for the first that ``use`` exceeds; None: it fits."""
    if quota.replicas is not None and use.replicas > quota.replicas:
        return "replicas", f"{use.replicas} replicas, {quota.replicas} allowed"
    if quota.cpu is not None and use.cpu_millis > (allowed := cpu_millis(quota.cpu)):
        return "cpu", f"{use.cpu_millis}m of CPU, {allowed}m allowed"
    if quota.memory is not None and use.memory_bytes > (allowed := memory_bytes(quota.memory)):
        return "memory", f"{use.memory_bytes} bytes of memory, {allowed} allowed"
    return None


def tenants_of(objects: Iterable[Raw]) -> dict[str, Tenant]:
    """Every Tenant of the accepted objects, by the namespace that it governs."""
    tenants = [msgspec.convert(raw, Tenant) for raw in objects if raw["kind"] == "Tenant"]
    return {tenant.metadata.name: tenant for tenant in tenants}


NOWHERE = LabelSelector(match_expressions=(Requirement(key=SITE_LABEL, operator="In"),))


def allowed_of(raw: Raw) -> LabelSelector | None:
    """Of a Tenant as an API server has it, the sites that it may use; None: all. One that cannot be read may use none."""
    try:
        sites = msgspec.convert(raw, Tenant).spec.sites
    except msgspec.ValidationError:
        return NOWHERE
    return sites.selector if sites is not None else None
