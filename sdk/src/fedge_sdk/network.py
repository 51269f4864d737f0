"""What a studio's server asks of the mobile network: quality for a player's flow, and which quality there is to be had.

A small client of CAMARA Quality on Demand 1.1.0 and QoS Profiles 1.1.0. Blocking, standard library only. With a two-legged
token a device is named by its phone number (``+99901000007``), by its address (``203.0.113.7``), or by the public address and
port that a server sees (``203.0.113.7:40000``); with a three-legged token, which speaks for one device, by nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, NamedTuple

from fedge_sdk.camara import FIRST_WAIT_S, TIMEOUT_S, Calls, Sink, device_of, sink_of

SESSIONS = "/quality-on-demand/v1/sessions"
OF_DEVICE = "/quality-on-demand/v1/retrieve-sessions"
PROFILES = "/qos-profiles/v1/retrieve-qos-profiles"

Span = tuple[int, int]
"""Ports from the first to the last of them."""


class QualitySession(NamedTuple):
    """``status``: REQUESTED, AVAILABLE or UNAVAILABLE; ``info``: why the last. Times as RFC 3339, empty while there are none."""

    id: str
    status: str
    profile: str
    seconds: int
    started_at: str
    expires_at: str
    info: str


class Profile(NamedTuple):
    """``status``: only an ACTIVE one can be asked for. Rates in bit/s, kept in each direction; 0: none is said. Delay in ms."""

    name: str
    status: str
    description: str
    up_bit_s: int
    down_bit_s: int
    delay_ms: float
    longest_s: int


class Network:
    """``api``: the platform's base address. ``token``: the studio's. A call may raise ``Refused``, or ``NotYet``: ask again."""

    def __init__(self, api: str, token: str, timeout_s: float = TIMEOUT_S) -> None:
        self._ask = Calls(api, token, timeout_s).ask

    def ask_quality(
        self,
        server: str,
        device: str = "",
        profile: str = "QOS_E",
        seconds: int = 600,
        server_ports: Iterable[Span] = (),
        device_ports: Iterable[Span] = (),
        sink: Sink | None = None,
    ) -> QualitySession:
        """Serve the device's flow with ``server`` (an IPv4 address or prefix: the application's stable one) with this profile."""
        body: dict[str, Any] = {
            "applicationServer": {"ipv4Address": server},
            "qosProfile": profile,
            "duration": seconds,
            **device_of(device),
        }
        for name, spans in (("applicationServerPorts", server_ports), ("devicePorts", device_ports)):
            if ranges := [{"from": first, "to": last} for first, last in spans]:
                body[name] = {"ranges": ranges}
        if sink is not None:
            body |= sink_of(sink)
        return _session(self._ask("POST", SESSIONS, body))

    def quality(self, id: str) -> QualitySession:
        return _session(self._ask("GET", f"{SESSIONS}/{id}"))

    def settled(self, id: str, patience_s: float = 30.0) -> QualitySession:
        """As soon as the network has answered: not REQUESTED any more. After ``patience_s`` as it is then."""
        deadline, wait_s = time.monotonic() + patience_s, FIRST_WAIT_S
        while True:
            found = self.quality(id)
            if found.status != "REQUESTED" or time.monotonic() + wait_s > deadline:
                return found
            time.sleep(wait_s)
            wait_s = min(1.0, 2 * wait_s)

    def qualities(self, device: str = "") -> list[QualitySession]:
        """Those of a device that this studio asked for."""
        return [_session(one) for one in self._ask("POST", OF_DEVICE, device_of(device))]

    def extend_quality(self, id: str, seconds: int) -> QualitySession:
        """So much longer, as far as the profile allows."""
        return _session(
            self._ask("POST", f"{SESSIONS}/{id}/extend", {"requestedAdditionalDuration": seconds})
        )

    def end_quality(self, id: str) -> None:
        self._ask("DELETE", f"{SESSIONS}/{id}")

    def profiles(self, device: str = "") -> list[Profile]:
        """All profiles, or those that this device can have now."""
        return [_profile(one) for one in self._ask("POST", PROFILES, device_of(device))]


def _session(said: dict[str, Any]) -> QualitySession:
    return QualitySession(
        str(said["sessionId"]),
        str(said["qosStatus"]),
        str(said["qosProfile"]),
        int(said["duration"]),
        str(said.get("startedAt", "")),
        str(said.get("expiresAt", "")),
        str(said.get("statusInfo", "")),
    )


_UNITS = {"bps": 1, "kbps": 10**3, "Mbps": 10**6, "Gbps": 10**9, "Tbps": 10**12}
_SECONDS = {
    "Days": 86400.0, "Hours": 3600.0, "Minutes": 60.0, "Seconds": 1.0,
    "Milliseconds": 1e-3, "Microseconds": 1e-6, "Nanoseconds": 1e-9,
}  # fmt: skip


def _profile(said: dict[str, Any]) -> Profile:
    return Profile(
        str(said["name"]),
        str(said["status"]),
        str(said.get("description", "")),
        _bit_s(said.get("targetMinUpstreamRate")),
        _bit_s(said.get("targetMinDownstreamRate")),
        round(1000 * _in_seconds(said.get("packetDelayBudget")), 6),
        int(_in_seconds(said.get("maxDuration"))),
    )


def _bit_s(rate: dict[str, Any] | None) -> int:
    return int(rate["value"]) * _UNITS[rate["unit"]] if rate else 0


def _in_seconds(duration: dict[str, Any] | None) -> float:
    return float(duration["value"]) * _SECONDS[duration["unit"]] if duration else 0.0
