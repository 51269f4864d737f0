"""What the scheduler hears, and what it asks its shell to do. Plain values."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from fedge.core.applications.objects import LabelSelector
from fedge.core.placement import Cluster
from fedge.core.scheduling.binding import Binding, BindingKey


class ClusterSeen(Struct, frozen=True):
    cluster: Cluster


class ClusterGone(Struct, frozen=True):
    name: str


class BindingSeen(Struct, frozen=True):
    binding: Binding


class BindingGone(Struct, frozen=True):
    key: BindingKey


class TenantSeen(Struct, frozen=True):
    """The clusters that bindings of the tenant's namespace may use, by their labels; None: every one."""

    namespace: str
    allowed: LabelSelector | None


class TenantGone(Struct, frozen=True):
    namespace: str


class FiguresSeen(Struct, frozen=True):
    """Live sessions by cluster and application (namespace, name), as the control plane counts them now."""

    sessions: dict[str, dict[tuple[str, str], int]]


class Written(Struct, frozen=True):
    """What became of a ``Write``. ``outcome``: done, conflict (somebody else wrote; the watch brings it), gone, failed."""

    key: BindingKey
    outcome: str
    reason: str = ""


class Write(Struct, frozen=True):
    """One decision, as two patches: spec (where ``clusters`` is not None), then status. The binding must still be ``version``.

    ``tasks``: the whole list spec.gracefulEvictionTasks, or None to leave it.
    """

    key: BindingKey
    version: str
    generation: int
    clusters: dict[str, int] | None
    placement: str
    tasks: tuple[dict[str, Any], ...] | None
    explanation: str
    scheduled: bool
    reason: str
    message: str
    affinity: str
    """the affinity term in use, where the placement lists several"""
    conditions: tuple[dict[str, Any], ...]


Event = (
    ClusterSeen | ClusterGone | BindingSeen | BindingGone | TenantSeen | TenantGone | FiguresSeen | Written
)
