"""An agent that has just started, or hears what is long decided, must not answer from what it does not know yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest

from fedge.core.messages import (
    AbortMove,
    Answer,
    Answered,
    BeginCopy,
    Decline,
    DiscardSession,
    Drop,
    Dropped,
    FinalDelta,
    Freeze,
    Frozen,
    InstanceHello,
    Message,
    MoveAborted,
    MoveOrder,
    OpenSession,
    ReleaseSource,
    Resume,
    Resumed,
    RunInstances,
    SessionStatus,
    SourceReleased,
    TargetRefused,
    TargetWarmed,
    VoidEpoch,
    WarmTarget,
)
from fedge.core.model import SECOND, Address, AppId, InstanceId, MoveId, SessionId, SessionKey, SiteId, UeId
from fedge.core.site import SiteAgent, SiteSettings
from fedge.core.transfer import ClearFlow, Effect, SetFlow, TellControl, TellInstance, TellPeer
from fedge.core.transfer.effects import Flow

HERE, THERE = SiteId("here"), SiteId("there")
KEY, SESSION, UE, APP, INSTANCE = (
    SessionKey(7),
    SessionId("player-1"),
    UeId("player-1"),
    AppId("arena"),
    InstanceId("arena-1"),
)
Said = TypeVar("Said", bound=Message)


def order(epoch: int = 2, source: SiteId = HERE, target: SiteId = THERE) -> MoveOrder:
    return MoveOrder(
        MoveId(f"m-{epoch}"),
        SESSION,
        KEY,
        UE,
        APP,
        "arena/1",
        source,
        target,
        epoch,
        10 + epoch,
        deadline=2 * SECOND,
    )


def status(state: str, epoch: int = 1, **more: object) -> SessionStatus:
    return SessionStatus(SESSION, KEY, UE, APP, epoch, state, 10 + epoch, 100, **more)  # type: ignore[arg-type]


def hello(*sessions: SessionStatus) -> InstanceHello:
    return InstanceHello(INSTANCE, APP, "arena/1", 8, Address("127.9.10.11:6010"), sessions)


@pytest.fixture
def agent() -> SiteAgent:
    """Just started: it knows what shall run, and no instance has spoken yet."""
    started = SiteAgent(SiteSettings(HERE))
    started.handle(RunInstances(APP, 1, "arena/1", ("python3",)), 0)
    return started


def said(effects: list[Effect], kind: type[Said]) -> list[Said]:
    told = [effect.message for effect in effects if isinstance(effect, TellControl | TellPeer | TellInstance)]
    return [message for message in told if isinstance(message, kind)]


@pytest.mark.parametrize(
    "message",
    [
        BeginCopy(order()),
        ReleaseSource(order()),
        WarmTarget(order(source=THERE, target=HERE)),
        AbortMove(order(source=THERE, target=HERE), "late"),
        OpenSession(SESSION, KEY, UE, APP, 1, 11),
    ],
    ids=lambda message: type(message).__name__,
)
def test_says_nothing_before_every_instance_has_spoken(agent: SiteAgent, message: Message) -> None:
    """Seed: the source's agent was killed while FROZEN; 'not served here' ended a move whose target then became the writer."""
    assert agent.handle(message, 0) == []
    agent.handle(hello(), 0)
    assert agent.handle(message, 0) != []


def test_finds_the_stopped_copy_and_finishes_its_hand_over(agent: SiteAgent) -> None:
    assert agent.handle(BeginCopy(order()), 0) == []
    assert said(agent.handle(hello(status("handed_over", order=order())), 0), Freeze)
    final = FinalDelta(order(), 100, 0, 5, "", "", 0, "image")
    frozen = agent.handle(Frozen(KEY, final, 0), 0)
    assert said(frozen, FinalDelta)
    flow = next(effect for effect in frozen if isinstance(effect, SetFlow))
    assert (flow.flow, flow.generation) == (Flow.HOLD, order().generation), (
        "its gateway may have forwarded before: never back"
    )


def test_a_copy_that_resumes_keeps_its_gateways_generation(agent: SiteAgent) -> None:
    agent.handle(hello(status("handed_over", order=order())), 0)
    agent.handle(Frozen(KEY, FinalDelta(order(), 100, 0, 5, "", "", 0, "image"), 0), 0)
    effects = agent.handle(Answer(order().move, KEY, 2, "REFUSED"), 0)
    assert [(one.epoch, one.generation) for one in said(effects, Resume)] == [(3, order().generation)]
    agent.handle(Resumed(KEY, 3, 0), 0)
    assert [(one.epoch, one.generation) for one in agent.inventory()] == [(3, order().generation)]


def test_does_not_release_what_serves_again_by_the_clients_promise(agent: SiteAgent) -> None:
    agent.handle(hello(status("serving", epoch=3)), 0)
    effects = agent.handle(ReleaseSource(order(epoch=2)), 0)
    assert [one.epoch for one in said(effects, MoveAborted)] == [3]
    assert not said(effects, SourceReleased)


def test_a_discarded_copy_ends_its_hand_over_too(agent: SiteAgent) -> None:
    agent.handle(hello(status("handed_over", order=order())), 0)
    assert said(agent.handle(DiscardSession(SESSION, KEY, 1), 0), Drop)
    agent.handle(Dropped(KEY, 1, 100, "void"), 0)
    assert agent.sources == {}
    assert agent.wake(10 * SECOND) == []


def test_an_abort_puts_a_refusal_on_record_and_tells_it(agent: SiteAgent) -> None:
    """The source is lost, and this end knows nothing of the move: its recorded word is what decides."""
    agent.handle(hello(), 0)
    inward = order(source=THERE, target=HERE)
    assert said(agent.handle(AbortMove(inward, "the source was lost"), 0), Decline)
    refusal = Answered(Answer(inward.move, KEY, 2, "REFUSED", reason="the source was lost"))
    effects = agent.handle(refusal, 0)
    assert said(effects, TargetRefused)
    assert agent.targets == {}


def test_a_void_epoch_can_not_be_activated_later(agent: SiteAgent) -> None:
    agent.handle(hello(), 0)
    effects = agent.handle(VoidEpoch(order(source=THERE, target=HERE)), 0)
    assert said(effects, Decline)
    assert any(isinstance(effect, ClearFlow) for effect in effects)


def test_old_news_leaves_a_newer_move_alone(agent: SiteAgent) -> None:
    agent.handle(hello(), 0)
    newer = order(epoch=4, source=THERE, target=HERE)
    assert said(agent.handle(WarmTarget(newer), 0), TargetWarmed)
    older = order(epoch=2, source=THERE, target=HERE)
    late: list[Callable[[], Message]] = [lambda: VoidEpoch(older), lambda: AbortMove(older, "late")]
    for message in late:
        assert agent.handle(message(), 0) == []
    assert agent.targets[KEY].order == newer
