"""What a subscription must fulfil beyond its form, and what it then asks of session management. Pure.

TS 29.522, 4.4.7.2 and 5.4.3.3.2 with its notes. What this core does not offer is refused, never accepted and forgotten;
attributes of features that were not negotiated are left out, as TS 29.122, 5.2.7 asks.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from msgspec import UNSET
from msgspec.structs import replace

from fedge.core.model import SECOND, Address, SiteId, UeId
from fedge.simulation.core5g.nef import destinations
from fedge.simulation.core5g.nef.data_types import present
from fedge.simulation.core5g.nef.influence.data_types import (
    UP_PATH_CHANGE,
    RouteInformation,
    RouteToLocation,
    TrafficInfluSub,
)
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
from fedge.simulation.core5g.words import Influence, Route

TEST_EVENT, URLLC, SIMULT_CONNECTIVITY = 1 << 1, 1 << 2, 1 << 8
SUPPORTED = TEST_EVENT | URLLC | SIMULT_CONNECTIVITY
"""Features 2, 3 and 9 of TS 29.522, table 5.4.4-1."""

_APPLICATION = ("afAppId", "trafficFilters", "ethTrafficFilters")
_UE = ("ipv4Addr", "ipv6Addr", "macAddr", "gpsi", "externalGroupId", "anyUeInd")
_NOT_OFFERED = (
    "ethTrafficFilters", "macAddr", "ipv6Addr", "tempValidities", "validGeoZoneIds", "geoAreas", "eventReq", "tfcCorrInd",
)  # fmt: skip
_FLOW = re.compile(
    r"^permit (?:out 17 from (?P<down>\d+\.\d+\.\d+\.\d+) (?P<down_port>\d{1,5}) to (?:any|assigned)"
    r"|in 17 from (?:any|assigned) to (?P<up>\d+\.\d+\.\d+\.\d+) (?P<up_port>\d{1,5}))$"
)
N6_REASON = "needs ipv4Addr, in a network that this one sends to, and a portNumber of 1 to 65535"
_GROUP = re.compile(r"^[^@]+@[^@]+\Z")


def negotiated(sub: TrafficInfluSub) -> TrafficInfluSub:
    """With the features that both sides have; attributes of others are left out. No ``suppFeat``: what is there is meant."""
    common = common_features(sub.supp_feat, SUPPORTED)
    if sub.supp_feat is not UNSET:
        sub = replace(sub, supp_feat=f"{common:X}")
    if not common & URLLC:
        sub = replace(sub, af_ack_ind=UNSET, addr_preser_ind=UNSET)
    if not common & TEST_EVENT:
        sub = replace(sub, request_test_notification=UNSET)
    if not common & SIMULT_CONNECTIVITY:
        sub = replace(sub, sim_conn_ind=UNSET, sim_conn_term=UNSET)
    return replace(
        sub,
        max_allowed_up_lat=UNSET,
        eas_ip_replace_infos=UNSET,
        eas_redis_ind=UNSET,
        event_reports=UNSET,
        self_=UNSET,
    )


def check(sub: TrafficInfluSub, operator: Operator) -> None:
    """Raises ``Problem`` 400 for what contradicts the standard, 403 for what this network does not offer."""
    there = present(sub)
    exactly_one(there, _APPLICATION)
    exactly_one(there, _UE)
    invalid = [*_form(sub), *_notifications(sub, operator), *_routes(sub, operator)]
    if invalid:
        raise incorrect(False, *invalid)
    refuse_websockets(sub.websock_notif_config)
    refused = [InvalidParam(f"/{name}", NOT_OFFERED) for name in _NOT_OFFERED if name in there]
    if sub.tfc_corr_ind is False:
        refused = [one for one in refused if one.param != "/tfcCorrInd"]
    refuse([*refused, *operator.session_objections(sub.dnn, sub.snssai)])


def _form(sub: TrafficInfluSub) -> list[InvalidParam]:
    found = []
    if sub.any_ue_ind is False:
        found.append(InvalidParam("/anyUeInd", "false names no UE"))
    if sub.external_group_id is not UNSET and not _GROUP.match(sub.external_group_id):
        found.append(InvalidParam("/externalGroupId", "is not local-id@domain"))
    if sub.ipv6_addr is not UNSET:
        try:
            IPv6Address(sub.ipv6_addr)
        except AddressValueError:
            found.append(InvalidParam("/ipv6Addr", "is no IPv6 address"))
    if sub.ip_domain is not UNSET and sub.ipv4_addr is UNSET:
        found.append(InvalidParam("/ipDomain", "goes with ipv4Addr only"))
    if sub.sim_conn_term is not UNSET and not 0 <= sub.sim_conn_term <= 3600:
        found.append(InvalidParam("/simConnTerm", "must be 0 to 3600 seconds"))
    if sub.traffic_filters is not UNSET and filtered(sub) is None:
        reason = "needs one flow: permit out 17 from ADDRESS PORT to assigned (or its uplink)"
        found.append(InvalidParam("/trafficFilters", reason))
    return found


def _notifications(sub: TrafficInfluSub, operator: Operator) -> list[InvalidParam]:
    found = []
    wanted = sub.subscribed_events is not UNSET
    if sub.subscribed_events is not UNSET:
        unknown = [event for event in sub.subscribed_events if event != UP_PATH_CHANGE]
        if unknown:
            found.append(InvalidParam("/subscribedEvents", f"{unknown[0]!r} is not {UP_PATH_CHANGE}"))
        if sub.notification_destination is UNSET:
            found.append(InvalidParam("/notificationDestination", "is needed with subscribedEvents"))
        if sub.dnai_chg_type is UNSET:
            found.append(InvalidParam("/dnaiChgType", "is needed with UP_PATH_CHANGE"))
    if sub.dnai_chg_type is not UNSET and sub.dnai_chg_type not in ("EARLY", "LATE", "EARLY_LATE"):
        found.append(InvalidParam("/dnaiChgType", "must be EARLY, LATE or EARLY_LATE"))
    if sub.notification_destination is not UNSET:
        found += operator.destination_objections(sub.notification_destination)
    elif sub.request_test_notification is True:
        found.append(InvalidParam("/requestTestNotification", "needs a notificationDestination"))
    if sub.af_ack_ind is True and not wanted:
        found.append(InvalidParam("/afAckInd", "needs subscribedEvents"))
    return found


def _routes(sub: TrafficInfluSub, operator: Operator) -> list[InvalidParam]:
    routes = sub.traffic_routes if sub.traffic_routes is not UNSET else []
    found = []
    for index, route in enumerate(routes):
        where = f"/trafficRoutes/{index}"
        if route.dnai not in operator.sites:
            found.append(InvalidParam(f"{where}/dnai", f"{route.dnai!r} is no DNAI of this network"))
        elif any(other.dnai == route.dnai for other in routes[:index]):
            found.append(InvalidParam(f"{where}/dnai", "is there twice"))
        elif n6_end(route, operator) is None:
            found.append(InvalidParam(f"{where}/routeInfo", N6_REASON))
    return found


def n6_end(route: RouteToLocation, operator: Operator) -> Address | None:
    """The far end of N6; None where the route names none that this network can use.

    It has neither routing profiles nor IPv6, and sends nobody's packets outside its networks.
    """
    info = route.route_info
    if not isinstance(info, RouteInformation) or info.ipv4_addr is UNSET or not 0 < info.port_number < 65536:
        return None
    if not destinations.allowed(IPv4Address(info.ipv4_addr), operator.networks):
        return None
    return Address(f"{info.ipv4_addr}:{info.port_number}")


def filtered(sub: TrafficInfluSub) -> Address | None:
    """The application's address as the packet filters say it (TS 29.214, 5.3.8: IPFilterRule of RFC 6733), where it is one."""
    if sub.traffic_filters is UNSET:
        return None
    found = set()
    for flow in sub.traffic_filters:
        for text in flow.flow_descriptions if flow.flow_descriptions is not UNSET else [""]:
            match = _FLOW.match(text)
            if match is None:
                return None
            host, port = match["down"] or match["up"], int(match["down_port"] or match["up_port"])
            try:
                found.add(f"{IPv4Address(host)}:{port}")
            except AddressValueError:
                return None
            if not 0 < port < 65536:
                return None
    return Address(found.pop()) if len(found) == 1 else None


