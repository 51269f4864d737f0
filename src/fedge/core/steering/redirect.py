"""Where the core network does not steer, the client is redirected through the SDK, make before break.

A *way* is how a session's packets are led. ``core``: its client sends to the application's stable address, and Traffic Influence
(TS 29.522) says to which site that leads. ``client``: it sends to a site's own address, which plain IP routing reaches from any
access, and a move tells it another. A session goes by ``client`` if the core refuses to steer its subscriber (LTE, 5G
non-standalone, Wi-Fi), if the control plane saw it on such an access, if it sends to a site's own address already, and if the
core, with the target writing, does not switch: a way that always works is the way out. Back on 5G standalone, a client is called
home to the stable address as soon as the core leads that to its site.

The move is the same: the target's gateway hears the client before the source freezes (``RouteInstalled``), and the client
believes the target's writer and is heard there before the source lets go (``RouteActivated``). Pure; every function may be called
at any time.
"""

from __future__ import annotations

from typing import Literal

from fedge.core.messages import ClientHeard, ExpectClient, InstallRoute, Message, RedirectClient
from fedge.core.model import MS, SECOND, Address, Nanoseconds, SiteId
from fedge.core.steering.calls import Effect, Tell
from fedge.core.steering.desk import Desk
from fedge.core.steering.path import Path, Target

FIRST_GENERATION = 1
"""Of a session that begins: no client has to be led anywhere, the first one attaches when the route is there."""
SAY_EVERY, SAY_AT_LEAST_EVERY = 100 * MS, SECOND
PATIENT_AFTER = 10
"""So often an order is said at the quick pace; a client that has not heard it by then may be gone."""
STEERED = ("", "nr")
"""Kinds of access that the core may steer (TS 23.501, 5.6.7); empty: not known."""
CORE_SWITCHES_WITHIN, CORE_BEGINS_WITHIN = 250 * MS, 2 * SECOND
"""The core has so long to lead the traffic to a new writer; to a new session, for which nobody waits yet."""
REASONS = 4
COMING, WRITING, HOME = 0, 1, 2
"""Why a client is redirected, in the order of one generation: to a coming writer, to a writer, to the stable address."""
Way = Literal["core", "client", "unknown"]


def way(path: Path, desk: Desk) -> Way:
    """How the session's packets are led to the goal. ``unknown``: its client has to be heard first."""
    if not desk.own:
        return "core"
    goal, client = path.goal, path.client
    if path.state == "UNSTEERED" or client.at not in ("", desk.stable):
        return "client"
    if goal is not None and goal.generation == client.generation:
        return "client"
    return "unknown" if goal is path.next and path.serving is not None and not client.at else "core"


def told(path: Path, desk: Desk) -> tuple[Address, bool]:
    """Where a client that attaches now shall send: to the stable address if the core leads that to the serving site.

    And whether the present one is redirected.
    """
    serving = path.serving
    if serving is None or not desk.own:
        return Address(""), False
    service = desk.stable if path.led == serving.site else desk.own.get(serving.site, Address(""))
    return service, way(path, desk) == "client"


def told_of(path: Path, event: InstallRoute) -> None:
    """The control plane saw the UE on some access. One that the core does not steer: it need not be asked."""
    client = path.client
    client.top = max(client.top, event.top, event.generation)
    client.redirected = event.redirected
    if event.access not in STEERED:
        client.generation = max(client.generation, event.generation)


def give_up_on_core(path: Path) -> None:
    """The core will not switch to the writer, or has not in time: its client can be told to come."""
    serving = path.serving
    if serving is not None and path.goal is serving and serving.generation > path.activated:
        path.client.generation = max(path.client.generation, serving.generation)


def heard(path: Path, event: ClientHeard) -> None:
    """A gateway heard the client straight from its user plane function."""
    client, coming = path.client, path.next
    if event.writer:
        client.at, client.site, client.quick = event.service, event.site, 0
    elif coming is not None and (event.site, event.generation) == (coming.site, coming.generation):
        client.ready = coming.generation


def installed(path: Path, goal: Target) -> bool:
    """Redirected, the client is heard at the target, which keeps its packets until it is the writer; or there is none yet."""
    return goal.generation in (FIRST_GENERATION, path.client.ready)


def activated(path: Path, goal: Target) -> bool:
    """The client believes the writer at the goal and is heard there; or there is none yet."""
    return goal.generation == FIRST_GENERATION or path.client.site == goal.site


def begin(path: Path, desk: Desk) -> list[Effect]:
    """A move's target is warm. What is known of the client may be old: the serving site is asked where it sends to."""
    path.client.quick, path.client.say_at = 0, 0
    return [Tell(ExpectClient(path.serving.site, path.key))] if path.serving is not None and desk.own else []


def lead(path: Path, desk: Desk, now: Nanoseconds) -> list[Effect]:
    """Orders to the gateways, said again until the client is where it shall be."""
    goal, client = path.goal, path.client
    if not desk.own or goal is None or path.ended:
        return []
    if goal is path.serving and path.activated < goal.generation:
        patience = CORE_BEGINS_WITHIN if goal.generation == FIRST_GENERATION else CORE_SWITCHES_WITHIN
        if 0 < client.since < now - patience:
            give_up_on_core(path)
    if now < client.say_at:
        return []
    said = orders(path, goal, desk)
    if not said:
        return []
    client.quick += 1
    settled = goal is path.next and installed(path, goal)
    slowly = settled or client.quick > PATIENT_AFTER
    client.say_at = now + (SAY_AT_LEAST_EVERY if slowly else SAY_EVERY)
    return [Tell(order) for order in said]


def orders(path: Path, goal: Target, desk: Desk) -> list[Message]:
    """What the gateways are to do until the client is where it shall be; nothing if it is there."""
    client, own = path.client, desk.own.get(goal.site)
    serves = path.serving.site if path.serving is not None else None
    chosen = way(path, desk)
    if chosen == "core":
        begins = goal.generation == FIRST_GENERATION and not path.recalled
        known = begins or goal is path.next or client.site == goal.site
        return [] if known else [ExpectClient(goal.site, path.key)]
    if goal is path.next:
        if chosen == "unknown":
            return [ExpectClient(serves, path.key)] if serves is not None else []
        comes = _redirects(path, goal, COMING, own, serves, client.site)
        return comes if installed(path, goal) else [*comes, ExpectClient(goal.site, path.key)]
    if not activated(path, goal):
        comes = _redirects(path, goal, WRITING, own, client.site, path.left, goal.site)
        return [*comes, ExpectClient(goal.site, path.key)]
    if path.there and client.site == goal.site and client.at != desk.stable:
        return _redirects(path, goal, HOME, desk.stable, goal.site)
    return []


def _redirects(
    path: Path, goal: Target, why: int, to: Address | None, *sites: SiteId | None
) -> list[Message]:
    """Said by whoever may know where the client is. Numbers rise, also over moves that were given up."""
    if to is None:
        return []
    number = REASONS * path.client.top + why
    asked = {site: None for site in sites if site is not None}
    return [RedirectClient(site, path.key, goal.generation, number, to) for site in asked]
