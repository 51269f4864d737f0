"""What an application function is told of its session's quality: ``UserPlaneNotificationData`` (TS 29.122, 5.14.2.1.6). Pure."""

from __future__ import annotations

from msgspec import UNSET

from fedge.simulation.core5g.nef.quality.data_types import (
    AccumulatedUsage,
    UserPlaneEventReport,
    UserPlaneNotificationData,
)


def event_report(event: str, applied: str = "", used_s: float | None = None) -> UserPlaneEventReport:
    """``applied``: the reference that holds now; ``used_s``: seconds of use since the last report."""
    usage = AccumulatedUsage(int(used_s)) if used_s is not None else UNSET
    return UserPlaneEventReport(event, applied or UNSET, usage)


def notification(transaction: str, *reports: UserPlaneEventReport) -> UserPlaneNotificationData:
    return UserPlaneNotificationData(transaction, list(reports))
