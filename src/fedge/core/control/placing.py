"""Manifests become applications, and applications get their sites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from fedge.core.applications import Application, ObjectKey, key_of
from fedge.core.control import (
    demand,
    farewells,
    leaving,
    reconcile,
    sessions,
    tenancy,
    tenant_ends,
)
from fedge.core.control.dispatch import on, table
from fedge.core.control.effects import Effect, Propose, Reply, Story, ToSite
from fedge.core.control.events.objects import AskedApply, ObjectsChanged, Placed
from fedge.core.control.knowledge import Asked, Knowledge
from fedge.core.control.per_site import labels_of
from fedge.core.control.state import State
from fedge.core.federation import Site, health
from fedge.core.messages import EngineBound, EngineUnbound, RunInstances
from fedge.core.model import AppId, Nanoseconds, SiteId
from fedge.core.placement import Placement, Policy, Refusal, SiteFacts, Wanted, place, wanted_of


def asked(known: Knowledge, event: AskedApply, now: Nanoseconds) -> list[Effect]:
    """Objects were accepted: say what will become of each, and decide it."""
    keys = [key_of(raw) for raw in event.objects]
    if why := tenant_ends.still_ends(known, (key.namespace or key.name for key in keys)):
        return [Reply(event.request, 409, {"code": "CONFLICT", "message": why})]
    results = actions(known.state, event.objects)
    deleted = tenant_ends.with_contents(known.state, event.deleted)
    for kind, namespace, name in deleted:
        results.append({"kind": kind, "name": name, "namespace": namespace, "action": "deleted"})
    changed = tuple(
        raw for raw, result in zip(event.objects, results, strict=False) if result["action"] != "unchanged"
    )
    effects: list[Effect] = [Reply(event.request, 200, {"results": results})]
    if changed or deleted:
        effects.append(Propose(ObjectsChanged(changed, deleted)))
    return effects


def actions(state: State, objects: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What applying ``objects`` would do to each: created, configured or unchanged."""
    results: list[dict[str, Any]] = []
    for raw in objects:
        key = key_of(raw)
        before = state.objects.get(str(key))
        action = "created" if before is None else "unchanged" if before == raw else "configured"
        results.append({"kind": key.kind, "name": key.name, "namespace": key.namespace, "action": action})
    return results


def objects_changed(known: Knowledge, event: ObjectsChanged, now: Nanoseconds) -> list[Effect]:
    """Store what was accepted and forget what was deleted."""
    state = known.state
    effects: list[Effect] = []
    tenant_ends.forgotten(state, map(key_of, event.objects))
    for raw in event.objects:
        state.objects[str(key_of(raw))] = raw
    for gone in event.deleted:
        key = ObjectKey(*gone)
        state.objects.pop(str(key), None)
        if key.kind == "Tenant":
            effects += tenant_ends.tenant_gone(known, key.name, now)
    known.read_objects()
    for site in state.sites.values():
        effects += reconcile.run_orders(site, known.per_site)
    return [*effects, *sessions.without_application(state, known.applications, now)]


def place_all(known: Knowledge, now: Nanoseconds) -> list[Effect]:
    """Hold every application's placement against the sites as they are; propose where something is to change."""
    effects: list[Effect] = []
    for app in [
        app for app in known.state.placed if app not in known.applications and known.state.placed[app]
    ]:
        if not _to_be_closed(known.state, app):
            keeps, told = farewells.stay(known, app, {}, now)
            effects += told
            if not keeps:
                effects.append(Propose(Placed(app, {}, "the application was deleted")))
    placed: dict[AppId, Mapping[SiteId, int]] = dict(known.state.placed)
    for app, application in sorted(known.applications.items(), key=lambda each: -_priority(known, each[0])):
        chosen = placement_of(known, application, now, placed)
        placed[app] = chosen.chosen
        wanted = chosen.chosen | leaving.kept(known, app, chosen.chosen, now)
        keeps, told = farewells.stay(known, app, wanted, now)
        wanted |= keeps
        effects += told
        if wanted != known.state.placed.get(app, {}):
            effects.append(Propose(Placed(app, wanted, chosen.because)))
    return [*effects, *leaving.overdue(known, now)]


def _to_be_closed(state: State, app: AppId) -> bool:
    """Is there an instance that still has to let go of a session of this application?"""
    return any(
        session.app == app and session.state != "lost" and state.sites[session.site].marked != "lost"
        for session in state.sessions.values()
    )


def _priority(known: Knowledge, app: AppId) -> int:
    policy = known.policies.get(app)
    return policy.priority if policy is not None else 0


def placement_of(
    known: Knowledge, application: Application, now: Nanoseconds, placed: tenancy.Placed | None = None
) -> Placement:
    """Where the application should run, as things are. ``placed``: what the others run, where that is decided already."""
    policy = known.policies.get(application.app)
    if known.settings.engine == "karmada":
        bound = _bound(known, application)
        return replace(bound, because=_why(policy)) if policy is not None and policy.suspended else bound
    if policy is not None and policy.suspended:
        return _suspended(known, application, policy)
    chosen = _found(known, application, policy, now)
    if policy is None:
        return chosen
    placed = known.state.placed if placed is None else placed
    return tenancy.within_quota(known, application, policy, chosen, placed)


