"""What a subscription to a monitoring event must fulfil beyond its form, and what is then watched. Pure.

TS 29.122, 5.3.2.1.2 with its notes. What this core does not offer is refused, never accepted and forgotten; attributes of
features that were not negotiated are left out (5.2.7).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from fedge.core.model import UeId
from fedge.simulation.core5g.nef.data_types import present
from fedge.simulation.core5g.nef.monitoring import attributes as of
from fedge.simulation.core5g.nef.monitoring.data_types import MonitoringEventSubscription as Said
from fedge.simulation.core5g.nef.operator import (
    NOT_OFFERED,
    Operator,
    common_features,
    no_such_group,
    no_such_ue,
    refuse,
    refuse_websockets,
)
from fedge.simulation.core5g.nef.problem import InvalidParam, Problem, exactly_one, incorrect

DETECTION_S = 10.0
"""The operator's own, where a subscription to a loss of connectivity names no time."""
_INSTANT = Annotated[datetime, Meta(tz=True)]
_PYTHON = dict(zip(Said.__struct_encode_fields__, Said.__struct_fields__, strict=True))


class Watched(Struct, frozen=True):
    """What a subscription watches. ``ues``: whom. ``until_s``: Unix seconds; 0: no end of its own.

    ``most``: reports of each UE; 0: any number. ``every_s``, ``distance_m``: what makes a report of a place due, besides a
    change of cell (0: does not); ``interval_s``: at least so far apart. ``guard_s``: so long reports of a group are collected.
    """

    kind: str
    ues: frozenset[UeId]
    group: bool
    until_s: float = 0.0
    most: int = 0
    every_s: float = 0.0
    distance_m: float = 0.0
    interval_s: float = 0.0
    guard_s: float = 0.0
    silence_s: float = DETECTION_S
    stale_too: bool = False
    """The last known place will do."""
    max_age_s: float = 0.0


def negotiated(said: Said) -> Said:
    """With the features that both sides have; attributes of others are left out."""
    common = common_features(said.supported_features, of.SUPPORTED)
    left_out = {"self", "monitoringEventReport", "addnMonEventReports"}
    if said.supported_features is not UNSET:
        said = replace(said, supported_features=f"{common:X}")
        left_out |= set(of.OTHER_FEATURES)
    if not common & of.TEST_EVENT:
        left_out.add("requestTestNotification")
    if not common & of.LCS:
        left_out |= set(of.LCS_ONLY)
    if not common & of.PARTIAL_GROUPS:
        left_out |= set(of.GROUP_CHANGES)
    return replace(said, **{_PYTHON[name]: UNSET for name in left_out})


def checked(said: Said, operator: Operator, now_s: float) -> Watched:
    """What a negotiated subscription watches.

    Raises ``Problem`` 400 for what contradicts the standard, 403 for what this network does not offer, 404 for an unknown UE.
    """
    there = present(said)
    exactly_one(there, of.UE)
    _offered(said, there, operator)
    until_s, invalid = _expiry(said, now_s)
    invalid += [*_form(said, there), *operator.destination_objections(said.notification_destination)]
    if invalid:
        raise incorrect(False, *invalid)
    ues = _ues(said, operator)
    return Watched(
        said.monitoring_type,
        ues,
        said.external_group_id is not UNSET,
        until_s,
        _number(said.maximum_number_of_reports),
        every_s=_number(said.rep_period),
        distance_m=_number(said.linear_distance),
        interval_s=_number(said.minimum_report_interval),
        guard_s=_number(said.group_report_guard_time),
        silence_s=float(_number(said.maximum_detection_time) or DETECTION_S),
        stale_too=said.location_type in (of.LAST_KNOWN, of.EITHER),
        max_age_s=_number(said.max_age_of_loc_est),
    )


def _offered(said: Said, there: set[str], operator: Operator) -> None:
    kind = said.monitoring_type
    if kind not in of.TYPES:
        refuse([InvalidParam("/monitoringType", NOT_OFFERED)], "EVENT_UNSUPPORTED")
    if not common_features(said.supported_features, of.SUPPORTED) & of.FEATURE_OF[kind]:
        reason = "is of a feature that supportedFeatures does not name"
        refuse([InvalidParam("/monitoringType", reason)], "EVENT_FEATURE_MISMATCH")
    refuse_websockets(said.websock_notif_config)
    refused = [InvalidParam(f"/{name}", NOT_OFFERED) for name in of.NOT_OFFERED if name in there]
    if said.idle_status_indication is True:
        refused.append(InvalidParam("/idleStatusIndication", NOT_OFFERED))
    if said.accuracy is not UNSET and said.accuracy not in of.ACCURACIES:
        refused.append(InvalidParam("/accuracy", f"is none of {', '.join(of.ACCURACIES)}"))
    if said.location_type is not UNSET and said.location_type not in (of.CURRENT, of.LAST_KNOWN, of.EITHER):
        refused.append(InvalidParam("/locationType", NOT_OFFERED))
    if said.reachability_type is not UNSET and said.reachability_type != "DATA":
        refused.append(InvalidParam("/reachabilityType", "only DATA is offered by this network"))
    if said.ldr_type is not UNSET and said.ldr_type not in ("PERIODIC", "MOTION"):
        refused.append(InvalidParam("/ldrType", NOT_OFFERED))
    if said.supported_gad_shapes is not UNSET and not set(said.supported_gad_shapes) & set(of.SHAPES):
        refused.append(InvalidParam("/supportedGADShapes", f"has none of {', '.join(of.SHAPES)}"))
    if said.loc_qos is not UNSET:
        others = sorted(present(said.loc_qos) - {"hAccuracy"})
        refused += [InvalidParam(f"/locQoS/{name}", NOT_OFFERED) for name in others]
    refuse([*refused, *operator.session_objections(said.dnn, said.snssai)])


