"""What discovery knows of one UE and of each site: values that the control plane puts together from its views.

Ages are how old a figure is at the moment of the decision: the core reads no clock.
"""

from __future__ import annotations

from msgspec import Struct

from fedge.core.model import CellId, SiteId, UeId


class UeFacts(Struct, frozen=True):
    """A UE at its cell. ``path_rtt_ms``: expected round trip cell ↔ site over the backhaul, by site; a
    missing one is unknown. ``queue_ms``: what its packets wait in the queues of a full cell, both ways.
    """

    ue: UeId
    cell: CellId
    kind: str
    radio_rtt_ms: float
    path_rtt_ms: dict[SiteId, float]
    age_ms: float = 0.0
    queue_ms: float = 0.0


class SiteFacts(Struct, frozen=True):
    """A site as far as one application is concerned.

    ``state``: ready, joining, suspect, lost, draining. ``sessions`` of ``capacity`` are taken over its
    ready instances. ``load``: share of a tick period that they spend ticking, 0 to 1. ``schema``: the state
    layout that they run, where known. ``barred``: why the placement policy bars the site; empty where it
    does not.
    """

    site: SiteId
    state: str = "ready"
    ready_instances: int = 0
    sessions: int = 0
    capacity: int = 0
    load: float = 0.0
    load_age_ms: float = 0.0
    schema: str = ""
    barred: str = ""
