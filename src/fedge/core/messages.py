"""Every message that crosses a process boundary, once: control plane ↔ site agent ↔ instance, control plane ↔ access network.

A message is an event for its receiver and an effect of its sender, so the pure cores, the links and the journal share these
definitions (ADR 0006). Receivers treat a repeated message as the same message: each is safe to deliver twice.
Instants are monotonic nanoseconds. ``body`` holds bulk state and travels outside the JSON or MessagePack header.
"""

from __future__ import annotations

from msgspec import Struct, field

from fedge.core.model import (
    Address,
    AppId,
    CellId,
    InstanceId,
    MoveId,
    Nanoseconds,
    SessionId,
    SessionKey,
    SiteId,
    UeId,
)


class Message(Struct, frozen=True, tag=True):
    """Base of all messages; the tag ``type`` is the class name."""


# --- a move, as authorised once by the control plane -----------------------------------------------------------------------


class MoveOrder(Struct, frozen=True):
    """What both agents need to carry a move out alone: who, from where to where, under which numbers, until when.

    ``epoch`` is the target's; the source may resume as ``epoch + 1``. ``deadline`` bounds everything before ACTIVATED.
    """

    move: MoveId
    session: SessionId
    key: SessionKey
    ue: UeId
    app: AppId
    schema: str
    source: SiteId
    target: SiteId
    epoch: int
    generation: int
    deadline: Nanoseconds
    cause: str = "handover"


# --- control plane → site agent --------------------------------------------------------------------------------------------


class RunInstances(Message, frozen=True):
    """Make it so: this many instances of ``app`` from this template (command, args, environment, limits), no others."""

    app: AppId
    replicas: int
    schema: str
    command: tuple[str, ...]
    env: dict[str, str] = {}
    capacity: int = 64
    state_bytes: int = 1 << 20
    memory_limit_bytes: int = 0
    image: str = ""
    revision: int = 1


class OpenSession(Message, frozen=True):
    """Start a session from nothing at ``epoch`` and route it here at ``generation``."""

    session: SessionId
    key: SessionKey
    ue: UeId
    app: AppId
    epoch: int
    generation: int


class CloseSession(Message, frozen=True):
    session: SessionId
    key: SessionKey
    epoch: int


class WarmTarget(Message, frozen=True):
    order: MoveOrder


class BeginCopy(Message, frozen=True):
    """Copy state to the target. ``hold``: keep the copy close to the source's state, but do not freeze before ``Proceed``."""

    order: MoveOrder
    hold: bool = False


class Proceed(Message, frozen=True):
    """What a held copy waited for has happened: freeze as soon as little is left."""

    order: MoveOrder


class AbortMove(Message, frozen=True):
    """Give the move up if that is still possible; the answer says what became of it."""

    order: MoveOrder
    reason: str


class ReleaseSource(Message, frozen=True):
    order: MoveOrder


class DiscardSession(Message, frozen=True):
    """A copy that may no longer speak (it was fenced, or its site was lost and came back): stop it and report it."""

    session: SessionId
    key: SessionKey
    epoch: int


class AskInventory(Message, frozen=True):
    """Say ``SiteHello`` again: the centre had taken the site for lost."""


class Unvoid(Message, frozen=True):
    """The refusal that silenced ``epoch`` came from a client's earlier life, and the source is released: go on."""

    session: SessionId
    key: SessionKey
    epoch: int


# --- site agent → control plane --------------------------------------------------------------------------------------------


class SessionStatus(Struct, frozen=True):
    """One copy of a session at a site. ``state``: opening, serving, handed_over, restoring, void, gone."""

    session: SessionId
    key: SessionKey
    ue: UeId
    app: AppId
    epoch: int
    state: str
    generation: int
    tick: int = 0
    order: MoveOrder | None = None
    uplink_seen: int = 0
    """The highest generation at which this gateway heard the UE straight from the user plane."""


class InstanceStatus(Struct, frozen=True):
    instance: InstanceId
    app: AppId
    state: str
    """starting, ready, failed"""
    sessions: int
    capacity: int
    schema: str = ""
    restarts: int = 0
    reason: str = ""


class SiteHello(Message, frozen=True):
    """First words of an agent on a new connection: where it is and all it holds."""

    site: SiteId
    gateway: Address
    peer: Address
    sessions: tuple[SessionStatus, ...]
    instances: tuple[InstanceStatus, ...]


class SiteReport(Message, frozen=True):
    """Heartbeat and utilisation. ``load`` is the share of a tick period that instances spend ticking, 0 to 1."""

    site: SiteId
    load: float
    sessions: int
    instances: tuple[InstanceStatus, ...]
    gateway: dict[str, int] = {}
    measured_at: Nanoseconds = 0


class SessionOpened(Message, frozen=True):
    site: SiteId
    session: SessionId
    epoch: int
    generation: int


class SessionRefused(Message, frozen=True):
    site: SiteId
    session: SessionId
    epoch: int
    reason: str


class SessionClosed(Message, frozen=True):
    site: SiteId
    session: SessionId
    epoch: int