def _form(said: Said, there: set[str]) -> Iterable[InvalidParam]:
    kind = said.monitoring_type
    for other, names in of.OF_TYPE.items():
        if other != kind:
            yield from (
                InvalidParam(f"/{name}", f"goes with {other} only") for name in names if name in there
            )
    if kind == of.LOCATION and said.location_type is UNSET:
        yield InvalidParam("/locationType", f"is needed with {of.LOCATION}")
    if kind == of.REACHABILITY and said.reachability_type is UNSET:
        yield InvalidParam("/reachabilityType", f"is needed with {of.REACHABILITY}")
    if said.location_type == of.LAST_KNOWN and said.maximum_number_of_reports != 1:
        yield InvalidParam("/maximumNumberOfReports", f"must be 1 with {of.LAST_KNOWN}: it is known once")
    if said.ldr_type == "MOTION" and said.linear_distance is UNSET:
        yield InvalidParam("/linearDistance", "is needed with MOTION")
    if said.linear_distance is not UNSET and said.ldr_type != "MOTION":
        yield InvalidParam("/linearDistance", "goes with the ldrType MOTION only")
    if said.ldr_type == "PERIODIC" and said.rep_period is UNSET:
        yield InvalidParam("/repPeriod", "is needed with PERIODIC")
    if said.rep_period == 0:
        yield InvalidParam("/repPeriod", "must be at least a second")
    if said.external_group_id is UNSET:
        for name in (*of.GROUP_CHANGES, "groupReportGuardTime"):
            if name in there:
                yield InvalidParam(f"/{name}", "goes with externalGroupId only")


def _expiry(said: Said, now_s: float) -> tuple[float, list[InvalidParam]]:
    """Unix seconds; 0 where it has no end but its number of reports."""
    if said.monitor_expire_time is UNSET:
        if said.maximum_number_of_reports is UNSET:
            names = ("maximumNumberOfReports", "monitorExpireTime")
            reason = f"one of {' and '.join(names)} is needed"
            raise Problem(
                400, "MANDATORY_IE_MISSING", reason, *(InvalidParam(f"/{name}", reason) for name in names)
            )
        return 0.0, []
    try:
        at_s = msgspec.convert(said.monitor_expire_time, _INSTANT).timestamp()
    except msgspec.ValidationError:
        return 0.0, [InvalidParam("/monitorExpireTime", "is no date-time with its time zone")]
    return at_s, [InvalidParam("/monitorExpireTime", "is in the past")] if at_s <= now_s else []


def _ues(said: Said, operator: Operator) -> frozenset[UeId]:
    """Whom it is about. Raises ``Problem`` 404."""
    if said.external_group_id is UNSET:
        return frozenset({_ue(said, operator)})
    if said.external_group_id not in operator.groups:
        raise no_such_group()
    members = frozenset(operator.subscribers.values())
    members -= _named(said.excluded_msisdns, "excludedMsisdns", msisdns(operator))
    members -= _named(said.excluded_external_ids, "excludedExternalIds", operator.external_ids)
    members |= _named(said.added_msisdns, "addedMsisdns", msisdns(operator))
    return members | _named(said.added_external_ids, "addedExternalIds", operator.external_ids)


def _ue(said: Said, operator: Operator) -> UeId:
    ue: UeId | None
    if said.msisdn is not UNSET:
        ue, name = operator.subscribers.get(f"msisdn-{said.msisdn.removeprefix('+')}"), "msisdn"
    elif said.external_id is not UNSET:
        ue, name = operator.external_ids.get(said.external_id), "externalId"
    elif said.ipv4_addr is not UNSET:
        ue, name = operator.by_address(said.ipv4_addr), "ipv4Addr"
    else:
        assert said.ue_ip_addr is not UNSET
        address = said.ue_ip_addr.ipv4_addr
        if address is UNSET:
            refuse([InvalidParam("/ueIpAddr", "only ipv4Addr is offered by this network")])
        ue, name = operator.by_address(str(address)), "ueIpAddr"
    if ue is None:
        raise no_such_ue(name)
    return ue


def msisdns(operator: Operator) -> dict[str, UeId]:
    return {gpsi.removeprefix("msisdn-"): ue for gpsi, ue in operator.subscribers.items()}


def _named(names: list[str] | UnsetType, attribute: str, known: Mapping[str, UeId]) -> frozenset[UeId]:
    if names is UNSET:
        return frozenset()
    for number, name in enumerate(names):
        if name not in known:
            raise no_such_ue(f"{attribute}/{number}")
    return frozenset(known[name] for name in names)


def _number(found: int | UnsetType) -> int:
    return 0 if isinstance(found, UnsetType) else found
