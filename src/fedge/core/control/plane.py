"""The control plane's core: dispatch only. Which event is told by which function, each subject's module says (`dispatch.py`).

``handle(event, now) -> effects``. What is decided from volatile figures comes back as a ``Propose`` effect, which the shell
journals and hands in again: so replaying the journal needs none of the figures (invariant 6).
"""

from __future__ import annotations

from collections.abc import Callable

from fedge.core.control import (
    asking,
    attaching,
    consenting,
    deciding,
    enabling,
    endings,
    farewells,
    fencing,
    letting_go,
    locating,
    losses,
    network,
    notices,
    ordering,
    paths,
    placing,
    quality,
    quality_by_policy,
    quality_flows,
    reconcile,
    sessions,
    sites,
    telling,
    tenancy,
    ue_move,
    visits,
)
from fedge.core.control.apart import Faulty, apart, raised
from fedge.core.control.dispatch import together
from fedge.core.control.effects import Effect
from fedge.core.control.knowledge import Knowledge
from fedge.core.messages import Message
from fedge.core.model import SECOND, Nanoseconds

DECIDES = together(
    sessions.DECIDES,
    attaching.DECIDES,
    ue_move.DECIDES,
    endings.DECIDES,
    ordering.DECIDES,
    losses.DECIDES,
    reconcile.DECIDES,
    sites.DECIDES,
    placing.DECIDES,
    tenancy.DECIDES,
    enabling.DECIDES,
    letting_go.DECIDES,
    consenting.DECIDES,
    asking.DECIDES,
    fencing.DECIDES,
    quality.DECIDES,
    telling.DECIDES,
    visits.DECIDES,
)
HEARS = together(
    network.HEARS,
    paths.HEARS,
    reconcile.HEARS,
    sites.HEARS,
    placing.HEARS,
    locating.HEARS,
    quality_flows.HEARS,
    telling.HEARS,
)
ANSWERS = together(
    attaching.ANSWERS,
    ordering.ANSWERS,
    sites.ANSWERS,
    placing.ANSWERS,
    tenancy.ANSWERS,
    enabling.ANSWERS,
    farewells.ANSWERS,
    consenting.ANSWERS,
    asking.ANSWERS,
    locating.ANSWERS,
    fencing.ANSWERS,
    quality.ANSWERS,
)
TOLD = together(DECIDES, HEARS, ANSWERS)
DECIDED = tuple(DECIDES)
"""The events that may change placement, move, route, epoch or who may ask: these are journaled."""


class ControlPlane(Knowledge):
    """One event in, effects out; what it knows is ``Knowledge``."""

    def handle(self, event: Message, now: Nanoseconds) -> list[Effect]:
        """What nobody tells anything of leads to nothing."""
        quality_flows.stir(self, event)
        kind = type(event)
        effects = TOLD[kind](self, event, now) if kind in TOLD else None
        if not effects:
            return []
        if kind not in DECIDES:
            return effects
        effects = telling.kept(self.state, effects, now)
        return effects + notices.of_moves(self.state, effects)

    def wake(self, now: Nanoseconds, faulty: Faulty = raised) -> list[Effect]:
        """Called several times a second: deadlines, repeated orders, leases, and the regular look at every session.

        ``faulty``: told of a look that raises; the others are taken all the same.
        """
        looks: dict[str, Callable[[], list[Effect]]] = {
            "deadlines": lambda: endings.deadlines(self, now),
            "leases": lambda: sites.leases(self, now),
            "quality": lambda: quality_flows.sweep(self, now, faulty),
        }
        if now - self.repeated_at >= SECOND // 2:
            self.repeated_at = now
            self.visits_changed = True
            self.quality_watch.stir_next()
            looks |= {
                "repeated orders": lambda: reconcile.repeat(self.state, now),
                "placement": lambda: placing.place_all(self, now),
                "MEC resources": lambda: enabling.sweep(self, now),
                "places asked": lambda: locating.sweep(self, now),
                "sinks": lambda: telling.sweep(self),
                "quality by policy": lambda: quality_by_policy.sweep(self, now),
            }
        looks |= {
            "fences": lambda: fencing.sweep(self, now, faulty),
            "sessions": lambda: deciding.sweep(self, now),
            "visits": lambda: visits.sweep(self, now),
            "visits told": lambda: visits.tell(self),
        }
        return apart(looks, lambda name: looks[name](), str, faulty)