def _broken(known: Knowledge, app: AppId, site: SiteId) -> Refusal | None:
    trouble = known.per_site.trouble(app, site)
    return Refusal("override", trouble) if trouble else None


def _why(suspended: Policy) -> str:
    return f"scheduling is suspended ({suspended.name}): what runs stays, nothing is placed"


def _suspended(known: Knowledge, application: Application, policy: Policy) -> Placement:
    """What runs stays as it is, and is said to."""
    runs = {
        site: count
        for site, count in known.state.placed.get(application.app, {}).items()
        if known.state.sites[site].marked != "lost"
    }
    why = _why(policy)
    refused = {site: Refusal("suspended", why) for site in known.state.sites if site not in runs}
    return Placement(runs, refused, max(0, application.replicas - sum(runs.values())), why)


def _found(known: Knowledge, application: Application, policy: Policy | None, now: Nanoseconds) -> Placement:
    """The embedded engine's own answer. The same figures have the same answer, which is not looked for again.

    A site is its own region.
    """
    busy = demand.overloaded(known, now)
    regions = {str(name): str(name) for name in known.state.sites}
    wanted = wanted_of(application.latency, application.standby, demand.picture(known, now), regions)
    facts = tuple(
        _kept(
            SiteFacts(
                name,
                state=health(site, known.sites.get(name), now),
                replicas=_settled(known, application.app, site),
                labels=labels_of(name),
                region=name,
                overloaded=name in busy,
                barred=_broken(known, application.app, name),
            )
        )
        for name, site in known.state.sites.items()
    )
    asked = Asked(application, policy, facts, wanted)
    before = known.answered.get(application.app)
    if before is not None and before[0] == asked:
        return before[1]
    may_move = before is None or _standing(before[0]) != _standing(asked)
    answer = place(asked.application, asked.policy, asked.sites, asked.wanted, may_move)
    known.answered[application.app] = (asked, answer)
    return answer


def _settled(known: Knowledge, app: AppId, site: Site) -> int:
    """Replicas that a site has and is to keep: a copy that is leaving counts as gone."""
    return 0 if (app, site.site) in known.leaving else site.placed.get(app, 0)


def _standing(asked: Asked) -> tuple[Wanted | None, list[SiteFacts]]:
    """What may move a placement for its objective's sake: the players, and the sites as such; not how many replicas are asked."""
    return asked.wanted, [replace(site, replicas=0, free_instances=None) for site in asked.sites]


def _bound(known: Knowledge, application: Application) -> Placement:
    """What Karmada's binding says; before it is first heard, what was last placed."""
    bound = known.bound.get(application.app)
    if bound is None:
        before = known.state.placed.get(application.app, {})
        return Placement(before, {}, 0, "Karmada's binding has not been heard yet")
    chosen = {site: count for site, count in bound.replicas.items() if count and site in known.state.sites}
    refused = {site: Refusal(rule, reason) for site, (rule, reason) in bound.refused.items()}
    return Placement(chosen, refused, 0, bound.because)


def _kept(site: SiteFacts) -> SiteFacts:
    """A site that is drained or unheard keeps what it runs: its sessions need it until they have moved."""
    if site.state in ("draining", "suspect") and site.replicas:
        return replace(site, state="ready", free_instances=0)
    return site


def placed(known: Knowledge, event: Placed, now: Nanoseconds) -> list[Effect]:
    """Tell the sites that gain, change or lose instances."""
    state, known.visits_changed = known.state, True
    before = state.placed.get(event.app, {})
    state.placed[event.app], state.placed_because[event.app] = event.replicas, event.because
    effects: list[Effect] = []
    for name, site in state.sites.items():
        replicas = event.replicas.get(name, 0)
        if replicas:
            site.placed[event.app] = replicas
        else:
            site.placed.pop(event.app, None)
        if replicas == before.get(name, 0):
            continue
        application = known.per_site.at(event.app, name)
        if application is not None:
            effects.append(ToSite(name, application.run_instances(replicas)))
        elif not replicas:
            effects.append(ToSite(name, RunInstances(event.app, 0, "", ())))
    named = ", ".join(f"{site} × {count}" for site, count in event.replicas.items()) or "nowhere"
    facts = {"app": event.app, "placed": dict(event.replicas)}
    return [*effects, Story(f"{event.app} runs at {named}: {event.because}", now, facts)]


# --- what Karmada's scheduler has bound --------------------------------------------------------------------------------------


def bound(known: Knowledge, event: EngineBound, now: Nanoseconds) -> None:
    known.bound[event.app] = event


def unbound(known: Knowledge, event: EngineUnbound, now: Nanoseconds) -> None:
    known.bound.pop(event.app, None)


DECIDES = table(on(ObjectsChanged, objects_changed), on(Placed, placed))
HEARS = table(on(EngineBound, bound), on(EngineUnbound, unbound))
ANSWERS = table(on(AskedApply, asked))
