"""What one tenant may see: the same knowledge, with what is not its own left out.

The API reads everything through `seen_by`, so that a route cannot forget to filter. Left in: which sites there are, how they
are and how busy. Left out: other namespaces' objects, applications, instances, sessions, moves; devices that play nothing of
this tenant's; what others' application instances told the platform, but for the services that they offer (MEC 011's registry is
for sharing); and figures that are counted over all tenants (gateways' packets, hops, losses). Hidden: the places of devices whose
subscribers have not consented to be located by it. For reading only.
"""

from __future__ import annotations

import copy

from msgspec.structs import replace

from fedge.core.access import AccessView
from fedge.core.applications import ObjectKey, key_of
from fedge.core.applications.application import namespace_of_app
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.outbox import Outbox
from fedge.core.control.state import State
from fedge.core.enablement import EdgeService, Enablement
from fedge.core.federation import Site, SiteView
from fedge.core.location import RETRIEVE, Askings, Consents, Fences
from fedge.core.model import AppId, Nanoseconds, SessionId, UeId
from fedge.core.quality import Quality


def seen_by(known: Knowledge, namespace: str, now: Nanoseconds) -> Knowledge:
    """What the tenant of ``namespace`` sees of ``known``; a snapshot."""

    def own(app: str) -> bool:
        return namespace_of_app(app) == namespace

    seen = Knowledge.__new__(Knowledge)
    seen.__dict__.update(known.__dict__)
    seen.state = _state(known.state, namespace)
    seen.applications = {app: one for app, one in known.applications.items() if own(app)}
    seen.policies = {app: one for app, one in known.policies.items() if own(app)}
    seen.bound = {app: one for app, one in known.bound.items() if own(app)}
    seen.leaving = {key: at for key, at in known.leaving.items() if own(key[0])}
    seen.tenants = {name: one for name, one in known.tenants.items() if name == namespace}
    seen.sites = {name: _site_view(view, namespace) for name, view in known.sites.items()}
    ues = {one.ue for held in (seen.state.sessions, seen.state.visits) for one in held.values()}
    consents = [one for one in seen.state.consents.given.values() if one.holds(now)]
    located = {one.ue for one in consents if one.allows(namespace, one.ue, RETRIEVE, "")}
    seen.access = _access(known.access, ues, located)
    seen.silent_ms = {key: ms for key, ms in known.silent_ms.items() if key[0] in ues}
    seen.waiting = {}
    seen.unfulfilled = seen.unfulfilled & seen.state.quality.sessions.keys()
    return seen


def _state(state: State, namespace: str) -> State:
    def own(app: str) -> bool:
        return namespace_of_app(app) == namespace

    sessions = {name: one for name, one in state.sessions.items() if own(one.app)}
    objects = {
        name: raw
        for name, raw in state.objects.items()
        if (key := key_of(raw)).namespace == namespace or key == ObjectKey("Tenant", "", namespace)
    }
    return replace(
        state,
        sites={name: _site(site, namespace) for name, site in state.sites.items()},
        sessions=sessions,
        visits={name: one for name, one in state.visits.items() if own(one.app)},
        moves={name: one for name, one in state.moves.items() if own(one.order.app)},
        objects=objects,
        placed={app: sites for app, sites in state.placed.items() if own(app)},
        placed_because={app: why for app, why in state.placed_because.items() if own(app)},
        lost_sessions=sum(one.state == "lost" for one in sessions.values()),
        restarted_from={},
        grants={},
        consents=Consents({id: one for id, one in state.consents.given.items() if one.client == namespace}),
        fences=Fences({id: one for id, one in state.fences.held.items() if one.client == namespace}),
        ended_tokens={},
        askings=Askings(),
        outbox=Outbox(),
        quality=_quality(state.quality, namespace),
        enablement=_enablement(state.enablement, namespace, set(sessions)),
    )


def _quality(quality: Quality, namespace: str) -> Quality:
    sessions = {name: one for name, one in quality.sessions.items() if one.owner == namespace}
    return Quality(sessions, quality.marks)


def _enablement(held: Enablement, namespace: str, sessions: set[SessionId]) -> Enablement:
    def own(app: AppId) -> bool:
        return namespace_of_app(app) == namespace

    return Enablement(
        {
            id: one
            for id, one in held.resources.items()
            if one.namespace == namespace or isinstance(one, EdgeService)
        },
        held.next_id,
        {app: rules for app, rules in held.traffic_rules.items() if own(app)},
        {app: rules for app, rules in held.dns_rules.items() if own(app)},
        {name: asked for name, asked in held.asked.items() if name in sessions},
    )


def _site(site: Site, namespace: str) -> Site:
    own = {app: count for app, count in site.placed.items() if namespace_of_app(app) == namespace}
    return replace(site, placed=own)


def _site_view(view: SiteView, namespace: str) -> SiteView:
    instances = tuple(one for one in view.instances if namespace_of_app(one.app) == namespace)
    return replace(
        view, instances=instances, sessions=sum(one.sessions for one in instances), gateway={}, plain={}
    )


def _access(view: AccessView, ues: set[UeId], located: set[UeId]) -> AccessView:
    seen = copy.copy(view)
    seen.ues = {
        ue: one if ue in located else replace(one, hidden=True) for ue, one in view.ues.items() if ue in ues
    }
    seen.hops = {}
    return seen
