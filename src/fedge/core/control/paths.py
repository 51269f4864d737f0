"""What steering says: which paths the core network changes or refuses, and for gateways, which clients it redirects."""

from __future__ import annotations

from fedge.core.control import deciding, reconcile
from fedge.core.control.dispatch import on, table
from fedge.core.control.effects import Effect, Propose, ToAccess, ToSite
from fedge.core.control.events.moves import MoveExpired, MovePlanned
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import Session
from fedge.core.messages import (
    ClientHeard,
    DeclinePath,
    ExpectClient,
    Message,
    PathChangeAsked,
    RedirectClient,
    RouteRefused,
    RoutesForgotten,
    RoutesTold,
)
from fedge.core.mobility.move import AFTER
from fedge.core.model import CellId, Nanoseconds, SiteId, UeId


def path_change_asked(known: Knowledge, event: PathChangeAsked, now: Nanoseconds) -> list[Effect]:
    """The core network wants to lead a session elsewhere, which it does because of where the UE is, or will be in a moment.

    Discovery decides, for the UE's cell and then for the cell that the core must mean; its yes is a move to that very site.
    """
    session = known.state.sessions.get(event.session)
    if session is None:
        return []
    move = known.state.moves.get(session.move) if session.move is not None else None
    if move is not None and move.order.target == event.site and move.state not in AFTER:
        return []  # it is under way; its route is installed once its target is warm
    for cell in (None, _cell_towards(known, session.ue, event.site)):
        found = deciding.consider(known, session, now, "core", cell)
        if any(isinstance(one, Propose) and _leads_to(one.event, event.site) for one in found):
            return found
    return [
        ToAccess(
            DeclinePath(
                session.session, session.key, event.site, _objection_to(known, session, event.site, now)
            )
        )
    ]


def _leads_to(event: Message, site: SiteId) -> bool:
    return isinstance(event, MovePlanned) and event.order.target == site


def _cell_towards(known: Knowledge, ue: UeId, site: SiteId) -> CellId | None:
    """The cell nearest to the UE among those whose nearest site is ``site``."""
    view = known.access.ues.get(ue)
    cells = [cell for cell in known.access.cells.values() if cell.site == site]
    if view is None or not cells:
        return None
    here = view.sighting
    return min(cells, key=lambda cell: (cell.x_m - here.x_m) ** 2 + (cell.y_m - here.y_m) ** 2).cell


def _objection_to(known: Knowledge, session: Session, site: SiteId, now: Nanoseconds) -> str:
    """In the words of ``DeclinePath``: a site without room may have some later."""
    decision = deciding.decision_for(known, session, now)
    ranked = {one.site: one for one in decision.sites} if decision is not None else {}
    full = site in ranked and ranked[site].refused_by == "capacity"
    return "congestion" if full else "not allowed" if session.state == "serving" else "other"


def route_refused(known: Knowledge, event: RouteRefused, now: Nanoseconds) -> list[Effect]:
    """The core network will not lead this session to the target: its move is given up, if nothing is handed over yet."""
    session = known.state.sessions.get(event.session)
    move = known.state.moves.get(session.move) if session is not None and session.move is not None else None
    if move is None or move.order.generation != event.generation or not move.waits:
        return []
    return [Propose(MoveExpired(move.id, f"the core network keeps its path: {event.reason}"))]


def routes_forgotten(known: Knowledge, event: RoutesForgotten, now: Nanoseconds) -> list[Effect]:
    """Steering knows nothing: every route, and that this was all."""
    return [*reconcile.every_route(known.state), ToAccess(RoutesTold())]


def passed_to_steering(known: Knowledge, event: ClientHeard, now: Nanoseconds) -> list[Effect]:
    return [ToAccess(event)]


def passed_to_site(known: Knowledge, event: RedirectClient | ExpectClient, now: Nanoseconds) -> list[Effect]:
    return [ToSite(event.site, event)]


HEARS = table(
    on(PathChangeAsked, path_change_asked),
    on(RouteRefused, route_refused),
    on(RoutesForgotten, routes_forgotten),
    on(ClientHeard, passed_to_steering),
    on(RedirectClient, passed_to_site),
    on(ExpectClient, passed_to_site),
)
