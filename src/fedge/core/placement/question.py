"""What a scheduler is asked, and what it answers: values only, named as Karmada's bindings and clusters name them.

`read.py` makes them of objects as an API server has them, `fleet.py` turns clusters into arrays, `decide.py`
answers. Source: work.karmada.io/v1alpha2 ResourceBindingSpec, cluster.karmada.io/v1alpha1 Cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from fedge.core.applications.objects import LabelSelector
from fedge.core.placement.facts import Taint
from fedge.core.placement.stock_policy import ClusterAffinity, StockPlacement

Amounts = Mapping[str, int]
"""By resource name: thousandths of a CPU for ``cpu``, whole units (bytes, pods) for the rest."""

Failure = Literal["", "NoClusterFit", "Unschedulable", "SchedulerError"]
"""The reason of a binding's condition ``Scheduled``; empty: Success."""


class Grade(Struct, frozen=True):
    """Nodes of one kind: how many, and what each can surely hold (the lower ends of its ranges)."""

    nodes: int
    holds: Amounts


class Cluster(Struct, frozen=True):
    """A member cluster. ``free``: allocatable less allocated and allocating; None: it reports no summary."""

    name: str
    labels: Mapping[str, str] = {}
    provider: str = ""
    region: str = ""
    zones: tuple[str, ...] = ()
    taints: tuple[Taint, ...] = ()
    serves: frozenset[tuple[str, str]] = frozenset()
    """(apiVersion, kind) of what its API server has"""
    free: Amounts | None = None
    grades: tuple[Grade, ...] = ()
    """its resource models with nodes counted; empty: estimate by ``free`` alone"""
    leaving: bool = False
    """it is being deleted"""


class Wanted(Struct, frozen=True):
    """What the application's QoS asks of a placement, with the figures that tell. `serve.py` answers it.

    ``players``: the weight of each population; ``rtt_ms``: by cluster, then population, expected round trips in ms.
    """

    objective_ms: float
    percentile: float
    players: Mapping[str, float]
    rtt_ms: Mapping[str, Mapping[str, float]]
    standby_sites: int = 0


class Question(Struct, frozen=True):
    """One binding. ``requests`` None: the object has no replicas' requirements (a Service, a ConfigMap)."""

    uid: str
    api_version: str
    kind: str
    replicas: int
    requests: Amounts | None
    placement: StockPlacement
    clusters: Mapping[str, int] = {}
    """where it is now, in the order of the binding"""
    evicted_from: frozenset[str] = frozenset()
    fresh: bool = False
    """rescheduling was asked for: divide anew"""
    affinity: str = ""
    """status.schedulerObservingAffinityName"""
    components: int = 0
    keep_empty: bool = False
    """stock's --enable-empty-workload-propagation"""
    allowed: LabelSelector | None = None
    """clusters that the namespace's tenant may use, by their labels; None: every one"""
    wanted: Wanted | None = None
    """QoS; this and the next three as they are here decide as the stock scheduler"""
    may_move: bool = True
    """players or clusters changed since it was last decided; else what is placed does not move for the objective's sake"""
    border: ClusterAffinity | None = None
    """where the application's data may be"""
    overloaded: frozenset[str] = frozenset()
    """clusters that take nothing new for now"""

    @property
    def workload(self) -> bool:
        return self.replicas > 0 or self.requests is not None or self.components > 0


class Decision(Struct, frozen=True):
    """``clusters`` None: leave the binding's clusters as they are."""

    clusters: dict[str, int] | None
    failure: Failure = ""
    message: str = ""
    affinity: str = ""
    """the name of the affinity term that was used"""
    within: float | None = None
    """share of the players that are expected within their objective, 0 to 1; None: nobody asked"""
