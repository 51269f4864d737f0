"""Which methods a path of an API has, for the Allow of a 405 (RFC 9110, 15.5.6). Neighbours: `admin`, `mec`.

Where several routes have one path, Starlette names the methods of the first.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Match, Route


def allowed(request: Request) -> dict[str, str]:
    """The header, of the application that the request was routed by."""
    found: set[str] = set()
    for route in request.app.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return {"Allow": ", ".join(sorted(found))}
