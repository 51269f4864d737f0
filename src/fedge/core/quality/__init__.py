"""Quality on demand: a flow of one UE is served by the network with an agreed quality, for a time.

Reading order: `profiles.py` (what is offered), `flow.py` (which packets), `session.py` (a quality session's life), `watch.py`
(which must be looked at). A *quality session* is what CAMARA Quality on Demand 1.1.0 calls a QoS session; the operator's side of
it is ``messages.exposure``.
"""

from fedge.core.quality.flow import Flow, Way, carried, overlap, parse_server
from fedge.core.quality.profiles import CATALOGUE, Profile, ProfileStatus, profile_of, status_of, suits
from fedge.core.quality.session import (
    ENDS,
    KEPT_FOR,
    MARGIN_S,
    TRANSITIONS,
    Quality,
    QualitySession,
    conflicting,
    ended,
    expires_at,
    extended,
    lasted_s,
    next_state,
    started,
    still_blocks,
)
from fedge.core.quality.watch import PATIENCE, Trouble, Watch

__all__ = [
    "CATALOGUE",
    "ENDS",
    "KEPT_FOR",
    "MARGIN_S",
    "PATIENCE",
    "TRANSITIONS",
    "Trouble",
    "Watch",
    "Flow",
    "Profile",
    "ProfileStatus",
    "Quality",
    "QualitySession",
    "Way",
    "carried",
    "conflicting",
    "ended",
    "expires_at",
    "extended",
    "lasted_s",
    "next_state",
    "overlap",
    "parse_server",
    "profile_of",
    "started",
    "status_of",
    "still_blocks",
    "suits",
]
