"""Who is to be told of what: subscriptions of applications, held against what has just happened.

A `Notify` names the subscription and the facts; `api/mec` puts them in the standard's words, the shell sends them. A notice is
sent at most once: one that was decided before a crash and not yet sent is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fedge.core.control.effects import Effect, Notify, Story
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import State
from fedge.core.enablement import EdgeService, Enablement, Subscription
from fedge.core.enablement.resources import AnyResource
from fedge.core.model import SECOND, AppId, AppInstanceId, Nanoseconds, SiteId, UeId

TRIGGERED, COMPLETED, FAILED = 1, 2, 3
"""MEC 021's mobilityStatus."""
EXPIRY_TOLD = 10 * SECOND
"""So long before its end a subscriber is told that its subscription expires."""
_STATUS = {"WARMING": TRIGGERED, "RELEASED": COMPLETED, "ABORTED": FAILED}


# --- services ----------------------------------------------------------------------------------------------------------------


def of_service(held: Enablement, before: AnyResource | None, after: AnyResource | None) -> list[Effect]:
    """A service came, went or changed (MEC 011, 8.1.4.2)."""
    service = after if after is not None else before
    if not isinstance(service, EdgeService) or before == after:
        return []
    if before is None or after is None:
        change = "ADDED" if before is None else "REMOVED"
    else:
        change = "ATTRIBUTES_CHANGED" if _only_attributes(before, after) else "STATE_CHANGED"
    facts = {
        "change": change,
        "id": service.id,
        "name": service.name,
        "state": service.state,
        "owner": service.owner,
        "namespace": service.namespace,
    }
    return [
        Notify(one, "availability", facts)
        for one in held.subscriptions("availability")
        if _wants_service(one.told, service)
    ]


def _only_attributes(before: AnyResource, after: AnyResource) -> bool:
    return before.told != after.told or getattr(before, "name", "") != getattr(after, "name", "")


def _wants_service(told: Mapping[str, Any], service: EdgeService) -> bool:
    """All criteria that are given must match; of each list one."""
    criteria = told.get("filteringCriteria") or {}
    category = (service.told.get("serCategory") or {}).get("id")
    given = {
        "serInstanceIds": service.id,
        "serNames": service.name,
        "states": service.state,
        "serCategories": category,
    }
    for name, value in given.items():
        wanted = criteria.get(name)
        if name == "serCategories" and wanted:
            wanted = [one.get("id") for one in wanted]
        if wanted and value not in wanted:
            return False
    return "isLocal" not in criteria or criteria["isLocal"] == service.told.get("isLocal", True)


# --- moves -------------------------------------------------------------------------------------------------------------------


def of_moves(state: State, effects: Iterable[Effect]) -> list[Effect]:
    """What the lines of a move's story mean to its application: the target is warm, it has gone, it stays."""
    found: list[Effect] = []
    for effect in effects:
        if not isinstance(effect, Story) or effect.facts.get("state") not in _STATUS:
            continue
        facts, held = effect.facts, state.enablement
        move = state.moves.get(facts["move"])
        if move is None:
            continue
        order, status = move.order, _STATUS[facts["state"]]
        asked = held.asked.get(order.session)
        if status == TRIGGERED and asked is not None and asked.target == order.target:
            continue  # it was told of this target when it was asked
        if status == FAILED and "WARMING" not in move.steps and asked is None:
            continue  # it was never told of it
        found += of_mobility(held, order.ue, order.app, order.source, order.target, status)
        if status != TRIGGERED:
            held.settle(order.ue, order.source, order.app)
            held.asked.pop(order.session, None)
    return found


def of_mobility(
    held: Enablement, ue: UeId, app: AppId, source: SiteId, target: SiteId, status: int
) -> list[Effect]:
    """MEC 021, 7.4.2. A subscriber is told of the UE by the name that it gave it, else by that of its registration."""
    registered = {
        device.associate_id
        for one in held.registered(ue)
        for device in one.devices
        if device.ue == ue and one.covers(source, app)
    }
    found: list[Effect] = []
    for one in held.subscriptions("mobility"):
        wanted = one.told["filterCriteria"].get("mobilityStatus") or [TRIGGERED]
        own = {name for name, each in one.ues.items() if each == ue}
        if status in wanted and one.concerns(source, app) and (own or not one.ues):
            names = sorted(own or registered or {ue})
            found.append(
                Notify(one, "mobility", {"status": status, "associate_ids": names, "app": app, "to": target})
            )
    return found


# --- neighbours and time -----------------------------------------------------------------------------------------------------


def of_neighbours(known: Knowledge, ready: dict[AppId, frozenset[AppInstanceId]]) -> list[Effect]:
    """An application's instances came or went: those who asked are told of the ones beside their own."""
    effects: list[Effect] = []
    before, known.neighbours = known.neighbours, ready
    for app in before.keys() | ready.keys():
        now_there = ready.get(app, frozenset())
        if app not in before or before[app] == now_there:
            continue
        for one in known.state.enablement.subscriptions("adjacent"):
            if one.about(app) and (not one.owner or one.app == app):
                others = sorted(
                    name for name in now_there if not one.owner or not name.startswith(f"{one.site}.")
                )
                effects.append(Notify(one, "adjacent", {"instances": others}))
    return effects


def of_expiry(known: Knowledge, now: Nanoseconds) -> list[Effect]:
    """Once for each subscription that is about to end."""
    held = known.state.enablement
    ending = {
        one.id: one
        for one in held.resources.values()
        if isinstance(one, Subscription) and one.expires_at and now >= one.expires_at - EXPIRY_TOLD
    }
    fresh = ending.keys() - known.expiry_told
    known.expiry_told = set(ending)
    return [Notify(ending[name], "expiry", {}) for name in sorted(fresh)]
