"""What application instances tell the platform, and are told by it: ETSI GS MEC 011 (enablement) and MEC 021 (mobility).

Read `resources.py` first, then `kept.py`; `consent.py` says whether an application lets one of its sessions go.
"""

from fedge.core.enablement.consent import Consent, consent_of
from fedge.core.enablement.kept import Enablement
from fedge.core.enablement.resources import (
    AppRegistration,
    Device,
    EdgeService,
    Farewell,
    MobilityRegistration,
    Resource,
    Subscription,
    Topic,
    fingerprint,
)

__all__ = [
    "AppRegistration",
    "Consent",
    "Device",
    "EdgeService",
    "Enablement",
    "Farewell",
    "MobilityRegistration",
    "Resource",
    "Subscription",
    "Topic",
    "consent_of",
    "fingerprint",
]
