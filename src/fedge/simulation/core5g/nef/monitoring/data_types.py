"""The data types of MonitoringEvent as TS 29.122 (5.3.2) and TS 29.572 define them (Rel-17).

Attributes that this core does not offer are read for their form only; ``checks`` refuses or leaves them out.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType, field

from fedge.simulation.core5g.nef.data_types import (
    Data,
    Features,
    Ipv4,
    Mac,
    Objects,
    Snssai,
    Text,
    WebsockNotifConfig,
)
from fedge.simulation.core5g.nef.queries import IpAddr

Seconds = Annotated[int, Meta(ge=0, le=1 << 31)]
Count = Annotated[int, Meta(ge=1, le=1 << 31)]
Names = Annotated[list[Text], Meta(min_length=1, max_length=10_000)]
Metres = Annotated[float, Meta(ge=0)]


class LocationQoS(Data, frozen=True):
    h_accuracy: Metres | UnsetType = UNSET
    v_accuracy: Metres | UnsetType = UNSET
    vertical_requested: bool | UnsetType = UNSET
    response_time: Text | UnsetType = UNSET
    minor_loc_qoses: Objects | UnsetType = UNSET
    lcs_qos_class: Text | UnsetType = UNSET


class MonitoringEventSubscription(Data, frozen=True, kw_only=True):
    """TS 29.122, 5.3.2.1.2. ``self_``: the resource's URI, which the NEF alone writes."""

    self_: Text | UnsetType = field(default=UNSET, name="self")
    supported_features: Features | UnsetType = UNSET
    mtc_provider_id: Text | UnsetType = UNSET
    external_id: Text | UnsetType = UNSET
    msisdn: Text | UnsetType = UNSET
    added_external_ids: Names | UnsetType = UNSET
    added_msisdns: Names | UnsetType = UNSET
    excluded_external_ids: Names | UnsetType = UNSET
    excluded_msisdns: Names | UnsetType = UNSET
    external_group_id: Text | UnsetType = UNSET
    add_ext_group_id: Annotated[list[Text], Meta(min_length=2)] | UnsetType = UNSET
    ipv4_addr: Ipv4 | UnsetType = UNSET
    ipv6_addr: Text | UnsetType = UNSET
    dnn: Text | UnsetType = UNSET
    notification_destination: Text
    request_test_notification: bool | UnsetType = UNSET
    websock_notif_config: WebsockNotifConfig | UnsetType = UNSET
    monitoring_type: Text
    maximum_number_of_reports: Count | UnsetType = UNSET
    monitor_expire_time: Text | UnsetType = UNSET
    rep_period: Seconds | UnsetType = UNSET
    group_report_guard_time: Seconds | UnsetType = UNSET
    maximum_detection_time: Seconds | UnsetType = UNSET
    reachability_type: Text | UnsetType = UNSET
    maximum_latency: Seconds | UnsetType = UNSET
    maximum_response_time: Seconds | UnsetType = UNSET
    suggested_number_of_dl_packets: Seconds | UnsetType = UNSET
    idle_status_indication: bool | UnsetType = UNSET
    location_type: Text | UnsetType = UNSET
    accuracy: Text | UnsetType = UNSET
    minimum_report_interval: Seconds | UnsetType = UNSET
    max_rpt_expire_intvl: Seconds | UnsetType = UNSET
    sampling_interval: Seconds | UnsetType = UNSET
    reporting_loc_est_ind: bool | UnsetType = UNSET
    linear_distance: Annotated[int, Meta(ge=1, le=10_000)] | UnsetType = UNSET
    loc_qos: LocationQoS | UnsetType = field(default=UNSET, name="locQoS")
    svc_id: Text | UnsetType = UNSET
    ldr_type: Text | UnsetType = UNSET
    velocity_requested: Text | UnsetType = UNSET
    max_age_of_loc_est: Annotated[int, Meta(ge=0, le=32_767)] | UnsetType = UNSET
    loc_time_window: dict[str, Any] | UnsetType = UNSET
    supported_gad_shapes: Annotated[list[Text], Meta(max_length=32)] | UnsetType = field(
        default=UNSET, name="supportedGADShapes"
    )
    code_word: Text | UnsetType = UNSET
    association_type: Text | UnsetType = UNSET
    plmn_indication: bool | UnsetType = UNSET
    location_area: dict[str, Any] | UnsetType = UNSET
    location_area5_g: dict[str, Any] | UnsetType = field(default=UNSET, name="locationArea5G")
    ddd_tra_descriptors: Objects | UnsetType = UNSET
    ddd_stati: Names | UnsetType = UNSET
    api_names: Names | UnsetType = UNSET
    monitoring_event_report: dict[str, Any] | UnsetType = UNSET
    snssai: Snssai | UnsetType = UNSET
    tgt_ns_threshold: dict[str, Any] | UnsetType = UNSET
    ns_rep_format: Text | UnsetType = UNSET
    af_service_id: Text | UnsetType = UNSET
    immediate_rep: bool | UnsetType = UNSET
    uav_policy: dict[str, Any] | UnsetType = UNSET
    ses_est_ind: bool | UnsetType = UNSET
    sub_type: Text | UnsetType = UNSET
    addn_mon_types: list[Text] | UnsetType = UNSET
    addn_mon_event_reports: list[dict[str, Any]] | UnsetType = UNSET
    ue_ip_addr: IpAddr | UnsetType = UNSET
    ue_mac_addr: Mac | UnsetType = UNSET
    revocation_notif_uri: Text | UnsetType = UNSET


class GeographicalCoordinates(Data, frozen=True):
    lon: float
    lat: float


class Point(Data, frozen=True, omit_defaults=False):
    """TS 29.572, 6.1.6.2.4 and 6.1.6.2.5: with an uncertainty it is a circle, in metres."""

    shape: str
    point: GeographicalCoordinates
    uncertainty: float | UnsetType = UNSET


class LocationInfo(Data, frozen=True):
    """TS 29.122, 5.3.2.3.5. ``age_of_location_info``: whole minutes."""

    age_of_location_info: int | UnsetType = UNSET
    cell_id: str | UnsetType = UNSET
    plmn_id: str | UnsetType = UNSET
    twan_id: str | UnsetType = UNSET
    geographic_area: Point | UnsetType = UNSET
    position_method: str | UnsetType = UNSET
    qos_fulfil_ind: str | UnsetType = UNSET
    ldr_type: str | UnsetType = UNSET


class MonitoringEventReport(Data, frozen=True, kw_only=True):
    """TS 29.122, 5.3.2.3.2."""

    external_id: str | UnsetType = UNSET
    msisdn: str | UnsetType = UNSET
    location_info: LocationInfo | UnsetType = UNSET
    loss_of_connect_reason: int | UnsetType = UNSET
    monitoring_type: str
    reachability_type: str | UnsetType = UNSET
    event_time: str | UnsetType = UNSET
    af_service_id: str | UnsetType = UNSET


class MonitoringEventReports(Data, frozen=True):
    monitoring_event_reports: list[MonitoringEventReport]


class MonitoringNotification(Data, frozen=True):
    """TS 29.122, 5.3.2.3.1. ``cancel_ind``: the network ends the subscription."""

    subscription: str
    monitoring_event_reports: list[MonitoringEventReport] | UnsetType = UNSET
    cancel_ind: bool | UnsetType = UNSET
