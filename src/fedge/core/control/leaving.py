"""A copy that lost its place goes only once its sessions have gone: its site keeps it, and discovery sends nobody there.

Neighbours: `placing.py` asks what is still to be kept, `deciding.py` moves the sessions away. On Karmada the scheduler keeps the
cluster by a gracefulEvictionTask with the same deadline (architecture: a copy with live sessions leaves after they moved or its
deadline passed).
"""

from __future__ import annotations

from fedge.core.control.effects import Effect, Propose, Story
from fedge.core.control.events.sessions import SessionClosing
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import Session
from fedge.core.model import MS, SECOND, AppId, Nanoseconds, SiteId

AT_LEAST = 10 * SECOND
"""However short a move's deadline is, sessions get so long to find another site."""


def barred(known: Knowledge, app: AppId, site: SiteId) -> str:
    """Why no session is to go there, whatever instances are still to be seen; empty where one may."""
    if (app, site) in known.leaving or (app, site) in known.farewells:
        return "its placement there has ended; its sessions are leaving"
    placed = known.state.placed.get(app)
    return "it has no placement there" if placed and site not in placed else ""


def sessions_at(known: Knowledge, app: AppId, site: SiteId) -> list[Session]:
    """Sessions of ``app`` that a copy at ``site`` still holds."""
    return [
        session
        for session in known.state.sessions.values()
        if session.app == app and session.site == site and session.state != "lost"
    ]


def time_to_leave(known: Knowledge, app: AppId, count: int) -> Nanoseconds:
    """How long ``count`` sessions may take to leave: their moves' deadlines, as many at once as the policy allows."""
    application = known.applications.get(app)
    if application is None:
        return AT_LEAST
    mobility = application.mobility
    rounds = -(-count // mobility.max_concurrent_moves_per_site)
    return max(AT_LEAST, int(2 * rounds * mobility.deadline_ms * MS))


def kept(known: Knowledge, app: AppId, chosen: dict[SiteId, int], now: Nanoseconds) -> dict[SiteId, int]:
    """Sites that keep their copy although they lost their place, with the replicas they have."""
    keeps: dict[SiteId, int] = {}
    for site, replicas in known.state.placed.get(app, {}).items():
        if site in chosen or known.state.sites[site].marked == "lost":
            known.leaving.pop((app, site), None)
        elif here := len(sessions_at(known, app, site)) or connections_at(known, app, site, now):
            known.leaving.setdefault((app, site), now + time_to_leave(known, app, here))
            keeps[site] = replicas
        else:
            known.leaving.pop((app, site), None)
    return keeps


def connections_at(known: Knowledge, app: AppId, site: SiteId, now: Nanoseconds) -> int:
    """Of an application without the SDK: whoever is connected to the copy has until its deadline to connect elsewhere."""
    view = known.sites.get(site)
    connected = view.plain[app].open if view is not None and app in view.plain else 0
    return connected if now < known.leaving.get((app, site), now + 1) else 0


def overdue(known: Knowledge, now: Nanoseconds) -> list[Effect]:
    """Sessions that could go nowhere by the deadline are closed: said aloud, never silently dropped."""
    effects: list[Effect] = []
    for (app, site), deadline in tuple(known.leaving.items()):
        if now < deadline:
            continue
        for session in sessions_at(known, app, site):
            if session.state != "closing" and session.move is None:
                effects.append(Propose(SessionClosing(session.session)))
                sentence = f"{session.session} is closed: {app} has no place at {site} any more and no other site can take it"
                effects.append(Story(sentence, now, {"app": app, "site": site, "session": session.session}))
    return effects
