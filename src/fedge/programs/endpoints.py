"""``endpoints.json``: every API of a run by name, with its base URL, its standard and a token; mode 0600."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from fedge.runtime.core_account import CoreAccount
from fedge.simulation.core5g.exposed import INFLUENCE, RADIO, path_of

PLATFORM = {
    "fedge-admin": ("", "Fedge admin API v1 (OpenAPI 3.0 at /api/v1/openapi.json)"),
    "simple-edge-discovery": ("/simple-edge-discovery/v2", "CAMARA Simple Edge Discovery 2.0.1"),
    "mec-011-support": ("/mec_app_support/v1", "ETSI GS MEC 011 v3.1.1, application support"),
    "mec-011-services": ("/mec_service_mgmt/v1", "ETSI GS MEC 011 v3.1.1, service management"),
    "mec-021": ("/amsi/v1", "ETSI GS MEC 021 v2.2.1, application mobility service"),
}
"""What the control plane serves: base path, standard."""
EXPOSED = {
    "nef-traffic-influence": (INFLUENCE, "3GPP TS 29.522 Rel-17 Traffic Influence"),
    "mec-012": (RADIO, "ETSI GS MEC 012 v2.2.1, radio network information"),
}
"""What the operator's exposure function serves: apiName, standard."""


def platform_endpoints(base: str, token: str) -> dict[str, dict[str, str]]:
    """The control plane's APIs. ``base``: ``http://address:port``."""
    found = {
        name: {"url": base + path, "standard": standard, "token": token}
        for name, (path, standard) in PLATFORM.items()
    }
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
