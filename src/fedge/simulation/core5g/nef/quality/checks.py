"""What a subscription to a quality must fulfil beyond its form, and what it then asks of the radio. Pure.

TS 29.122, 5.14.2.1.2 with its notes. What this core does not offer is refused, never accepted and forgotten; attributes of
features that were not negotiated are left out (5.2.7).
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UNSET, Struct
from msgspec.structs import replace

from fedge.core.messages.user_plane import PacketFilter, Quality
from fedge.core.model import UeId
from fedge.simulation.core5g.nef.data_types import present
from fedge.simulation.core5g.nef.operator import (
    NOT_OFFERED,
    Operator,
    common_features,
    no_such_ue,
    refuse,
    refuse_websockets,
)
from fedge.simulation.core5g.nef.problem import InvalidParam, Problem, exactly_one, incorrect
from fedge.simulation.core5g.nef.quality.data_types import AsSessionWithQoSSubscription as Said
from fedge.simulation.core5g.nef.quality.packet_filters import packet_filters

TEST_EVENT, ALTERNATIVE_QOS, QOS_MONITORING, UE_NOTIFICATION = 1 << 1, 1 << 4, 1 << 5, 1 << 6
SUPPORTED = TEST_EVENT | ALTERNATIVE_QOS
"""Features 2 and 5 of TS 29.122, table 5.14.4-1."""
EVENTS = (
    "SUCCESSFUL_RESOURCES_ALLOCATION", "FAILED_RESOURCES_ALLOCATION", "QOS_GUARANTEED", "QOS_NOT_GUARANTEED",
    "SESSION_TERMINATION", "USAGE_REPORT",
)  # fmt: skip
_UE = ("ueIpv4Addr", "ueIpv6Addr", "macAddr")
_FLOWS = ("flowInfo", "exterAppId", "ethFlowInfo", "enEthFlowInfo")
_NOT_OFFERED = (
    "ueIpv6Addr", "macAddr", "ethFlowInfo", "enEthFlowInfo", "altQosReqs", "sponsorInfo", "qosMonInfo", "tscQosReq",
)  # fmt: skip


class Wanted(Struct, frozen=True):
    """What a subscription asks of the radio: ``references`` in the order in which they are tried."""

    ue: UeId
    filters: tuple[PacketFilter, ...]
    references: tuple[str, ...]


def negotiated(said: Said) -> Said:
    """With the features that both sides have; attributes of others are left out."""
    common = common_features(said.supported_features, SUPPORTED)
    if said.supported_features is not UNSET:
        said = replace(said, supported_features=f"{common:X}", qos_mon_info=UNSET, dis_ue_notif=UNSET)
    if not common & TEST_EVENT:
        said = replace(said, request_test_notification=UNSET)
    if not common & ALTERNATIVE_QOS:
        said = replace(said, alt_qos_references=UNSET)
    return replace(said, self_=UNSET)


def checked(said: Said, operator: Operator, catalogue: Mapping[str, Quality]) -> Wanted:
    """What a negotiated subscription asks for.

    Raises ``Problem`` 400 for what contradicts the standard, 403 for what this network does not offer, 404 for an unknown UE.
    """
    there = present(said)
    exactly_one(there, _UE)
    exactly_one(there, _FLOWS)
    refuse_websockets(said.websock_notif_config)
    refused = [InvalidParam(f"/{name}", NOT_OFFERED) for name in _NOT_OFFERED if name in there]
    refused += [
        InvalidParam(f"/{name}", NOT_OFFERED)
        for name, flag in (("disUeNotif", said.dis_ue_notif), ("directNotifInd", said.direct_notif_ind))
        if flag is True
    ]
    if isinstance(said.usage_threshold, Struct):
        volumes = [name for name in present(said.usage_threshold) if name != "duration"]
        refused += [
            InvalidParam(f"/usageThreshold/{name}", "volumes are not counted here") for name in volumes
        ]
    refuse([*refused, *operator.session_objections(said.dnn, said.snssai)])
    if said.events is not UNSET:
        unknown = [number for number, event in enumerate(said.events) if event not in EVENTS]
        refuse([InvalidParam(f"/events/{number}", NOT_OFFERED) for number in unknown], "EVENT_UNSUPPORTED")
    if said.qos_reference is UNSET:
        reason = InvalidParam("/qosReference", "is needed: qualities are agreed by name here")
        raise Problem(400, "MANDATORY_IE_MISSING", "no qosReference", reason)
    assert said.ue_ipv4_addr is not UNSET
    filters, invalid = _filters(said, said.ue_ipv4_addr, operator)
    invalid += operator.destination_objections(said.notification_destination)
    if invalid:
        raise incorrect(False, *invalid)
    alternatives = said.alt_qos_references if said.alt_qos_references is not UNSET else []
    names = {"/qosReference": said.qos_reference}
    names |= {f"/altQoSReferences/{number}": name for number, name in enumerate(alternatives)}
    refuse(
        [
            InvalidParam(where, "names no quality of this operator")
            for where, name in names.items()
            if name not in catalogue
        ]
    )
    ue = operator.by_address(said.ue_ipv4_addr, said.ip_domain)
    if ue is None:
        raise no_such_ue("ueIpv4Addr")
    return Wanted(ue, filters, tuple(dict.fromkeys(names.values())))


def _filters(
    said: Said, ue_address: str, operator: Operator
) -> tuple[tuple[PacketFilter, ...], list[InvalidParam]]:
    if said.flow_info is not UNSET:
        return packet_filters(said.flow_info, ue_address)
    assert said.exter_app_id is not UNSET
    service = operator.services.get(said.exter_app_id, operator.service)
    if service is None:
        reason = InvalidParam("/exterAppId", "is not provisioned")
        raise Problem(404, "APPLICATION_NOT_FOUND", "the application is not provisioned here", reason)
    host, _, port = service.rpartition(":")
    span = ((int(port), int(port)),)
    return (PacketFilter(host, span, "UDP"), PacketFilter(host, span, "TCP")), []
