"""What the scheduler hears, and what it asks its shell to do. Plain values."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from fedge.core.applications import QoSSpec
from fedge.core.applications.objects import LabelSelector
from fedge.core.placement import Cluster, Picture
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


class PolicySeen(Struct, frozen=True):
    """A QoSPolicy. ``spec`` None: it cannot be read; then nothing of it is followed, and the binding is told ``trouble``."""

    key: BindingKey
    spec: QoSSpec | None
    target: str = ""
    trouble: str = ""


class PolicyGone(Struct, frozen=True):
    key: BindingKey


class FiguresSeen(Struct, frozen=True):
    """What the control plane counts now: live sessions by cluster and application (namespace, name), and where the players are.

    ``picture`` is settled (`core/placement/demand.py`): a new one means that placements are to be held against it.
    """

    sessions: dict[str, dict[tuple[str, str], int]]
    picture: Picture = Picture()
    overloaded: frozenset[str] = frozenset()


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
    uid: str
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
    ClusterSeen
    | ClusterGone
    | BindingSeen
    | BindingGone
    | TenantSeen
    | TenantGone
    | PolicySeen
    | PolicyGone
    | FiguresSeen
    | Written
)