def influence(id: str, sub: TrafficInfluSub, operator: Operator) -> Influence:
    """What a checked subscription asks of session management. Raises ``Problem`` 404 for a UE or group that nobody knows."""
    service = filtered(sub)
    if service is None and sub.af_app_id is not UNSET:
        service = operator.services.get(sub.af_app_id, operator.service)
    if service is None:
        reason = InvalidParam("/afAppId", "is not provisioned")
        raise Problem(404, "APPLICATION_NOT_FOUND", "the application is not provisioned here", reason)
    routes = sub.traffic_routes if sub.traffic_routes is not UNSET else []
    kind = sub.dnai_chg_type if sub.subscribed_events is not UNSET else ""
    return Influence(
        id,
        service,
        _ue(sub, operator),
        tuple(Route(SiteId(route.dnai), n6_end(route, operator) or Address("")) for route in routes),
        early=kind in ("EARLY", "EARLY_LATE"),
        late=kind in ("LATE", "EARLY_LATE"),
        ack=sub.af_ack_ind is True,
        relocatable=sub.app_relo_ind is not False,
        linger=sub.sim_conn_term * SECOND if sub.sim_conn_term is not UNSET else 0,
    )


def _ue(sub: TrafficInfluSub, operator: Operator) -> UeId | None:
    if sub.gpsi is not UNSET:
        ue, name = operator.subscribers.get(sub.gpsi), "gpsi"
    elif sub.ipv4_addr is not UNSET:
        ue, name = operator.by_address(sub.ipv4_addr, sub.ip_domain), "ipv4Addr"
    else:
        if sub.external_group_id is not UNSET and sub.external_group_id not in operator.groups:
            raise no_such_group()
        return None
    if ue is None:
        raise no_such_ue(name)
    return ue
