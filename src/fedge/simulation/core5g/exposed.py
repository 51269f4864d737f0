"""The APIs of the exposure function by apiName (TS 29.122, 5.2.4): scopes of tokens, and what is published in CAPIF."""

from __future__ import annotations

INFLUENCE = "3gpp-traffic-influence"
MONITORING = "3gpp-monitoring-event"
QOS = "3gpp-as-session-with-qos"
RADIO = "rni"
APIS = {INFLUENCE: "v1", MONITORING: "v1", QOS: "v1", RADIO: "v2"}
"""Their major version: each is at ``/{apiName}/{version}``."""
