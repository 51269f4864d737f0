"""The data types of CAPIF as TS 29.222 (Rel-17) defines them: what providers, invokers and subscribers say and are told.

Unknown attributes are ignored, as TS 29.501 asks; UNSET is "not there". ``published`` has those of service APIs.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, field

from fedge.simulation.core5g.capif.published import InterfaceDescription, ServiceAPIDescription, Words
from fedge.simulation.core5g.nef.data_types import Data, Features, Text, WebsockNotifConfig

Pem = Annotated[str, Meta(max_length=16384)]


class RegistrationInformation(Data, frozen=True):
    """8.9.4.2.4. The key is one in PEM, or a certificate signing request that holds it; the certificate is CAPIF's answer."""

    api_prov_pub_key: Pem
    api_prov_cert: Pem | UnsetType = UNSET


class APIProviderFunctionDetails(Data, frozen=True):
    """8.9.4.2.3."""

    reg_info: RegistrationInformation
    api_prov_func_role: Text
    api_prov_func_id: Text | UnsetType = UNSET
    api_prov_func_info: Text | UnsetType = UNSET


Functions = Annotated[list[APIProviderFunctionDetails], Meta(min_length=1, max_length=64)]


class APIProviderEnrolmentDetails(Data, frozen=True):
    """8.9.4.2.2."""

    reg_sec: Text
    api_prov_dom_id: Text | UnsetType = UNSET
    api_prov_funcs: Functions | UnsetType = UNSET
    api_prov_dom_info: Text | UnsetType = UNSET
    supp_feat: Features | UnsetType = UNSET
    fail_reason: Text | UnsetType = UNSET


class OnboardingInformation(Data, frozen=True):
    """8.4.4.2.3. As for a provider's function; the secret is CAPIF's answer too."""

    api_invoker_public_key: Pem
    api_invoker_certificate: Pem | UnsetType = UNSET
    onboarding_secret: Text | UnsetType = UNSET


class APIList(Data, frozen=True):
    service_api_descriptions: (
        Annotated[list[ServiceAPIDescription], Meta(min_length=1, max_length=1024)] | UnsetType
    ) = field(default=UNSET, name="serviceAPIDescriptions")


class APIInvokerEnrolmentDetails(Data, frozen=True):
    """8.4.4.2.2."""

    onboarding_information: OnboardingInformation
    notification_destination: Text
    api_invoker_id: Text | UnsetType = UNSET
    request_test_notification: bool | UnsetType = UNSET
    websock_notif_config: WebsockNotifConfig | UnsetType = UNSET
    api_list: APIList | UnsetType = UNSET
    api_invoker_information: Text | UnsetType = UNSET
    supported_features: Features | UnsetType = UNSET


class SecurityInformation(Data, frozen=True):
    """8.5.4.2.3. Either an interface or an AEF is named."""

    pref_security_methods: Annotated[list[Text], Meta(min_length=1, max_length=64)]
    interface_details: InterfaceDescription | UnsetType = UNSET
    aef_id: Text | UnsetType = UNSET
    api_id: Text | UnsetType = UNSET
    sel_security_method: Text | UnsetType = UNSET
    authentication_info: Pem | UnsetType = UNSET
    authorization_info: Pem | UnsetType = UNSET


class ServiceSecurity(Data, frozen=True):
    """8.5.4.2.2."""

    security_info: Annotated[list[SecurityInformation], Meta(max_length=256)]
    notification_destination: Text
    request_test_notification: bool | UnsetType = UNSET
    websock_notif_config: WebsockNotifConfig | UnsetType = UNSET
    supported_features: Features | UnsetType = UNSET


class SecurityNotification(Data, frozen=True):
    """8.5.4.2.5: which authorisations end."""

    api_invoker_id: Text
    api_ids: Words
    cause: Text
    aef_id: Text | UnsetType = UNSET


class ReportingInformation(Data, frozen=True):
    """TS 29.523, 5.6.2.5. What this core does not offer is read for its presence only."""

    imm_rep: bool | UnsetType = UNSET
    notif_method: Text | UnsetType = UNSET
    max_report_nbr: Annotated[int, Meta(ge=0, le=(1 << 63) - 1)] | UnsetType = UNSET
    mon_dur: Text | UnsetType = UNSET
    rep_period: Annotated[int, Meta(ge=0, le=(1 << 63) - 1)] | UnsetType = UNSET
    samp_ratio: Annotated[int, Meta(ge=1, le=100)] | UnsetType = UNSET
    partition_criteria: Words | UnsetType = UNSET
    grp_rep_time: Annotated[int, Meta(ge=0, le=(1 << 63) - 1)] | UnsetType = UNSET
    notif_flag: Text | UnsetType = UNSET


class CAPIFEventFilter(Data, frozen=True):
    """8.3.4.2.4. Lists that are there must all have the event's."""

    api_ids: Words | UnsetType = UNSET
    api_invoker_ids: Words | UnsetType = UNSET
    aef_ids: Words | UnsetType = UNSET


class EventSubscription(Data, frozen=True):
    """8.3.4.2.2."""

    events: Words
    notification_destination: Text
    event_filters: Annotated[list[CAPIFEventFilter], Meta(min_length=1, max_length=256)] | UnsetType = UNSET
    event_req: ReportingInformation | UnsetType = UNSET
    request_test_notification: bool | UnsetType = UNSET
    websock_notif_config: WebsockNotifConfig | UnsetType = UNSET
    supported_features: Features | UnsetType = UNSET


class CAPIFEventDetail(Data, frozen=True):
    """8.3.4.2.5."""

    service_api_descriptions: list[ServiceAPIDescription] | UnsetType = field(
        default=UNSET, name="serviceAPIDescriptions"
    )
    api_ids: list[str] | UnsetType = UNSET
    api_invoker_ids: list[str] | UnsetType = UNSET


class EventNotification(Data, frozen=True):
    """8.3.4.2.3. ``events`` is one event, for all its name."""

    subscription_id: str
    events: str
    event_detail: CAPIFEventDetail | UnsetType = UNSET
