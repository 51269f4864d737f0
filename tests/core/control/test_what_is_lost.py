"""Sites that are lost in the middle of a move, answers that come too late, sessions that turn up again."""

from __future__ import annotations

import pytest

from fedge.core.control import endings, losses, reconcile, sessions, ue_move
from fedge.core.control.effects import Effect, ToSite
from fedge.core.control.events.sites import SiteMarked
from fedge.core.control.per_site import PerSite
from fedge.core.control.state import Session, State
from fedge.core.federation import Site
from fedge.core.messages import (
    CloseSession,
    DiscardSession,
    Message,
    MoveAborted,
    MoveActivated,
    MoveOrder,
    ReleaseSource,
    SessionStatus,
    SiteHello,
    SourceReleased,
    TargetRefused,
    UplinkSeen,
)
from fedge.core.mobility import Move
from fedge.core.model import Address, AppId, MoveId, SessionId, SessionKey, SiteId, UeId

SOURCE, TARGET = SiteId("source"), SiteId("target")
KEY, SESSION, UE, APP, MOVE = (
    SessionKey(7),
    SessionId("player-1"),
    UeId("player-1"),
    AppId("arena"),
    MoveId("m-1"),
)
ORDER = MoveOrder(MOVE, SESSION, KEY, UE, APP, "arena/1", SOURCE, TARGET, 2, 2, deadline=2_000_000_000)


def state_at(move_state: str) -> State:
    """One session under way from source to target, its move in ``move_state``."""
    state = State()
    for name in (SOURCE, TARGET):
        state.sites[name] = Site(name, Address(f"{name}:6000"), Address(f"{name}:6002"))
    after = move_state in ("ACTIVATED", "STEERED", "CONFIRMED")
    at = (TARGET, 2, 2) if after else (SOURCE, 1, 1)
    session = Session(
        SESSION, KEY, APP, UE, *at, state="serving", move=MOVE, top_epoch=3, top_generation=2, opened=True
    )
    state.sessions[SESSION] = session
    state.moves[MOVE] = Move(ORDER, move_state, {"PLANNED": 0})
    return state


def lose(state: State, site: SiteId) -> list[Effect]:
    return losses.site_marked(state, SiteMarked(site, "lost", "not heard"), 1)


def told(effects: list[Effect], site: SiteId) -> list[type[Message]]:
    return [type(effect.message) for effect in effects if isinstance(effect, ToSite) and effect.site == site]


@pytest.mark.parametrize("move_state", ["ACTIVATED", "STEERED"])
def test_a_target_that_is_lost_with_the_session_ends_the_move(move_state: str) -> None:
    """Seed: the move stayed under way for ever, and the source kept a copy that nobody may serve again."""
    state = state_at(move_state)
    assert ReleaseSource in told(lose(state, TARGET), SOURCE)
    assert (state.sessions[SESSION].state, state.lost_sessions) == ("lost", 1)
    ue_move.released(state, SourceReleased(SOURCE, MOVE), 2)
    assert state.moves[MOVE].state == "RELEASED"


@pytest.mark.parametrize("move_state", ["COPYING", "FROZEN"])
def test_a_source_that_is_lost_leaves_the_word_to_the_target(move_state: str) -> None:
    """Seed: once the target had refused, the session was neither lost nor served."""
    state = state_at(move_state)
    lose(state, SOURCE)
    assert state.sessions[SESSION].state == "serving", "the target may be the writer by now"
    endings.refused(state, TargetRefused(TARGET, MOVE, "the source was lost"), 2)
    losses.lost_after_all(state, MOVE, 2)
    assert (state.moves[MOVE].state, state.sessions[SESSION].state, state.lost_sessions) == (
        "ABORTED",
        "lost",
        1,
    )


def test_a_source_that_is_lost_need_not_let_go() -> None:
    state = state_at("STEERED")
    lose(state, SOURCE)
    ue_move.uplink_seen(state, UplinkSeen(TARGET, SESSION, 2, 2), 2)
    assert state.moves[MOVE].state == "RELEASED"
    assert state.sessions[SESSION].state == "serving"


def test_an_activation_after_the_clients_refusal_is_discarded() -> None:
    """Seed: last words delayed beyond the client's promise left a writer at the target that nobody heard and nobody stopped."""
    state = state_at("FROZEN")
    endings.aborted(state, MoveAborted(SOURCE, MOVE, 1, 3, "the client refused the target's epoch"), 1)
    effects = ue_move.activated(state, MoveActivated(TARGET, MOVE, 2, 100, ""), 2)
    assert told(effects, TARGET) == [DiscardSession]
    assert (state.sessions[SESSION].site, state.sessions[SESSION].epoch) == (SOURCE, 3)


def test_a_waived_move_goes_back_if_the_source_had_resumed() -> None:
    state = state_at("CONFIRMED")
    endings.aborted(state, MoveAborted(SOURCE, MOVE, 1, 3, "the client refused the target's epoch"), 1)
    session = state.sessions[SESSION]
    assert (state.moves[MOVE].state, session.site, session.epoch) == ("ABORTED", SOURCE, 3)


def test_a_site_that_was_only_cut_off_still_has_its_sessions() -> None:
    """Invariant 7: it served them all the time; only a client that began anew elsewhere makes its copy void."""
    state = state_at("RELEASED")
    state.sessions[SESSION].move = None
    lose(state, SOURCE)
    assert state.sessions[SESSION].state == "lost"
    held = SessionStatus(SESSION, KEY, UE, APP, 1, "serving", 1, 500)
    hello = SiteHello(SOURCE, Address("source:6000"), Address("source:6002"), (held,), ())
    assert DiscardSession not in told(reconcile.site_hello(state, PerSite((), {}), hello, 9), SOURCE)
    assert (state.sessions[SESSION].state, state.lost_sessions) == ("serving", 0)


def test_what_began_anew_elsewhere_makes_the_old_copy_void() -> None:
    state = state_at("RELEASED")
    state.sessions[SESSION] = Session(SESSION, SessionKey(8), APP, UE, TARGET, state="serving")
    held = SessionStatus(SESSION, KEY, UE, APP, 1, "serving", 1, 500)
    hello = SiteHello(SOURCE, Address("source:6000"), Address("source:6002"), (held,), ())
    assert DiscardSession in told(reconcile.site_hello(state, PerSite((), {}), hello, 9), SOURCE)


def test_sessions_end_with_their_application() -> None:
    """Seed: after ``fedge delete`` the sessions stayed for ever, at instances that no longer ran."""
    state = state_at("RELEASED")
    state.sessions[SESSION].move = None
    assert told(sessions.without_application(state, {APP}, 1), SOURCE) == []
    assert told(sessions.without_application(state, set(), 1), SOURCE) == [CloseSession]
    assert state.sessions[SESSION].state == "closing"
