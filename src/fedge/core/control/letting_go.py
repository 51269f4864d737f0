"""What applications say of their sessions' moves: they let go, they want to be asked, or they keep them (ETSI GS MEC 021, 7.4.5).

Neighbours: `core/enablement/consent.py` reads the service levels; `deciding.py` and `ordering.py` ask before they move anybody.
"""

from __future__ import annotations

from fedge.core.control import notices
from fedge.core.control.dispatch import on_state, table
from fedge.core.control.effects import Effect, Propose, Story
from fedge.core.control.events.resources import MobilityAsked
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import Session, State
from fedge.core.enablement import consent_of
from fedge.core.enablement.resources import Asked
from fedge.core.model import SECOND, Nanoseconds, SiteId

ASK_AGAIN = 30 * SECOND
"""A notification may be lost: an application that has not answered is told again."""
DRAIN_WAITS = 5 * SECOND
"""So long a session that must leave its site waits for its application's word."""


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


DECIDES = table(on_state(MobilityAsked, mobility_asked))
