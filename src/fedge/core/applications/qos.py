"""A QoSPolicy (fedge.dev/v1alpha1): what a Kubernetes object cannot say about a game.

How fast it must answer for how many of which players, which border a replica and its state may not cross,
how many sites keep an instance in hand, what state a session has, and whether that state follows its player.
It is Fedge's own kind: on Karmada a custom resource (deploy/karmada), here read from the same file.
`core/placement/qos.py` acts on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta

from fedge.core.applications.objects import Metadata, Name, Part

Milliseconds = Annotated[float, Meta(gt=0)]

Place = Annotated[str, Meta(pattern=r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$", max_length=63)]
"""A region or a country as a label's value can carry it."""

Places = Annotated[tuple[Place, ...], Meta(min_length=1, max_length=64)]

COUNTRY_LABEL = "fedge.dev/country"
"""the label of a site that says which country it stands in; its region is Karmada's ``spec.region``"""


class TargetRef(Part, frozen=True, kw_only=True):
    kind: Literal["Deployment"]
    name: Name
    api_version: Literal["apps/v1"] = "apps/v1"


class Latency(Part, frozen=True, kw_only=True):
    """``percentile`` per cent of the players have a round trip of at most ``objective_ms``, each on its own path."""

    objective_ms: Milliseconds
    percentile: Annotated[float, Meta(gt=0, le=100)] = 95.0


class Population(Part, frozen=True, kw_only=True):
    """Whose round trips count: the players of some ``regions``, or (``demand`` live) those that are there now.

    One of the two. Without a population the objective counts live demand.
    """

    regions: Places | None = None
    demand: Literal["live"] | None = None

    def __post_init__(self) -> None:
        if (self.regions is None) == (self.demand is None):
            raise ValueError("must have one of regions and demand")


class DataBorder(Part, frozen=True, kw_only=True):
    """A replica and the state of its sessions stay within these ``regions`` and ``countries`` (both, where both are given)."""

    regions: Places | None = None
    countries: Places | None = None

    def __post_init__(self) -> None:
        if self.regions is None and self.countries is None:
            raise ValueError("must have regions, countries or both")

    def objection(self, region: str, labels: Mapping[str, str]) -> str:
        """Why a site is beyond the border; empty where it is within. A site that does not say where it is is beyond."""
        if self.regions is not None and region not in self.regions:
            where = f"in region {region}" if region else "in no known region"
            return f"it is {where}, beyond the data border {', '.join(self.regions)}"
        country = labels.get(COUNTRY_LABEL, "")
        if self.countries is not None and country not in self.countries:
            where = f"in {country}" if country else f"without the label {COUNTRY_LABEL}"
            return f"it is {where}, beyond the data border {', '.join(self.countries)}"
        return ""


class Standby(Part, frozen=True, kw_only=True):
    """At ``min_sites`` sites one instance more is ready than the players there need."""

    min_sites: Annotated[int, Meta(ge=1, le=1000)]


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


class QoSSpec(Part, frozen=True, kw_only=True):
    target_ref: TargetRef
    latency: Latency | None = None
    population: Population | None = None
    data_border: DataBorder | None = None
    standby: Standby | None = None
    state: State = State()
    mobility: Mobility = Mobility()


class QoSPolicy(Part, frozen=True, kw_only=True):
    api_version: Literal["fedge.dev/v1alpha1"]
    kind: Literal["QoSPolicy"]
    metadata: Metadata
    spec: QoSSpec
    status: Any = None
