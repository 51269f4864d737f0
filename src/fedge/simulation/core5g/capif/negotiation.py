"""What every CAPIF API checks alike: supported features, where notifications go, websockets. Pure.

Features' numbers are those of TS 29.222's clauses "Feature negotiation", partly from memory: check them before you rely on
them elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from fedge.simulation.core5g.nef import destinations
from fedge.simulation.core5g.nef.data_types import WebsockNotifConfig
from fedge.simulation.core5g.nef.operator import common_features
from fedge.simulation.core5g.nef.problem import InvalidParam

TEST_EVENT, ENHANCED_EVENTS = 1 << 0, 1 << 2
PROVIDERS = 1 << 0
"""PatchUpdate."""
INVOKERS = TEST_EVENT | 1 << 2
"""Notification_test_event, PatchUpdate; not Notification_websocket."""
SECURITY = TEST_EVENT
EVENTS = TEST_EVENT | ENHANCED_EVENTS
PUBLISHING = 1 << 0 | 1 << 1
"""ApiSupportedFeaturePublishing, PatchUpdate."""


def told(asked: str | UnsetType, ours: int) -> str | UnsetType:
    """What an answer says of them."""
    return UNSET if asked is UNSET else f"{common_features(asked, ours):X}"


def notified_at(
    url: str, websocket: WebsockNotifConfig | UnsetType, networks: Sequence[str]
) -> list[InvalidParam]:
    """Objections to how somebody wants to be notified."""
    found = []
    reason = destinations.objection(url, networks)
    if reason is not None:
        found.append(InvalidParam("/notificationDestination", reason))
    if websocket is not UNSET and websocket.request_websocket_uri is True:
        found.append(InvalidParam("/websockNotifConfig", "not supported: use notificationDestination"))
    return found
