"""Control plane → site agent, and back."""

from __future__ import annotations

from msgspec import Struct, field
from msgspec.structs import replace

from fedge.core.messages.order import Message, MoveOrder
from fedge.core.messages.status import InstanceStatus, SessionStatus
from fedge.core.messages.traffic import TrafficRule
from fedge.core.model import Address, AppId, MoveId, Nanoseconds, SessionId, SessionKey, SiteId, UeId


class RunInstances(Message, frozen=True):
    """Make it so: this many instances of ``app`` from this template (command, args, environment, limits), no others."""

    app: AppId
    replicas: int
    schema: str
    command: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    capacity: int = 64
    state_bytes: int = 1 << 20
    memory_limit_bytes: int = 0
    image: str = ""
    revision: int = 1
    rules: tuple[TrafficRule, ...] = ()
    """Which traffic of UEs goes to it; without one nothing does."""


class LeadPlain(Message, frozen=True):
    """Where UEs of an application without the SDK go from a site's gateway, under ``rules``: to its own instances, or elsewhere.

    ``ues``: to another site's door, by the UE's IPv4 address. ``elsewhere``: the door for all others; empty: they stay here. What
    is led so is new connections, and datagrams of flows that are open. It takes the place of the one before; not ``whole``: all
    but ``ues``, which then has those alone whose door is another now, an empty one where a UE is led no more.
    """

    app: AppId
    rules: tuple[TrafficRule, ...] = ()
    elsewhere: Address = Address("")
    ues: dict[str, Address] = field(default_factory=dict)
    whole: bool = True

    def since(self, before: LeadPlain) -> LeadPlain:
        """How this, which is whole, is said to a gateway that was told ``before``: the shorter way.

        Whole where that had no rules: with no instance there, the gateway has forgotten all of it.
        """
        if not before.rules:
            return self
        ues = {ue: door for ue, door in self.ues.items() if before.ues.get(ue) != door}
        ues |= {ue: Address("") for ue in before.ues if ue not in self.ues}
        return replace(self, ues=ues, whole=False) if len(ues) < len(self.ues) else self

    def onto(self, before: LeadPlain) -> LeadPlain:
        """What a gateway holds, whole, that is told this and held ``before``."""
        if self.whole:
            return self
        ues = {ue: door for ue, door in (before.ues | self.ues).items() if door}
        return replace(self, ues=ues, whole=True)


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
    """Nobody else can have the session any more: the copy of ``epoch`` goes on, above every epoch given out before.

    Its client may have refused ``epoch``, and a source that was lost may yet come back serving a later one.
    """

    session: SessionId
    key: SessionKey
    epoch: int
    as_epoch: int


class RedirectClient(Message, frozen=True):
    """Tell the session's client, if ``site`` knows where it is, that ``generation`` is reached at ``service``: a REDIRECT.

    ``number`` is the REDIRECT's: it rises, so that an older one changes nothing.
    """

    site: SiteId
    key: SessionKey
    generation: int
    number: int
    service: Address


class ExpectClient(Message, frozen=True):
    """Say ``ClientHeard`` as soon as the session's client is heard, again if it was said before."""

    site: SiteId
    key: SessionKey


class ClientHeard(Message, frozen=True):
    """A packet of the session's client came to ``site`` straight from the user plane, sent to ``service``.

    Said when it was asked for, and unasked when the client sends to another address than before. ``writer``: the site's copy is
    the writer and its client believes it; else the site keeps its packets for a copy that is on its way.
    """

    site: SiteId
    key: SessionKey
    generation: int
    service: Address
    writer: bool
    at: Nanoseconds


class SiteHello(Message, frozen=True):
    """First words of an agent on a new connection: where it is and all it holds."""

    site: SiteId
    gateway: Address
    peer: Address
    sessions: tuple[SessionStatus, ...]
    instances: tuple[InstanceStatus, ...]


class PlainReport(Struct, frozen=True):
    """An application without the SDK at a site. ``door``: where other sites' gateways lead UEs to its instances here.

    ``open``: connections and flows that are open, ``hosts``: the addresses that they come from, as many as are worth telling.
    """

    door: Address = Address("")
    open: int = 0
    hosts: tuple[str, ...] = ()


class ClientPackets(Struct, frozen=True):
    """What a gateway heard of a session's client, straight from the user plane, since its last report.

    ``heard_at``: the last packet. ``silence_ms``: the longest time between two packets that ended since, and when it ended; 0
    where there was one packet alone.
    """

    key: SessionKey
    heard_at: Nanoseconds
    silence_ms: float = 0.0
    silence_ended_at: Nanoseconds = 0


class SiteReport(Message, frozen=True):
    """Heartbeat and utilisation. ``load`` is the share of a tick period that instances spend ticking, 0 to 1.

    ``driver``: what carries plain UDP at the site (`dataplane/driver.py`). ``clients``: those that were heard since the last one.
    """

    site: SiteId
    load: float
    sessions: int
    instances: tuple[InstanceStatus, ...]
    gateway: dict[str, int] = field(default_factory=dict)
    measured_at: Nanoseconds = 0
    driver: str = ""
    plain: dict[AppId, PlainReport] = field(default_factory=dict)
    clients: tuple[ClientPackets, ...] = ()


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


class SessionLost(Message, frozen=True):
    """The instance that held the session is gone for good, and the session's files with it: a Pod that was deleted.

    Said again until the centre answers with ``DiscardSession``.
    """

    site: SiteId
    session: SessionId
    key: SessionKey
    epoch: int
    reason: str


class SessionDiscarded(Message, frozen=True):
    """What ``epoch`` did after ``tick`` was never heard by its client and is gone."""

    site: SiteId
    session: SessionId
    epoch: int
    tick: int
