"""The data types of AsSessionWithQoS as TS 29.122 (5.14.2) defines them (Rel-17).

Attributes that this core does not offer are read for their form only; ``checks`` refuses or leaves them out.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType, field

from fedge.simulation.core5g.nef.data_types import (
    Data,
    Features,
    FlowInfo,
    Ipv4,
    Mac,
    Objects,
    Snssai,
    Text,
    Unsigned,
    WebsockNotifConfig,
)

Texts = Annotated[list[Text], Meta(min_length=1, max_length=64)]
Flows = Annotated[list[FlowInfo], Meta(min_length=1, max_length=16)]
Seconds = Annotated[int, Meta(ge=0, le=1 << 31)]
Volume = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]


class UsageThreshold(Data, frozen=True):
    duration: Seconds | UnsetType = UNSET
    total_volume: Volume | UnsetType = UNSET
    downlink_volume: Volume | UnsetType = UNSET
    uplink_volume: Volume | UnsetType = UNSET


class UsageThresholdRm(Data, frozen=True):
    duration: Seconds | UnsetType | None = UNSET
    total_volume: Volume | UnsetType | None = UNSET
    downlink_volume: Volume | UnsetType | None = UNSET
    uplink_volume: Volume | UnsetType | None = UNSET


class AsSessionWithQoSSubscription(Data, frozen=True, kw_only=True):
    """TS 29.122, 5.14.2.1.2. ``self_``: the resource's URI, which the NEF alone writes."""

    self_: Text | UnsetType = field(default=UNSET, name="self")
    supported_features: Features | UnsetType = UNSET
    dnn: Text | UnsetType = UNSET
    snssai: Snssai | UnsetType = UNSET
    notification_destination: Text
    exter_app_id: Text | UnsetType = UNSET
    flow_info: Flows | UnsetType = UNSET
    eth_flow_info: Objects | UnsetType = UNSET
    en_eth_flow_info: Objects | UnsetType = UNSET
    qos_reference: Text | UnsetType = UNSET
    alt_qos_references: Texts | UnsetType = field(default=UNSET, name="altQoSReferences")
    alt_qos_reqs: Objects | UnsetType = UNSET
    dis_ue_notif: bool | UnsetType = UNSET
    ue_ipv4_addr: Ipv4 | UnsetType = UNSET
    ip_domain: Text | UnsetType = UNSET
    ue_ipv6_addr: Text | UnsetType = UNSET
    mac_addr: Mac | UnsetType = UNSET
    usage_threshold: UsageThreshold | UnsetType = UNSET
    sponsor_info: dict[str, Any] | UnsetType = UNSET
    qos_mon_info: dict[str, Any] | UnsetType = UNSET
    direct_notif_ind: bool | UnsetType = UNSET
    tsc_qos_req: dict[str, Any] | UnsetType = UNSET
    request_test_notification: bool | UnsetType = UNSET
    websock_notif_config: WebsockNotifConfig | UnsetType = UNSET
    events: Texts | UnsetType = UNSET


class AsSessionWithQoSSubscriptionPatch(Data, frozen=True):
    """TS 29.122, 5.14.2.1.3. None (JSON null) takes an attribute away, where the definition says nullable."""

    exter_app_id: Text | UnsetType = UNSET
    flow_info: Flows | UnsetType = UNSET
    eth_flow_info: Objects | UnsetType = UNSET
    en_eth_flow_info: Objects | UnsetType = UNSET
    qos_reference: Text | UnsetType = UNSET
    alt_qos_references: Texts | UnsetType = field(default=UNSET, name="altQoSReferences")
    alt_qos_reqs: Objects | UnsetType = UNSET
    dis_ue_notif: bool | UnsetType = UNSET
    usage_threshold: UsageThresholdRm | UnsetType | None = UNSET
    qos_mon_info: dict[str, Any] | UnsetType = UNSET
    direct_notif_ind: bool | UnsetType = UNSET
    notification_destination: Text | UnsetType = UNSET
    tsc_qos_req: dict[str, Any] | UnsetType = UNSET
    events: Texts | UnsetType = UNSET


class AccumulatedUsage(Data, frozen=True):
    """TS 29.122, 5.2.1.2.3: since the last report."""

    duration: Unsigned | UnsetType = UNSET


class UserPlaneEventReport(Data, frozen=True):
    event: str
    applied_qos_ref: str | UnsetType = UNSET
    accumulated_usage: AccumulatedUsage | UnsetType = UNSET


class UserPlaneNotificationData(Data, frozen=True):
    transaction: str
    event_reports: list[UserPlaneEventReport]
