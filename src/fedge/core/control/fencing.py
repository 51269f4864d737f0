"""Fences made and ended, and who crossed one. What a fence is: `core/location/fences.py`.

Twice a second each fence is held against the last report of its device, if the device's subscriber still consents and the report
is not old. Crossings are decided events, so after a crash none is decided again.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from fedge.core.control.apart import Faulty, apart, raised
from fedge.core.control.dispatch import on, on_state, table
from fedge.core.control.effects import Effect, Propose, Reply, ToSink
from fedge.core.control.events.location import AskedFence, AskedFenceEnd, FenceCrossed, FenceEnded, FenceMade
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.locating import place_of
from fedge.core.control.state import State
from fedge.core.location import OPERATOR, Fence, allowed_by, side
from fedge.core.model import SECOND, Nanoseconds

TOPIC = "geofencing"
TURNS = 10
"""The control plane wakes 20 times a second: so each fence is looked at twice a second, and no look takes long."""
OLD = 30 * SECOND
"""An older report says nothing of where a device is now."""


# --- questions ---------------------------------------------------------------------------------------------------------------


def asked(known: Knowledge, event: AskedFence, now: Nanoseconds) -> list[Effect]:
    if known.state.fences.full(event.fence.client):
        said = "as many subscriptions are kept as will be; delete some"
        return [Reply(event.request, 429, {"code": "QUOTA_EXCEEDED", "message": said})]
    return [Reply(event.request, 201, {"id": event.fence.id}), Propose(FenceMade(event.fence))]


def end_asked(known: Knowledge, event: AskedFenceEnd, now: Nanoseconds) -> list[Effect]:
    fence = known.state.fences.held.get(event.id)
    if fence is None:
        return [Reply(event.request, 404, {"code": "NOT_FOUND", "message": f"no subscription {event.id}"})]
    return [Reply(event.request, 204, {}), Propose(FenceEnded(event.id, "SUBSCRIPTION_DELETED"))]


# --- decided -----------------------------------------------------------------------------------------------------------------


def made(state: State, event: FenceMade, now: Nanoseconds) -> list[Effect]:
    state.fences.held[event.fence.id] = event.fence
    return [_tell(event.fence, "started", {})]


def crossed(state: State, event: FenceCrossed, now: Nanoseconds) -> list[Effect]:
    fence = state.fences.held.get(event.id)
    if fence is None:
        return []
    fence, tells = fence.crossed(event.inside)
    state.fences.held[fence.id] = fence
    return [_tell(fence, fence.crossing, {})] if tells else []


def ended(state: State, event: FenceEnded, now: Nanoseconds) -> list[Effect]:
    fence = state.fences.held.pop(event.id, None)
    if fence is None:
        return []
    return [_tell(fence, "ended", {"reason": event.reason, "because": event.because})]


def client_gone(state: State, client: str) -> None:
    """Nobody is told: the sinks were that client's."""
    held = state.fences.held
    state.fences.held = {id: one for id, one in held.items() if one.client != client}


def _tell(fence: Fence, what: str, facts: dict[str, Any]) -> ToSink:
    """What happened, and what is said of the fence then; `api/camara/geofencing.py` has the words."""
    tenant = "" if fence.client == OPERATOR else fence.client
    said = {"id": fence.id, "ue": fence.ue, "scope": fence.scope, "events": fence.events, "told": fence.told}
    return ToSink(tenant, fence.sink, TOPIC, {**said, "what": what, **facts})


# --- time --------------------------------------------------------------------------------------------------------------------


def sweep(known: Knowledge, now: Nanoseconds, faulty: Faulty = raised) -> list[Effect]:
    """What ends by itself, and who is on another side than before: of a part of the fences, all of them in ``TURNS`` calls."""
    known.fences_turn = (known.fences_turn + 1) % TURNS
    part = islice(known.state.fences.held.values(), known.fences_turn, None, TURNS)
    return apart(part, lambda one: _looked_at(known, one, now), lambda one: f"fence {one.id}", faulty)


def _looked_at(known: Knowledge, fence: Fence, now: Nanoseconds) -> list[Effect]:
    if reason := fence.ending(now):
        return [Propose(FenceEnded(fence.id, reason))]
    given = known.state.consents.of_device(fence.client, fence.ue)
    if not allowed_by(given, fence.client, fence.ue, fence.scope, fence.purpose, now):
        said = "the subscriber's consent has ended"
        return [Propose(FenceEnded(fence.id, "NETWORK_TERMINATED", said))]
    place = place_of(known, fence.ue)
    if place is None or now - place.at > OLD:
        return []
    where = side(place.circle, fence.area)
    return [Propose(FenceCrossed(fence.id, where))] if where not in (None, fence.inside) else []


DECIDES = table(on_state(FenceMade, made), on_state(FenceCrossed, crossed), on_state(FenceEnded, ended))
ANSWERS = table(on(AskedFence, asked), on(AskedFenceEnd, end_asked))
