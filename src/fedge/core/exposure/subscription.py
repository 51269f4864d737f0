"""One thing that Fedge wants of the operator, and what the operator is known to hold of it. ``TRANSITIONS`` is the whole machine.

A subscription is wanted for as long as its want stands; it is held once the operator said so. In between it is asked for again,
with back-off. An unanswered call leaves a doubt, which only the operator's own list ends: nothing is created twice.
"""

from __future__ import annotations

from msgspec import Struct

from fedge.core.exposure.calls import Api, Asks, Channel
from fedge.core.model import Nanoseconds, Transition
from fedge.core.patience import Backoff

TRANSITIONS = (
    Transition("ABSENT", "asked", "gateway", "CREATING"),
    Transition("ABSENT", "found", "operator", "HELD"),
    Transition("CREATING", "agreed", "operator", "HELD"),
    Transition("CREATING", "refused", "operator", "REFUSED"),
    Transition("CREATING", "unanswered", "time", "DOUBTFUL"),
    Transition("DOUBTFUL", "found", "operator", "HELD"),
    Transition("DOUBTFUL", "lost", "operator", "ABSENT"),
    Transition("HELD", "asked", "gateway", "CHANGING"),
    Transition("HELD", "released", "gateway", "DELETING"),
    Transition("HELD", "lost", "operator", "ABSENT"),
    Transition("HELD", "expired", "time", "ABSENT"),
    Transition("CHANGING", "agreed", "operator", "HELD"),
    Transition("CHANGING", "refused", "operator", "HELD"),
    Transition("CHANGING", "lost", "operator", "ABSENT"),
    Transition("CHANGING", "unanswered", "time", "DOUBTFUL"),
    Transition("DELETING", "lost", "operator", "ABSENT"),
    Transition("DELETING", "refused", "operator", "HELD"),
    Transition("DELETING", "unanswered", "time", "DOUBTFUL"),
    Transition("REFUSED", "asked", "gateway", "CREATING"),
    Transition("REFUSED", "found", "operator", "HELD"),
)
_NEXT = {(one.state, one.event): one.next for one in TRANSITIONS}
CALLED = ("CREATING", "CHANGING", "DELETING")
"""A call is on its way; nothing else is said meanwhile."""


class Subscription(Struct):
    """``name``: what it is, among all that is wanted. ``agreed``: what the operator holds, None: that is not known.

    ``until``: not wanted any longer then, 0: for ever. ``expires_at``: the operator ends it then, 0: never; ``renew_at``: it is
    said anew then. ``heard_at``: when its last notification came, or it was first agreed. ``changed_at``: when its state last
    changed. ``refusal``: the operator's last no, empty after a yes. ``channel``: how its notifications shall come; ``uri``: the
    websocket; ``up``: it is open. ``anew``: what the operator holds is deleted, and created again; ``former``: the last that it
    held before: notifications of that one may still come, to the same address.
    """

    name: str
    api: Api
    token: str
    asks: Asks
    wanted: bool = True
    until: Nanoseconds = 0
    state: str = "ABSENT"
    changed_at: Nanoseconds = 0
    subscription: str = ""
    agreed: Asks | None = None
    call: int = 0
    calling: Asks | None = None
    backoff: Backoff = Backoff()
    refusal: str = ""
    expires_at: Nanoseconds = 0
    renew_at: Nanoseconds = 0
    heard_at: Nanoseconds = 0
    channel: Channel = "callback"
    uri: str = ""
    up: bool = False
    channel_failures: int = 0
    listen_at: Nanoseconds = 0
    anew: bool = False
    former: str = ""

    def enter(self, event: str, now: Nanoseconds) -> None:
        """Raises ``KeyError`` for an event that cannot happen in this state."""
        self.state = _NEXT[self.state, event]
        self.changed_at = now
        if self.state not in CALLED:
            self.call = 0
        if self.state in ("ABSENT", "REFUSED"):
            self.former, self.anew = self.subscription or self.former, False
            self.subscription, self.agreed, self.expires_at = "", None, 0
            self.renew_at = self.heard_at = 0
            self.uri, self.up = "", False

    def superseded(self, subscription: str) -> bool:
        """Is what is told of ``subscription`` (empty: unknown of which) of one that is being deleted, or was before this one?"""
        return (self.anew and self.state == "DELETING") or (
            subscription != "" and subscription == self.former
        )

    @property
    def gone(self) -> bool:
        """Nobody wants it, and nothing of it is left."""
        return not self.wanted and self.state in ("ABSENT", "REFUSED")
