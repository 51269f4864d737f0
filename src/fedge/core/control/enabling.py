"""What application instances ask of the platform: to keep what they say, to change their rules, to wait for their consent.

Neighbours: `core/enablement` has the shapes, `notices.py` tells the subscribers, `farewells.py` waits for what is to end.
ETSI GS MEC 011 and MEC 021; `api/mec` translates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from fedge.core.applications.application import namespace_of_app
from fedge.core.control import notices, reconcile
from fedge.core.control.dispatch import on, on_state, table
from fedge.core.control.effects import Effect, Propose, Reply, Story
from fedge.core.control.events.resources import (
    AskedHeartbeat,
    AskedResource,
    AskedRule,
    AskedWithdrawal,
    MobilityAsked,
    ResourceGone,
    ResourceKept,
    RuleUpdated,
)
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import Session, State
from fedge.core.enablement import AppRegistration, EdgeService, Enablement, consent_of, fingerprint
from fedge.core.enablement.resources import AnyResource, Asked
from fedge.core.federation import LOST_AFTER
from fedge.core.messages import DnsRule, InstanceStatus, TrafficRule
from fedge.core.model import SECOND, AppId, AppInstanceId, Nanoseconds, SiteId

ASK_AGAIN = 30 * SECOND
"""A notification may be lost: an application that has not answered is told again."""
DRAIN_WAITS = 5 * SECOND
"""So long a session that must leave its site waits for its application's word."""
HEARTBEATS_MISSED = 2


class Running(Struct, frozen=True):
    """An instance that a site holds."""

    site: SiteId
    status: InstanceStatus


def running(known: Knowledge) -> Iterator[tuple[AppInstanceId, Running]]:
    """Every instance of every site that is not lost."""
    for name, view in known.sites.items():
        site = known.state.sites.get(name)
        if site is not None and site.marked != "lost":
            for status in view.instances:
                yield AppInstanceId(f"{name}.{status.instance}"), Running(name, status)


def is_there(known: Knowledge, instance: AppInstanceId) -> bool:
    """Does Fedge run this instance, or has somebody else's been registered under this id?"""
    registered = known.state.enablement.resources.get(instance)
    if isinstance(registered, AppRegistration) and registered.foreign:
        return True
    return any(one == instance for one, _ in running(known))


def namespace_of(known: Knowledge, owner: AppInstanceId, asks: str) -> str:
    """Whose what an instance owns is: its application's, and of somebody else's instance whoever registered that. What no
    instance owns is whose who ``asks`` (a tenant's namespace; empty: the operator).
    """
    registered = known.state.enablement.resources.get(owner)
    if registered is not None and _foreign(registered):
        return registered.namespace
    return next((namespace_of_app(one.status.app) for name, one in running(known) if name == owner), asks)


# --- questions ---------------------------------------------------------------------------------------------------------------


def resource(known: Knowledge, event: AskedResource, now: Nanoseconds) -> list[Effect]:
    """Keep a new resource (it has no id yet, or is the registration of an instance), or replace one."""
    kept, given = known.state.enablement, event.resource
    if event.replaces:
        before = kept.resources.get(given.id)
        if type(before) is not type(given):
            return [_no(event.request, 404, f"no {given.id}")]
        if refusal := _mismatch(event.request, before, event.if_match):
            return [refusal]
        return [Reply(event.request, 200, {"id": given.id}), Propose(ResourceKept(given))]
    if kept.full(given):
        return [_no(event.request, 403, "as many of these are kept as Fedge keeps; delete some")]
    foreign = isinstance(given, AppRegistration) and given.foreign
    if given.owner and not foreign and not is_there(known, given.owner):
        return [_no(event.request, 404, f"no application instance {given.owner}")]
    if given.id in kept.resources:
        return [_no(event.request, 403, f"{given.id} is registered already")]
    name = given.id or kept.fresh_id(given)
    made = replace(given, id=name, owner=AppInstanceId(name) if foreign else given.owner)
    return [Reply(event.request, 201, {"id": name}), Propose(ResourceKept(made))]


def withdrawal(known: Knowledge, event: AskedWithdrawal, now: Nanoseconds) -> list[Effect]:
    if event.id not in known.state.enablement.resources:
        return [_no(event.request, 404, f"no {event.id}")]
    return [Reply(event.request, 204, {}), Propose(ResourceGone(event.id, "asked for"))]


