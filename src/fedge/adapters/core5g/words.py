"""Traffic Influence as Fedge speaks it: JSON bodies of TS 29.522 (5.4.3), TS 29.571 and TS 29.122, and what they say. Pure.

Unknown attributes are ignored (TS 29.501, 5.2.2); what Fedge does not use is neither sent nor read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from fedge.core.model import UeId
from fedge.core.steering import Acknowledge, Create, Held, N6Route, PathNotified

UP_PATH_CHANGE = "UP_PATH_CHANGE"
SERVICE = "fedge"
"""``afServiceId`` of every subscription."""
NOTIFICATIONS = "/notifications/"
FEATURES = "4"
"""``suppFeat``: URLLC (feature 3 of TS 29.522, table 5.4.4-1), without which ``afAckInd`` has no meaning."""
UNREADABLE = (ValueError, RecursionError)
"""What reading a body raises: msgspec's own errors and bytes that are no UTF-8 are ``ValueError``, and it may be too deep."""
Text = Annotated[str, Meta(max_length=2048)]


class Identity(Struct, frozen=True):
    """Who Fedge is to this core network. ``receiver``: the root of the notifications' addresses."""

    receiver: str
    dnn: str
    sst: int

    def destination(self, token: str) -> str:
        return f"{self.receiver}{NOTIFICATIONS}{token}"

    def token_of(self, destination: str) -> str:
        """The token of an address of Fedge's; empty for any other address."""
        prefix = self.destination("")
        return destination.removeprefix(prefix) if destination.startswith(prefix) else ""


class RouteInformation(Struct, frozen=True, rename="camel"):
    port_number: int
    ipv4_addr: str = ""


class RouteToLocation(Struct, frozen=True, rename="camel"):
    dnai: str
    route_info: RouteInformation | None = None


class Subscription(Struct, frozen=True, rename="camel"):
    """Of TrafficInfluSub: what is needed to find it again."""

    self_: str = msgspec.field(default="", name="self")
    notification_destination: str = ""
    traffic_routes: tuple[RouteToLocation, ...] = ()


class Problem(Struct, frozen=True):
    cause: str = ""
    title: str = ""
    detail: str = ""


class EventNotification(Struct, frozen=True, rename="camel"):
    dnai_chg_type: Text
    subscribed_event: Text
    af_trans_id: Text = ""
    source_dnai: Text = ""
    target_dnai: Text = ""
    source_traffic_route: RouteToLocation | None = None
    target_traffic_route: RouteToLocation | None = None
    gpsi: Text = ""
    af_ack_uri: Text = ""


class Invalid(ValueError):
    """``parameter``: a JSON pointer to what is wrong; empty for the whole."""

    def __init__(self, reason: str, parameter: str = "") -> None:
        super().__init__(reason)
        self.reason, self.parameter = reason, parameter


# --- said -----------------------------------------------------------------------------------------------------------------------


def route(one: N6Route) -> dict[str, Any]:
    host, _, port = one.gateway.rpartition(":")
    return {"dnai": one.dnai, "routeInfo": {"ipv4Addr": host, "portNumber": int(port)}}


def subscription(call: Create, gpsi: str, identity: Identity) -> dict[str, Any]:
    """TrafficInfluSub: by GPSI, never by address."""
    return {
        "afServiceId": SERVICE,
        "afAppId": call.app,
        "afTransId": call.transaction,
        "dnn": identity.dnn,
        "snssai": {"sst": identity.sst},
        "gpsi": gpsi,
        "subscribedEvents": [UP_PATH_CHANGE],
        "dnaiChgType": "EARLY_LATE",
        "notificationDestination": identity.destination(call.token),
        "trafficRoutes": [route(one) for one in call.routes],
        "afAckInd": True,
        "suppFeat": FEATURES,
    }


def acknowledgement(call: Acknowledge, gpsi: str) -> dict[str, Any]:
    """AfAckInfo."""
    result: dict[str, Any] = {"afStatus": call.status}
    if call.route is not None:
        result["trafficRoute"] = route(call.route)
    return {"afTransId": call.transaction, "gpsi": gpsi, "ackResult": result}


# --- heard ----------------------------------------------------------------------------------------------------------------------


def held(said: Subscription, identity: Identity) -> Held:
    """A subscription as the NEF has it; without a token if it is not Fedge's."""
    id = name_of(said.self_)
    token = identity.token_of(said.notification_destination)
    return Held(id, token if id else "", tuple(one.dnai for one in said.traffic_routes))


def name_of(uri: str) -> str:
    """The last segment of a resource's URI: its name. Empty for what is no URI."""
    try:
        return urlsplit(uri).path.rstrip("/").rpartition("/")[2]
    except ValueError:
        return ""


def problem(body: bytes) -> Problem:
    """Of an answer that is no success; empty where it is none that can be read."""
    try:
        return msgspec.json.decode(body, type=Problem)
    except UNREADABLE:
        return Problem()


def path_notified(
    token: str, body: bytes, nef: str, ue_of: Callable[[str], UeId | None]
) -> PathNotified | None:
    """A notification; None for one that says nothing of a path (a test, or another event). Raises ``Invalid``.

    ``nef``: any URL of the NEF; acknowledgements go nowhere else, whatever a notification says.
    """
    try:
        raw = msgspec.json.decode(body)
        if isinstance(raw, dict) and "dnaiChgType" not in raw and isinstance(raw.get("subscription"), str):
            return None  # TestNotification: TS 29.122, 5.2.1.2.9
        said = msgspec.convert(raw, EventNotification)
    except UNREADABLE as error:
        raise Invalid(str(error)) from None
    if said.subscribed_event != UP_PATH_CHANGE:
        return None
    if said.dnai_chg_type not in ("EARLY", "LATE"):
        raise Invalid("must be EARLY or LATE", "/dnaiChgType")
    target = said.target_dnai or (said.target_traffic_route.dnai if said.target_traffic_route else "")
    source = said.source_dnai or (said.source_traffic_route.dnai if said.source_traffic_route else "")
    if not target:
        raise Invalid("is needed", "/targetDnai")
    if said.af_ack_uri and not same_origin(said.af_ack_uri, nef):
        raise Invalid("is not at this subscription's NEF", "/afAckUri")
    return PathNotified(
        token,
        "EARLY" if said.dnai_chg_type == "EARLY" else "LATE",
        target,
        source,
        said.af_trans_id,
        bool(said.gpsi),
        ue_of(said.gpsi) if said.gpsi else None,
        said.af_ack_uri,
    )


def same_origin(url: str, other: str) -> bool:
    """Scheme, host and port are the same, and nothing is hidden before the host."""
    if not url.isascii() or any(letter <= " " or letter == "\\" for letter in url):
        return False
    try:
        one, two = urlsplit(url), urlsplit(other)
        same = (one.scheme, one.hostname, one.port or 443) == (two.scheme, two.hostname, two.port or 443)
    except ValueError:
        return False
    return same and one.username is None and one.password is None and not one.fragment
