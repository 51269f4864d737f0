"""Does an application let a session go? The service levels of ETSI GS MEC 021 v2.2.1 (7.4.5) in terms of Fedge's moves.

1, not allowed: the session stays; its packets find it wherever the UE goes. 2, with confirmation: the application is told of the
target, and the move begins once it says that its own context is transferred. 3, without: it is only told. An application that
registered nothing lets go. A site that is drained has the last word: see `control/letting_go.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from fedge.core.enablement.resources import MobilityRegistration
from fedge.core.model import AppId, SiteId, UeId

Consent = Literal["yes", "ask", "no"]

NOT_ALLOWED, WITH_CONFIRMATION, WITHOUT_CONFIRMATION = 1, 2, 3


def consent_of(registrations: Iterable[MobilityRegistration], ue: UeId, app: AppId, site: SiteId) -> Consent:
    """Of all who registered this UE for ``app`` at ``site``, the strictest counts."""
    said: Consent = "yes"
    for registration in registrations:
        if not registration.covers(site, app):
            continue
        for device in registration.devices:
            if device.ue != ue or device.level == WITHOUT_CONFIRMATION:
                continue
            if device.level == NOT_ALLOWED:
                return "no"
            if not device.transferred:
                said = "ask"
    return said
