"""A Pod that is deleted takes its files with it: what only it held is lost, said until it is heard, and never doubled."""

from __future__ import annotations

from fedge.core.messages import (
    CloseSession,
    DiscardSession,
    InstanceHello,
    Message,
    OpenSession,
    SessionClosed,
    SessionLost,
    SessionRefused,
    SessionStatus,
    TargetWarmed,
    WarmTarget,
)
from fedge.core.model import SECOND, AppId, InstanceId, SessionId, SessionKey, SiteId
from fedge.core.site import SiteAgent, SiteSettings
from fedge.core.transfer import ClearFlow, Effect, TellControl
from tests.core.site.test_after_a_restart import order

HERE, APP = SiteId("here"), AppId("arena")
POD, OTHER = InstanceId("arena-6d4f-x"), InstanceId("arena-6d4f-y")
KEY, SESSION, UE = SessionKey(7), SessionId("player-1"), order().ue
WHY = "its Pod was deleted"


def status(state: str, epoch: int = 1) -> SessionStatus:
    moving = order(epoch + 1) if state == "handed_over" else None
    return SessionStatus(SESSION, KEY, UE, APP, epoch, state, 1, order=moving)


def agent_with(*sessions: SessionStatus) -> SiteAgent:
    agent = SiteAgent(SiteSettings(HERE))
    agent.handle(InstanceHello(POD, APP, "arena/1", 64, "10.0.0.5:6010", sessions), 0)
    return agent


def told(effects: list[Effect]) -> list[Message]:
    return [one.message for one in effects if isinstance(one, TellControl)]


def test_a_served_session_is_lost_and_said_so_until_it_is_heard() -> None:
    agent = agent_with(status("serving"))
    effects = agent.instance_gone(POD, WHY)
    lost = SessionLost(HERE, SESSION, KEY, 1, WHY)
    assert told(effects) == [lost]
    assert ClearFlow(KEY, 1) in effects
    assert agent.instances == {}
    assert told(agent.wake(SECOND)) == [lost]
    agent.handle(DiscardSession(SESSION, KEY, 1), SECOND)
    assert told(agent.wake(2 * SECOND)) == []


def test_a_session_that_was_opening_is_refused_and_one_that_was_closing_is_closed() -> None:
    agent = agent_with()
    agent.handle(OpenSession(SESSION, KEY, UE, APP, 1, 1), 0)
    assert told(agent.instance_gone(POD, WHY)) == [SessionRefused(HERE, SESSION, 1, WHY)]
    agent = agent_with(status("serving"))
    agent.handle(CloseSession(SESSION, KEY, 1), 0)
    assert told(agent.instance_gone(POD, WHY)) == [SessionClosed(HERE, SESSION, 1)]


def test_a_copy_that_had_handed_over_waits_for_the_answer() -> None:
    agent = agent_with(status("handed_over"))
    assert agent.instance_gone(POD, WHY) == []
    assert KEY in agent.sources


def test_a_move_that_was_warm_there_finds_another_instance() -> None:
    agent = agent_with()
    agent.handle(WarmTarget(order(2, SiteId("there"), HERE)), 0)
    assert agent.targets[KEY].instance == POD
    agent.instance_gone(POD, WHY)
    agent.handle(InstanceHello(OTHER, APP, "arena/1", 64, "10.0.0.6:6010", ()), 0)
    (warmed,) = told(agent.handle(WarmTarget(order(2, SiteId("there"), HERE)), 0))
    assert isinstance(warmed, TargetWarmed)
    assert agent.targets[KEY].instance == OTHER


def test_what_another_instance_holds_stays() -> None:
    agent = agent_with(status("serving"))
    assert agent.instance_gone(OTHER, WHY) == []
    assert KEY in agent.places
