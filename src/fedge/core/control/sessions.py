"""Sessions begin, are found again by their clients, and end."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from fedge.core.control import endings, move_steps
from fedge.core.control.dispatch import on_state, table
from fedge.core.control.effects import Effect, Reply, Story, ToAccess, ToSite
from fedge.core.control.events.sessions import ClientAttached, SessionClosing, SessionPlaced
from fedge.core.control.state import Session, State
from fedge.core.messages import (
    ActivateRoute,
    DiscardSession,
    InstallRoute,
    MoveAborted,
    OpenSession,
    RemoveRoute,
    RouteActivated,
    SessionClosed,
    SessionDiscarded,
    SessionOpened,
    SessionRefused,
    SessionStatus,
)
from fedge.core.mobility.move import AFTER, UNDECIDED
from fedge.core.model import AppId, Nanoseconds, SessionId


def placed(state: State, event: SessionPlaced, now: Nanoseconds) -> list[Effect]:
    """Discovery chose a site for a new session."""
    old = state.sessions.get(event.session)
    if old is not None and old.state != "lost":
        return []
    effects: list[Effect] = []
    if old is not None:
        state.restarted_from[old.site] = state.restarted_from.get(old.site, 0) + 1
        effects.append(ToAccess(RemoveRoute(old.session, old.key)))
    session = Session(event.session, event.key, event.app, event.ue, event.site, because=event.because)
    state.sessions[event.session] = session
    return [*effects, *orders_of(state, session)]


def orders_of(state: State, session: Session) -> list[Effect]:
    """What a session in its present state waits for."""
    site = state.sites.get(session.site)
    if site is None:
        return []
    if session.state == "opening":
        if not session.opened:
            opening = OpenSession(
                session.session, session.key, session.ue, session.app, session.epoch, session.generation
            )
            return [ToSite(session.site, opening), *route_of(state, session, activate=False)]
        return route_of(state, session, activate=True)
    return move_steps.close(state, session)


def route_of(state: State, session: Session, activate: bool) -> list[Effect]:
    """The session's present route for the user plane."""
    gateway = state.sites[session.site].gateway
    install = InstallRoute(
        session.session,
        session.key,
        session.ue,
        session.generation,
        session.site,
        gateway,
        session.app,
        leads=session.steered,
        top=session.top_generation,
        redirected=session.redirected,
    )
    effects: list[Effect] = [ToAccess(install)]
    if activate:
        effects.append(ToAccess(ActivateRoute(session.session, session.key, session.generation)))
    return effects


def opened(state: State, event: SessionOpened, now: Nanoseconds) -> list[Effect]:
    session = state.sessions.get(event.session)
    if session is None or session.site != event.site or session.epoch != event.epoch or session.opened:
        return []
    session.opened = True
    return orders_of(state, session)


def steered(session: Session, event: RouteActivated) -> None:
    """The user plane routes the session's present generation."""
    session.steered, session.service, session.redirected = True, event.service, event.redirected
    if session.state == "opening" and session.opened:
        session.state = "serving"


def refused(state: State, event: SessionRefused, now: Nanoseconds) -> list[Effect]:
    """The site will not open it: forgotten; the client asks again and another site is found.

    The order may have been said again before this was heard, and have found a place since: what it opened goes, too.
    """
    session = state.sessions.get(event.session)
    if session is None or session.state != "opening" or session.site != event.site:
        return []
    del state.sessions[event.session]
    discard = DiscardSession(session.session, session.key, session.epoch)
    return [ToAccess(RemoveRoute(session.session, session.key)), ToSite(event.site, discard)]


def attached(state: State, event: ClientAttached, reach: dict[str, Any]) -> list[Effect]:
    """A client is back: another life, unless it remembers the one that it had."""
    session = state.sessions.get(event.session)
    if session is None:
        return [
            Reply(
                event.request,
                503,
                {"code": "CLOSING", "message": f"{event.session} has just ended; ask again"},
            )
        ]
    answer = attach_answer(state, session, event.request, reach)
    if answer is None or answer.status != 200:
        wait = {"code": "MOVE_UNDECIDED", "message": f"{event.session} is changing; ask again in 100 ms"}
        return [answer if answer is not None else Reply(event.request, 503, wait)]
    session.life += 1
    return [Reply(event.request, 200, {**answer.body, "life": session.life, "fresh": False})]


