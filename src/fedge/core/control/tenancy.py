"""Tenants kept apart: their tokens, and what their quota leaves for another replica or another session.

What one may see is `seeing.py`; which sites it may use, placement (`core/placement/filters.py`); what it may apply,
`api/tenant_checks.py`. A token is stored as its digest only, by a decided event: so it survives a restart and nobody can read
it back.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from fedge.core.applications import Application
from fedge.core.applications.application import namespace_of_app
from fedge.core.applications.tenant import Use, exceeded, use_of
from fedge.core.control.dispatch import on, on_state, table
from fedge.core.control.effects import Effect, Propose, Reply
from fedge.core.control.events.tokens import AskedToken, TokenIssued, TokensRevoked
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import Grant, State
from fedge.core.model import AppId, Nanoseconds, SiteId
from fedge.core.placement import Placement, Policy, Refusal

Placed = Mapping[AppId, Mapping[SiteId, int]]
OWN = "default"
"""The operator's own namespace: it is there without a Tenant, and its games may have a client like any studio's."""


def has_clients(known: Knowledge, namespace: str) -> bool:
    return namespace == OWN or namespace in known.tenants


# --- tokens ------------------------------------------------------------------------------------------------------------------


def asked(known: Knowledge, event: AskedToken, now: Nanoseconds) -> list[Effect]:
    """A token for a tenant, or (without a digest) none any more."""
    if not has_clients(known, event.tenant):
        return [Reply(event.request, 404, {"code": "NOT_FOUND", "message": f"no Tenant {event.tenant}"})]
    if not event.digest:
        return [Reply(event.request, 200, {"tenant": event.tenant}), Propose(TokensRevoked(event.tenant))]
    uris = event.redirect_uris
    if uris is None:
        held = (one for one in known.state.grants.values() if _same_kind(one, event.tenant, event.players))
        uris = next((one.redirect_uris for one in held), ())
    said = {"tenant": event.tenant, "players": event.players, "redirect_uris": uris}
    decided = TokenIssued(event.tenant, event.digest, event.players, uris)
    return [Reply(event.request, 201, said), Propose(decided)]


def issued(state: State, event: TokenIssued, now: Nanoseconds) -> None:
    """A new token ends the one before it of the same kind."""
    others = {
        digest: one
        for digest, one in state.grants.items()
        if not _same_kind(one, event.tenant, event.players)
    }
    state.grants = others | {event.digest: Grant(event.tenant, event.players, event.redirect_uris)}


def _same_kind(one: Grant, tenant: str, players: bool) -> bool:
    return (one.tenant, one.players) == (tenant, players)


def revoked(state: State, event: TokensRevoked, now: Nanoseconds) -> None:
    client_gone(state, event.tenant)


def client_gone(state: State, tenant: str) -> None:
    state.grants = {digest: one for digest, one in state.grants.items() if one.tenant != tenant}


# --- quota -------------------------------------------------------------------------------------------------------------------


def no_session_left(known: Knowledge, app: AppId, beginning: int = 0) -> str:
    """Why no further session of the application may begin; empty where one may. ``beginning``: so many are decided already."""
    namespace = namespace_of_app(app)
    tenant = known.tenants.get(namespace)
    if tenant is None or tenant.spec.quota.sessions is None:
        return ""
    used = beginning + sum(
        session.state != "lost" and namespace_of_app(session.app) == namespace
        for session in known.state.sessions.values()
    )
    used += sum(namespace_of_app(visit.app) == namespace for visit in known.state.visits.values())
    allowed = tenant.spec.quota.sessions
    return f"{namespace} has {used} of {allowed} sessions (spec.quota.sessions)" if used >= allowed else ""


def within_quota(
    known: Knowledge, application: Application, policy: Policy, chosen: Placement, placed: Placed
) -> Placement:
    """``chosen``, cut to what the tenant's quota leaves beside its other applications (``placed``). What runs already stays."""
    tenant = known.tenants.get(application.namespace)
    if tenant is None:
        return chosen
    used = _used_beside(known, application, placed)
    has = placed.get(application.app, {})
    given: dict[SiteId, int] = {}
    refused = dict(chosen.refused)
    for site in sorted(chosen.chosen, key=lambda each: (each not in has, each)):
        wanted = count = chosen.chosen[site]
        floor = min(has.get(site, 0), wanted)
        found = None
        while count > floor and (over := exceeded(tenant.spec.quota, used + use_of(application, count))):
            found = found or over
            count = floor if policy.division == "duplicated" else count - 1
        if count:
            given[site] = count
        elif found is not None:
            refused[site] = Refusal("tenant", f"its quota: it would use {found[1]}")
        used += use_of(application, count)
    missing = sum(chosen.chosen.values()) - sum(given.values())
    if not missing:
        return chosen
    because = f"{chosen.because}; the tenant's quota leaves no room for {missing} more"
    return replace(chosen, chosen=given, refused=refused, unplaced=chosen.unplaced + missing, because=because)


def _used_beside(known: Knowledge, application: Application, placed: Placed) -> Use:
    others = (known.applications.get(app) for app in placed if app != application.app)
    return sum(
        (
            use_of(each, sum(placed[each.app].values()))
            for each in others
            if each is not None and each.namespace == application.namespace
        ),
        Use(),
    )


DECIDES = table(on_state(TokenIssued, issued), on_state(TokensRevoked, revoked))
ANSWERS = table(on(AskedToken, asked))
