"""Manifests become applications, and applications get their sites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fedge.core.applications import Application, key_of
from fedge.core.control import farewells, leaving
from fedge.core.control.effects import Effect, Propose, Reply, Story, ToSite
from fedge.core.control.events import AskedApply, ObjectsChanged, Placed
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import State
from fedge.core.federation import health
from fedge.core.messages import RunInstances
from fedge.core.model import AppId, Nanoseconds
from fedge.core.placement import Placement, Refusal, SiteFacts, place


def asked(state: State, event: AskedApply) -> list[Effect]:
    """Objects were accepted: say what will become of each, and decide it."""
    results = actions(state, event.objects)
    for kind, namespace, name in event.deleted:
        results.append({"kind": kind, "name": name, "namespace": namespace, "action": "deleted"})
    changed = tuple(
        raw for raw, result in zip(event.objects, results, strict=False) if result["action"] != "unchanged"
    )
    effects: list[Effect] = [Reply(event.request, 200, {"results": results})]
    if changed or event.deleted:
        effects.append(Propose(ObjectsChanged(changed, event.deleted)))
    return effects


def actions(state: State, objects: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What applying ``objects`` would do to each: created, configured or unchanged."""
    results: list[dict[str, Any]] = []
    for raw in objects:
        key = key_of(raw)
        before = state.objects.get(str(key))
        action = "created" if before is None else "unchanged" if before == raw else "configured"
        results.append({"kind": key.kind, "name": key.name, "action": action})
    return results


def objects_changed(state: State, event: ObjectsChanged) -> None:
    """Store what was accepted and forget what was deleted."""
    for raw in event.objects:
        state.objects[str(key_of(raw))] = raw
    for kind, namespace, name in event.deleted:
        from_default = namespace in ("", "default")
        state.objects.pop(f"{kind}/{name}" if from_default else f"{kind}/{namespace}/{name}", None)


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
    for app, application in known.applications.items():
        chosen = placement_of(known, application, now)
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


def placement_of(known: Knowledge, application: Application, now: Nanoseconds) -> Placement:
    """Where the application should run, as things are."""
    if known.settings.engine == "karmada":
        return _bound(known, application)
    facts = [
        SiteFacts(
            name,
            state=health(site, known.sites.get(name), now),
            replicas=site.placed.get(application.app, 0),
            labels={"fedge.dev/site": name},
        )
        for name, site in known.state.sites.items()
    ]
    return place(application, known.policies.get(application.app), [_kept(one) for one in facts])


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
        return SiteFacts(
            site.site, labels=site.labels, state="ready", replicas=site.replicas, free_instances=0
        )
    return site


def placed(
    state: State, applications: Mapping[AppId, Application], event: Placed, now: Nanoseconds
) -> list[Effect]:
    """Tell the sites that gain, change or lose instances."""
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
        if event.app in applications:
            effects.append(ToSite(name, applications[event.app].run_instances(replicas)))
        elif not replicas:
            effects.append(ToSite(name, RunInstances(event.app, 0, "", ())))
    named = ", ".join(f"{site} × {count}" for site, count in event.replicas.items()) or "nowhere"
    facts = {"app": event.app, "placed": dict(event.replicas)}
    return [*effects, Story(f"{event.app} runs at {named}: {event.because}", now, facts)]
