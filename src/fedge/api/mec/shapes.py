"""What callers may send, as far as Fedge reads it: ETSI GS MEC 011 v3.1.1 (clauses 7.1, 8.1) and MEC 021 v2.2.1 (clause 7).

Other attributes are passed over. Enumerations have the values of the standards' text, where the definitions say SEE_DESCRIPTION.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

Seconds = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Uri = Annotated[str, Meta(min_length=1, max_length=2000)]
Text = Annotated[str, Meta(max_length=1000)]
Port = Annotated[int, Meta(ge=0, le=65535)]
Present = dict[str, Any] | UnsetType


class Part(Struct, frozen=True, rename="camel", kw_only=True):
    """Camel case outside, snake case inside."""


class Address(Part, frozen=True, kw_only=True):
    host: Text
    port: Port


class EndPointInfo(Part, frozen=True, kw_only=True):
    uris: tuple[Text, ...] | UnsetType = UNSET
    fqdn: tuple[Text, ...] | UnsetType = UNSET
    addresses: tuple[Address, ...] | UnsetType = UNSET
    alternative: Present = UNSET

    @property
    def kinds(self) -> int:
        """How many of the four alternatives are there: one is wanted."""
        return sum(one is not UNSET for one in (self.uris, self.fqdn, self.addresses, self.alternative))


class CategoryRef(Part, frozen=True, kw_only=True):
    href: Uri
    id: Text
    name: Text
    version: Text


class ServiceDependency(Part, frozen=True, kw_only=True):
    ser_name: Text
    version: Text
    ser_category: CategoryRef | UnsetType = UNSET


class FeatureDependency(Part, frozen=True, kw_only=True):
    feature_name: Text
    version: Text


class AppInfo(Part, frozen=True, kw_only=True):
    app_name: Annotated[str, Meta(min_length=1, max_length=253)]
    app_provider: Text | UnsetType = UNSET
    app_category: CategoryRef | UnsetType = UNSET
    app_d_id: Text | UnsetType = field(name="appDId", default=UNSET)
    app_instance_id: Text | UnsetType = UNSET
    endpoint: EndPointInfo | UnsetType = UNSET
    app_service_required: tuple[ServiceDependency, ...] = ()
    app_service_optional: tuple[ServiceDependency, ...] = ()
    app_feature_required: tuple[FeatureDependency, ...] = ()
    app_feature_optional: tuple[FeatureDependency, ...] = ()
    is_ins_by_mec: bool = False


class TerminationSubscription(Part, frozen=True, kw_only=True):
    subscription_type: Literal["AppTerminationNotificationSubscription"]
    callback_reference: Uri
    app_instance_id: Text


class TransportInfo(Part, frozen=True, kw_only=True):
    id: Text
    name: Text
    type: Literal[
        "REST_HTTP", "MB_TOPIC_BASED", "MB_ROUTING", "MB_PUBSUB", "RPC", "RPC_STREAMING", "WEBSOCKET"
    ]
    protocol: Text
    version: Text
    endpoint: EndPointInfo
    security: dict[str, Any]


ServiceState = Literal["ACTIVE", "INACTIVE", "SUSPENDED"]
Locality = Literal["MEC_SYSTEM", "MEC_HOST", "NFVI_POP", "ZONE", "ZONE_GROUP", "NFVI_NODE"]


class ServiceInfo(Part, frozen=True, kw_only=True):
    ser_instance_id: Text | UnsetType = UNSET
    ser_name: Annotated[str, Meta(min_length=1, max_length=253)]
    ser_category: CategoryRef | UnsetType = UNSET
    version: Text
    state: ServiceState
    transport_id: Text | UnsetType = UNSET
    transport_info: TransportInfo | UnsetType = UNSET
    serializer: Literal["JSON", "XML", "PROTOBUF3"]
    scope_of_locality: Locality = "MEC_HOST"
    consumed_local_only: bool = True
    is_local: bool = True
    liveness_interval: Seconds | UnsetType = UNSET


class ServiceFilter(Part, frozen=True, kw_only=True):
    ser_instance_ids: tuple[str, ...] = ()
    ser_names: tuple[str, ...] = ()
    ser_categories: tuple[CategoryRef, ...] = ()
    states: tuple[ServiceState, ...] = ()
    is_local: bool | UnsetType = UNSET


class AvailabilitySubscription(Part, frozen=True, kw_only=True):
    subscription_type: Literal["SerAvailabilityNotificationSubscription"]
    callback_reference: Uri
    filtering_criteria: ServiceFilter = ServiceFilter()


class LivenessUpdate(Part, frozen=True, kw_only=True):
    state: Literal["ACTIVE"]


class ServiceLevel(Part, frozen=True, kw_only=True):
    app_mobility_service_level: Literal[1, 2, 3]


class DeviceInformation(Part, frozen=True, kw_only=True):
    """``app_mobility_service_level``: an object in the definition, a number in the standard's text."""

    associate_id: Annotated[str, Meta(min_length=1, max_length=200)]
    app_mobility_service_level: ServiceLevel | Literal[1, 2, 3] | UnsetType = UNSET
    context_transfer_state: Literal[0, 1] = 0

    @property
    def level(self) -> int:
        given = self.app_mobility_service_level
        if isinstance(given, ServiceLevel):
            return given.app_mobility_service_level
        return 3 if isinstance(given, UnsetType) else given


class ServiceConsumerId(Part, frozen=True, kw_only=True):
    app_instance_id: Text | UnsetType = UNSET
    mep_id: Text | UnsetType = UNSET


class RegistrationInfo(Part, frozen=True, kw_only=True):
    app_mobility_service_id: Text | UnsetType = UNSET
    service_consumer_id: ServiceConsumerId
    device_information: tuple[DeviceInformation, ...] = ()
    expiry_time: Seconds = 0


class TimeStamp(Part, frozen=True, kw_only=True):
    seconds: Seconds
    nano_seconds: Seconds


class FilterCriteria(Part, frozen=True, kw_only=True):
    """Of both kinds of subscription: an AdjacentAppInfoSubscription has only ``app_instance_id``."""

    app_instance_id: Text | UnsetType = UNSET
    associate_id: tuple[Text, ...] = ()
    mobility_status: tuple[Literal[1, 2, 3], ...] | UnsetType = UNSET


class MobilitySubscription(Part, frozen=True, kw_only=True):
    subscription_type: Literal["MobilityProcedureSubscription", "AdjacentAppInfoSubscription"]
    callback_reference: Uri | UnsetType = UNSET
    request_test_notification: bool = False
    websock_notif_config: Present = UNSET
    filter_criteria: FilterCriteria
    expiry_deadline: TimeStamp | UnsetType = UNSET
