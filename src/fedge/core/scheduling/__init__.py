"""The federation scheduler: which cluster runs how many replicas of each of Karmada's bindings."""

from fedge.core.scheduling.binding import (
    Binding,
    BindingKey,
    EvictionTask,
    read_binding,
)
from fedge.core.scheduling.events import (
    BindingGone,
    BindingSeen,
    ClusterGone,
    ClusterSeen,
    FiguresSeen,
    PolicyGone,
    PolicySeen,
    TenantGone,
    TenantSeen,
    Write,
    Written,
)
from fedge.core.scheduling.scheduler import Scheduler, SchedulerSettings

__all__ = [
    "Binding",
    "BindingGone",
    "BindingKey",
    "BindingSeen",
    "ClusterGone",
    "ClusterSeen",
    "EvictionTask",
    "FiguresSeen",
    "PolicyGone",
    "PolicySeen",
    "Scheduler",
    "SchedulerSettings",
    "TenantGone",
    "TenantSeen",
    "Write",
    "Written",
    "read_binding",
]
