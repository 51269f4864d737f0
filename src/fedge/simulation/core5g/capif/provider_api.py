"""API provider management over HTTPS (TS 29.222, 8.9): registration by the operator's credential, then by the AMF's certificate.

The credential comes as a bearer token or, as the standard has it, as ``regSec``. Whoever has registered a domain by it may manage
it by it, too: a domain need not have an AMF. Translation only.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedge.simulation.core5g.capif.callers import Callers
from fedge.simulation.core5g.capif.core import PROVIDERS_BASE, CapifCore
from fedge.simulation.core5g.capif.data_types import APIProviderEnrolmentDetails
from fedge.simulation.core5g.nef import reading
from fedge.simulation.core5g.nef.exchange import JSON, MERGE_PATCH, body_of, guarded, said
from fedge.simulation.core5g.nef.problem import Problem


def provider_routes(core: CapifCore, callers: Callers) -> list[Route]:
    async def register(request: Request) -> Response:
        customer = callers.customer(request)
        body = await body_of(request, JSON)
        if customer is None:
            customer = callers.known(reading.read(body, APIProviderEnrolmentDetails).reg_sec)
        if customer is None:
            told = {"WWW-Authenticate": "Bearer"}
            reason = "the registration credential is needed, as a bearer token or as regSec"
            raise Problem(401, "UNAUTHORIZED", reason, headers=told)
        made = core.providers.register(customer, body)
        location = f"{core.root}{PROVIDERS_BASE}/registrations/{made.id}"
        return said(made.says, 201, {"Location": location})

    def managed(request: Request) -> str:
        """The domain of the path, which is the caller's."""
        id: str = request.path_params["id"]
        customer = callers.customer(request)
        if customer is None:
            if callers.holder(request, "AMF").domain != id:
                raise Problem(403, "REQUEST_NOT_AUTHORIZED", "the client certificate is another domain's")
        elif core.providers.read(id).customer != customer:
            raise Problem(403, "REQUEST_NOT_AUTHORIZED", "the domain is another's")
        return id

    async def one(request: Request) -> Response:
        id = managed(request)
        core.providers.read(id)
        match request.method:
            case "DELETE":
                core.leave(id)
                return Response(status_code=204)
            case "PATCH":
                return said(core.update_domain(id, await body_of(request, MERGE_PATCH), patch=True).says)
        return said(core.update_domain(id, await body_of(request, JSON), patch=False).says)

    base = f"{PROVIDERS_BASE}/registrations"
    return [
        Route(base, guarded(register), methods=["POST"]),
        Route(f"{base}/{{id}}", guarded(one), methods=["PUT", "PATCH", "DELETE"]),
    ]
