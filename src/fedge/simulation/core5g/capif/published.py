"""What is published of a service API: ``ServiceAPIDescription`` and its parts (TS 29.222, 8.2.4). Pure."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, field

from fedge.simulation.core5g.capif.places import AefLocation
from fedge.simulation.core5g.nef.data_types import Data, Features, Text

Words = Annotated[list[Text], Meta(min_length=1, max_length=256)]


class InterfaceDescription(Data, frozen=True):
    """8.2.4.2.3. One of the two addresses."""

    ipv4_addr: Text | UnsetType = UNSET
    ipv6_addr: Text | UnsetType = UNSET
    port: Annotated[int, Meta(ge=0, le=65535)] | UnsetType = UNSET
    security_methods: Words | UnsetType = UNSET


class Resource(Data, frozen=True):
    """8.2.4.2.5. ``uri``: relative."""

    resource_name: Text
    comm_type: Text
    uri: Text
    cust_op_name: Text | UnsetType = UNSET
    operations: Words | UnsetType = UNSET
    description: Text | UnsetType = UNSET


class CustomOperation(Data, frozen=True):
    comm_type: Text
    cust_op_name: Text
    operations: Words | UnsetType = UNSET
    description: Text | UnsetType = UNSET


class Version(Data, frozen=True):
    api_version: Text
    expiry: Text | UnsetType = UNSET
    resources: Annotated[list[Resource], Meta(min_length=1, max_length=256)] | UnsetType = UNSET
    cust_operations: Annotated[list[CustomOperation], Meta(min_length=1, max_length=256)] | UnsetType = UNSET


class AefProfile(Data, frozen=True):
    """8.2.4.2.4. Either a domain or interfaces."""

    aef_id: Text
    versions: Annotated[list[Version], Meta(min_length=1, max_length=64)]
    protocol: Text | UnsetType = UNSET
    data_format: Text | UnsetType = UNSET
    security_methods: Words | UnsetType = UNSET
    domain_name: Text | UnsetType = UNSET
    interface_descriptions: (
        Annotated[list[InterfaceDescription], Meta(min_length=1, max_length=64)] | UnsetType
    ) = UNSET
    aef_location: AefLocation | UnsetType = UNSET


class ShareableInformation(Data, frozen=True):
    is_shareable: bool
    capif_prov_doms: Words | UnsetType = UNSET


class PublishedApiPath(Data, frozen=True):
    ccf_ids: Words | UnsetType = UNSET


Profiles = Annotated[list[AefProfile], Meta(min_length=1, max_length=64)]


class ServiceAPIDescription(Data, frozen=True):
    """8.2.4.2.2. ``api_id`` is CAPIF's."""

    api_name: Text
    api_id: Text | UnsetType = UNSET
    aef_profiles: Profiles | UnsetType = UNSET
    description: Text | UnsetType = UNSET
    supported_features: Features | UnsetType = UNSET
    shareable_info: ShareableInformation | UnsetType = UNSET
    service_api_category: Text | UnsetType = field(default=UNSET, name="serviceAPICategory")
    api_supp_feats: Features | UnsetType = UNSET
    pub_api_path: PublishedApiPath | UnsetType = UNSET
    ccf_id: Text | UnsetType = UNSET


class DiscoveredAPIs(Data, frozen=True):
    """8.1.4.2.2."""

    service_api_descriptions: list[ServiceAPIDescription] | UnsetType = field(
        default=UNSET, name="serviceAPIDescriptions"
    )


def profiles(api: ServiceAPIDescription) -> list[AefProfile]:
    return list(api.aef_profiles) if api.aef_profiles is not UNSET else []


def methods(profile: AefProfile, interface: InterfaceDescription | None = None) -> list[str]:
    """The security methods that an interface offers; its own come before those of the AEF (8.2.4.2.3)."""
    if interface is not None and interface.security_methods is not UNSET:
        return list(interface.security_methods)
    if profile.security_methods is not UNSET:
        return list(profile.security_methods)
    offered = [] if profile.interface_descriptions is UNSET else profile.interface_descriptions
    return [method for one in offered if one.security_methods is not UNSET for method in one.security_methods]
