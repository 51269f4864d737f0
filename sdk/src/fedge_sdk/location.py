"""Where players are, for a studio's server, as far as each player lets it know: CAMARA Location Verification 3.0.0, Location
Retrieval 0.5.0, Geofencing Subscriptions 0.5.0, and the consent before them (OpenID CIBA).

Blocking, standard library only. Without the player's consent every call is ``Refused`` with PERMISSION_DENIED, as for a number
that nobody has. A device is named as in ``network.py``; with the token of ``ask_consent``, which speaks for one, by nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, NamedTuple

from fedge_sdk.attach import Refused
from fedge_sdk.camara import TIMEOUT_S, Calls, Sink, device_of, sink_of

VERIFY, RETRIEVE = "/location-verification/v3/verify", "/location-retrieval/v0.5/retrieve"
FENCES = "/geofencing-subscriptions/v0.5/subscriptions"
CIBA = "urn:openid:params:grant-type:ciba"
LOCATION = ("location-verification:verify", "location-retrieval:read")
_EVENT = "org.camaraproject.geofencing-subscriptions.v0.area"


class Place(NamedTuple):
    """A circle in which the device was ``at`` that time (RFC 3339); ``radius_m`` is how far it may be from the middle."""

    latitude: float
    longitude: float
    radius_m: float
    at: str


class Verdict(NamedTuple):
    """``result``: TRUE, FALSE or PARTIAL; ``match_rate``: in percent."""

    result: str
    match_rate: int
    at: str


class Location:
    """``api``: the platform's base address. ``token``: the studio's, or one of ``ask_consent``."""

    def __init__(self, api: str, token: str, timeout_s: float = TIMEOUT_S) -> None:
        self._ask = Calls(api, token, timeout_s).ask

    def place(self, device: str = "", max_age_s: int | None = None) -> Place:
        said = self._ask("POST", RETRIEVE, {**device_of(device), **_age(max_age_s)})
        middle = said["area"]["center"]
        return Place(
            middle["latitude"], middle["longitude"], said["area"]["radius"], said["lastLocationTime"]
        )

    def verify(
        self,
        latitude: float,
        longitude: float,
        radius_m: float,
        device: str = "",
        max_age_s: int | None = None,
    ) -> Verdict:
        """Is the device within that circle?"""
        asked = {"area": _circle(latitude, longitude, radius_m), **device_of(device), **_age(max_age_s)}
        said = self._ask("POST", VERIFY, asked)
        result = said["verificationResult"]
        rate = {"TRUE": 100, "FALSE": 0}.get(result)
        return Verdict(result, said["matchRate"] if rate is None else rate, said["lastLocationTime"])

    def fence(
        self,
        latitude: float,
        longitude: float,
        radius_m: float,
        sink: Sink,
        device: str = "",
        leaving: bool = False,
        at_once: bool = False,
        most_events: int = 0,
    ) -> str:
        """Tell ``sink`` whenever the device enters the circle, or leaves it. ``at_once``: also if it is so already. Its id."""
        config: dict[str, Any] = {
            "subscriptionDetail": {"area": _circle(latitude, longitude, radius_m), **device_of(device)},
            "initialEvent": at_once,
        }
        if most_events:
            config["subscriptionMaxEvents"] = most_events
        types = [f"{_EVENT}-left" if leaving else f"{_EVENT}-entered"]
        asked = {"protocol": "HTTP", "types": types, "config": config, **sink_of(sink)}
        return str(self._ask("POST", FENCES, asked)["id"])

    def fences(self) -> list[str]:
        """The ids of those that there are."""
        return [str(one["id"]) for one in self._ask("GET", FENCES)]

    def end_fence(self, id: str) -> None:
        self._ask("DELETE", f"{FENCES}/{id}")


def ask_consent(
    api: str,
    tenant: str,
    secret: str,
    device: str,
    scopes: Iterable[str] = LOCATION,
    purpose: str = "",
    patience_s: float = 60.0,
) -> str:
    """Ask the player on its device, and wait for the answer: an access token that speaks for it, for ten minutes.

    ``tenant``, ``secret``: the studio's namespace and token. ``device``: a phone number, or public address and port. The consent
    outlasts the token. Raises ``Refused`` (``access_denied``: the player says no, or there is none).
    """
    calls, client = Calls(api, ""), {"client_id": tenant, "client_secret": secret}
    hint = f"tel:{device}" if device.startswith("+") else f"ipport:{device}"
    scope = " ".join(["openid", *scopes, *([purpose] if purpose else [])])
    asked = calls.form("/oauth2/bc-authorize", {**client, "scope": scope, "login_hint": hint})
    form = {**client, "grant_type": CIBA, "auth_req_id": asked["auth_req_id"]}
    deadline, wait_s = time.monotonic() + patience_s, float(asked["interval"])
    while True:
        try:
            return str(calls.form("/oauth2/token", form)["access_token"])
        except Refused as error:
            waits = error.code in ("authorization_pending", "slow_down")
            if not waits or time.monotonic() + wait_s > deadline:
                raise
            time.sleep(wait_s)


def _circle(latitude: float, longitude: float, radius_m: float) -> dict[str, Any]:
    return {
        "areaType": "CIRCLE",
        "center": {"latitude": latitude, "longitude": longitude},
        "radius": radius_m,
    }


def _age(max_age_s: int | None) -> dict[str, int]:
    return {"maxAge": max_age_s} if max_age_s is not None else {}
