"""What tenants mean for the API: their tokens, what is the operator's alone, and the namespace that an object is in.

Who asks is `callers.py`'s; what a tenant sees is `core/control/seeing.py`'s.
"""

from __future__ import annotations

import re
import secrets
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from fedge.api.admin.callers import caller_of, digest_of, json_answer
from fedge.api.admin.centre import Centre
from fedge.core.applications.objects import CLUSTER_WIDE
from fedge.core.control.events.tokens import AskedToken
from fedge.core.model import UeId
from fedge.runtime.audit import Entry
from fedge.runtime.bodies import BadBody, json_body

PATH = "/api/v1/tenants/{name}/token"
MOST_REDIRECT_URIS, MOST_CHARACTERS = 20, 2000


def operator_only(request: Request) -> None:
    """What is about the whole platform. Raises ``HTTPException``."""
    if caller_of(request).tenant is not None:
        raise HTTPException(403, "this is the operator's: a tenant's token does not allow it")


def in_namespace(raw: Any, tenant: str) -> Any:
    """What a tenant applies: without a namespace it is in the tenant's. Raises ``HTTPException`` for anything elsewhere."""
    if not isinstance(raw, dict) or not isinstance(raw.get("metadata"), dict):
        return raw
    kind = raw.get("kind")
    if isinstance(kind, str) and kind in CLUSTER_WIDE:
        raise HTTPException(403, f"kind: {kind} is the operator's: it is in no namespace")
    given = {name: value for name, value in raw["metadata"].items() if value is not None}
    if given.get("namespace", tenant) != tenant:
        raise HTTPException(403, f"metadata.namespace: this token is for the namespace {tenant} alone")
    return {**raw, "metadata": {**given, "namespace": tenant}}


def hold_proof(request: Request, centre: Centre, tenant: str, device: UeId, body: dict[str, Any]) -> None:
    """Where the tenant wants it (``spec.attach``), whoever attaches proves which device it is. Audited either way.

    Raises ``HTTPException``.
    """
    bounds = centre.plane.tenants.get(tenant)
    if bounds is None or bounds.spec.attach != "proof":
        return
    proof = body.get("proof")
    right = isinstance(proof, str) and centre.proven(proof) == (tenant, device)
    entry = Entry(
        client=tenant,
        api=f"{request.method} {request.url.path}",
        subject=device,
        decision="granted" if right else "refused",
        reason="proof of the device",
    )
    centre.audit.tell(entry)
    if not right:
        said = "proof: a token is wanted by which this device's subscriber lets it attach (spec.attach)"
        raise HTTPException(403, said)


async def body_of(request: Request) -> dict[str, Any]:
    """The body, a JSON object. Raises ``HTTPException``."""
    try:
        body = await json_body(request)
    except BadBody as error:
        raise HTTPException(error.status, str(error)) from None
    if not isinstance(body, dict):
        raise HTTPException(400, "the body is no JSON object")
    return body


def tenant_routes(centre: Centre) -> list[BaseRoute]:
    """A tenant's tokens, issued and ended."""

    async def issue(request: Request) -> Response:
        """The token itself is in this answer and nowhere else."""
        operator_only(request)
        body = await body_of(request)
        players = body.get("players", False)
        if not isinstance(players, bool):
            raise HTTPException(400, "players: true or false is wanted")
        uris = _redirect_uris(body)
        if players and uris:
            raise HTTPException(400, "redirect_uris: players' tokens are no client's")
        tenant, token = request.path_params["name"], secrets.token_urlsafe(32)
        status, answer = await centre.ask(lambda n: AskedToken(n, tenant, digest_of(token), players, uris))
        return json_answer({**answer, "token": token} if status == 201 else answer, status)

    async def revoke(request: Request) -> Response:
        operator_only(request)
        tenant = request.path_params["name"]
        status, answer = await centre.ask(lambda n: AskedToken(n, tenant))
        return json_answer(answer, status)

    return [Route(PATH, issue, methods=["POST"]), Route(PATH, revoke, methods=["DELETE"])]


def _redirect_uris(body: dict[str, Any]) -> tuple[str, ...] | None:
    """Where a browser may be sent back with a code for this client; None: as before. Raises ``HTTPException``."""
    given = body.get("redirect_uris")
    if given is None:
        return None
    if not isinstance(given, list) or len(given) > MOST_REDIRECT_URIS:
        raise HTTPException(400, f"redirect_uris: a list of at most {MOST_REDIRECT_URIS} URIs is wanted")
    for one in given:
        if why := _objection(one):
            raise HTTPException(400, f"redirect_uris: {why}")
    return tuple(given)


def _objection(uri: object) -> str:
    """Why no browser is sent there (RFC 6749, 3.1.2; RFC 8252, 7.3); empty: it may be."""
    if not isinstance(uri, str) or len(uri) > MOST_CHARACTERS or not re.fullmatch(r"[\x21-\x7e]+", uri):
        return f"a URI of at most {MOST_CHARACTERS} characters is wanted"
    try:
        parts = urlsplit(uri)
        host = parts.hostname
        here = host == "localhost" or (host is not None and ip_address(host).is_loopback)
    except ValueError:
        here = False
    if not host or "@" in parts.netloc or "#" in uri:
        return f"{uri}: a host is wanted, and neither a user nor a fragment"
    return "" if parts.scheme == "https" or (parts.scheme == "http" and here) else f"{uri}: https is wanted"
