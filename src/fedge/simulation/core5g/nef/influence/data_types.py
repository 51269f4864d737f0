"""The data types of Traffic Influence as TS 29.522 (5.4.3), TS 29.122 and TS 29.571 (Rel-17) define them.

Attributes that this core does not offer are read and checked for their form only; ``checks`` refuses or leaves them out.
Unknown attributes are ignored, as TS 29.501 asks. UNSET is "not there".
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

Dnai = Annotated[str, Meta(max_length=256)]
Gpsi = Annotated[str, Meta(pattern=r"^(msisdn-[0-9]{5,15}|extid-[^@]+@[^@]+|.+)\Z", max_length=256)]


class RouteInformation(Data, frozen=True, omit_defaults=False):
    port_number: Unsigned
    ipv4_addr: Ipv4 | UnsetType = UNSET
    ipv6_addr: Text | UnsetType = UNSET


class RouteToLocation(Data, frozen=True):
    dnai: Dnai
    route_info: RouteInformation | UnsetType | None = UNSET
    route_prof_id: Text | UnsetType | None = UNSET


class TrafficInfluSub(Data, frozen=True):
    """TS 29.522, 5.4.3.3.2. ``self_``: the resource's URI, which the NEF alone writes."""

    af_service_id: Text | UnsetType = UNSET
    af_app_id: Text | UnsetType = UNSET
    af_trans_id: Text | UnsetType = UNSET
    app_relo_ind: bool | UnsetType = UNSET
    dnn: Text | UnsetType = UNSET
    snssai: Snssai | UnsetType = UNSET
    external_group_id: Text | UnsetType = UNSET
    any_ue_ind: bool | UnsetType = UNSET
    subscribed_events: Annotated[list[Text], Meta(min_length=1)] | UnsetType = UNSET
    gpsi: Gpsi | UnsetType = UNSET
    ipv4_addr: Text | UnsetType = UNSET
    ip_domain: Text | UnsetType = UNSET
    ipv6_addr: Text | UnsetType = UNSET
    mac_addr: Mac | UnsetType = UNSET
    dnai_chg_type: Text | UnsetType = UNSET
    notification_destination: Text | UnsetType = UNSET
    request_test_notification: bool | UnsetType = UNSET
    websock_notif_config: WebsockNotifConfig | UnsetType = UNSET
    self_: Text | UnsetType = field(default=UNSET, name="self")
    traffic_filters: Annotated[list[FlowInfo], Meta(min_length=1)] | UnsetType = UNSET
    eth_traffic_filters: Objects | UnsetType = UNSET
    traffic_routes: Annotated[list[RouteToLocation], Meta(min_length=1)] | UnsetType = UNSET
    tfc_corr_ind: bool | UnsetType = UNSET
    temp_validities: list[dict[str, Any]] | UnsetType = UNSET
    valid_geo_zone_ids: Annotated[list[Text], Meta(min_length=1)] | UnsetType = UNSET
    geo_areas: Objects | UnsetType = UNSET
    af_ack_ind: bool | UnsetType = UNSET
    addr_preser_ind: bool | UnsetType = UNSET
    sim_conn_ind: bool | UnsetType = UNSET
    sim_conn_term: int | UnsetType = UNSET
    max_allowed_up_lat: Unsigned | UnsetType = UNSET
    eas_ip_replace_infos: Objects | UnsetType = UNSET
    eas_redis_ind: bool | UnsetType = UNSET
    event_req: dict[str, Any] | UnsetType = UNSET
    event_reports: Objects | UnsetType = UNSET
    supp_feat: Features | UnsetType = UNSET


class TrafficInfluSubPatch(Data, frozen=True):
    """TS 29.522, 5.4.3.3.3. None (JSON null) takes an attribute away, where the definition says nullable."""

    app_relo_ind: bool | UnsetType | None = UNSET
    traffic_filters: Annotated[list[FlowInfo], Meta(min_length=1)] | UnsetType = UNSET
    eth_traffic_filters: Objects | UnsetType = UNSET
    traffic_routes: Annotated[list[RouteToLocation], Meta(min_length=1)] | UnsetType = UNSET
    tfc_corr_ind: bool | UnsetType | None = UNSET
    temp_validities: Objects | UnsetType | None = UNSET
    valid_geo_zone_ids: Annotated[list[Text], Meta(min_length=1)] | UnsetType | None = UNSET
    geo_areas: Objects | UnsetType | None = UNSET
    af_ack_ind: bool | UnsetType | None = UNSET
    addr_preser_ind: bool | UnsetType | None = UNSET
    sim_conn_ind: bool | UnsetType = UNSET
    sim_conn_term: int | UnsetType = UNSET
    max_allowed_up_lat: Unsigned | UnsetType | None = UNSET
    eas_ip_replace_infos: Objects | UnsetType | None = UNSET
    eas_redis_ind: bool | UnsetType = UNSET
    notification_destination: Text | UnsetType = UNSET
    event_req: dict[str, Any] | UnsetType = UNSET


class EventNotification(Data, frozen=True, kw_only=True):
    """TS 29.522, 5.4.3.3.4."""

    dnai_chg_type: str
    subscribed_event: str
    af_trans_id: str | UnsetType = UNSET
    source_traffic_route: RouteToLocation | UnsetType = UNSET
    target_traffic_route: RouteToLocation | UnsetType = UNSET
    source_dnai: str | UnsetType = UNSET
    target_dnai: str | UnsetType = UNSET
    gpsi: str | UnsetType = UNSET
    src_ue_ipv4_addr: str | UnsetType = UNSET
    tgt_ue_ipv4_addr: str | UnsetType = UNSET
    af_ack_uri: str | UnsetType = UNSET


class AfResultInfo(Data, frozen=True):
    af_status: Text
    traffic_route: RouteToLocation | UnsetType | None = UNSET
    up_buff_ind: bool | UnsetType = UNSET
    eas_ip_replace_infos: Objects | UnsetType = UNSET


class AfAckInfo(Data, frozen=True):
    ack_result: AfResultInfo
    af_trans_id: Text | UnsetType = UNSET
    gpsi: Gpsi | UnsetType = UNSET


AF_STATUSES = ("SUCCESS", "TEMPORARY_CONGESTION", "RELOC_NO_ALLOWED", "OTHER")
UP_PATH_CHANGE = "UP_PATH_CHANGE"
