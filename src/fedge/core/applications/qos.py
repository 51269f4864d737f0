"""A QoSPolicy (fedge.dev/v1alpha1): what a Kubernetes object cannot say about a game.

How fast it must answer for how many of which players, where its data may be, what it keeps in hand, what state a session has,
and whether that state follows its player. It is Fedge's own kind: on Karmada a custom resource, here read from the same file.
"""

from __future__ import annotations

from math import isfinite
from typing import Annotated, Any, Literal

from msgspec import Meta

from fedge.core.applications.objects import LabelSelector, Metadata, Name, Part

Milliseconds = Annotated[float, Meta(gt=0)]


class TargetRef(Part, frozen=True, kw_only=True):
    kind: Literal["Deployment"]
    name: Name
    api_version: Literal["apps/v1"] = "apps/v1"


class RegionWeight(Part, frozen=True, kw_only=True):
    """The players of one region; only the proportions of weights matter. On the embedded engine a site is its own region."""

    region: Annotated[str, Meta(min_length=1)]
    weight: Annotated[float, Meta(gt=0)] = 1.0

    def __post_init__(self) -> None:
        if not isfinite(self.weight):
            raise ValueError("weight must be a finite number")


class Population(Part, frozen=True, kw_only=True):
    """For whom an objective is meant: players as they are now (``liveDemand``), or given ``regions``."""

    live_demand: bool | None = None
    regions: tuple[RegionWeight, ...] = ()

    def __post_init__(self) -> None:
        if bool(self.live_demand) == bool(self.regions):
            raise ValueError("name regions or say liveDemand: true, one of them")
        if len({each.region for each in self.regions}) < len(self.regions):
            raise ValueError("each region may be named once")


class Latency(Part, frozen=True, kw_only=True):
    """``percentile`` per cent of the ``population``'s round trips take at most ``objective_ms``; without one: of live demand."""

    objective_ms: Milliseconds
    percentile: Annotated[float, Meta(gt=0, le=100)] = 95.0
    population: Population | None = None


class Border(Part, frozen=True, kw_only=True):
    """Where the application's data may be, and so where it may run; each condition that is given must hold."""

    clusters: tuple[Name, ...] = ()
    regions: tuple[Annotated[str, Meta(min_length=1)], ...] = ()
    label_selector: LabelSelector | None = None

    def __post_init__(self) -> None:
        labels = self.label_selector is not None and not self.label_selector.empty
        if not (self.clusters or self.regions or labels):
            raise ValueError("name clusters, regions or labels: a border that bars nobody is none")


class Standby(Part, frozen=True, kw_only=True):
    """At ``minSites`` sites one instance more than the players there need, as far as replicas and room allow."""

    min_sites: Annotated[int, Meta(ge=1, le=10_000)]


class State(Part, frozen=True, kw_only=True):
    """``kind`` session: each session has ``bytes`` of state in the layout ``schema``; none: nothing to
    move.
    """

    kind: Literal["session", "none"] = "none"
    schema: str = ""
    bytes: Annotated[int, Meta(ge=4096, le=1 << 30)] = 1 << 20
    max_sessions_per_instance: Annotated[int, Meta(ge=1, le=100_000)] = 64


class Mobility(Part, frozen=True, kw_only=True):
    """``mode`` follow: sessions move when another site is better by ``hysteresis_ms``; stay: only when
    ordered.
    """

    mode: Literal["follow", "stay"] = "stay"
    deadline_ms: Milliseconds = 5000.0
    hysteresis_ms: Annotated[float, Meta(ge=0)] = 3.0
    max_concurrent_moves_per_site: Annotated[int, Meta(ge=1, le=10_000)] = 4


class QualityWish(Part, frozen=True, kw_only=True):
    """Each session's packets shall be served by the network as this QoS profile says, as long as the session lives."""

    profile: Annotated[str, Meta(min_length=3, max_length=256, pattern=r"^[a-zA-Z0-9_.-]+\Z")]


class QoSSpec(Part, frozen=True, kw_only=True):
    target_ref: TargetRef
    latency: Latency | None = None
    border: Border | None = None
    standby: Standby | None = None
    state: State = State()
    mobility: Mobility = Mobility()
    quality: QualityWish | None = None


class QoSPolicy(Part, frozen=True, kw_only=True):
    api_version: Literal["fedge.dev/v1alpha1"]
    kind: Literal["QoSPolicy"]
    metadata: Metadata
    spec: QoSSpec
    status: Any = None
