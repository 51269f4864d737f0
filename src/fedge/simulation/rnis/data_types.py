"""The data types of ETSI GS MEC 012 v2.2.1, clause 6, as far as the simulated network has something to say in them.

Notifications link to their subscription as the standard's text has it (``_links.subscription``, 6.4.2 to 6.4.12).
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

Text = Annotated[str, Meta(min_length=1, max_length=1024)]
Whole = Annotated[int, Meta(ge=0, le=2**32 - 1)]
UE_IPV4_ADDRESS = 1
"""The only kind of associateId that names a UE here (6.5.4)."""


class Data(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Base: attribute names in camel case, absent ones left out."""


# --- what a subscriber tells -------------------------------------------------------------------------------------------------


class TimeStamp(Data, frozen=True, omit_defaults=False):
    seconds: Whole
    nano_seconds: Annotated[int, Meta(ge=0, lt=10**9)]


class AssociateId(Data, frozen=True, omit_defaults=False):
    type: Annotated[int, Meta(ge=0, le=255)]
    value: Text


class Plmn(Data, frozen=True, omit_defaults=False):
    mcc: Text
    mnc: Text


class Ecgi(Data, frozen=True, omit_defaults=False):
    plmn: Plmn
    cell_id: Text


class NrCgi(Data, frozen=True, omit_defaults=False):
    plmn: Plmn
    nr_cell_id: Text


AssociateIds = Annotated[tuple[AssociateId, ...], Meta(max_length=10_000)]
Ecgis = Annotated[tuple[Ecgi, ...], Meta(max_length=10_000)]
Numbers = Annotated[tuple[Whole, ...], Meta(max_length=64)]


class WebsockNotifConfig(Data, frozen=True):
    websocket_uri: Text | UnsetType = UNSET
    request_websocket_uri: bool | UnsetType = UNSET


class FilterCriteria(Data, frozen=True):
    """All filters in one: each subscription type has some of these attributes (6.3.2 to 6.3.11)."""

    app_instance_id: Text | UnsetType = UNSET
    associate_id: AssociateIds | UnsetType = UNSET
    ecgi: Ecgis | UnsetType = UNSET
    nrcgi: Annotated[tuple[NrCgi, ...], Meta(max_length=10_000)] | UnsetType = UNSET
    ho_status: Numbers | UnsetType = UNSET
    trigger: Numbers | UnsetType = UNSET
    trigger_nr: Numbers | UnsetType = UNSET
    qci: Whole | UnsetType = UNSET
    erab_id: Whole | UnsetType = UNSET


class Subscribed(Data, frozen=True):
    """What all subscription types have in common; the filter's name is the type's own (``subscriptions``)."""

    subscription_type: Text
    callback_reference: Text | UnsetType = UNSET
    request_test_notification: bool | UnsetType = UNSET
    websock_notif_config: WebsockNotifConfig | UnsetType = UNSET
    expiry_deadline: TimeStamp | UnsetType = UNSET


# --- what is notified: parts that many notifications share are encoded once, and kept as Raw ----------------------------------


class CellChangeNotification(Data, frozen=True, tag_field="notificationType", tag=True):
    time_stamp: TimeStamp
    associate_id: Raw
    src_ecgi: Raw
    trg_ecgi: tuple[Raw, ...]
    ho_status: int
    links: Raw = field(name="_links")


class RabEstNotification(Data, frozen=True, tag_field="notificationType", tag=True):
    time_stamp: TimeStamp
    ecgi: Raw
    associate_id: Raw
    erab_id: int
    erab_qos_parameters: ErabQosParameters
    links: Raw = field(name="_links")


class RabModNotification(RabEstNotification, frozen=True, tag_field="notificationType", tag=True):
    pass


class RabRelNotification(Data, frozen=True, tag_field="notificationType", tag=True):
    time_stamp: TimeStamp
    ecgi: Raw
    associate_id: Raw
    erab_release_info: dict[str, int]
    links: Raw = field(name="_links")


class MeasRepUeNotification(Data, frozen=True, tag_field="notificationType", tag=True):
    time_stamp: TimeStamp
    ecgi: Raw
    associate_id: Raw
    rsrp: int
    rsrq: int
    trigger: int
    links: Raw = field(name="_links")
    eutran_neighbour_cell_meas_info: tuple[EutranNeighbour, ...] = ()
    new_radio_meas_nei_info: tuple[NewRadioNeighbour, ...] = ()


class EutranNeighbour(Data, frozen=True):
    ecgi: Raw
    rsrp: int


class NewRadioNeighbour(Data, frozen=True):
    nr_n_cell_info: Raw
    nr_n_cell_rsrp: int


class NrMeasRepUeNotification(Data, frozen=True, tag_field="notificationType", tag=True):
    """``eutra_neigh_cell_meas_info`` only where there is no NR neighbour (6.4.11)."""

    time_stamp: TimeStamp
    associate_id: Raw
    trigger_nr: int
    serv_cell_meas_info: tuple[ServingCell]
    links: Raw = field(name="_links")
    nr_neigh_cell_meas_info: tuple[NrNeighbour, ...] = ()
    eutra_neigh_cell_meas_info: tuple[EutranNeighbour, ...] = ()


class Rsrp(Struct, frozen=True):
    rsrp: int


class SsbResults(Struct, frozen=True, rename="camel"):
    meas_quantity_results_ssb_cell: Rsrp


class ServingCell(Struct, frozen=True, rename="camel"):
    nrcgi: Raw
    s_cell: SsbResults


class NrNeighbour(Struct, frozen=True, rename="camel"):
    nrcgi: Raw
    meas_quantity_results_ssb_cell: Rsrp


class ErabQosParameters(Data, frozen=True):
    qci: int
    qos_information: dict[str, int] | UnsetType = UNSET


class ExpiryNotification(Data, frozen=True, tag_field="notificationType", tag=True):
    time_stamp: TimeStamp
    expiry_deadline: TimeStamp
    links: Raw = field(name="_links")


class TestNotification(Data, frozen=True, tag_field="notificationType", tag=True):
    links: Raw = field(name="_links")


class ProblemDetails(Data, frozen=True):
    """ETSI GS MEC 009, 6.15: RFC 7807."""

    type: str
    title: str
    status: int
    detail: str


Json = dict[str, Any]
