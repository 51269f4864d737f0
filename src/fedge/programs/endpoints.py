"""``endpoints.json``: every API of a run by name: base URL, standard, and a token or a client certificate; mode 0600."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from fedge.core.location import OPERATOR
from fedge.runtime.core_account import CoreAccount
from fedge.simulation.core5g.capif.core import (
    DISCOVER_BASE,
    EVENTS_BASE,
    INVOKERS_BASE,
    PROVIDERS_BASE,
    PUBLISH_BASE,
    SECURITY_BASE,
)
from fedge.simulation.core5g.capif.opening import DEVELOPERS, read_developers
from fedge.simulation.core5g.capif.opening import FOLDER as CERTIFICATES
from fedge.simulation.core5g.exposed import INFLUENCE, MONITORING, QOS, RADIO, path_of

PLATFORM = {
    "fedge-admin": ("", "Fedge admin API v1 (OpenAPI 3.0 at /api/v1/openapi.json)"),
    "simple-edge-discovery": ("/simple-edge-discovery/v2", "CAMARA Simple Edge Discovery 2.0.1"),
    "quality-on-demand": ("/quality-on-demand/v1", "CAMARA Quality on Demand 1.1.0"),
    "qos-profiles": ("/qos-profiles/v1", "CAMARA QoS Profiles 1.1.0"),
    "location-verification": ("/location-verification/v3", "CAMARA Location Verification 3.0.0"),
    "location-retrieval": ("/location-retrieval/v0.5", "CAMARA Location Retrieval 0.5.0"),
    "geofencing-subscriptions": (
        "/geofencing-subscriptions/v0.5",
        "CAMARA Geofencing Subscriptions 0.5.0",
    ),
    "mec-011-support": ("/mec_app_support/v1", "ETSI GS MEC 011 v3.1.1, application support"),
    "mec-011-services": ("/mec_service_mgmt/v1", "ETSI GS MEC 011 v3.1.1, service management"),
    "mec-021": ("/amsi/v1", "ETSI GS MEC 021 v2.2.1, application mobility service"),
}
"""What the control plane serves: base path, standard."""
CAMARA = (
    "simple-edge-discovery",
    "quality-on-demand",
    "qos-profiles",
    "location-verification",
    "location-retrieval",
    "geofencing-subscriptions",
)
"""APIs that take access tokens, too; ``token_url`` gives them, to the operator and to tenants."""
REDIRECT_URI = "http://127.0.0.1:8765/back"
"""Of the run's studio: nothing need listen there to read a code off the redirect."""
TELL_SINKS = ("quality-on-demand", "geofencing-subscriptions")
"""APIs that send events to their clients' sinks."""
EXPOSED = {
    "nef-traffic-influence": (INFLUENCE, "3GPP TS 29.522 Rel-17 Traffic Influence"),
    "nef-monitoring-event": (MONITORING, "3GPP TS 29.122 Rel-17 MonitoringEvent"),
    "nef-as-session-with-qos": (QOS, "3GPP TS 29.122 Rel-17 AsSessionWithQoS"),
    "mec-012": (RADIO, "ETSI GS MEC 012 v2.2.1, radio network information"),
}
"""What the operator's exposure function serves: apiName, standard."""
FRAMEWORK = {
    "capif-provider-management": (PROVIDERS_BASE, "API provider management"),
    "capif-publish": (PUBLISH_BASE, "publishing of service APIs"),
    "capif-discover": (DISCOVER_BASE, "discovery of service APIs"),
    "capif-invoker-management": (INVOKERS_BASE, "API invoker management"),
    "capif-security": (SECURITY_BASE, "security"),
    "capif-events": (EVENTS_BASE, "events"),
}
"""What the operator's CAPIF core function serves: base path, what it is."""


