"""Site agent → instance, and back: what the SDK speaks (``docs/sdk-contract.md``)."""

from __future__ import annotations

from fedge.core.messages.order import Message, MoveOrder
from fedge.core.messages.peer import Answer, FinalDelta
from fedge.core.messages.status import SessionStatus
from fedge.core.model import Address, AppId, InstanceId, MoveId, Nanoseconds, SessionId, SessionKey, UeId


class ToInstance(Message, frozen=True):
    """Base of what an agent asks of an instance; ``key`` names the session."""

    key: SessionKey


class Open(ToInstance, frozen=True):
    session: SessionId
    ue: UeId
    epoch: int
    generation: int
    state_bytes: int


class TakeState(ToInstance, frozen=True):
    """Send round ``round`` of a copy: pages written and not yet taken; round 0 begins with all of them."""

    move: MoveId
    round: int


class Freeze(ToInstance, frozen=True):
    """After the next tick: record HANDED_OVER(order.epoch), stop, send the final delta."""

    order: MoveOrder


class Store(ToInstance, frozen=True):
    order: MoveOrder
    round: int
    state_bytes: int
    body: bytes = b""


class Activate(ToInstance, frozen=True):
    final: FinalDelta
    body: bytes = b""


class Decline(ToInstance, frozen=True):
    """Record REFUSED(order.epoch) unless an answer is recorded already."""

    order: MoveOrder
    reason: str


class AskFence(ToInstance, frozen=True):
    """Ask the client to refuse ``epoch``, with every tick, until it answered."""

    epoch: int


class Resume(ToInstance, frozen=True):
    """Serve again, as ``epoch``; the gateway here is at ``generation``."""

    epoch: int
    generation: int = 0


class GoOn(ToInstance, frozen=True):
    """The copy of ``epoch``, voided or not, goes on as ``as_epoch``: its source is gone for good."""

    epoch: int
    as_epoch: int


class Drop(ToInstance, frozen=True):
    """Stop and archive the copy of ``epoch``. ``why``: released, closed, cancelled, void."""

    epoch: int
    why: str


class InstanceHello(Message, frozen=True):
    """First words of an instance: what it runs, where its packets go, and every session copy it recovered."""

    instance: InstanceId
    app: AppId
    schema: str
    capacity: int
    packets: Address
    sessions: tuple[SessionStatus, ...]


class InstanceReport(Message, frozen=True):
    instance: InstanceId
    load: float
    sessions: int


class Opened(Message, frozen=True):
    key: SessionKey
    epoch: int


class OpenRefused(Message, frozen=True):
    key: SessionKey
    epoch: int
    reason: str


class StateTaken(Message, frozen=True):
    """``left_bytes``: what a further round would have to take, now."""

    key: SessionKey
    move: MoveId
    round: int
    left_bytes: int
    state_bytes: int
    body: bytes = b""


class Frozen(Message, frozen=True):
    key: SessionKey
    final: FinalDelta
    at: Nanoseconds
    body: bytes = b""


class Stored(Message, frozen=True):
    key: SessionKey
    move: MoveId
    round: int


class Answered(Message, frozen=True):
    """The recorded answer to Activate or Decline. ``serving``: the copy that it is about is the writer here, now."""

    answer: Answer
    serving: bool = True


class FenceAnswered(Message, frozen=True):
    """The client's word on ``epoch``. ``verdict``: FENCED (it will never accept it) or TOO_LATE (it already did)."""

    key: SessionKey
    epoch: int
    verdict: str


class Voided(Message, frozen=True):
    """The client refuses ``epoch``: the copy is silent until it is told to go on or to drop."""

    key: SessionKey
    epoch: int


class Resumed(Message, frozen=True):
    key: SessionKey
    epoch: int
    at: Nanoseconds


class Dropped(Message, frozen=True):
    key: SessionKey
    epoch: int
    tick: int
    why: str
