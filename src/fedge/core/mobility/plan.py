"""Stay or Move: what discovery found better, held against the rules that keep sessions from wandering.

A move must gain more than the hysteresis (discovery's part), must not bring a session back within ``RETURN_AFTER``, and must
find both sites below their limit of concurrent moves. A person's order skips the gain, not the limits of the sites.
"""

from __future__ import annotations

from collections.abc import Mapping

from fedge.core.model import SECOND, Nanoseconds, SiteId

RETURN_AFTER = 5 * SECOND
SETTLE = SECOND
"""After a move a session stays put this long, whatever its ranking says."""


def retry_after(aborts: int) -> Nanoseconds:
    """How long after its last aborted move a session is left alone: 1 s, 2 s, 4 s, … at most 16 s."""
    return SECOND << min(aborts - 1, 4) if aborts else 0


def objection(
    target: SiteId,
    source: SiteId,
    came_from: SiteId | None,
    moved_at: Nanoseconds,
    busy: Mapping[SiteId, int],
    limit: int,
    now: Nanoseconds,
    ordered: bool,
) -> str:
    """Why the session may not move to ``target`` now; empty if it may. ``busy``: moves under way by site."""
    if target == source:
        return f"it is served at {source} already"
    if moved_at and now - moved_at < SETTLE and not ordered:
        return "it has just moved"
    if moved_at and target == came_from and now - moved_at < RETURN_AFTER:
        return f"it left {target} less than {RETURN_AFTER // SECOND} s ago"
    for site in (source, target):
        if busy.get(site, 0) >= limit:
            return f"{site} has {busy[site]} of {limit} moves under way"
    return ""
