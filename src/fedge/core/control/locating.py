"""Where a UE is, for somebody who may know it: from what the operator has reported, or by asking it now.

The operator's reports are figures (`core/access/view.py`); where they are too old for the one who asks, the operator is asked
(`messages/exposure.py`), and its silence is an answer, too. Whether somebody may know it is not decided here.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from fedge.core.control.dispatch import on, table
from fedge.core.control.effects import Effect, Reply, ToOperator
from fedge.core.control.events.location import AskedPlace
from fedge.core.control.knowledge import Knowledge, PlaceAsked
from fedge.core.location.areas import Circle, estimate
from fedge.core.messages import AskLocation, LocationTold
from fedge.core.model import SECOND, Nanoseconds, UeId

FRESH = SECOND
"""A report that is not older counts as made now: the operator reports this often."""
OPERATOR_ANSWERS_WITHIN = 3 * SECOND


class Place(Struct, frozen=True):
    """``circle``: in which the UE was ``at`` that instant."""

    circle: Circle
    at: Nanoseconds


def place_of(known: Knowledge, ue: UeId) -> Place | None:
    """What was reported last: a place; else, coarser, the cell that the UE is attached to. None: nothing."""
    view = known.access.ues.get(ue)
    if view is None:
        return None
    seen = view.sighting
    if view.placed_at:
        return Place(estimate(seen.x_m, seen.y_m, seen.uncertainty_m), view.placed_at)
    cell = known.access.cells.get(seen.cell)
    return Place(estimate(cell.x_m, cell.y_m, cell.radius_m), view.seen_at) if cell is not None else None


def asked(known: Knowledge, event: AskedPlace, now: Nanoseconds) -> list[Effect]:
    """Where is it? Any age will do where ``max_age_s`` is None."""
    place = place_of(known, event.ue)
    if place is not None and _young(place, event, now):
        return [_told(event, place)]
    if lost(known, event.ue):
        return [_no_answer(event, None)]
    if known.offers is None or not known.offers.location:
        return [_no_answer(event, place)]
    known.places_asked[event.request] = PlaceAsked(event, now + OPERATOR_ANSWERS_WITHIN)
    return [ToOperator(AskLocation(event.request, event.ue, event.max_age_s or 0.0))]


def lost(known: Knowledge, ue: UeId) -> bool:
    """The network has said that it cannot reach this UE; asked for its place it could say nothing else."""
    view = known.access.ues.get(ue)
    return view is not None and view.lost_at > 0


def told(known: Knowledge, event: LocationTold, now: Nanoseconds) -> list[Effect]:
    """The operator's answer; also where nobody waits for it any more it is news of the UE."""
    if event.known:
        known.access.located(event)
    waiting = known.places_asked.pop(event.request, None)
    if waiting is None:
        return []
    if not event.known:
        return [_no_answer(waiting.event, place_of(known, waiting.event.ue))]
    place = Place(estimate(event.x_m, event.y_m, event.uncertainty_m), event.at)
    return [_told(waiting.event, place)]


def sweep(known: Knowledge, now: Nanoseconds) -> list[Effect]:
    """The operator does not answer: say so."""
    late = [one for one in known.places_asked.values() if now >= one.until]
    for one in late:
        del known.places_asked[one.event.request]
    return [_no_answer(one.event, place_of(known, one.event.ue)) for one in late]


def _young(place: Place, event: AskedPlace, now: Nanoseconds) -> bool:
    return event.max_age_s is None or now - place.at <= max(FRESH, event.max_age_s * SECOND)


def _told(event: AskedPlace, place: Place) -> Reply:
    circle = place.circle
    body: dict[str, Any] = {
        "x_m": circle.x_m,
        "y_m": circle.y_m,
        "radius_m": circle.radius_m,
        "at": place.at,
    }
    return Reply(event.request, 200, body)


def _no_answer(event: AskedPlace, place: Place | None) -> Reply:
    """``STALE``: there is a place, and it is too old; ``UNKNOWN``: there is none."""
    code = "UNKNOWN" if place is None else "STALE"
    return Reply(event.request, 409, {"code": code, "message": f"no place of {event.ue} that is new enough"})


HEARS = table(on(LocationTold, told))
ANSWERS = table(on(AskedPlace, asked))
