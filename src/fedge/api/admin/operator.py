"""The access API gateway over the admin API: how each API of the 5G operator stands. For the platform's operator only."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from fedge.api.admin.callers import error_answer, json_answer
from fedge.api.admin.operator_state import Look
from fedge.api.admin.tenants import operator_only


def operator_routes(look: Look) -> list[BaseRoute]:
    async def all_of_it(request: Request) -> Response:
        operator_only(request)
        found = look()
        return json_answer({"items": list(found.apis) if found is not None else [], "gateway": found})

    async def one(request: Request) -> Response:
        operator_only(request)
        found, name = look(), request.path_params["name"]
        api = (
            next((each for each in found.apis if each.operator == name), None) if found is not None else None
        )
        if api is None:
            return error_answer(404, "NOT_FOUND", f"no API {name} of an operator")
        return json_answer(api)

    return [Route("/api/v1/operator", all_of_it), Route("/api/v1/operator/{name}", one)]
