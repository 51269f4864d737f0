"""The APIs of the exposure function by apiName (TS 29.122, 5.2.4): scopes of tokens, and what is published in CAPIF."""

from __future__ import annotations

INFLUENCE = "3gpp-traffic-influence"
MONITORING = "3gpp-monitoring-event"
QOS = "3gpp-as-session-with-qos"
RADIO = "rni"
APIS = {INFLUENCE: "v1", MONITORING: "v1", QOS: "v1", RADIO: "v2"}
"""Their major version: each is at ``/{apiName}/{version}``."""
RESOURCES = {
    INFLUENCE: (("/{afId}/subscriptions", "GET POST"), ("/{afId}/subscriptions/{subscriptionId}", "GET PUT PATCH DELETE")),
    MONITORING: (
        ("/{scsAsId}/subscriptions", "GET POST"), ("/{scsAsId}/subscriptions/{subscriptionId}", "GET PUT PATCH DELETE"),
    ),
    QOS: (("/{scsAsId}/subscriptions", "GET POST"), ("/{scsAsId}/subscriptions/{subscriptionId}", "GET PUT PATCH DELETE")),
    RADIO: (
        ("/queries/rab_info", "GET"), ("/queries/plmn_info", "GET"), ("/queries/s1_bearer_info", "GET"),
        ("/queries/layer2_meas", "GET"), ("/subscriptions", "GET POST"), ("/subscriptions/{subscriptionId}", "GET PUT DELETE"),
    ),
}  # fmt: skip
"""Each API's relative URIs, and their methods."""


def path_of(api: str) -> str:
    return f"/{api}/{APIS[api]}"
