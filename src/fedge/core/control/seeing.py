"""What one tenant may see: the same knowledge, with what is not its own left out.

The API reads everything through `seen_by`, so that a route cannot forget to filter. Left in: which sites there are, how they
are and how busy. Left out: other namespaces' objects, applications, instances, sessions, moves; devices that play nothing of
this tenant's; and figures that are counted over all tenants (gateways' packets, hops, losses). For reading only.
"""

from __future__ import annotations

import copy

from msgspec.structs import replace

from fedge.core.access import AccessView
from fedge.core.applications import ObjectKey, key_of
from fedge.core.applications.application import namespace_of_app
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import State
from fedge.core.federation import Site, SiteView
from fedge.core.model import UeId


def seen_by(known: Knowledge, namespace: str) -> Knowledge:
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
    seen.access = _access(known.access, ues)
    seen.silent_ms = {key: ms for key, ms in known.silent_ms.items() if key[0] in ues}
    seen.waiting = {}
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
    )


def _site(site: Site, namespace: str) -> Site:
    own = {app: count for app, count in site.placed.items() if namespace_of_app(app) == namespace}
    return replace(site, placed=own)


def _site_view(view: SiteView, namespace: str) -> SiteView:
    instances = tuple(one for one in view.instances if namespace_of_app(one.app) == namespace)
    return replace(
        view, instances=instances, sessions=sum(one.sessions for one in instances), gateway={}, plain={}
    )


def _access(view: AccessView, ues: set[UeId]) -> AccessView:
    seen = copy.copy(view)
    seen.ues = {ue: one for ue, one in view.ues.items() if ue in ues}
    seen.hops = {}
    return seen
