"""One change of a flow's path: its states, and for each the one actor that may leave it. ``TRANSITIONS`` is the whole machine.

The first path of a flow goes the same way, without a source, and so does a path that a new subscription takes over. Until
SWITCHING the old path carries everything and the change can be dropped; from SWITCHING on it only goes forward. After 3GPP
TS 23.502, 4.3.6.3 (notification of user plane management events) and TS 23.501, 5.6.7: with ``afAckInd`` the network waits for
the application function before it configures the new path, and again before it activates it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec import Struct, field

from fedge.core.model import Address, Nanoseconds, UeId
from fedge.simulation.core5g.words import Path

Cause = Literal["first", "asked", "handover"]
"""``first``: nobody has told this application function of a path yet. ``asked``: it named other places. ``handover``: another
place is nearer to the UE's new cell."""
ENDED = ("SWITCHED", "DROPPED")
LIVE = ("INSTALLING", "READY", "LATE", "SWITCHING")
"""The target's tunnel is (being) installed."""


class Transition(NamedTuple):
    """In ``state`` only ``actor`` can cause ``event``, which leads to ``next``."""

    state: str
    event: str
    actor: str
    next: str


TRANSITIONS = (
    Transition("EARLY", "accepted", "application function", "INSTALLING"),
    Transition("EARLY", "waived", "session management", "INSTALLING"),
    Transition("EARLY", "declined", "application function", "DROPPED"),
    Transition("EARLY", "expired", "session management", "DROPPED"),
    Transition("EARLY", "withdrawn", "session management", "DROPPED"),
    Transition("INSTALLING", "installed", "user plane function", "READY"),
    Transition("INSTALLING", "expired", "session management", "DROPPED"),
    Transition("INSTALLING", "withdrawn", "session management", "DROPPED"),
    Transition("READY", "arrived", "access network", "LATE"),
    Transition("READY", "expired", "session management", "DROPPED"),
    Transition("READY", "withdrawn", "session management", "DROPPED"),
    Transition("LATE", "accepted", "application function", "SWITCHING"),
    Transition("LATE", "waived", "session management", "SWITCHING"),
    Transition("LATE", "declined", "application function", "DROPPED"),
    Transition("LATE", "expired", "session management", "DROPPED"),
    Transition("LATE", "withdrawn", "session management", "DROPPED"),
    Transition("SWITCHING", "switched", "access network", "SWITCHED"),
)

_NEXT = {(one.state, one.event): one.next for one in TRANSITIONS}


def next_state(state: str, event: str) -> str | None:
    """The state that ``event`` leads to from ``state``, or None where it changes nothing."""
    return _NEXT.get((state, event))


class Change(Struct):
    """``influence``: whose application function is asked. ``arrived``: the UE is where the change is for.

    ``requests``: who waits for the switch, until ``answer_by``.
    """

    influence: str
    target: Path
    cause: Cause
    state: str = "EARLY"
    deadline: Nanoseconds = 0
    arrived: bool = False
    installed: bool = False
    early: str = ""
    late: str = ""
    requests: list[int] = field(default_factory=list)
    answer_by: Nanoseconds = 0

    @property
    def ended(self) -> bool:
        return self.state in ENDED


class Retiring(Struct, frozen=True):
    """A path that is on its way out: removed at ``remove_at``; 0 while the access network has not left it yet."""

    path: Path
    remove_at: Nanoseconds = 0


class Flow(Struct):
    """One UE's traffic with one application, as influenced by ``influence``. ``path``: the one that carries its uplink.

    ``unheard``: this influence has not been told of a path yet. ``settled``: the network gave up what was asked of it, and waits
    to be asked again. ``retry_at``: when a flow without any path tries again.
    """

    ue: UeId
    service: Address
    influence: str
    path: Path | None = None
    number: int = 0
    change: Change | None = None
    retiring: list[Retiring] = field(default_factory=list)
    unheard: bool = True
    settled: bool = False
    retry_at: Nanoseconds = 0

    def takes_over(self) -> bool:
        """Is the change about the very path that is there?"""
        change, path = self.change, self.path
        return change is not None and path is not None and change.target.teid_up == path.teid_up

    def live_paths(self) -> list[Path]:
        """Every path whose tunnel should be there now; of two through one site the last is the one that counts."""
        paths = [one.path for one in self.retiring]
        if self.change is not None and self.change.state in LIVE and not self.takes_over():
            paths.append(self.change.target)
        return paths if self.path is None else [*paths, self.path]
