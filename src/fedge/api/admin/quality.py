"""Quality over the admin API: taking a QoS profile back, and offering it again. What is served: `quality_view.py`.

Studios' servers use CAMARA Quality on Demand (`api/camara/quality_on_demand.py`).
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from fedge.api.admin.callers import json_answer
from fedge.api.admin.centre import Centre
from fedge.api.admin.tenants import body_of, operator_only
from fedge.core.control.events.quality import AskedProfileMark


def quality_routes(centre: Centre) -> list[BaseRoute]:
    async def mark(request: Request) -> Response:
        """``{"status": "DEPRECATED"}``: no new session may use it; those that do go on."""
        operator_only(request)
        status, name = (await body_of(request)).get("status"), request.path_params["name"]
        if status not in ("ACTIVE", "INACTIVE", "DEPRECATED"):
            raise HTTPException(400, "status: ACTIVE, INACTIVE or DEPRECATED is wanted")
        code, answer = await centre.ask(lambda n: AskedProfileMark(n, name, status))
        return json_answer(answer, code)

    return [Route("/api/v1/qos-profiles/{name}", mark, methods=["POST"])]
