"""CAPIF over HTTPS with client certificates: the operations of TS 29.222, 8.1 to 8.5 and 8.9. Translation only.

``callers`` says who may, ``core`` what an operation means. Order of refusals as everywhere (``nef.exchange``).
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedge.simulation.core5g.capif.callers import Callers
from fedge.simulation.core5g.capif.contexts import of_aef
from fedge.simulation.core5g.capif.core import (
    DISCOVER_BASE,
    EVENTS_BASE,
    INVOKERS_BASE,
    PUBLISH_BASE,
    SECURITY_BASE,
    CapifCore,
)
from fedge.simulation.core5g.capif.discovery import found, wanted
from fedge.simulation.core5g.capif.ledger import Holder
from fedge.simulation.core5g.capif.provider_api import provider_routes
from fedge.simulation.core5g.capif.published import DiscoveredAPIs
from fedge.simulation.core5g.nef.exchange import (
    FORM,
    JSON,
    MERGE_PATCH,
    accepts_json,
    body_of,
    guarded,
    said,
)
from fedge.simulation.core5g.nef.problem import InvalidParam, Problem, incorrect
from fedge.simulation.core5g.nef.token_api import token_answer
from fedge.wire.oauth import OAuthError

ID = "{id}"


def capif_routes(core: CapifCore, callers: Callers) -> list[Route]:
    """Everything that the CAPIF core function serves."""
    return [
        *provider_routes(core, callers),
        *_publishing(core, callers),
        *_discovery(core, callers),
        *_invokers(core, callers),
        *_security(core, callers),
        *_events(core, callers),
    ]


def _publishing(core: CapifCore, callers: Callers) -> list[Route]:
    def publisher(request: Request) -> Holder:
        return callers.own(request, request.path_params["apf"], "APF")

    async def many(request: Request) -> Response:
        apf = publisher(request)
        if request.method == "POST":
            made = core.publish(apf.id, apf.domain, await body_of(request, JSON))
            location = f"{core.root}{PUBLISH_BASE}/{apf.id}/service-apis/{made.id}"
            return said(made.says, 201, {"Location": location})
        accepts_json(request)
        return said([one.says for one in core.publications.list(apf.id)])

    async def one(request: Request) -> Response:
        apf, id = publisher(request), request.path_params["id"]
        core.publications.read(apf.id, id)
        match request.method:
            case "PUT":
                return said(core.republish(apf.id, apf.domain, id, await body_of(request, JSON)).says)
            case "PATCH":
                return said(core.amend(apf.id, apf.domain, id, await body_of(request, MERGE_PATCH)).says)
            case "DELETE":
                core.withdraw(apf.id, id)
                return Response(status_code=204)
        accepts_json(request)
        return said(core.publications.read(apf.id, id).says)

    base = f"{PUBLISH_BASE}/{{apf}}/service-apis"
    return [
        Route(base, guarded(many), methods=["GET", "POST"]),
        Route(f"{base}/{ID}", guarded(one), methods=["GET", "PUT", "PATCH", "DELETE"]),
    ]


def _discovery(core: CapifCore, callers: Callers) -> list[Route]:
    async def all_service_apis(request: Request) -> Response:
        holder = callers.holder(request, "invoker")
        invoker = request.query_params.get("api-invoker-id")
        accepts_json(request)
        if invoker is None:
            raise Problem(
                400, "MANDATORY_QUERY_PARAM_MISSING", "api-invoker-id is needed",
                InvalidParam("api-invoker-id", "is missing"),
            )  # fmt: skip
        if invoker != holder.id:
            raise Problem(403, "REQUEST_NOT_AUTHORIZED", "the client certificate is another invoker's")
        shown = found((one.says for one in core.publications), wanted(request.query_params))
        return said(DiscoveredAPIs(shown) if shown else DiscoveredAPIs())

    return [Route(f"{DISCOVER_BASE}/allServiceAPIs", guarded(all_service_apis), methods=["GET"])]


def _invokers(core: CapifCore, callers: Callers) -> list[Route]:
    async def onboard(request: Request) -> Response:
        customer = callers.onboarding(request)
        made = core.onboard(customer, await body_of(request, JSON))
        return said(made.says, 201, {"Location": core.invoker_uri(made.id)})

    async def one(request: Request) -> Response:
        id = callers.own(request, request.path_params["id"], "invoker").id
        match request.method:
            case "DELETE":
                core.offboard(id)
                return Response(status_code=204)
            case "PATCH":
                return said(core.update_invoker(id, await body_of(request, MERGE_PATCH), patch=True).says)
        return said(core.update_invoker(id, await body_of(request, JSON), patch=False).says)

    base = f"{INVOKERS_BASE}/onboardedInvokers"
    return [
        Route(base, guarded(onboard), methods=["POST"]),
        Route(f"{base}/{ID}", guarded(one), methods=["PUT", "PATCH", "DELETE"]),
    ]


def _security(core: CapifCore, callers: Callers) -> list[Route]:
    async def trusted(request: Request) -> Response:
        id = request.path_params["id"]
        if request.method == "PUT":
            callers.own(request, id, "invoker")
            made = core.secure(id, await body_of(request, JSON), update=False)
            return said(made.described(), 201, {"Location": core.context_uri(id)})
        if request.method == "DELETE":
            holder = callers.holder(request, "invoker", "AEF")
            if holder.role == "AEF":
                core.revoke_all(id, holder.id)
            elif holder.id == id:
                core.end_context(id)
            else:
                raise Problem(403, "REQUEST_NOT_AUTHORIZED", "the client certificate is another invoker's")
            return Response(status_code=204)
        aef = callers.holder(request, "AEF").id
        context = core.contexts.read(id)
        accepts_json(request)
        certificate = core.invokers.read(id).says.onboarding_information.api_invoker_certificate
        asked = _flag(request, "authenticationInfo")
        authorization = _flag(request, "authorizationInfo")
        shown = of_aef(context, aef, str(certificate) if asked else None, authorization)
        if not shown.security_info:
            raise Problem(403, "REQUEST_NOT_AUTHORIZED", "the security context is none of this function's")
        return said(shown)

    async def update(request: Request) -> Response:
        id = callers.own(request, request.path_params["id"], "invoker").id
        core.contexts.read(id)
        return said(core.secure(id, await body_of(request, JSON), update=True).described())

    async def revoke(request: Request) -> Response:
        aef, id = callers.holder(request, "AEF").id, request.path_params["id"]
        core.contexts.read(id)
        core.revoke(id, aef, await body_of(request, JSON))
        return Response(status_code=204)

    async def token(request: Request) -> Response:
        try:
            holder = callers.own(request, request.path_params["id"], "invoker")
        except Problem as problem:
            if problem.status != 401:
                raise
            reason = problem.detail  # TS 29.222, 8.5.2.3.3.1: a 401 of this operation is an AccessTokenErr
            return token_answer(lambda: _refuse(OAuthError(401, "invalid_client", reason)))
        form = dict(parse_qsl((await body_of(request, FORM)).decode("utf-8", "replace")))
        return token_answer(lambda: core.token(holder.id, holder.thumbprint, form))

    base = f"{SECURITY_BASE}/trustedInvokers/{ID}"
    return [
        Route(base, guarded(trusted), methods=["GET", "PUT", "DELETE"]),
        Route(f"{base}/update", guarded(update), methods=["POST"]),
        Route(f"{base}/delete", guarded(revoke), methods=["POST"]),
        Route(f"{SECURITY_BASE}/securities/{ID}/token", guarded(token), methods=["POST"]),
    ]


def _events(core: CapifCore, callers: Callers) -> list[Route]:
    def subscriber(request: Request) -> Holder:
        return callers.own(request, request.path_params["subscriber"], "invoker", "AMF", "APF", "AEF")

    async def create(request: Request) -> Response:
        who = subscriber(request)
        made = core.subscribe(who.id, who.role == "invoker", await body_of(request, JSON))
        return said(made.says, 201, {"Location": core.subscription_uri(made)})

    async def end(request: Request) -> Response:
        core.subscriptions.delete(subscriber(request).id, request.path_params["id"])
        return Response(status_code=204)

    base = f"{EVENTS_BASE}/{{subscriber}}/subscriptions"
    return [
        Route(base, guarded(create), methods=["POST"]),
        Route(f"{base}/{ID}", guarded(end), methods=["DELETE"]),
    ]


def _flag(request: Request, name: str) -> bool:
    value = request.query_params.get(name, "false")
    if value not in ("true", "false"):
        raise incorrect(False, InvalidParam(name, "must be true or false"))
    return value == "true"


def _refuse(error: OAuthError) -> object:
    raise error
