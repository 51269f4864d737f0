"""Radio network information as Fedge speaks it: bodies of ETSI GS MEC 012 v2.2.1, clause 6, and what they say. Pure.

What is answered is read bare, as the standard's text has it, and wrapped in its type's name, as the definition has it. Unknown
attributes are ignored.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from fedge.adapters.core5g import words
from fedge.core.model import SECOND

IN_PREPARATION, COMPLETED = 1, 3
PERIODICAL = 1
UE_IPV4_ADDRESS = 1
TYPES = ("CellChangeSubscription", "NrMeasRepUeSubscription", "MeasRepUeSubscription")
ALL, LAYER_2 = "/subscriptions", "/queries/layer2_meas"
Uint32 = Annotated[int, Meta(ge=0, lt=2**32)]


class TimeStamp(Struct, frozen=True, rename="camel"):
    seconds: Uint32
    nano_seconds: Uint32 = 0

    @property
    def unix_ns(self) -> int:
        return self.seconds * SECOND + self.nano_seconds


class AssociateId(Struct, frozen=True):
    type: int
    value: str


class Ecgi(Struct, frozen=True, rename="camel"):
    cell_id: str


class NrCgi(Struct, frozen=True, rename="camel"):
    nr_cell_id: str


class About(Struct, frozen=True, rename="camel", tag_field="notificationType"):
    """What all notifications have."""

    time_stamp: TimeStamp | None = None
    associate_id: tuple[AssociateId, ...] = ()


class CellChangeNotification(About, frozen=True, rename="camel", tag=True):
    src_ecgi: Ecgi | None = None
    trg_ecgi: tuple[Ecgi, ...] = ()
    ho_status: int = COMPLETED


class MeasRepUeNotification(About, frozen=True, rename="camel", tag=True):
    ecgi: Ecgi | None = None
    rsrp: int | None = None


class Quantities(Struct, frozen=True):
    rsrp: int | None = None


class ServingSignals(Struct, frozen=True, rename="camel"):
    meas_quantity_results_ssb_cell: Quantities = Quantities()


class ServingCell(Struct, frozen=True, rename="camel"):
    nrcgi: NrCgi
    s_cell: ServingSignals = ServingSignals()


class NrMeasRepUeNotification(About, frozen=True, rename="camel", tag=True):
    serv_cell_meas_info: tuple[ServingCell, ...] = ()


class ExpiryNotification(About, frozen=True, rename="camel", tag=True):
    expiry_deadline: TimeStamp | None = None


class TestNotification(About, frozen=True, tag=True):
    pass


Notification = (
    CellChangeNotification
    | MeasRepUeNotification
    | NrMeasRepUeNotification
    | ExpiryNotification
    | TestNotification
)
NOTIFICATION: msgspec.json.Decoder[Notification] = msgspec.json.Decoder(Notification)


Percent = Annotated[int, Meta(ge=0, le=100)]
DelayMs = Annotated[int, Meta(ge=0, le=60_000)]


class CellUse(Struct, frozen=True):
    ecgi: Ecgi
    dl_total_prb_usage_cell: Percent = 0
    ul_total_prb_usage_cell: Percent = 0


class UeDelay(Struct, frozen=True):
    """Whole milliseconds (ETSI TS 136 314, 4.1.4)."""

    ecgi: Ecgi
    dl_nongbr_delay_ue: DelayMs | None = None
    ul_nongbr_delay_ue: DelayMs | None = None


class Layer2(Struct, frozen=True):
    cell_info: tuple[CellUse, ...] = msgspec.field(default=(), name="cellInfo")
    cell_ue_info: tuple[UeDelay, ...] = msgspec.field(default=(), name="cellUEInfo")


class Link(Struct, frozen=True, rename="camel"):
    href: str = ""
    subscription_type: str = ""


class Links(Struct, frozen=True):
    self: Link = Link()
    subscription: tuple[Link, ...] = ()


class LinkList(Struct, frozen=True):
    links: Links = msgspec.field(default=Links(), name="_links")


class WebsockNotifConfig(Struct, frozen=True, rename="camel"):
    websocket_uri: str = ""


class Criteria(Struct, frozen=True, rename="camel"):
    """Whatever is included in the request is included in the response (MEC 012, 6.3): by this Fedge knows its own."""

    app_instance_id: str = ""


class Resource(Struct, frozen=True, rename="camel"):
    """A subscription of any type: what is needed to find it again, how its notifications come, when it ends."""

    subscription_type: str = ""
    callback_reference: str = ""
    filter_criteria_assoc_ho: Criteria = Criteria()
    filter_criteria_nr_mrs: Criteria = Criteria()
    filter_criteria_assoc_tri: Criteria = Criteria()
    websock_notif_config: WebsockNotifConfig = WebsockNotifConfig()
    expiry_deadline: TimeStamp | None = None
    links: Links = msgspec.field(default=Links(), name="_links")

    @property
    def mark(self) -> str:
        criteria = self.filter_criteria_assoc_ho, self.filter_criteria_nr_mrs, self.filter_criteria_assoc_tri
        return next((one.app_instance_id for one in criteria if one.app_instance_id), "")


def typed(kind: str, criteria: str, mark: str, filters: dict[str, Any]) -> dict[str, Any]:
    return {"subscriptionType": f"{kind}Subscription", criteria: {"appInstanceId": mark, **filters}}


def resource(body: bytes) -> Resource:
    """Bare, or wrapped in its type's name; empty where it cannot be read."""
    try:
        raw = msgspec.json.decode(body)
        inner = next((raw[name] for name in TYPES if name in raw), raw)
        return msgspec.convert(inner, Resource)
    except (TypeError, *words.UNREADABLE):
        return Resource()


def layer_2(body: bytes) -> Layer2:
    """Raises ``words.UNREADABLE``."""
    raw = msgspec.json.decode(body, type=dict[str, Any])
    return msgspec.convert(raw.get("L2Meas", raw), Layer2)


def listed(body: bytes) -> tuple[Link, ...]:
    """Raises ``words.UNREADABLE``."""
    raw = msgspec.json.decode(body, type=dict[str, Any])
    return msgspec.convert(raw.get("SubscriptionLinkList", raw), LinkList).links.subscription
