"""Quality sessions as the operator, the dashboard and ``fedge qod list`` see them: studios' and the platform's own."""

from __future__ import annotations

from typing import Any

from fedge.core.control import Knowledge
from fedge.core.model import SECOND, Nanoseconds, UeId
from fedge.core.quality import QualitySession, expires_at


def quality_row(known: Knowledge, one: QualitySession, now: Nanoseconds) -> dict[str, Any]:
    """``kept``: the network says that it keeps the guaranteed rate; None while nothing is served. ``by``: who asked for it."""
    by = "QoSPolicy" if one.session is not None else one.owner or "operator"
    left_s = (expires_at(one) - now) / SECOND if one.status == "AVAILABLE" else None
    said = known.quality_said.get(one.id)
    return {
        "quality": one.id,
        "ue": one.flow.ue,
        "server": one.flow.server,
        "carried": list(said.servers) if said is not None else None,
        "profile": one.profile,
        "status": one.status,
        "info": one.info,
        "kept": one.id not in known.unfulfilled if one.status == "AVAILABLE" else None,
        "left_s": round(left_s) if left_s is not None else None,
        "by": by,
        "reason": one.reason,
    }


def quality_of(known: Knowledge, ue: UeId) -> QualitySession | None:
    """What a UE is served with, to be shown in few words: the newest that lives."""
    live = [one for one in known.qualities_of(ue) if one.live]
    return live[-1] if live else None


def in_words(one: QualitySession | None, known: Knowledge) -> str | None:
    """``QOS_E``; with what is to be known of it where it is not simply served."""
    if one is None:
        return None
    if one.status != "AVAILABLE":
        return f"{one.profile} ({one.status.lower()})"
    return f"{one.profile} (not kept)" if one.id in known.unfulfilled else one.profile
