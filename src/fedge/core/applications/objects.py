"""What every manifest has in common: who an object is, its metadata, and how a selector finds it.

The shapes are Kubernetes' (API conventions: metadata, LabelSelector), read strictly: a field that is not
listed is refused by name. `deployment.py`, `service.py`, `qos.py` and `core/placement/policy.py` build on
it; `api/manifests.py` reports what is wrong with the path of the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from msgspec import Meta, Struct

Raw = Mapping[str, Any]
"""An object as it was written: decoded JSON or YAML."""

NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
"""DNS-1123 subdomain, as Kubernetes names its objects."""

Name = Annotated[str, Meta(pattern=NAME, max_length=253)]

CLUSTER_WIDE = frozenset({"Tenant", "ClusterPropagationPolicy", "ClusterOverridePolicy", "PriorityClass"})
"""Kinds that are in no namespace; their objects' is empty."""


class ObjectKey(NamedTuple):
    """By this the control plane stores an object."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        name = self.name if self.namespace in ("", "default") else f"{self.namespace}/{self.name}"
        return f"{self.kind}/{name}"


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Base of every piece of a manifest: camel case outside, snake case inside, unknown fields refused."""


class ClusterMetadata(Part, frozen=True, kw_only=True):
    """``metadata`` of what is in no namespace. The fields typed ``Any`` are what an API server fills in: accepted, so
    that its output can be applied.
    """

    name: Name
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    uid: Any = None
    resource_version: Any = None
    generation: Any = None
    creation_timestamp: Any = None
    managed_fields: Any = None


class Metadata(ClusterMetadata, frozen=True, kw_only=True):
    """``metadata`` of what is in a namespace."""

    namespace: Name = "default"


class Requirement(Part, frozen=True, kw_only=True):
    """One of a selector's ``matchExpressions``."""

    key: str
    operator: Annotated[str, Meta(pattern="^(In|NotIn|Exists|DoesNotExist)$")]
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        if self.operator == "In":
            return labels.get(self.key) in self.values
        if self.operator == "NotIn":
            return labels.get(self.key) not in self.values
        return (self.key in labels) == (self.operator == "Exists")


class LabelSelector(Part, frozen=True, kw_only=True):
    """Labels that must all be there; an empty selector matches everything."""

    match_labels: dict[str, str] = {}
    match_expressions: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        return all(labels.get(key) == value for key, value in self.match_labels.items()) and all(
            requirement.matches(labels) for requirement in self.match_expressions
        )

    @property
    def empty(self) -> bool:
        return not self.match_labels and not self.match_expressions


def key_of(raw: Raw) -> ObjectKey:
    """Who the object is. It must have been read before: a missing name is a ``KeyError``."""
    return ObjectKey(raw["kind"], namespace_of(raw), raw["metadata"]["name"])


def namespace_of(raw: Raw) -> str:
    """The namespace that the object is in: ``default`` where it names none, empty for a cluster-wide kind."""
    return "" if raw["kind"] in CLUSTER_WIDE else raw["metadata"].get("namespace") or "default"
