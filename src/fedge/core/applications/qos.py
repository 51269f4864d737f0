"""A QoSPolicy (fedge.dev/v1alpha1): what a Kubernetes object cannot say about a game.

How fast it must answer for how many of its players, what state a session has, and whether that state
follows its player. It is Fedge's own kind: on Karmada a custom resource, here read from the same file.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from fedge.core.applications.objects import Metadata, Name, Part

Milliseconds = Annotated[float, Meta(gt=0)]


class TargetRef(Part, frozen=True, kw_only=True):
    kind: Literal["Deployment"]
    name: Name
    api_version: Literal["apps/v1"] = "apps/v1"


class Latency(Part, frozen=True, kw_only=True):
    """``percentile`` per cent of round trips take at most ``objective_ms``."""

    objective_ms: Milliseconds
    percentile: Annotated[float, Meta(gt=0, le=100)] = 95.0


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
    state: State = State()
    mobility: Mobility = Mobility()


class QoSPolicy(Part, frozen=True, kw_only=True):
    api_version: Literal["fedge.dev/v1alpha1"]
    kind: Literal["QoSPolicy"]
    metadata: Metadata
    spec: QoSSpec
    status: Any = None
