"""One move: its states, and for each the one actor that may leave it.

``TRANSITIONS`` is the whole machine; ``docs/state-machines/move.md`` is generated from it. Before ACTIVATED a move aborts and
the source serves on; afterwards it only goes forward, except where the arbiter voids an activation that its client never heard.
"""

from __future__ import annotations

from msgspec import Struct, field

from fedge.core.messages import MoveOrder
from fedge.core.model import MoveId, Nanoseconds, Transition

BEFORE_COPYING = ("PLANNED", "WARMING")
UNDECIDED = ("COPYING", "FROZEN")
"""The source may have handed over: who writes next is not known here."""
AFTER = ("ACTIVATED", "STEERED", "CONFIRMED")
ENDED = ("RELEASED", "ABORTED")


TRANSITIONS = (
    Transition("PLANNED", "warmed", "target agent", "WARMING"),
    Transition("PLANNED", "refused", "target agent", "ABORTED"),
    Transition("PLANNED", "expired", "control plane", "ABORTED"),
    Transition("WARMING", "go", "control plane", "COPYING"),
    Transition("WARMING", "expired", "control plane", "ABORTED"),
    Transition("COPYING", "frozen", "source agent", "FROZEN"),
    Transition("COPYING", "activated", "target agent", "ACTIVATED"),
    Transition("COPYING", "aborted", "source agent", "ABORTED"),
    Transition("COPYING", "lost", "control plane", "ABORTED"),
    Transition("FROZEN", "activated", "target agent", "ACTIVATED"),
    Transition("FROZEN", "aborted", "source agent", "ABORTED"),
    Transition("FROZEN", "lost", "control plane", "ABORTED"),
    Transition("ACTIVATED", "steered", "user plane", "STEERED"),
    Transition("ACTIVATED", "aborted", "client, by its promise", "ABORTED"),
    Transition("STEERED", "confirmed", "target gateway", "CONFIRMED"),
    Transition("STEERED", "aborted", "client, by its promise", "ABORTED"),
    Transition("CONFIRMED", "released", "source agent", "RELEASED"),
    Transition("CONFIRMED", "aborted", "client, by its promise", "ABORTED"),
)

_NEXT = {(one.state, one.event): one.next for one in TRANSITIONS}


class Move(Struct):
    """``steps``: the instant at which each state was entered. ``hold``: copy, but wait for the handover before freezing.

    ``routed``: the path to the target is ready beside the old one. ``ordered``: a person or a drain asked for it.
    ``gain_ms``: by how much the expected round trip gets shorter. ``access``: the kind of the UE's cell when that was last seen.
    ``redirected``: its client was led to the target by the SDK, not its packets by the core network.
    """

    order: MoveOrder
    state: str = "PLANNED"
    steps: dict[str, Nanoseconds] = field(default_factory=dict)
    gain_ms: float = 0.0
    reason: str = ""
    ordered: bool = False
    hold: bool = False
    warmed: bool = False
    routed: bool = False
    steered: bool = False
    uplink_seen: bool = False
    overdue: bool = False
    waived: bool = False
    handover_at: Nanoseconds = 0
    tick: int = 0
    bytes_total: int = 0
    bytes_after_trigger: int = 0
    access: str = ""
    redirected: bool = False

    @property
    def id(self) -> MoveId:
        return self.order.move

    @property
    def waits(self) -> bool:
        """The copy runs ahead, but its source may not freeze yet: it was not told to proceed, so it cannot have handed over."""
        return self.hold or not self.routed

    @property
    def ended(self) -> bool:
        return self.state in ENDED


def next_state(state: str, event: str) -> str | None:
    """The state that ``event`` leads to from ``state``, or None where it changes nothing."""
    return _NEXT.get((state, event))
