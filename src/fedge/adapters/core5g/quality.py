"""AsSessionWithQoS as Fedge uses it (3GPP TS 29.122, 5.14): a UE's flow, the quality that was agreed under a name, its events."""

from __future__ import annotations

from itertools import product
from typing import Any

import msgspec
from msgspec import Struct

from fedge.adapters.core5g import words
from fedge.adapters.core5g.door import MERGE_PATCH, Caller
from fedge.adapters.core5g.parties import Clock, Subscribers
from fedge.adapters.core5g.subscribing import NotSayable, Subscribing
from fedge.adapters.core5g.words import Identity, Invalid
from fedge.core.exposure import Answer, Call, Create, FlowQuality, FlowTold, Notice, Replace
from fedge.core.messages.exposure import Span

EVENTS = (
    "SUCCESSFUL_RESOURCES_ALLOCATION", "FAILED_RESOURCES_ALLOCATION", "QOS_GUARANTEED", "QOS_NOT_GUARANTEED",
    "SESSION_TERMINATION",
)  # fmt: skip
NUMBERS = {"UDP": "17", "TCP": "6"}


class EventReport(Struct, frozen=True):
    event: str


class UserPlaneNotificationData(Struct, frozen=True, rename="camel"):
    transaction: str = ""
    event_reports: tuple[EventReport, ...] = ()


_NOTIFICATION = msgspec.json.Decoder(UserPlaneNotificationData)


class QualityOfService:
    def __init__(
        self, caller: Caller, af: str, identity: Identity, subscribers: Subscribers, clock: Clock
    ) -> None:
        self._identity, self._subscribers = identity, subscribers
        self._subscribing = Subscribing(caller, af, identity, self, clock)

    async def carry_out(self, call: Call) -> Answer:
        """Never raises."""
        return await self._subscribing.carry_out(call)

    def new(self, call: Create | Replace) -> dict[str, Any]:
        asks, address = self._flow(call)
        return {
            "dnn": self._identity.dnn,
            "snssai": {"sst": self._identity.sst},
            "ueIpv4Addr": address,
            "flowInfo": flow_info(asks, address),
            "qosReference": asks.reference,
            "events": list(EVENTS),
            "notificationDestination": self._identity.destination(call.token),
        }

    def change(self, call: Replace) -> tuple[str, dict[str, Any], str]:
        """A merge patch: the packets meant, and their quality. Where notifications go stays as it is, or becomes ours again."""
        asks, address = self._flow(call)
        said = {"flowInfo": flow_info(asks, address), "qosReference": asks.reference}
        return "PATCH", said, MERGE_PATCH

    def heard(self, token: str, body: bytes) -> Notice | None:
        """A notification; None for a test. Raises ``Invalid``."""
        try:
            said = _NOTIFICATION.decode(body)
        except words.UNREADABLE as error:
            raise Invalid(str(error)) from None
        if not said.event_reports:
            return None
        events = tuple(one.event for one in said.event_reports)
        return FlowTold(token, events, words.name_of(said.transaction))

    def _flow(self, call: Create | Replace) -> tuple[FlowQuality, str]:
        if not isinstance(call.asks, FlowQuality):
            raise NotSayable(f"{type(call.asks).__name__} is nothing that AsSessionWithQoS gives")
        address = self._subscribers.address(call.asks.ue)
        if address is None:
            raise NotSayable(f"{call.asks.ue} has no IPv4 address")
        return call.asks, address


def flow_info(asks: FlowQuality, address: str) -> list[dict[str, Any]]:
    """FlowInfo: IPFilterRules as TS 29.214, 5.3.8 has them, down and up; ports have to name a protocol, so both are said."""
    protocols = [NUMBERS[asks.protocol]] if asks.protocol else ["ip"]
    if not asks.protocol and (asks.server_ports or asks.device_ports):
        protocols = list(NUMBERS.values())
    servers = [f"{one}{_ports(asks.server_ports)}" for one in (asks.app_server, *asks.further_servers)]
    device = f"{address}{_ports(asks.device_ports)}"
    return [
        {
            "flowId": number,
            "flowDescriptions": [
                f"permit out {protocol} from {server} to {device}",
                f"permit in {protocol} from {device} to {server}",
            ],
        }
        for number, (protocol, server) in enumerate(product(protocols, servers), 1)
    ]


def _ports(spans: tuple[Span, ...]) -> str:
    said = ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)
    return f" {said}" if said else ""