def platform_endpoints(
    base: str, token: str, sinks: dict[str, str], studio: tuple[str, str]
) -> dict[str, dict[str, str]]:
    """The control plane's APIs. ``base``: ``http://address:port``. ``sinks``: whose certificates it trusts.

    ``token`` is the operator's. ``studio``: name and secret of a client that is not: the location APIs want the subscriber's
    consent of it, which it gets by CIBA or the authorization code flow.
    """
    name, secret = studio
    client = {
        "studio_client_id": name,
        "studio_client_secret": secret,
        "studio_token": secret,
        "studio_redirect_uri": REDIRECT_URI,
        "authorization_url": f"{base}/oauth2/authorize",
        "backchannel_url": f"{base}/oauth2/bc-authorize",
    }
    found = {
        api: {"url": base + path, "standard": standard, "token": token}
        for api, (path, standard) in PLATFORM.items()
    }
    for api in CAMARA:
        found[api] |= {"token_url": f"{base}/oauth2/token", "client_id": OPERATOR, "client_secret": token}
        found[api] |= client
    for api in TELL_SINKS:
        found[api] |= sinks
    found["metrics"] = {"url": f"{base}/metrics", "standard": "Prometheus text format 0.0.4", "token": ""}
    return found


def exposed_endpoints(folder: Path, core: CoreAccount) -> dict[str, dict[str, str]]:
    """The operator's APIs, of the run in ``folder``. Raises ``URLError`` while the core network does not answer."""
    token, root = _access_token(folder / core.ca, core), core.nef.removesuffix(path_of(INFLUENCE))
    return {
        name: {
            "url": root + path_of(api),
            "standard": f"{standard} (simulated core network)",
            "token": token,
            "token_url": core.token,
            "client_id": core.client_id,
            "client_secret": core.client_secret,
            "ca": str(folder / core.ca),
        }
        for name, (api, standard) in EXPOSED.items()
    }


def capif_endpoints(folder: Path, core: CoreAccount) -> dict[str, dict[str, str]]:
    """CAPIF's APIs, each with a party to try it by: its id, certificate and key. None where the operator has no CAPIF."""
    known = read_developers(folder)
    if core.capif is None or known is None:
        return {}
    by_credential = {"token": known.onboarding}
    amf, apf, invoker = (_shown(folder, f"{DEVELOPERS}-{name}") for name in ("amf", "apf", "invoker"))
    aef = _shown(folder, f"{DEVELOPERS}-aef")
    parties = {
        "capif-provider-management": by_credential | amf | {"registration_id": known.domain},
        "capif-publish": apf | {"apf_id": known.apf, "aef_id": known.aef},
        "capif-discover": invoker | {"api_invoker_id": known.invoker},
        "capif-invoker-management": by_credential | invoker | {"api_invoker_id": known.invoker},
        "capif-security": invoker
        | {"api_invoker_id": known.invoker, "aef_id": known.aef}
        | {f"aef_{name}": file for name, file in aef.items()},
        "capif-events": invoker | {"subscriber_id": known.invoker},
    }
    return {
        name: {
            "url": core.capif.url + base,
            "standard": f"3GPP TS 29.222 Rel-17 {title} (simulated core network)",
            "ca": str(folder / core.capif.ca),
            **parties[name],
        }
        for name, (base, title) in FRAMEWORK.items()
    }


def _shown(folder: Path, party: str) -> dict[str, str]:
    """The client certificate and key of one whose files CAPIF has made."""
    at = folder / CERTIFICATES / party
    return {"certificate": f"{at}.crt", "key": f"{at}.key"}


def publish(endpoints: dict[str, Any], files: Iterable[Path]) -> None:
    """Whoever reads a file meanwhile sees the old or the new one, whole."""
    for path in files:
        fresh = path.with_name(f".{path.name}.new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(endpoints, indent=1))
        fresh.replace(path)


def _access_token(ca: Path, core: CoreAccount) -> str:
    """By OAuth2 client credentials. It lapses; ``token_url`` gives another."""
    form = {
        "grant_type": "client_credentials",
        "client_id": core.client_id,
        "client_secret": core.client_secret,
    }
    trust = ssl.create_default_context(cafile=ca)
    opener = build_opener(ProxyHandler({}), HTTPSHandler(context=trust))
    with opener.open(Request(core.token, data=urlencode(form).encode()), timeout=10) as answer:
        return str(json.loads(answer.read())["access_token"])
