"""What the centre orders while a UE moves, by the state of the move: said on entering it, and again until it is left.

Neighbours: `ue_move.py` tells the story; `reconcile.py` repeats what is not answered.
"""

from __future__ import annotations

from fedge.core.control.effects import Effect, ToAccess, ToSite
from fedge.core.control.state import State
from fedge.core.messages import ActivateRoute, BeginCopy, InstallRoute, Proceed, ReleaseSource, WarmTarget
from fedge.core.mobility import Move


def orders_of(state: State, move: Move) -> list[Effect]:
    """What the actor of the present state is asked to do."""
    order = move.order
    session = state.sessions.get(order.session)
    target = state.sites.get(order.target)
    if session is None or target is None:
        return []
    install = InstallRoute(
        order.session,
        order.key,
        order.ue,
        order.generation,
        order.target,
        target.gateway,
        order.app,
        access=move.access,
    )
    match move.state:
        case "PLANNED":
            return [ToSite(order.target, WarmTarget(order))]
        case "COPYING":
            route: list[Effect] = [] if move.routed else [ToAccess(install)]
            return [*route, ToSite(order.source, BeginCopy(order, move.waits)), *proceed(move)]
        case "ACTIVATED":
            return [ToAccess(install), ToAccess(ActivateRoute(order.session, order.key, order.generation))]
        case "CONFIRMED":
            return [ToSite(order.source, ReleaseSource(order))]
        case _:
            return []


def proceed(move: Move) -> list[Effect]:
    """Nothing holds the copy back any more: from here to activation the two agents need only each other."""
    if move.state != "COPYING" or move.waits:
        return []
    return [ToSite(move.order.source, Proceed(move.order))]