def heartbeat(known: Knowledge, event: AskedHeartbeat, now: Nanoseconds) -> list[Effect]:
    """A service lives. One that was suspended for its silence is active again."""
    service = known.state.enablement.resources.get(event.service)
    if not isinstance(service, EdgeService) or not service.liveness_s:
        return [_no(event.request, 404, f"no service {event.service} that says whether it lives")]
    known.heartbeats[service.id] = now
    reply = Reply(event.request, 200, {"id": service.id})
    if service.state != "SUSPENDED":
        return [reply]
    return [reply, Propose(ResourceKept(replace(service, state="ACTIVE")))]


def rule(known: Knowledge, event: AskedRule, now: Nanoseconds) -> list[Effect]:
    """Change a rule of an application. It comes from the manifest, so it must be there."""
    before = _rule_before(known, event.updated)
    if before is None:
        return [_no(event.request, 404, f"no such rule of {event.updated.app}")]
    if refusal := _mismatch(event.request, before, event.if_match):
        return [refusal]
    return [Reply(event.request, 200, {}), Propose(event.updated)]


def _rule_before(known: Knowledge, event: RuleUpdated) -> TrafficRule | DnsRule | None:
    if event.traffic is not None:
        wanted = event.traffic.traffic_rule_id
        return next((one for one in known.traffic_rules(event.app) if one.traffic_rule_id == wanted), None)
    named = event.dns.dns_rule_id if event.dns is not None else ""
    return next((one for one in known.dns_rules(event.app) if one.dns_rule_id == named), None)


def _mismatch(request: int, before: Struct | None, if_match: str) -> Reply | None:
    if if_match and before is not None and if_match != fingerprint(before):
        return _no(request, 412, "it has changed since it was read: its ETag is another")
    return None


def _no(request: int, status: int, detail: str) -> Reply:
    return Reply(request, status, {"detail": detail})


# --- decided -----------------------------------------------------------------------------------------------------------------


def kept(state: State, event: ResourceKept, now: Nanoseconds) -> list[Effect]:
    held = state.enablement
    before = held.resources.get(event.resource.id)
    held.keep(event.resource)
    if before is None:
        held.next_id += 1
    return notices.of_service(held, before, event.resource)


def gone(state: State, event: ResourceGone, now: Nanoseconds) -> list[Effect]:
    """A resource is withdrawn; with the registration of somebody else's instance goes all that is that instance's."""
    held = state.enablement
    first = held.resources.get(event.id)
    names = {event.id}
    if _foreign(first):
        names |= {one.id for one in held.resources.values() if one.owner == event.id}
    return _dropped(state, names)


def tenant_gone(state: State, namespace: str) -> list[Effect]:
    """A later tenant of the same name is somebody else."""
    held = state.enablement
    for rules in (held.traffic_rules, held.dns_rules):
        for app in [app for app in rules if namespace_of_app(app) == namespace]:
            del rules[app]
    return _dropped(
        state, {one.id for one in state.enablement.resources.values() if one.namespace == namespace}
    )


def _dropped(state: State, names: Iterable[str]) -> list[Effect]:
    held = state.enablement
    withdrawn = [held.drop(name) for name in sorted(names)]
    return [effect for one in withdrawn for effect in notices.of_service(held, one, None)]


def rule_updated(known: Knowledge, event: RuleUpdated, now: Nanoseconds) -> list[Effect]:
    """The rule is the application's, at every site: its sessions move, and the rule with them."""
    held, changed = known.state.enablement, event.traffic
    if event.dns is not None:
        held.dns_rules.setdefault(event.app, {})[event.dns.dns_rule_id] = event.dns
    if changed is None:
        return []
    held.traffic_rules.setdefault(event.app, {})[changed.traffic_rule_id] = changed
    known.read_objects()
    sentence = f"the rule {changed.traffic_rule_id} of {event.app} is {changed.state}: {changed.action}"
    told = Story(sentence, now, {"app": event.app, "rule": changed.traffic_rule_id})
    sites = [site for site in known.state.sites.values() if event.app in site.placed]
    return [
        *(order for site in sites for order in reconcile.run_orders(site, known.per_site)),
        told,
    ]


# --- moves -------------------------------------------------------------------------------------------------------------------


def consent(known: Knowledge, session: Session) -> str:
    return consent_of(known.state.enablement.registered(session.ue), session.ue, session.app, session.site)