class TargetWarmed(Message, frozen=True):
    """The target has a running instance, a free place reserved, both gateways' generation may be installed."""

    site: SiteId
    move: MoveId
    at: Nanoseconds


class TargetRefused(Message, frozen=True):
    site: SiteId
    move: MoveId
    reason: str


class MoveFrozen(Message, frozen=True):
    site: SiteId
    move: MoveId
    at: Nanoseconds
    tick: int
    bytes_total: int
    bytes_after_trigger: int = 0
    """Of these, what was copied after the move's trigger: all of it, unless a prediction let the copy begin before."""


class MoveActivated(Message, frozen=True):
    """The target recorded ACTIVATED; ``at`` is that instant, read at the target."""

    site: SiteId
    move: MoveId
    at: Nanoseconds
    tick: int
    digest: str


class MoveAborted(Message, frozen=True):
    """The source serves on, as ``epoch``."""

    site: SiteId
    move: MoveId
    at: Nanoseconds
    epoch: int
    reason: str


class UplinkSeen(Message, frozen=True):
    """A packet of the UE reached this gateway at ``generation`` straight from the user plane."""

    site: SiteId
    session: SessionId
    generation: int
    at: Nanoseconds


class SourceReleased(Message, frozen=True):
    site: SiteId
    move: MoveId


class EpochVoided(Message, frozen=True):
    """The copy here heard its client refuse ``epoch`` and is silent; the source resumes, or the centre says go on."""

    site: SiteId
    session: SessionId
    epoch: int


class SessionDiscarded(Message, frozen=True):
    """What ``epoch`` did after ``tick`` was never heard by its client and is gone."""

    site: SiteId
    session: SessionId
    epoch: int
    tick: int


# --- site agent ↔ site agent (over the backhaul) ---------------------------------------------------------------------------


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


# --- site agent → instance -------------------------------------------------------------------------------------------------


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
    """Serve under ``epoch`` again after it was voided: its source is gone for good."""

    epoch: int


class Drop(ToInstance, frozen=True):
    """Stop and archive the copy of ``epoch``. ``why``: released, closed, cancelled, void."""

    epoch: int
    why: str


# --- instance → site agent -------------------------------------------------------------------------------------------------


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
    """The instance's recorded answer to Activate or Decline."""

    answer: Answer


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


# --- control plane ↔ access network ----------------------------------------------------------------------------------------


class Cell(Struct, frozen=True):
    """``kind``: nr, lte or wifi. ``site``: the nearest in the network. ``path_rtt_ms``: expected round trip to each site."""

    cell: CellId
    kind: str
    x_m: float
    y_m: float
    radius_m: float
    site: SiteId
    path_rtt_ms: dict[SiteId, float] = {}


class InstallRoute(Message, frozen=True):
    """Keep generation ``generation`` of the session's route ready, inactive."""

    session: SessionId
    key: SessionKey
    ue: UeId
    generation: int
    site: SiteId
    gateway: Address


class ActivateRoute(Message, frozen=True):
    session: SessionId
    key: SessionKey
    generation: int


class RemoveRoute(Message, frozen=True):
    session: SessionId
    key: SessionKey


class RouteStatus(Struct, frozen=True):
    key: SessionKey
    active: int
    installed: int


class AccessHello(Message, frozen=True):
    width_m: float
    height_m: float
    cells: tuple[Cell, ...]
    routes: tuple[RouteStatus, ...]


class RouteInstalled(Message, frozen=True):
    session: SessionId
    generation: int


class RouteActivated(Message, frozen=True):
    session: SessionId
    generation: int
    at: Nanoseconds


class UeSighting(Struct, frozen=True):
    """Where a UE is and what its radio is worth: ``radio_rtt_ms`` is the expected round trip to its cell."""

    ue: UeId
    x_m: float
    y_m: float
    cell: CellId
    kind: str
    signal_dbm: float
    radio_rtt_ms: float


class UesSighted(Message, frozen=True):
    """A picture of all UEs, several times a second; never journaled."""

    at: Nanoseconds
    ues: tuple[UeSighting, ...]


class HandoverPredicted(Message, frozen=True):
    """A measurement report says that this UE is about to change to ``cell``."""

    ue: UeId
    cell: CellId
    at: Nanoseconds


class CellChanged(Message, frozen=True):
    """The UE is attached to ``cell``; the radio was silent for ``gap_ms``."""

    ue: UeId
    cell: CellId
    previous: CellId | None
    kind: str
    radio_rtt_ms: float
    gap_ms: float
    at: Nanoseconds


class WriterChanged(Message, frozen=True):
    """The first frame of a higher epoch enters the UE's downlink: ``gap_ms`` after the last new tick of the old writer."""

    ue: UeId
    epoch: int
    gap_ms: float
    at: Nanoseconds


class HopFigures(Message, frozen=True):
    """Medians of the last second over all UEs, in ms, and the relay's own error."""

    at: Nanoseconds
    radio_ms: float
    backhaul_ms: float
    gateway_ms: float
    server_ms: float
    relay_error_p99_ms: float
    ue_rtt_ms: dict[UeId, float] = field(default_factory=dict)