def closing(state: State, event: SessionClosing, now: Nanoseconds) -> list[Effect]:
    session = state.sessions.get(event.session)
    if session is None:
        return []
    if session.state == "lost":
        del state.sessions[event.session]
        return [ToAccess(RemoveRoute(session.session, session.key))]
    session.state = "closing"
    return move_steps.close(state, session)


def without_application(state: State, applications: Container[AppId], now: Nanoseconds) -> list[Effect]:
    """The application was deleted: its sessions end while its instances still run."""
    ended = [session.session for session in state.sessions.values() if session.app not in applications]
    return [effect for name in ended for effect in closing(state, SessionClosing(name), now)]


def closed(state: State, event: SessionClosed, now: Nanoseconds) -> list[Effect]:
    session = state.sessions.get(event.session)
    if session is not None and session.state == "closing" and session.site == event.site:
        del state.sessions[event.session]
    return []


def discarded(state: State, event: SessionDiscarded, now: Nanoseconds) -> list[Effect]:
    """A copy that nobody heard is gone. Of a move's target: its source has gone on, though the centre may not hear that."""
    session = state.sessions.get(event.session)
    move = state.moves.get(session.move) if session is not None and session.move is not None else None
    gone_on: list[Effect] = []
    if (
        move is not None
        and (move.order.target, move.order.epoch) == (event.site, event.epoch)
        and move.state in AFTER
    ):
        reason = "the client refused the target's epoch"
        gone_on = endings.aborted(
            state, MoveAborted(move.order.source, move.id, now, event.epoch + 1, reason), now
        )
    facts = {"session": event.session, "site": event.site, "epoch": event.epoch, "tick": event.tick}
    sentence = (
        f"{event.site} gave up an old copy of {event.session} (epoch {event.epoch}); nobody had heard it"
    )
    told: list[Effect] = [Story(sentence, now, {"discarded": facts})] if event.tick else []
    return [*told, *gone_on]


def lost(state: State, session: Session, now: Nanoseconds) -> list[Effect]:
    """Its site is lost and its state with it: the client's next attach opens a new session, with a new key."""
    session.state, session.move = "lost", None
    state.lost_sessions += 1
    facts = {"session": session.session, "site": session.site}
    return [Story(f"{session.session} lost its state with {session.site}", now, {"lost": facts})]


def found_again(state: State, session: Session, status: SessionStatus, now: Nanoseconds) -> list[Effect]:
    """Its site was only cut off, served on, and its client has not begun anew elsewhere: it was not lost after all."""
    session.state, session.steered = "serving", False
    session.epoch, session.top_epoch = max(session.epoch, status.epoch), max(session.top_epoch, status.epoch)
    state.lost_sessions -= 1
    facts = {"session": session.session, "site": session.site}
    told = Story(f"{session.session} was served by {session.site} all the time", now, {"found": facts})
    return [*route_of(state, session, activate=True), told]


def attach_answer(state: State, session: Session, request: int, reach: dict[str, Any]) -> Reply | None:
    """The answer to an attach that finds a session; None while its client has to wait for something under way."""
    if session.state == "opening":
        return None
    move = state.moves.get(session.move) if session.move is not None else None
    undecided = (
        move is not None and move.state in UNDECIDED and not move.waits
    )  # a copy that waits cannot have handed over
    if undecided or (move is not None and move.state in AFTER):
        wait = {
            "code": "MOVE_UNDECIDED",
            "message": f"{session.session} is changing sites; ask again in 100 ms",
        }
        return Reply(request, 503, wait)
    if session.state == "closing":
        return Reply(
            request, 503, {"code": "CLOSING", "message": f"{session.session} is being closed; ask again"}
        )
    body: dict[str, Any] = {
        "session": session.session,
        "key": f"{session.key:016x}",
        **reach,
        "epoch_floor": session.epoch,
        "life": session.life,
        "site": session.site,
        "because": session.because,
    }
    return Reply(request, 200, body)


def session_id(app: str, ue: str, taken: State) -> SessionId:
    """A UE's session of the first application bears the UE's name; of another, both names."""
    plain = SessionId(ue)
    holder = taken.sessions.get(plain)
    return plain if holder is None or holder.app == app else SessionId(f"{app}.{ue}")


DECIDES = table(
    on_state(SessionPlaced, placed),
    on_state(SessionOpened, opened),
    on_state(SessionClosing, closing),
    on_state(SessionClosed, closed),
)