def consent_told(known: Knowledge, session: Session) -> str:
    """In words, what the session's application says about its moves; empty if it lets go."""
    asked = known.state.enablement.asked.get(session.session)
    match consent(known, session):
        case "no":
            return f"its application at {session.site} keeps it there (MEC 021 service level 1); only a drain moves it"
        case "ask" if asked is not None:
            return f"it could go to {asked.target}; its application at {session.site} was asked and has not said yes (MEC 021)"
        case "ask":
            return f"its application at {session.site} is asked before it moves (MEC 021 service level 2)"
    return ""


def held_back(
    known: Knowledge, session: Session, target: SiteId, now: Nanoseconds, must_leave: bool
) -> list[Effect] | None:
    """None if the session may begin its move to ``target``; else what is done meanwhile.

    A site that has to be left has the last word: closing the session there would serve its player worse than a move.
    """
    said = consent(known, session)
    if said == "yes" or (said == "no" and must_leave):
        return None
    if said == "no":
        return []
    asked = known.state.enablement.asked.get(session.session)
    if must_leave and asked is not None and now - asked.since > DRAIN_WAITS:
        return None
    if asked is not None and asked.target == target and now - asked.at < ASK_AGAIN:
        return []
    return [Propose(MobilityAsked(session.session, target))]


def mobility_asked(state: State, event: MobilityAsked, now: Nanoseconds) -> list[Effect]:
    session, held = state.sessions.get(event.session), state.enablement
    for name in [name for name in held.asked if name not in state.sessions]:
        del held.asked[name]
    if session is None:
        return []
    before = held.asked.get(event.session)
    held.asked[event.session] = Asked(event.target, now, before.since if before is not None else now)
    sentence = f"{event.session} could go to {event.target}: its application at {session.site} is asked"
    facts = {"session": event.session, "site": session.site, "to": event.target}
    told = notices.of_mobility(held, session.ue, session.app, session.site, event.target, 1)
    return [Story(sentence, now, facts), *told]


# --- time --------------------------------------------------------------------------------------------------------------------


def sweep(known: Knowledge, now: Nanoseconds) -> list[Effect]:
    """What has expired, has not been heard, or belongs to an instance that is gone."""
    held = known.state.enablement
    effects = [*notices.of_expiry(known, now), *notices.of_neighbours(known, _ready(known))]
    silent = _silent_owners(known, held, now)
    for one in tuple(held.resources.values()):
        if one.expires_at and now >= one.expires_at:
            effects.append(Propose(ResourceGone(one.id, "it expired")))
        elif one.owner in silent:
            effects.append(Propose(ResourceGone(one.id, f"{one.owner} is gone")))
        elif isinstance(one, EdgeService) and one.liveness_s and one.state == "ACTIVE":
            heard = known.heartbeats.setdefault(one.id, now)
            if now - heard > HEARTBEATS_MISSED * one.liveness_s * SECOND:
                effects.append(Propose(ResourceKept(replace(one, state="SUSPENDED"))))
    for name in [name for name in known.heartbeats if name not in held.resources]:
        del known.heartbeats[name]
    return effects


def _silent_owners(known: Knowledge, held: Enablement, now: Nanoseconds) -> set[AppInstanceId]:
    """Owners whose instance has been nowhere for so long as a site may be unheard: a restarted one is back before."""
    owners = {one.owner for one in held.resources.values() if one.owner}
    there = {name for name, _ in running(known)}
    absent = {one for one in owners if one not in there and not _foreign(held.resources.get(one))}
    known.absent = {one: known.absent.get(one, now) for one in absent}
    return {one for one, since in known.absent.items() if now - since > LOST_AFTER}


def _foreign(registered: AnyResource | None) -> bool:
    return isinstance(registered, AppRegistration) and registered.foreign


def _ready(known: Knowledge) -> dict[AppId, frozenset[AppInstanceId]]:
    """The instances of each application that serve."""
    found: dict[AppId, set[AppInstanceId]] = {}
    for name, one in running(known):
        if one.status.state == "ready":
            found.setdefault(one.status.app, set()).add(name)
    return {app: frozenset(names) for app, names in found.items()}


DECIDES = table(
    on_state(ResourceKept, kept),
    on_state(ResourceGone, gone),
    on(RuleUpdated, rule_updated),
    on_state(MobilityAsked, mobility_asked),
)
ANSWERS = table(
    on(AskedResource, resource),
    on(AskedWithdrawal, withdrawal),
    on(AskedRule, rule),
    on(AskedHeartbeat, heartbeat),
)
