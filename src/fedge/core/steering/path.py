"""One path: a session's way through the core network, and the change of it that is under way.

``TRANSITIONS`` is the whole machine. A change is asked for by Fedge or announced by the core; either way the core announces it
(EARLY), Fedge acknowledges when its target is warm, the core configures the new way beside the old one (LATE), and Fedge
acknowledges when the target writes (TS 29.522, 4.4.7.4; TS 23.502, 4.3.6.3).
"""

from __future__ import annotations

from msgspec import Struct, field

from fedge.core.model import Address, AppId, Nanoseconds, SessionId, SessionKey, SiteId, Transition, UeId
from fedge.core.patience import Backoff

TRANSITIONS = (
    Transition("QUIET", "asked", "control plane", "ASKED"),
    Transition("QUIET", "early", "core network", "EARLY"),
    Transition("QUIET", "late", "core network", "LATE"),
    Transition("QUIET", "not steered", "core network", "UNSTEERED"),
    Transition("ASKED", "early", "core network", "EARLY"),
    Transition("ASKED", "late", "core network", "LATE"),
    Transition("ASKED", "withdrawn", "control plane", "QUIET"),
    Transition("ASKED", "refused", "core network", "QUIET"),
    Transition("ASKED", "not steered", "core network", "UNSTEERED"),
    Transition("ASKED", "no change", "core network", "QUIET"),
    Transition("EARLY", "early", "core network", "EARLY"),
    Transition("EARLY", "accepted", "control plane", "READY"),
    Transition("EARLY", "declined", "control plane", "QUIET"),
    Transition("EARLY", "late", "core network", "LATE"),
    Transition("READY", "early", "core network", "EARLY"),
    Transition("READY", "late", "core network", "LATE"),
    Transition("READY", "withdrawn", "control plane", "QUIET"),
    Transition("READY", "refused", "core network", "QUIET"),
    Transition("READY", "silent", "core network", "QUIET"),
    Transition("LATE", "early", "core network", "EARLY"),
    Transition("LATE", "activated", "control plane", "SWITCHING"),
    Transition("LATE", "declined", "control plane", "QUIET"),
    Transition("SWITCHING", "switched", "core network", "QUIET"),
    Transition("SWITCHING", "refused", "core network", "QUIET"),
    Transition("SWITCHING", "early", "core network", "EARLY"),
    Transition("UNSTEERED", "early", "core network", "EARLY"),
    Transition("UNSTEERED", "asked", "control plane", "ASKED"),
    *(
        Transition(state, "lost", "core network", "QUIET")
        for state in ("ASKED", "EARLY", "READY", "LATE", "SWITCHING", "UNSTEERED")
    ),
)

_NEXT = {(one.state, one.event): one.next for one in TRANSITIONS}


class Target(Struct, frozen=True):
    """A route generation and where it leads."""

    generation: int
    site: SiteId
    gateway: Address


class Change(Struct):
    """A change that the core announced. ``told``: the control plane was asked about it."""

    site: SiteId
    ack_uri: str
    since: Nanoseconds
    told: bool = False


class Client(Struct):
    """The session's client as gateways heard it. ``at``: the address that it sends to, empty if unknown; ``site``: whose gateway
    heard it there as its writer. ``ready``: the generation of a coming target that hears it already. ``generation``: to which it
    is led by itself, whatever the core does. ``top``: the highest that it may have heard of. ``redirected``: it was so before a
    restart. ``since``: when the serving generation was to carry the traffic. ``quick``, ``say_at``: how often orders about it
    were said, and when they are said again.
    """

    at: Address = Address("")
    site: SiteId | None = None
    ready: int = 0
    generation: int = 0
    top: int = 0
    redirected: bool = False
    since: Nanoseconds = 0
    quick: int = 0
    say_at: Nanoseconds = 0


class Path(Struct):
    """``serving``: the generation that shall carry the traffic; ``next``: one that is installed, of a move under way.

    ``led``: the site to which the core is known to lead the traffic. ``maybe``: where it may lead it, since somebody lost his
    memory or an acknowledgement of LATE had no answer. ``held``: DNAIs of the subscription's routes, empty
    while they are not known. ``call``, ``ack``: the numbers of the calls under way, 0 if none. ``refused``: the
    generation that the core declined.
    """

    session: SessionId
    key: SessionKey
    ue: UeId
    app: AppId
    token: str
    transaction: str
    state: str = "QUIET"
    since: Nanoseconds = 0
    serving: Target | None = None
    next: Target | None = None
    led: SiteId | None = None
    maybe: frozenset[SiteId] = frozenset()
    change: Change | None = None
    subscription: str = ""
    held: frozenset[str] = frozenset()
    call: int = 0
    creating: bool = False
    deleting: bool = False
    doubtful: bool = False
    """A creation without an answer: the list of subscriptions has to be read first."""
    heard_at: Nanoseconds = 0
    """When the NEF last said what it holds."""
    recalled: int = 0
    """The generation that was told after a restart as what carries the traffic."""
    asked: SiteId | None = None
    asks: int = 0
    """The site that was asked for last, and how often in a row."""
    calls: Backoff = Backoff()
    ack: int = 0
    acks: Backoff = Backoff()
    owes: bool = False
    """An acknowledgement of the present change is said and not yet answered."""
    seen: tuple[str, ...] = ()
    """The newest ``afAckUri``s: a notification that comes twice is the same notification."""
    refused: int = 0
    reason: str = ""
    installed: int = 0
    activated: int = 0
    """The highest generations that were reported to the control plane."""
    ended: bool = False
    client: Client = field(default_factory=Client)
    left: SiteId | None = None
    """The site that served before the last move."""
    told: tuple[Address, bool] = (Address(""), False)
    """Where clients that attach are to send, and whether this one is redirected, as it was told."""

    @property
    def goal(self) -> Target | None:
        """Where the traffic shall be led."""
        if self.next is not None and self.next.generation != self.refused:
            return self.next
        return self.serving or self.next

    @property
    def there(self) -> bool:
        """The core leads where it shall, and nothing is under way."""
        goal = self.goal
        return self.state == "QUIET" and goal is not None and self.led == goal.site

    def enter(self, event: str, now: Nanoseconds) -> bool:
        """Take the transition if the table has it."""
        entered = _NEXT.get((self.state, event))
        if entered is None:
            return False
        self.state, self.since = entered, now
        return True
