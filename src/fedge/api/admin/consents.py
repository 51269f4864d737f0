"""Subscribers' consents over the admin API, and the audit log. A tenant reads its own; what is recorded is the operator's to say.

What a consent allows is `core/location/consent.py`'s; subscribers are asked by CIBA (`api/camara/ciba.py`).
"""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from fedge.api.admin.callers import caller_of, json_answer, seen_of
from fedge.api.admin.centre import Centre
from fedge.api.admin.tenants import body_of, operator_only
from fedge.api.camara.scopes import LOCATION, SCOPES
from fedge.core.control.events.location import AskedConsent, AskedWithdrawnConsent
from fedge.core.control.tenancy import has_clients
from fedge.core.location import OPERATOR, Consent
from fedge.core.location.consent import LONGEST_PURPOSE
from fedge.core.model import SECOND, Nanoseconds, UeId
from fedge.runtime.audit import MOST_KEPT, Entry

PATH = "/api/v1/consents"
BY_OPERATOR = "the operator"
LONGEST_DAYS = 3650


def consent_routes(centre: Centre) -> list[BaseRoute]:
    async def many(request: Request) -> Response:
        now = centre.now()
        held = seen_of(request, centre.plane, now).state.consents.given.values()
        return json_answer({"items": [row(one, now) for one in held if one.holds(now)]})

    async def record(request: Request) -> Response:
        operator_only(request)
        consent = _consent(await body_of(request), centre)
        if consent.client != OPERATOR and not has_clients(centre.plane, consent.client):
            raise HTTPException(404, f"no Tenant {consent.client}")
        status, answer = await centre.ask(lambda n: AskedConsent(n, consent))
        _written(request, consent)
        return json_answer(answer, status)

    async def withdraw(request: Request) -> Response:
        operator_only(request)
        id = request.path_params["id"]
        ended = centre.plane.state.consents.given.get(id)
        status, answer = await centre.ask(lambda n: AskedWithdrawnConsent(n, id))
        if ended is not None:
            _written(request, ended)
        return json_answer(answer, status)

    def _written(request: Request, consent: Consent) -> None:
        """For the operator's eyes, and as news of its consents for the client."""
        what = "given" if request.method == "POST" else "withdrawn"
        because = f"{' '.join(sorted(consent.scopes))} {consent.purpose}".strip()
        entry = Entry(
            client=consent.client,
            api=f"{request.method} {PATH}",
            decision="granted" if what == "given" else "withdrawn",
            reason=f"consent {what} by {BY_OPERATOR}",
            ue=consent.ue,
            because=because,
        )
        centre.audit.tell(entry)

    async def audit(request: Request) -> Response:
        given = request.query_params.get("limit", "200")
        if not (given.isascii() and given.isdigit() and 0 < int(given[:9]) <= MOST_KEPT):
            raise HTTPException(400, f"limit: 1 to {MOST_KEPT} is wanted")
        return json_answer({"items": centre.audit.newest(int(given), caller_of(request).tenant)})

    return [
        Route(PATH, many, methods=["GET"]),
        Route(PATH, record, methods=["POST"]),
        Route(f"{PATH}/{{id}}", withdraw, methods=["DELETE"]),
        Route("/api/v1/audit", audit, methods=["GET"]),
    ]


def row(consent: Consent, now: Nanoseconds) -> dict[str, Any]:
    """As the API says it. ``left_s`` None: it does not end."""
    return {
        "id": consent.id,
        "client": consent.client,
        "device": consent.ue,
        "scopes": sorted(consent.scopes),
        "purpose": consent.purpose,
        "by": consent.by,
        "left_s": round((consent.until - now) / SECOND, 1) if consent.until else None,
    }


def _consent(body: dict[str, Any], centre: Centre) -> Consent:
    """Of the body ``{client, device, scopes?, purpose?, days?}``. Raises ``HTTPException``."""
    client, device = _text(body, "client"), _text(body, "device")
    scopes, purpose, days = (
        body.get("scopes", sorted(LOCATION)),
        body.get("purpose", ""),
        body.get("days", 30),
    )
    named = isinstance(scopes, list) and all(isinstance(one, str) and one in SCOPES for one in scopes)
    if not named or not scopes:
        raise HTTPException(400, f"scopes: some of {', '.join(sorted(SCOPES))}")
    if (
        not isinstance(purpose, str)
        or len(purpose) > LONGEST_PURPOSE
        or (purpose and not purpose.startswith("dpv:"))
    ):
        raise HTTPException(400, "purpose: dpv: and a term of the Data Privacy Vocabulary, or nothing")
    if isinstance(days, bool) or not isinstance(days, int | float) or not 0 < days <= LONGEST_DAYS:
        raise HTTPException(400, f"days: more than 0 and at most {LONGEST_DAYS}")
    now = centre.now()
    until = now + int(days * 24 * 3600 * SECOND)
    return Consent(client, UeId(device), frozenset(scopes), purpose, until, now, BY_OPERATOR)


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 253 or not value.isprintable():
        raise HTTPException(400, f"{name}: a string of 1 to 253 characters is wanted")
    return value
