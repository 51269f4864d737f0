"""What placement knows of a site, and what it answers: values only.

The control plane fills `SiteFacts` from federation, access and the agents' reports; `place.py` makes a
`Placement` of them.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from fedge.core.model import SiteId


class Taint(Struct, frozen=True):
    key: str
    value: str = ""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = "NoSchedule"


class Refusal(Struct, frozen=True):
    """Why a site may not. ``rule``: state, affinity, taint, border, overload, weight, capacity, spread, api, eviction, tenant,
    override or suspended.
    """

    rule: str
    reason: str


class SiteFacts(Struct, frozen=True):
    """One site. ``replicas``: of this application, there already; the ``free_*`` figures do not count them. None: no bound."""

    site: SiteId
    labels: dict[str, str] = {}
    region: str = ""
    taints: tuple[Taint, ...] = ()
    state: str = "ready"
    free_cpu_millis: int | None = None
    free_memory_bytes: int | None = None
    free_instances: int | None = None
    replicas: int = 0
    overloaded: bool = False
    """so busy that it takes nothing new; what it runs stays"""
    barred: Refusal | None = None
    """a refusal that was found elsewhere (an override, an eviction)"""


class Placement(Struct, frozen=True):
    """Which sites shall run how many, why the others shall not, and how many replicas found no place.

    A site that runs some and is not chosen keeps them until its sessions have moved: that is the control plane's to see to.
    """

    chosen: dict[SiteId, int]
    refused: dict[SiteId, Refusal]
    unplaced: int
    because: str
    within: float | None = None
    """share of the players expected within their objective, 0 to 1; None: no objective, or no players are known"""
    mend: str = ""
    """where something does not fit: which constraint, how far off, and the smallest change that would do"""
