"""A quality session's life: REQUESTED → AVAILABLE → UNAVAILABLE → gone. ``TRANSITIONS`` is the whole machine.

``docs/state-machines/quality-session.md`` is generated from it. Pure; the control plane journals what is decided
(`core/control/quality.py`). Source: CAMARA Quality on Demand 1.1.0.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from fedge.core.messages import Sink
from fedge.core.model import SECOND, Nanoseconds, SessionId, Transition
from fedge.core.quality.flow import Flow, overlap
from fedge.core.quality.profiles import ProfileStatus

Status = Literal["REQUESTED", "AVAILABLE", "UNAVAILABLE"]
End = Literal["DURATION_EXPIRED", "NETWORK_TERMINATED", "DELETE_REQUESTED"]

KEPT_FOR = 360 * SECOND
"""So long one that became UNAVAILABLE can still be read (createSession's notes: at the earliest 360 s)."""
MARGIN_S = 30
"""So much longer than it lasts the operator is asked to serve it: Fedge ends it, the operator only where Fedge is gone."""

TRANSITIONS = (
    Transition("REQUESTED", "granted", "operator", "AVAILABLE"),
    Transition("REQUESTED", "terminated", "operator, or control plane after its silence", "UNAVAILABLE"),
    Transition("REQUESTED", "deleted", "client", "GONE"),
    Transition("AVAILABLE", "extended", "client", "AVAILABLE"),
    Transition("AVAILABLE", "expired", "control plane", "UNAVAILABLE"),
    Transition("AVAILABLE", "terminated", "operator", "UNAVAILABLE"),
    Transition("AVAILABLE", "deleted", "client", "GONE"),
    Transition("UNAVAILABLE", "deleted", "client", "GONE"),
    Transition("UNAVAILABLE", "kept long enough", "control plane", "GONE"),
)
ENDS = {"DURATION_EXPIRED": "expired", "NETWORK_TERMINATED": "terminated", "DELETE_REQUESTED": "deleted"}
"""CAMARA's statusInfo: the event that it is of."""
_NEXT = {(one.state, one.event): one.next for one in TRANSITIONS}


class QualitySession(Struct, frozen=True):
    """``owner``: the tenant whose client asked, empty for the operator's. ``seconds``: how long in all, as granted.

    ``told``: the flow in the client's own words; ``device``: the identifier that it named the UE by, if any.
    ``session``: the platform's own quality session is for this session of an application whose QoSPolicy asks for it.
    """

    id: str
    owner: str
    flow: Flow
    profile: str
    reference: str
    seconds: int
    asked_at: Nanoseconds = 0
    status: Status = "REQUESTED"
    info: End | Literal[""] = ""
    started_at: Nanoseconds = 0
    ended_at: Nanoseconds = 0
    reason: str = ""
    sink: Sink | None = None
    device: dict[str, Any] | None = None
    told: dict[str, Any] = {}
    session: SessionId | None = None

    @property
    def live(self) -> bool:
        return self.status != "UNAVAILABLE"


class Quality(Struct):
    """Durable. ``ended``: how many ended, by reason; ``marks``: profiles that Fedge's operator takes back."""

    sessions: dict[str, QualitySession] = field(default_factory=dict)
    marks: dict[str, ProfileStatus] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    next_own: int = 1


def next_state(status: str, event: str) -> str | None:
    """The state that ``event`` leads to, or None where it changes nothing."""
    return _NEXT.get((status, event))


def started(one: QualitySession, now: Nanoseconds) -> QualitySession:
    return replace(one, status="AVAILABLE", started_at=now)


def ended(one: QualitySession, info: End, reason: str, now: Nanoseconds) -> QualitySession:
    return replace(one, status="UNAVAILABLE", info=info, reason=reason, ended_at=now)


def extended(one: QualitySession, additional_s: int, longest_s: int) -> QualitySession:
    """Never longer in all than the profile allows, and never shorter than it was."""
    return replace(one, seconds=max(one.seconds, min(one.seconds + additional_s, longest_s)))


def expires_at(one: QualitySession) -> Nanoseconds:
    """When it is to end, or did. Means nothing while it is REQUESTED."""
    return one.ended_at or one.started_at + one.seconds * SECOND


def lasted_s(one: QualitySession) -> int:
    """CAMARA's ``duration``: what is granted, or, once it is UNAVAILABLE, how long it was served; at least 1."""
    if one.live:
        return one.seconds
    return max(1, round((one.ended_at - one.started_at) / SECOND)) if one.started_at else 1


def still_blocks(one: QualitySession) -> bool:
    """Must it be deleted before another can have its flow? One that the network ended blocks until it is gone."""
    return one.live or one.info == "NETWORK_TERMINATED"


def conflicting(asked: Flow, of_owner: Iterable[QualitySession]) -> QualitySession | None:
    """The session that has the flow already, or a part of it."""
    return next((one for one in of_owner if still_blocks(one) and overlap(one.flow, asked)), None)
