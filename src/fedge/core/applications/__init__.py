"""What an application needs: template, latency objective, state of a session, whether it follows its player.

Read `application.py` first; `deployment.py`, `service.py` and `qos.py` are the manifests it is put together
from.
"""

from fedge.core.applications.application import Application, Template, app_id, applications_of
from fedge.core.applications.objects import ObjectKey, Raw, key_of
from fedge.core.applications.qos import (
    Border,
    Latency,
    Mobility,
    Population,
    QoSSpec,
    RegionWeight,
    Standby,
    State,
)

__all__ = [
    "Application",
    "Border",
    "Latency",
    "Mobility",
    "ObjectKey",
    "Population",
    "QoSSpec",
    "Raw",
    "RegionWeight",
    "Standby",
    "State",
    "Template",
    "app_id",
    "applications_of",
    "key_of",
]
