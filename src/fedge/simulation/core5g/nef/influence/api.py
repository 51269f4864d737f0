"""Traffic Influence over HTTP: the routes of TS 29.522, 5.4, and the acknowledgement URI of its callbacks.

Translation only: ``subscriptions`` says what an operation means, ``Core`` carries it out; ``access`` says who may.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedge.core.model import Address
from fedge.simulation.core5g.exposed import INFLUENCE
from fedge.simulation.core5g.nef import reading
from fedge.simulation.core5g.nef.access import Access
from fedge.simulation.core5g.nef.exchange import JSON, MERGE_PATCH, body_of, guarded
from fedge.simulation.core5g.nef.influence.checks import N6_REASON, SUPPORTED
from fedge.simulation.core5g.nef.influence.data_types import AF_STATUSES, AfAckInfo, RouteToLocation
from fedge.simulation.core5g.nef.influence.subscriptions import Subscription
from fedge.simulation.core5g.nef.problem import InvalidParam, Problem, incorrect
from fedge.simulation.core5g.nef.resources import Api, Resources, resource_routes
from fedge.simulation.core5g.words import Outcome

API = Api(INFLUENCE, SUPPORTED, MERGE_PATCH)
BASE = API.base
ACKNOWLEDGEMENTS = "/af-acknowledgements"

_OUTCOMES = {
    "unknown": (404, "CONTEXT_NOT_FOUND", "nothing waits for this acknowledgement"),
    "over": (404, "CONTEXT_NOT_FOUND", "too late: the path change was given up"),
    "contradicted": (403, "MODIFICATION_NOT_ALLOWED", "another answer was given before"),
    "failed": (403, "TEMPORARY_NETWORK_FAILURE", "the user plane is not there: the old path is kept"),
    "delayed": (503, "NF_CONGESTION", "the switch is under way; acknowledge again"),
}


class Core(Resources, Protocol):
    """What the API needs of the system behind it."""

    def owner(self, transaction: str) -> tuple[Subscription, str] | None: ...
    def n6_end(self, route: RouteToLocation) -> Address | None: ...
    async def acknowledge(self, transaction: str, refusal: str, n6: Address | None) -> Outcome: ...


def influence_routes(core: Core, access: Access) -> list[Route]:
    """The API itself, and where its notifications are acknowledged."""

    async def acknowledge(request: Request) -> Response:
        af, transaction = access.client(request, INFLUENCE), request.path_params["transaction"]
        asked = core.owner(transaction)
        if asked is None or asked[0].af != af:
            raise Problem(*_OUTCOMES["unknown"])
        ack = reading.read(await body_of(request, JSON), AfAckInfo)
        route = ack.ack_result.traffic_route
        n6_end = core.n6_end(route) if isinstance(route, RouteToLocation) else None
        refusal = _meant(ack, *asked, n6_end)
        outcome = await core.acknowledge(transaction, refusal, n6_end)
        if outcome == "done":
            return Response(status_code=204)
        headers = {"Retry-After": "1"} if outcome == "delayed" else {}
        raise Problem(*_OUTCOMES[outcome], headers=headers)

    return [
        *resource_routes(API, core, access),
        Route(
            f"{ACKNOWLEDGEMENTS}/{{transaction}}", guarded(acknowledge, API.told_features), methods=["POST"]
        ),
    ]


def _meant(ack: AfAckInfo, subscription: Subscription, target: str, n6_end: Address | None) -> str:
    """The refusal, empty for SUCCESS. ``n6_end``: of the route that it names. Raises ``Problem`` 400."""
    says, result, invalid = subscription.says, ack.ack_result, []
    if result.af_status not in AF_STATUSES:
        invalid.append(InvalidParam("/ackResult/afStatus", f"must be one of {', '.join(AF_STATUSES)}"))
    if ack.af_trans_id is not UNSET and ack.af_trans_id != says.af_trans_id:
        invalid.append(InvalidParam("/afTransId", "is not the subscription's"))
    if ack.gpsi is not UNSET and says.gpsi is not UNSET and ack.gpsi != says.gpsi:
        invalid.append(InvalidParam("/gpsi", "is not the subscription's"))
    if isinstance(result.traffic_route, RouteToLocation):
        if result.traffic_route.dnai != target:
            invalid.append(InvalidParam("/ackResult/trafficRoute/dnai", "is not the target's"))
        elif n6_end is None:
            invalid.append(InvalidParam("/ackResult/trafficRoute/routeInfo", N6_REASON))
    if invalid:
        raise incorrect(True, *invalid)
    return "" if result.af_status == "SUCCESS" else result.af_status
