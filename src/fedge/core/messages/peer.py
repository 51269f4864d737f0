"""Site agent ↔ site agent, over the backhaul: a session's state on its way, and the one answer."""

from __future__ import annotations

from fedge.core.messages.order import Message, MoveOrder
from fedge.core.model import Address, MoveId, Nanoseconds, SessionKey


class StateRound(Message, frozen=True):
    """One round of the copy: pages of a state of ``state_bytes``. Round 0 begins the copy."""

    order: MoveOrder
    round: int
    state_bytes: int
    body: bytes = b""


class RoundStored(Message, frozen=True):
    move: MoveId
    round: int


class FinalDelta(Message, frozen=True):
    """The source has recorded HANDED_OVER(order.epoch) and stopped after ``tick``. Said again until answered.

    ``form``: pages (to complete ``rounds`` rounds) or image (all of it: the source had crashed meanwhile).
    """

    order: MoveOrder
    tick: int
    due: Nanoseconds
    stable_seq: int
    chain: str
    digest: str
    rounds: int
    form: str = "pages"
    life: int = 0
    pending: tuple[bytes, ...] = ()
    body: bytes = b""


class UeAt(Message, frozen=True):
    """Said before each final delta: the source's gateway last heard the UE at ``ue``, sending to the stable address ``service``.

    So the target's gateway can send frames before the UE's packets come its way.
    """

    key: SessionKey
    ue: Address
    service: Address


class Answer(Message, frozen=True):
    """The target's one recorded answer to a hand-over. ``verdict``: ACTIVATED or REFUSED."""

    move: MoveId
    key: SessionKey
    epoch: int
    verdict: str
    tick: int = 0
    digest: str = ""
    at: Nanoseconds = 0
    reason: str = ""


class CancelMove(Message, frozen=True):
    """The source gave up before FROZEN: the target forgets the copy."""

    order: MoveOrder
    reason: str


class EpochRefused(Message, frozen=True):
    """Target to source: the client refuses ``order.epoch``; it is the source that must go on."""

    order: MoveOrder


class VoidEpoch(Message, frozen=True):
    """The client refused ``order.epoch`` for good: whatever the target did under it was never heard."""

    order: MoveOrder
