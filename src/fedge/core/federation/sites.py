"""A site as the centre knows it: what is decided (durable) and what was last heard (volatile).

A site that is not heard becomes ``suspect``: nothing new is sent there and its sessions stay, since only its own agent could
let go of them. Later it is ``lost``. Hearing it again makes it ready.
"""

from __future__ import annotations

from msgspec import Struct, field

from fedge.core.messages import InstanceStatus, PlainReport
from fedge.core.model import SECOND, Address, AppId, Nanoseconds, SiteId

SUSPECT_AFTER = 3 * SECOND
LOST_AFTER = 12 * SECOND


class Site(Struct):
    """Durable: journaled facts. ``marked``: ready, draining or lost. ``placed``: replicas of each application meant for it."""

    site: SiteId
    gateway: Address
    peer: Address
    marked: str = "ready"
    placed: dict[AppId, int] = field(default_factory=dict)
    lost_at: Nanoseconds = 0


class SiteView(Struct):
    """Volatile: the last report and when it came."""

    heard_at: Nanoseconds = 0
    load: float = 0.0
    sessions: int = 0
    instances: tuple[InstanceStatus, ...] = ()
    gateway: dict[str, int] = field(default_factory=dict)
    driver: str = ""
    plain: dict[AppId, PlainReport] = field(default_factory=dict)


def health(site: Site, view: SiteView | None, now: Nanoseconds) -> str:
    """ready, draining, suspect or lost."""
    if site.marked == "lost":
        return "lost"
    if view is None or now - view.heard_at > SUSPECT_AFTER:
        return "suspect"
    return site.marked
