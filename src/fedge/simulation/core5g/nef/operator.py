"""What this network offers, and to whom, as its operator sets it; and what every API of the exposure function asks of that.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UNSET, Struct, UnsetType

from fedge.core.model import Address, SiteId, UeId
from fedge.simulation.core5g.nef import destinations
from fedge.simulation.core5g.nef.data_types import Snssai, WebsockNotifConfig
from fedge.simulation.core5g.nef.problem import InvalidParam, Problem, incorrect

NOT_OFFERED = "not offered by this network"
DOMAIN = "fedge.example"
"""Of external ids: ``player-7@fedge.example``."""
EVERYBODY = f"players@{DOMAIN}"


class Operator(Struct, frozen=True):
    """``subscribers``: UEs by their GPSI ``msisdn-…``; ``addresses``: by IPv4 address; ``external_ids``: by ``local-id@domain``.

    ``services``: the address of each provisioned application id; ``service``: that of every other. ``groups``: external group
    ids, each of which means all subscribers. ``networks``: where notifications may go.
    """

    sites: frozenset[SiteId]
    subscribers: Mapping[str, UeId]
    addresses: Mapping[str, UeId] = {}
    service: Address | None = None
    services: Mapping[str, Address] = {}
    dnn: str = "internet"
    sst: int = 1
    ip_domain: str = "fedge"
    groups: frozenset[str] = frozenset({EVERYBODY})
    networks: tuple[str, ...] = destinations.LOOPBACK
    external_ids: Mapping[str, UeId] = {}

    def session_objections(self, dnn: str | UnsetType, snssai: Snssai | UnsetType) -> list[InvalidParam]:
        """Why there is no session with this data network and slice."""
        found = []
        if dnn is not UNSET and dnn.lower() != self.dnn:
            found.append(InvalidParam("/dnn", f"the only data network here is {self.dnn!r}"))
        if snssai is not UNSET and (snssai.sst != self.sst or snssai.sd is not UNSET):
            found.append(InvalidParam("/snssai", f"the only slice here has sst {self.sst} and no sd"))
        return found

    def destination_objections(self, url: str) -> list[InvalidParam]:
        """Why no notification may go to ``url``."""
        reason = destinations.objection(url, self.networks)
        return [InvalidParam("/notificationDestination", reason)] if reason is not None else []

    def by_address(self, address: str, ip_domain: str | UnsetType = UNSET) -> UeId | None:
        """The UE that has this IPv4 address in this network's domain."""
        ours = ip_domain is UNSET or ip_domain == self.ip_domain
        return self.addresses.get(address) if ours else None


def refuse_websockets(config: WebsockNotifConfig | UnsetType) -> None:
    """Raises ``Problem`` 400."""
    if config is not UNSET:
        reason = "notifications over a websocket are not supported; use notificationDestination"
        raise incorrect(False, InvalidParam("/websockNotifConfig", reason))


def refuse(refused: list[InvalidParam], cause: str = "REQUESTED_SERVICE_NOT_AUTHORIZED") -> None:
    """Raises ``Problem`` 403 where there is anything that this network does not offer."""
    if refused:
        said = "; ".join(f"{one.param}: {one.reason}" for one in refused)
        raise Problem(403, cause, said, *refused)


def common_features(asked: str | UnsetType, supported: int) -> int:
    """The features that both sides have (TS 29.122, 5.2.7). Where none are named, what is there is meant."""
    return supported if asked is UNSET else supported & int(asked or "0", 16)


def no_such_ue(attribute: str) -> Problem:
    return Problem(
        404, "USER_NOT_FOUND", "no such subscriber", InvalidParam(f"/{attribute}", "names no subscriber")
    )


def no_such_group(attribute: str = "externalGroupId") -> Problem:
    reason = InvalidParam(f"/{attribute}", "names no group of this network")
    return Problem(404, "GROUP_IDENTIFIER_NOT_FOUND", "no such group", reason)
