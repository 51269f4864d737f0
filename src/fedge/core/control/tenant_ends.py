"""A Tenant is deleted: all that is in its namespace ends with it, as in Kubernetes. A later tenant of its name finds nothing.

At once: its objects, visits, quality sessions, fences, tokens, consents, questions to subscribers, and what its clients were to
be told. In time: its sessions, once their sites have closed them, and then its instances. Until all of that is gone nothing can
be applied in the namespace (`still_ends`), and whoever then does finds nothing of what was (`forgotten`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fedge.core.applications import ObjectKey, key_of
from fedge.core.applications.application import namespace_of_app
from fedge.core.control import consenting, enabling, fencing, outbox, quality, tenancy
from fedge.core.control.effects import ClientGone, Effect
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import Session, State
from fedge.core.model import Nanoseconds

Name = tuple[str, str, str]
"""Of an object: kind, namespace, name."""


def with_contents(state: State, deleted: Iterable[Name]) -> tuple[Name, ...]:
    """What is deleted, and of each Tenant among it what its namespace has."""
    named = tuple(deleted)
    ended = {name for kind, _, name in named if kind == "Tenant"}
    keys = (key_of(raw) for raw in state.objects.values())
    within = ((key.kind, key.namespace, key.name) for key in keys if key.namespace in ended)
    return (*named, *(one for one in within if one not in named))


def still_ends(known: Knowledge, namespaces: Iterable[str]) -> str:
    """Why nothing can be applied in one of these yet; empty: it can."""
    for name in sorted(set(namespaces) & known.state.ending.keys()):
        left = [f"{count} {what}" for what, count in _left(known, name) if count]
        if left:
            return (
                f"the Tenant {name} was deleted, and its namespace still has {' and '.join(left)}; ask again"
            )
    return ""


def _left(known: Knowledge, namespace: str) -> Iterator[tuple[str, int]]:
    """What a site that is not lost still has."""
    there = {name for name, site in known.state.sites.items() if site.marked != "lost"}
    sessions = known.state.sessions.values()
    yield "sessions", sum(one.site in there and _in(one.app, namespace) for one in sessions)
    placed = sum(
        count
        for app, sites in known.state.placed.items()
        for site, count in sites.items()
        if site in there and _in(app, namespace)
    )
    seen = sum(
        _in(one.app, namespace)
        for site, view in known.sites.items()
        for one in view.instances
        if site in there
    )
    yield "instances", max(placed, seen)


def tenant_gone(known: Knowledge, namespace: str, now: Nanoseconds) -> list[Effect]:
    """Its objects are gone already; its sessions close as those of any application that was deleted."""
    state = known.state
    state.ending[namespace] = now
    tenancy.client_gone(state, namespace)
    consenting.client_gone(state, namespace)
    fencing.client_gone(state, namespace)
    outbox.client_gone(state.outbox, namespace)
    ended = [*quality.client_gone(known, namespace, now), *enabling.tenant_gone(state, namespace)]
    for name in [name for name, one in state.visits.items() if _in(one.app, namespace)]:
        del state.visits[name]
        known.visited_at.pop(name, None)
        known.used_at.pop(name, None)
        known.visits_changed = True
    return [*ended, ClientGone(namespace)]


def forgotten(state: State, keys: Iterable[ObjectKey]) -> None:
    """Somebody begins anew in a namespace that has ended: what is remembered of the one before is not his."""
    for key in keys:
        namespace = key.name if key.kind == "Tenant" else key.namespace
        if state.ending.pop(namespace, None) is None:
            continue
        for name in [name for name, one in state.sessions.items() if _over(one) and _in(one.app, namespace)]:
            del state.sessions[name]
        for move in [one for one in state.moves.values() if one.ended and _in(one.order.app, namespace)]:
            del state.moves[move.id]
        for app in [app for app in state.placed if _in(app, namespace)]:
            if all(state.sites[site].marked == "lost" for site in state.placed[app]):
                del state.placed[app]
                state.placed_because.pop(app, None)


def _over(session: Session) -> bool:
    """Its site is lost, or it would have been closed."""
    return session.state in ("closing", "lost")


def _in(app: str, namespace: str) -> bool:
    return namespace_of_app(app) == namespace
